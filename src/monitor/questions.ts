/** What a lookup can be asked about an entry: the pages below `/v1/` that must show it, by the terms that it has. Pure. @module */
import { kindOf } from '../registry/names.ts';
import { TERM, type Term, termsOf } from '../registry/terms.ts';
import type { Entry } from '../registry/view.ts';

export type Question = {
  readonly page: string;
  readonly parameter: string;
  readonly value: string;
  readonly term: Term;
};

/** The pages below `/v1/` that have entries of one kind alone. */
const PAGES: { readonly [kind: string]: string } = {
  build: 'builds',
  site: 'sites',
  process: 'processes',
  relocation: 'relocations',
  attestation: 'attestations',
  review: 'reviews',
  withdrawal: 'withdrawals',
  correction: 'corrections',
  disclosure: 'disclosures',
};
/** Terms of every entry, by the parameter that asks for them. */
const OF_ALL: { readonly [term: string]: string } = {
  kind: 'kind',
  issuer: 'issuer',
  signer: 'key',
  subject: 'subject',
  refers: 'about',
};
/** Terms whose parameter has another name. */
const RENAMED: { readonly [term: string]: string } = { artifact: 'digest', reviewed: 'source' };

/** The questions that an entry is an answer to: one for each of its terms that can be asked for. */
export function questionsAbout(entry: Entry): Question[] {
  const page = PAGES[kindOf(entry.statement.contentType) ?? ''];
  return termsOf(entry).flatMap((term): Question[] => {
    const [name, ...values] = term.split(' ') as [string, ...string[]];
    const general = OF_ALL[name];
    if (general !== undefined) return [{ page: 'entries', parameter: general, value: values.join(' '), term }];
    if (page === undefined) return [];
    // `about attestation 17 contradict` narrows another term, and nobody asks for it.
    if (name === 'about') return values[2] ? [] : [{ page, parameter: name, value: values[1] as string, term }];
    const isDigest = ['artifact', 'source', 'reviewed'].includes(name);
    return [{ page, parameter: RENAMED[name] ?? name, value: values.join(isDigest ? ':' : ' '), term }];
  });
}

/** The build that an entry is, or that it speaks about. */
export function buildOf(entry: Entry): number | undefined {
  if (kindOf(entry.statement.contentType) === 'build') return entry.index;
  const [about] = termsOf(entry).flatMap(
    (term) => /^about (?:withdrawal|attestation|review|correction) ([0-9]+)$/.exec(term)?.[1] ?? [],
  );
  return about === undefined ? undefined : Number(about);
}

export type Digest = { readonly name: string; readonly term: Term };

/** The digests by which anyone may ask whether a file of a build is logged. */
export function digestsIn(build: Entry): Digest[] {
  return termsOf(build).flatMap((term) => {
    const [, alg, hex] = /^artifact (sha(?:256|384|512)) ([0-9a-f]+)$/.exec(term) ?? [];
    return alg === undefined || hex === undefined ? [] : [{ name: `${alg}:${hex}`, term: TERM.artifact(alg, hex) }];
  });
}
