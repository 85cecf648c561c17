/** What entries can be filtered by: for each parameter its schema, and the term that stands for it. @module */
import { MAX_SIZE } from '../core/size.ts';
import { uri } from '../registry/common.ts';
import { schema as attestation } from '../registry/kinds/attestation.ts';
import { KIND_NAMES, type KindName } from '../registry/names.ts';
import { PHASES } from '../registry/phases.ts';
import { country, doc, integer, type MapNode, oneOf, pattern, type Schema, text } from '../registry/schema.ts';
import { TERM, type Term } from '../registry/terms.ts';

const ID = '[a-z0-9][a-z0-9._-]{0,63}';
export const organisation = pattern(64, new RegExp(`^${ID}$`), 'the id of an organisation');
export const owned = pattern(129, new RegExp(`^${ID}/${ID}$`), 'an id behind that of its organisation, `acme/zrh-1`');
export const kid = pattern(64, /^[0-9a-f]{64}$/, 'a kid: 64 lower-case hexadecimal digits');
export const digest = pattern(
  135,
  /^(?:sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})$/,
  'sha256, sha384 or sha512, a colon and the digest in lower-case hexadecimal',
);
const sourceDigest = pattern(
  140,
  /^[A-Za-z0-9-]{2,12}:(?:[0-9a-f]{2}){16,64}$/,
  'an algorithm, a colon and the digest in lower-case hexadecimal: `gitCommit:…`',
);
export const count = integer(0, MAX_SIZE);

type Filter = {
  readonly node: Schema;
  /** `kind` is that of the entries that are asked for, if they are of one. */
  readonly term: (value: never, kind: KindName | undefined) => Term;
};

const filter = <T>(node: Schema<T>, term: (value: T, kind: KindName | undefined) => Term): Filter => ({ node, term });
const valuesOf = (name: string) => {
  const node = (attestation as MapNode).fields.get(name)?.node;
  return node?.type === 'enum' ? node.values : [];
};
const split = (text: string) => text.split(':') as [string, string];

export const FILTERS = {
  kind: filter(doc('Entries of this kind.', oneOf(...KIND_NAMES)), (kind) => TERM.kind(kind)),
  issuer: filter(doc('Entries of this organisation.', organisation), (id) => TERM.issuer(id)),
  subject: filter(doc('Entries with this `sub`: `key:…`, `entry:17`, a package URL.', text(512)), (sub) =>
    TERM.subject(sub),
  ),
  key: filter(doc('Entries that this key signed.', kid), (hex) => TERM.signer(hex)),
  about: filter(doc('Entries about the entry with this index.', count), (index, kind) =>
    kind === undefined ? TERM.refers(index) : TERM.about(kind, index),
  ),
  digest: filter(doc('Builds that list a file with this digest.', digest), (value) => TERM.artifact(...split(value))),
  source: filter(doc('From a source with this digest.', sourceDigest), (value, kind) =>
    kind === 'review' ? TERM.reviewed(...split(value)) : TERM.source(...split(value)),
  ),
  product: filter(text(128), (value) => TERM.product(value)),
  version: filter(text(128), (value) => TERM.version(value)),
  builder: filter(doc('The URI of a builder.', uri), (value) => TERM.builder(value)),
  site: filter(owned, (value) => TERM.site(value)),
  process: filter(owned, (value) => TERM.process(value)),
  relocation: filter(owned, (value) => TERM.relocation(value)),
  country: filter(country, (value) => TERM.country(value)),
  phase: filter(oneOf(...PHASES), (value) => TERM.phase(value)),
  claim: filter(oneOf(...valuesOf('claim')), (value) => TERM.claim(value)),
  verdict: filter(oneOf(...valuesOf('verdict')), (value) => TERM.verdict(value)),
} as const satisfies Record<string, Filter>;
export type FilterName = keyof typeof FILTERS;
