/** Offline proofs, C2SP tlog-proof@v1: an index, an inclusion proof and the signed checkpoint it leads to. @module */
import { fromBase64, fromUtf8, HASH_BYTES, type Hash, toBase64, utf8 } from './bytes.ts';
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
const MAX_PROOF = MAX_NOTE + 64 * 1024;

export function formatTlogProof({ index, path, checkpoint, extra }: TlogProof): string {
  const lines = [
    FIRST_LINE,
    ...(extra ? [`extra ${toBase64(extra)}`] : []),
    `index ${index}`,
    ...path.map(toBase64),
    '',
    fromUtf8(checkpoint, 'bad-note'),
  ];
  return lines.join('\n');
}

/** The inverse of `formatTlogProof`. The checkpoint is not yet parsed. */
export function parseTlogProof(bytes: Uint8Array): TlogProof {
  if (bytes.length > MAX_PROOF) throw new Fault('bad-proof', `a proof of ${bytes.length} bytes is too large`);
  const text = fromUtf8(bytes, 'bad-proof');
  const split = text.indexOf('\n\n');
  if (split < 0) throw new Fault('bad-proof', 'a tlog-proof has an empty line before its checkpoint');
  const [first, ...lines] = text.slice(0, split).split('\n');
  if (first !== FIRST_LINE) throw new Fault('bad-proof', `a tlog-proof begins with the line ${FIRST_LINE}`);
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
