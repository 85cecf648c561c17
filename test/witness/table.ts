/**
 * The decision table as data: what was cosigned before, the bytes that come, the answer, and what is cosigned then.
 */
import { concat, type Hash, utf8 } from '../../src/core/bytes.ts';
import { formatCheckpoint } from '../../src/core/checkpoint.ts';
import type { EvidenceKind } from '../../src/witness/ports.ts';
import { flipBit } from '../check.ts';
import {
  COSIGNERS,
  LOG_KEYS,
  lineBy,
  noteOf,
  ORIGIN,
  proofTo,
  requestOf,
  rootAt,
  STRANGER,
  WITNESS,
} from './testlog.ts';

export type Row = {
  readonly what: string;
  /** The size that was cosigned; undefined for never. */
  readonly state?: number;
  readonly body: Uint8Array;
  readonly status: 200 | 400 | 403 | 404 | 409 | 413 | 422;
  /** The body of a 409. */
  readonly answer?: string;
  /** The size after a 200. */
  readonly next?: number;
  readonly evidence?: EvidenceKind;
};

const bytes = (...parts: (string | Uint8Array)[]) =>
  concat(...parts.map((part) => (typeof part === 'string' ? utf8(part) : part)));
const replaced = (body: Uint8Array, from: string | RegExp, to: string) =>
  utf8(new TextDecoder().decode(body).replace(from, to));
const badLine = (size: number) => {
  const line = lineBy(LOG_KEYS[0], formatCheckpoint({ origin: ORIGIN, size, root: rootAt(size) }), 0);
  return { ...line, signature: flipBit(line.signature) };
};
const OTHER_ROOT = rootAt(77) as Hash;
const [HASH] = proofTo(5, 9);
const hashLine = `${Buffer.from(HASH as Hash).toString('base64')}\n`;
const forgedWitnessLine = { name: WITNESS, id: COSIGNERS[0]?.vkey.id as string, signature: new Uint8Array(72) };

export const TABLE: readonly Row[] = [
  // 1: the grammar
  { what: 'an empty body', body: utf8(''), status: 400 },
  { what: 'no empty line', body: utf8('old 0\n'), status: 400 },
  { what: 'no note', body: utf8('old 0\n\n'), status: 400 },
  { what: 'no old line', body: bytes('\n\n', noteOf(5)), status: 400 },
  { what: 'old in capitals', body: replaced(requestOf(0, 5), 'old', 'Old'), status: 400 },
  { what: 'old without a number', body: replaced(requestOf(0, 5), 'old 0', 'old '), status: 400 },
  { what: 'old 00', body: replaced(requestOf(0, 5), 'old 0', 'old 00'), status: 400 },
  { what: 'old 05', state: 5, body: replaced(requestOf(5, 9), 'old 5', 'old 05'), status: 400 },
  { what: 'old -1', body: replaced(requestOf(0, 5), 'old 0', 'old -1'), status: 400 },
  { what: 'old +0', body: replaced(requestOf(0, 5), 'old 0', 'old +0'), status: 400 },
  { what: 'old with two spaces', body: replaced(requestOf(0, 5), 'old 0', 'old  0'), status: 400 },
  { what: 'old with a space behind', body: replaced(requestOf(0, 5), 'old 0', 'old 0 '), status: 400 },
  { what: 'old of 2^53', body: replaced(requestOf(0, 5), 'old 0', `old ${2 ** 53}`), status: 400 },
  { what: 'CRLF', body: replaced(requestOf(0, 5), /\n/g, '\r\n'), status: 400 },
  { what: 'a proof line of 31 bytes', state: 5, body: replaced(requestOf(5, 9), hashLine, 'AAAA\n'), status: 400 },
  { what: 'a proof line that is not canonical', state: 5, body: replaced(requestOf(5, 9), '=\n', '\n'), status: 400 },
  { what: '64 proof lines', body: bytes('old 0\n', hashLine.repeat(64), '\n', noteOf(5)), status: 400 },
  { what: '64 short proof lines', body: bytes('old 0\n', 'AAAA\n'.repeat(64), '\n', noteOf(5)), status: 400 },
  { what: 'a note without signatures', body: bytes('old 0\n\n', `${ORIGIN}\n0\n\n`), status: 400 },
  { what: 'garbage behind the signatures', body: bytes(requestOf(0, 5), 'garbage\n'), status: 400 },
  { what: 'a note cut short', body: requestOf(0, 5).slice(0, -1), status: 400 },
  { what: 'a size with a leading zero', body: replaced(requestOf(0, 5), '\n5\n', '\n05\n'), status: 400 },
  { what: 'a root of 31 bytes', body: requestOf(0, 5, { root: rootAt(5).slice(1) as Hash }), status: 400 },
  { what: 'not UTF-8', body: bytes('old 0\n\n', Uint8Array.of(0xff), noteOf(5)), status: 400 },
  { what: 'a body of more than it may have', body: bytes(requestOf(0, 5), 'x'.repeat(140_000)), status: 413 },
  // 2: the origin
  { what: 'an unknown origin', body: requestOf(0, 5, { origin: 'other.example' }), status: 404 },
  {
    what: 'an unknown origin, before its signature',
    body: requestOf(0, 5, { origin: 'o.example', keys: [STRANGER] }),
    status: 404,
  },
  // 3: the signature
  { what: 'signed by a stranger under the name of the log', body: requestOf(0, 5, { keys: [STRANGER] }), status: 403 },
  {
    what: 'a line by the log that does not verify',
    body: requestOf(0, 5, { keys: [STRANGER], more: [badLine(5)] }),
    status: 403,
  },
  { what: 'a good line by the log and a bad one', body: requestOf(0, 5, { more: [badLine(5)] }), status: 403 },
  { what: 'not signed and old too large', state: 5, body: requestOf(9, 5, { keys: [STRANGER] }), status: 403 },
  // 4: old > size
  { what: 'old larger than the size', state: 5, body: requestOf(5, 4), status: 400 },
  { what: 'old larger than the size, and not known', state: 5, body: requestOf(7, 6), status: 400 },
  // 5: old ≠ known
  { what: 'a probe', state: 5, body: requestOf(0, 5), status: 409, answer: '5\n' },
  { what: 'a probe with a larger tree', state: 5, body: requestOf(0, 9), status: 409, answer: '5\n' },
  { what: 'old smaller than what is known', state: 5, body: requestOf(3, 9), status: 409, answer: '5\n' },
  { what: 'old larger than what is known', state: 5, body: requestOf(6, 9), status: 409, answer: '5\n' },
  { what: 'old where nothing is known, with a good proof', body: requestOf(3, 9), status: 409, answer: '0\n' },
  {
    what: 'a fork of the same size behind a wrong old',
    state: 5,
    body: requestOf(0, 5, { fork: true }),
    status: 409,
    answer: '5\n',
    evidence: 'same-size',
  },
  {
    what: 'a wrong empty root behind a wrong old',
    state: 5,
    body: requestOf(0, 0, { root: OTHER_ROOT }),
    status: 409,
    answer: '5\n',
    evidence: 'empty-root',
  },
  // 6: size 0
  {
    what: 'an empty tree with another root',
    body: requestOf(0, 0, { root: OTHER_ROOT }),
    status: 422,
    evidence: 'empty-root',
  },
  { what: 'an empty tree', body: requestOf(0, 0), status: 200, next: 0 },
  // 7: old = 0 and a proof
  { what: 'a proof from nothing', body: requestOf(0, 5, { proof: [HASH as Hash] }), status: 422 },
  { what: 'a proof from nothing to nothing', body: requestOf(0, 0, { proof: [HASH as Hash] }), status: 422 },
  // 8: the same size
  {
    what: 'the same size with another root',
    state: 5,
    body: requestOf(5, 5, { fork: true }),
    status: 422,
    evidence: 'same-size',
  },
  { what: 'the same size and root', state: 5, body: requestOf(5, 5), status: 200, next: 5 },
  {
    what: 'the same size and root with a proof',
    state: 5,
    body: requestOf(5, 5, { proof: [HASH as Hash] }),
    status: 422,
  },
  // 9: the proof
  { what: 'no proof', state: 5, body: requestOf(5, 9, { proof: [] }), status: 422, evidence: 'unproven' },
  {
    what: 'a proof with one bit changed',
    state: 5,
    body: requestOf(5, 9, { proof: proofTo(5, 9).map((hash, i) => (i === 0 ? flipBit(hash) : hash)) }),
    status: 422,
    evidence: 'unproven',
  },
  {
    what: 'a proof that is too long',
    state: 5,
    body: requestOf(5, 9, { proof: [...proofTo(5, 9), HASH as Hash] }),
    status: 422,
    evidence: 'unproven',
  },
  {
    what: 'a larger fork with its own proof',
    state: 5,
    body: requestOf(5, 9, { fork: true }),
    status: 422,
    evidence: 'inconsistent',
  },
  {
    what: 'a larger fork where the proof leaves out the old root',
    state: 4,
    body: requestOf(4, 9, { fork: true }),
    status: 422,
    evidence: 'unproven',
  },
  // 11: cosigned
  { what: 'first contact at any size', body: requestOf(0, 300), status: 200, next: 300 },
  { what: 'a larger tree', state: 5, body: requestOf(5, 9), status: 200, next: 9 },
  { what: 'a much larger tree', state: 255, body: requestOf(255, 1000), status: 200, next: 1000 },
  { what: 'from the empty tree', state: 0, body: requestOf(0, 9), status: 200, next: 9 },
  {
    what: 'signed with ML-DSA-44 alone',
    state: 5,
    body: requestOf(5, 9, { keys: [LOG_KEYS[1]] }),
    status: 200,
    next: 9,
  },
  { what: 'signed with both keys', state: 5, body: requestOf(5, 9, { keys: LOG_KEYS }), status: 200, next: 9 },
  {
    what: 'a line of a stranger beside',
    state: 5,
    body: requestOf(5, 9, { keys: [LOG_KEYS[0], STRANGER] }),
    status: 200,
    next: 9,
  },
  {
    what: 'the line of the log twice',
    state: 5,
    body: requestOf(5, 9, { keys: [LOG_KEYS[0], LOG_KEYS[0]] }),
    status: 200,
    next: 9,
  },
  {
    what: 'a forged line of this witness',
    state: 5,
    body: requestOf(5, 9, { more: [forgedWitnessLine] }),
    status: 200,
    next: 9,
  },
  { what: 'an extension line', state: 5, body: requestOf(5, 9, { extension: ['more'] }), status: 200, next: 9 },
];
