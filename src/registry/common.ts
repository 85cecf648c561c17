/** The fields that several kinds share, `VOCABULARY.md` "Common optional fields". @module */
import { HASH_BYTES, type Hash } from '../core/bytes.ts';
import { MAX_SIZE } from '../core/size.ts';
import { refuse } from './rule.ts';
import {
  boolean,
  bytes,
  cases,
  closedMap,
  doc,
  integer,
  list,
  map,
  named,
  pattern,
  prose,
  refTo,
  type Schema,
  type TypeOf,
  time,
} from './schema.ts';

/** Points to an earlier entry of the same log. */
export type Ref = { readonly index: number; readonly leafHash: Hash };

/** What organisations call themselves, their keys and sites: identity is (organisation, id). */
export const id = named(
  'id',
  pattern(
    64,
    /^[a-z0-9][a-z0-9._-]{0,63}$/,
    'an id: lower-case letters, digits, dot, dash and underline, the first a letter or digit',
  ),
);

export const uri = named('uri', pattern(2048, /^[A-Za-z][A-Za-z0-9+.-]*:[\x21-\x7e]+$/, 'a URI', 'uri'));
export const count = integer(0, MAX_SIZE);
export const ref: Schema<Ref> = doc(
  'an earlier entry of this log, with its leaf hash',
  named('ref', refTo(count, bytes(HASH_BYTES))),
);

/** Digest algorithms by the names of in-toto, and their lengths. The ones that identify content, then the others. */
const STRONG = { sha256: bytes(32), sha384: bytes(48), sha512: bytes(64) };
const OTHER = {
  'sha3-256': bytes(32),
  'sha3-384': bytes(48),
  'sha3-512': bytes(64),
  'blake2b-256': bytes(32),
  'blake2b-512': bytes(64),
  sha1: bytes(20),
  md5: bytes(16),
  gitCommit: bytes(20, 32),
  gitTree: bytes(20, 32),
};
const ALGORITHMS = { ...STRONG, ...OTHER };

/** Digests of a file, one of them strong. */
export const digests = named('digests', closedMap(ALGORITHMS, ['sha256', 'sha384', 'sha512']));

/** Digests of a source, for which the commit may be all that there is. */
export const sourceDigests = named(
  'sourceDigests',
  closedMap(ALGORITHMS, Object.keys(ALGORITHMS) as (keyof typeof ALGORITHMS)[]),
);

/** Where something was made from. */
export const sources = list(map({ uri, digests: sourceDigests }, {}), 1, 64);

/** A document that stays outside the log. `salted`: SHA-256(0x02 ‖ salt32 ‖ document), so that it can be erased. */
export const evidence = named(
  'evidence',
  map(
    {
      mediaType: pattern(128, /^[a-z0-9][a-z0-9!#$&^_.+-]*\/[a-z0-9][a-z0-9!#$&^_.+-]*$/, 'a media type in lower case'),
      digest: cases('alg', {
        sha256: map({ value: STRONG.sha256 }, {}),
        sha384: map({ value: STRONG.sha384 }, {}),
        sha512: map({ value: STRONG.sha512 }, {}),
      }),
      salted: doc(
        'whether the digest is SHA-256(0x02 ‖ salt32 ‖ document), so that the document can be erased',
        boolean,
      ),
    },
    { size: count, location: uri },
  ),
);
export type Evidence = TypeOf<typeof evidence>;

/** What a statement covers; both ends belong to it. */
export const period = map({ from: time, to: time }, {});

export function requirePeriod({ from, to }: TypeOf<typeof period>): void {
  if (from > to) refuse('period', `the period ends at ${to}, before it begins at ${from}`);
}

/** What every kind may say beside its own fields. */
export const COMMON = {
  at: doc('when the statement was made', time),
  refs: list(ref, 1, 64),
  evidence: doc('a document that bears it out', evidence),
  note: prose(280),
  retrospective: doc('true for history that is told later', boolean),
};
