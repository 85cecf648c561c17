/** What several provenance files say together about one build; flags and the fields of a file win over all of them. @module */
import { toHex } from '../../core/bytes.ts';
import { Fault } from '../../core/fault.ts';
import type { Json } from '../../registry/json.ts';
import type { Fields } from '../draft.ts';
import type { ProvenanceFile } from './match.ts';
import type { Source } from './provenance.ts';

export type Merged = {
  readonly fields: Fields;
  readonly packageUrl: string | undefined;
  /** From which file each of the fields is. */
  readonly origins: ReadonlyMap<string, string>;
};

/** The fields that one build has once, and the flags that decide between files. */
const ONCE = { product: '--product', version: '--product-version', builder: '--builder' } as const;

/** `own` is what was said otherwise. Fault `bad-request` where files contradict each other and nothing else decides. */
export function mergeProvenance(files: readonly ProvenanceFile[], own: Fields): Merged {
  const fields: { [name: string]: Json } = {};
  const origins = new Map<string, string>();
  const take = (name: string, value: Json | undefined, path: string): void => {
    if (value === undefined || own[name] !== undefined) return;
    fields[name] = value;
    origins.set(name, path);
  };
  for (const name of Object.keys(ONCE) as (keyof typeof ONCE)[]) {
    const said = files.filter(({ provenance }) => provenance[name] !== undefined);
    const [first, ...more] = said;
    const other = more.find(({ provenance }) => provenance[name] !== first?.provenance[name]);
    if (first && other && own[name] === undefined) {
      const both = [first, other].map(({ path, provenance }) => `${path} says ${provenance[name]}`).join(', ');
      throw new Fault('bad-request', `${name}: ${both}; say which with ${ONCE[name]}`);
    }
    if (first) take(name, first.provenance[name], first.path);
  }
  // From the first file that began to the last that ended.
  const starts = sorted(files, 'startedOn');
  const ends = sorted(files, 'finishedOn').reverse();
  if (starts[0]) take('startedOn', starts[0].provenance.startedOn, starts[0].path);
  if (ends[0]) take('finishedOn', ends[0].provenance.finishedOn, ends[0].path);
  const sources = new Map(files.flatMap(({ provenance }) => (provenance.source ?? []).map((one) => [keyOf(one), one])));
  const withSource = files.filter(({ provenance }) => provenance.source !== undefined).map(({ path }) => path);
  if (sources.size > 0) take('source', [...sources.values()].map(sourceJson), withSource.join(' and '));
  const packageUrls = new Set(files.flatMap(({ provenance }) => provenance.packageUrl ?? []));
  const [packageUrl] = packageUrls;
  // A package URL says product and version too, and must not say others than the entry.
  const holds = packageUrls.size === 1 && own.product === undefined && own.version === undefined;
  return { fields, packageUrl: holds ? packageUrl : undefined, origins };
}

function sorted(files: readonly ProvenanceFile[], name: 'startedOn' | 'finishedOn'): ProvenanceFile[] {
  const said = files.filter(({ provenance }) => provenance[name] !== undefined);
  return said.sort((a, b) => ((a.provenance[name] as string) < (b.provenance[name] as string) ? -1 : 1));
}

function sourceJson({ uri, digests }: Source): Json {
  return { uri, digests: Object.fromEntries(Object.entries(digests).map(([name, digest]) => [name, toHex(digest)])) };
}

function keyOf(source: Source): string {
  return JSON.stringify(sourceJson(source));
}
