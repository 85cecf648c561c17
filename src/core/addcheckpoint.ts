/** The body of `POST /add-checkpoint`, C2SP tlog-witness: what a log's client sends and a witness reads. @module */
import { concat, fromBase64, fromUtf8, HASH_BYTES, type Hash, toBase64, utf8 } from './bytes.ts';
import { Fault, must } from './fault.ts';
import { MAX_NOTE } from './note.ts';
import { parseSize } from './size.ts';

export type AddCheckpoint = {
  /** The size that the witness is believed to have cosigned last; 0 if it never did, or nobody knows. */
  readonly old: number;
  /** From the old size to the checkpoint's; empty from 0. */
  readonly proof: readonly Hash[];
  /** The signed checkpoint, not yet parsed. */
  readonly note: Uint8Array;
};

/** SPEC: the client MUST NOT send more than 63 consistency proof lines. */
export const MAX_PROOF_LINES = 63;
/** An old size, 63 lines of base64 and an empty line, before the note: 64 hashes do not fit. */
const MAX_HEAD = 'old '.length + 16 + 1 + MAX_PROOF_LINES * 45 + 1;
export const MAX_ADD_CHECKPOINT = MAX_HEAD + MAX_NOTE;
/** The media type of a 409: the size that the witness does have. */
export const SIZE_TYPE = 'text/x.tlog.size';

export function formatAddCheckpoint({ old, proof, note }: AddCheckpoint): Uint8Array {
  must(proof.length <= MAX_PROOF_LINES, `a proof of ${proof.length} hashes is longer than any`);
  const lines = [`old ${old}`, ...proof.map(toBase64), '', ''];
  return concat(utf8(lines.join('\n')), note);
}

/** The inverse of `formatAddCheckpoint`. Fault `bad-request`. */
export function parseAddCheckpoint(body: Uint8Array): AddCheckpoint {
  if (body.length > MAX_ADD_CHECKPOINT) throw new Fault('too-large', `the body is larger than ${MAX_ADD_CHECKPOINT}`);
  // What a note says after its own first line may hold empty lines too; the first one is ours.
  const end = body.subarray(0, MAX_HEAD).findIndex((octet, i) => octet === 0x0a && body[i + 1] === 0x0a);
  if (end < 0) {
    throw new Fault('bad-request', `an old size and at most ${MAX_PROOF_LINES} hashes end with an empty line`);
  }
  const [first = '', ...hashes] = fromUtf8(body.subarray(0, end), 'bad-request').split('\n');
  if (!first.startsWith('old ')) throw new Fault('bad-request', 'the first line is: old <size>');
  // SPEC: an ASCII decimal with no leading zeroes (unless the size is zero, in which case the encoding MUST be 0).
  return { old: parseSize(first.slice(4), 'bad-request'), proof: hashes.map(parseHash), note: body.slice(end + 2) };
}

function parseHash(line: string): Hash {
  const hash = fromBase64(line, 'bad-request');
  if (hash.length !== HASH_BYTES) throw new Fault('bad-request', `a hash of ${hash.length} bytes is not SHA-256`);
  return hash as Hash;
}
