/** The flags for the fields that all kinds share, VOCABULARY §2: they win over what a file says. @module */
import type { Command } from 'commander';
import { Fault } from '../core/fault.ts';
import { parseSize } from '../core/size.ts';
import type { Json } from '../registry/json.ts';
import { type AdmittedKind, KINDS } from '../registry/kinds.ts';
import type { MapNode, Node } from '../registry/schema.ts';
import type { Fields } from './draft.ts';
import { evidenceOf } from './evidence.ts';

export type CommonOptions = {
  note?: string;
  at?: string;
  retrospective?: boolean;
  evidence?: string;
  mediaType?: string;
  location?: string;
  salted?: boolean;
  ref?: string[];
  json?: boolean;
};

/** Adds the flags. */
export function withCommon(command: Command): Command {
  return command
    .option('--note <text>', 'a remark of up to 280 characters')
    .option('--at <time>', 'when the statement was made, like 2018-11-13T00:00:00Z, or now')
    .option('--retrospective', 'it tells history, later than it happened')
    .option('--evidence <file>', 'a document that stays here: its digest is logged')
    .option('--media-type <type>', 'what the evidence is (default: by the name of the file)')
    .option('--location <uri>', 'where the evidence can be had')
    .option('--salted', 'commit to the evidence with a salt, written to FILE.salt, so that it can be erased');
}

/** The flag for what a statement refers to, by index alone. */
export function withRefs(command: Command): Command {
  return command.option('--ref <index>', 'an entry that it refers to; as many as there are', collect, []);
}

/** What the flags say, as fields; references by their index alone. */
export async function commonFields(kind: AdmittedKind, options: CommonOptions): Promise<Fields> {
  const { note, at, retrospective, evidence, mediaType, location, salted } = options;
  if (evidence === undefined && (mediaType ?? location ?? salted) !== undefined) {
    throw new Fault('bad-request', '--media-type, --location and --salted say how --evidence FILE is: give that too');
  }
  const document = evidence && (await evidenceOf(evidence, { mediaType, location, salted, quiet: options.json }));
  return {
    ...(at === undefined ? {} : { at: at === 'now' ? `${new Date().toISOString().slice(0, 19)}Z` : at }),
    ...(options.ref === undefined || options.ref.length === 0 ? {} : refFields(kind, options.ref)),
    ...(document === undefined ? {} : { evidence: document }),
    ...(note === undefined ? {} : { note }),
    ...(retrospective ? { retrospective } : {}),
  };
}

/** A kind that speaks about one entry has `ref`; the others have `refs`. */
function refFields(kind: AdmittedKind, texts: readonly string[]): Fields {
  const indexes: Json[] = texts.map((text) => parseSize(text, 'bad-request'));
  if (!mapsOf(KINDS[kind].schema).some(({ fields }) => fields.has('ref'))) return { refs: indexes };
  const [ref, ...more] = indexes;
  if (more.length > 0)
    throw new Fault('bad-request', `a ${kind} is about one entry: give --ref once, others in --file`);
  return { ref: ref as Json };
}

/** The maps that a payload may be. */
export function mapsOf(schema: Node): readonly MapNode[] {
  if (schema.type === 'cases') return [...schema.of.values()];
  return schema.type === 'map' ? [schema] : [];
}

/** Collects an option that can be given more than once. */
export function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}

/** The same, and as several lines: the environment has one value for all of them. */
export function collectLines(value: string, before: readonly string[]): string[] {
  const lines = value.split('\n').map((line) => line.trim());
  return [...before, ...lines.filter((line) => line !== '')];
}
