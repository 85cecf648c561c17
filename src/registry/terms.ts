/**
 * Terms: what an entry can be found by. A lookup keeps for each term the indexes of the entries that have it, and
 * nothing else; whoever doubts it reads the entries and asks `termsOf` himself. @module
 */
import { toHex } from '../core/bytes.ts';
import { Fault } from '../core/fault.ts';
import type { Attestation } from './kinds/attestation.ts';
import type { Build } from './kinds/build.ts';
import type { RelocationPayload } from './kinds/relocation.ts';
import type { AdmittedKind, Payload } from './kinds.ts';
import { type KindName, kindOf } from './names.ts';
import { readPayload } from './payload.ts';
import { type Entry, nameOf } from './view.ts';

/** A name and a value; no two names give the same term. */
export type Term = string & { readonly __is: 'term' };
const make =
  (name: string) =>
  (...values: readonly (string | number)[]): Term =>
    `${name} ${values.join(' ')}` as Term;

export const TERM = {
  kind: make('kind'),
  issuer: make('issuer'),
  /** The kid, in hexadecimal, of the key that signed. */
  signer: make('signer'),
  subject: make('subject'),
  /** It refers to that entry, in whatever field. */
  refers: make('refers'),
  /** It is an entry of that kind whose point is that entry: `about attestation 17`. */
  about: make('about'),
  /** Digests of a file that was built, and of a source: algorithm and hexadecimal value. */
  artifact: make('artifact'),
  source: make('source'),
  /** The same of a source that was reviewed. */
  reviewed: make('reviewed'),
  product: make('product'),
  version: make('version'),
  builder: make('builder'),
  /** These three are organisation/id. */
  site: make('site'),
  process: make('process'),
  relocation: make('relocation'),
  country: make('country'),
  phase: make('phase'),
  claim: make('claim'),
  verdict: make('verdict'),
} as const;

type Read<K extends AdmittedKind> = { readonly iss: string; readonly payload: Payload<K> };

/** What each kind is found by beside its header. */
const OWN: { readonly [K in AdmittedKind]?: (read: Read<K>) => Term[] } = {
  approval: ({ payload }) => [TERM.about('approval', payload.ref.index)],
  withdrawal: ({ payload }) => [TERM.about('withdrawal', payload.ref.index)],
  correction: ({ payload }) => [TERM.about('correction', payload.ref.index)],
  attestation: ({ payload }) => attestation(payload),
  build,
  relocation,
  review: ({ iss, payload }) => [
    TERM.site(payload.centre.includes('/') ? payload.centre : nameOf(iss, payload.centre)),
    ...(payload.refs ?? []).map(({ index }) => TERM.about('review', index)),
    ...(payload.source ?? []).flatMap(({ digests }) => digestTerms(TERM.reviewed, digests)),
  ],
  site: ({ iss, payload }) => [TERM.site(nameOf(iss, payload.siteId)), TERM.country(payload.country)],
  process: ({ iss, payload }) => [TERM.process(nameOf(iss, payload.processId))],
  disclosure: ({ payload }) => [TERM.country(payload.country)],
};

function attestation({ claim, verdict, refs }: Attestation): Term[] {
  return [
    TERM.claim(claim),
    TERM.verdict(verdict),
    ...refs.map(({ index }) => TERM.about('attestation', index)),
    // Contradictions are found without going through what others confirm, however much that is.
    ...refs.map(({ index }) => TERM.about('attestation', index, verdict)),
  ];
}

function build({ iss, payload }: Read<'build'>): Term[] {
  const { product, version, builder, site, artifacts, source = [], replaces }: Build = payload;
  return [
    TERM.product(product),
    TERM.version(version),
    TERM.builder(builder),
    TERM.site(nameOf(iss, site)),
    ...artifacts.flatMap(({ digests }) => digestTerms(TERM.artifact, digests)),
    ...source.flatMap(({ digests }) => digestTerms(TERM.source, digests)),
    ...(replaces === undefined ? [] : [TERM.about('build', replaces.index)]),
  ];
}

function relocation({ iss, payload }: Read<'relocation'>): Term[] {
  const { relocationId, process, phase, from, to, subjectCountries }: RelocationPayload = payload;
  return [
    TERM.relocation(nameOf(iss, relocationId)),
    TERM.process(nameOf(iss, process)),
    TERM.phase(phase),
    ...[...from, ...to].map((siteId) => TERM.site(nameOf(iss, siteId))),
    ...subjectCountries.map((country) => TERM.country(country)),
  ];
}

function digestTerms(term: (typeof TERM)['artifact'], digests: { readonly [alg: string]: Uint8Array | undefined }) {
  return Object.entries(digests).flatMap(([alg, value]) => (value === undefined ? [] : [term(alg, toHex(value))]));
}

/** The terms of an entry, each once. One whose payload cannot be read is found by its header alone. */
export function termsOf({ statement }: Entry): Term[] {
  const { iss, sub, kid, contentType, payload } = statement;
  const header = [TERM.issuer(iss), TERM.signer(toHex(kid)), TERM.subject(sub)];
  const kind = kindOf(contentType);
  if (kind === undefined) return header;
  return [...new Set([TERM.kind(kind), ...header, ...payloadTerms(kind, iss, payload)])];
}

function payloadTerms<K extends KindName>(kind: K, iss: string, bytes: Uint8Array): Term[] {
  try {
    const { value, refs } = readPayload(kind, bytes);
    const own = OWN[kind] as ((read: Read<K>) => Term[]) | undefined;
    return [...refs.map(({ index }) => TERM.refers(index)), ...(own?.({ iss, payload: value }) ?? [])];
  } catch (error) {
    if (error instanceof Fault) return [];
    throw error;
  }
}
