/**
 * Drafts: what an entry is to say, in a file that people read, change and carry, with no key in sight. The fields of
 * the payload by their names; and, where `limmat` wrote the file, under `$statement` who says it about what, to which
 * log, so that whoever signs need not say it again. @module
 */
import { utf8 } from '../core/bytes.ts';
import { Fault } from '../core/fault.ts';
import type { Json } from '../registry/json.ts';
import type { AdmittedKind } from '../registry/kinds.ts';
import { createFile } from '../store/durable.ts';
import { readMap } from './readinput.ts';
import { yaml } from './whenneeded.ts';

export type Fields = { readonly [name: string]: Json };

/** The claims around a payload, as far as they are known. */
export type Claims = {
  readonly issuer?: string | undefined;
  readonly subject?: string | undefined;
  readonly audience?: string | undefined;
};

export type Draft = { readonly kind: AdmittedKind; readonly fields: Fields; readonly claims: Claims };

/** No field of a payload can have such a name. */
const HEADER = '$statement';
const CLAIMS = ['issuer', 'subject', 'audience'] as const;

/** Reads a file of fields, with or without the claims. Fault `bad-request` if it is for another kind. */
export function readDraft(kind: AdmittedKind, path: string): Draft {
  const { [HEADER]: header = {}, ...fields } = readMap(path);
  if (typeof header !== 'object' || header === null || Array.isArray(header)) {
    throw new Fault('bad-request', `${path}: ${HEADER} is a map of kind, ${CLAIMS.join(', ')}`);
  }
  const said = header as Fields;
  for (const [name, value] of Object.entries(said)) {
    const known = name === 'kind' || (CLAIMS as readonly string[]).includes(name);
    if (!known || typeof value !== 'string') {
      throw new Fault('bad-request', `${path}: ${HEADER}.${name} is none of kind, ${CLAIMS.join(', ')}, or no text`);
    }
  }
  if (said.kind !== undefined && said.kind !== kind) {
    throw new Fault('bad-request', `${path} is the draft of a ${said.kind}, not of a ${kind}`);
  }
  const { kind: _, ...claims } = said;
  return { kind, fields, claims };
}

/** The inverse of `readDraft`, in YAML if the name says so and else in JSON; never overwrites. */
export function writeDraft(path: string, { kind, fields, claims }: Draft): void {
  const whole = { [HEADER]: { kind, ...claims }, ...fields };
  const text = /\.ya?ml$/.test(path) ? yamlOf(whole) : `${JSON.stringify(whole, null, 2)}\n`;
  createFile(path, utf8(text));
}

/** Long keys stay on one line, so that they can be compared and copied. */
function yamlOf(value: unknown): string {
  return yaml().stringify(value, { lineWidth: 0 });
}
