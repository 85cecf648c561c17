/** Offline proofs, C2SP tlog-proof@v1: an index, an inclusion proof and the signed checkpoint it leads to. @module */
import { base64Into, base64Length, fromBase64, fromUtf8, HASH_BYTES, type Hash, refuseMark, utf8 } from './bytes.ts';
import { type OpenedCheckpoint, openCheckpoint } from './cosignature.ts';
import { Fault } from './fault.ts';
import { MAX_NOTE, type Vkey } from './note.ts';
import { verifyInclusion } from './proof.ts';
import { parseSize } from './size.ts';

export type TlogProof = {
  readonly index: number;
  readonly path: readonly Hash[];
  /** The signed note, as the log published it. */
  readonly checkpoint: Uint8Array;
  /** Not authenticated by anything. */
  readonly extra?: Uint8Array;
};

const FIRST_LINE = 'c2sp.org/tlog-proof@v1';
const NEWLINE = 0x0a;
const HASH_LINE = base64Length(HASH_BYTES) + 1;
const MAX_PROOF = MAX_NOTE + 64 * 1024;

export function formatTlogProof({ index, path, checkpoint, extra }: TlogProof): Uint8Array {
  const before = utf8(extra ? `${FIRST_LINE}\nextra ` : FIRST_LINE);
  const number = utf8(`\nindex ${index}\n`);
  const length = before.length + base64Length(extra?.length ?? 0) + number.length;
  const out = new Uint8Array(length + path.length * HASH_LINE + 1 + checkpoint.length);
  out.set(before);
  if (extra) base64Into(extra, out, before.length);
  out.set(number, length - number.length);
  let at = length;
  for (const hash of path) {
    base64Into(hash, out, at);
    at += HASH_LINE;
    out[at - 1] = NEWLINE;
  }
  out[at] = NEWLINE;
  out.set(checkpoint, at + 1);
  return out;
}

/** The inverse of `formatTlogProof`. The checkpoint is not yet parsed. */
export function parseTlogProof(bytes: Uint8Array): TlogProof {
  if (bytes.length > MAX_PROOF) throw new Fault('bad-proof', `a proof of ${bytes.length} bytes is too large`);
  refuseMark(bytes, 'bad-proof');
  const text = fromUtf8(bytes, 'bad-proof');
  if (!text.startsWith(`${FIRST_LINE}\n`))
    throw new Fault('bad-proof', `a tlog-proof begins with the line ${FIRST_LINE}`);
  const split = text.indexOf('\n\n');
  if (split < 0) throw new Fault('bad-proof', 'a tlog-proof has an empty line before its checkpoint');
  const [, ...lines] = text.slice(0, split).split('\n');
  const extra = lines[0]?.startsWith('extra ') ? fromBase64((lines.shift() ?? '').slice(6), 'bad-proof') : undefined;
  const index = lines.shift() ?? '';
  if (!index.startsWith('index ')) throw new Fault('bad-proof', 'a tlog-proof names the index of its entry');
  const proof = {
    index: parseSize(index.slice(6), 'bad-proof'),
    path: lines.map(parseHash),
    checkpoint: utf8(text.slice(split + 2)),
  };
  return extra ? { ...proof, extra } : proof;
}

function parseHash(line: string): Hash {
  const hash = fromBase64(line, 'bad-proof');
  if (hash.length !== HASH_BYTES) throw new Fault('bad-proof', `a hash of ${hash.length} bytes is not SHA-256`);
  return hash as Hash;
}

/** Checks that `leaf` is in a tree whose checkpoint is signed by one of the keys. Faults as `openCheckpoint`, or `bad-proof`. */
export function verifyTlogProof(proof: TlogProof, leaf: Hash, vkeys: readonly Vkey[]): OpenedCheckpoint {
  const opened = openCheckpoint(proof.checkpoint, vkeys);
  const { size, root } = opened.checkpoint;
  verifyInclusion(proof.index, size, leaf, proof.path, root);
  return opened;
}
