/**
 * Merkle hashing, RFC 6962 §2.1: leaf SHA-256(0x00 ‖ entry), node SHA-256(0x01 ‖ left ‖ right). The `…Into` and
 * `…Of` forms work inside packed arrays of 32-byte hashes, where the log spends its time. @module
 */
import { sha256, sha256Into } from '#sha256';
import { HASH_BYTES, type Hash } from './bytes.ts';
import { must } from './fault.ts';

/** The largest entry: what the uint16 length of an entry bundle can say (C2SP tlog-tiles). */
export const MAX_ENTRY = 65_535;

// One prefixed message at a time is built here and hashed at once; nothing else reads these.
const leafMessage = new Uint8Array(1 + MAX_ENTRY);
const nodeMessage = new Uint8Array(1 + 2 * HASH_BYTES);
nodeMessage[0] = 0x01;

/** The root of the empty tree, SHA-256 of nothing. */
export const EMPTY_ROOT = sha256(new Uint8Array(0)) as Hash;

export function leafHash(entry: Uint8Array): Hash {
  const out = new Uint8Array(HASH_BYTES);
  leafHashInto(entry, out, 0);
  return out as Hash;
}

/** Writes the leaf hash of `entry` as the `i`-th hash of `out`. */
export function leafHashInto(entry: Uint8Array, out: Uint8Array, i: number): void {
  must(entry.length <= MAX_ENTRY, `entry of ${entry.length} bytes was not refused at the door`);
  leafMessage.set(entry, 1);
  sha256Into(leafMessage.subarray(0, 1 + entry.length), out, i * HASH_BYTES);
}

export function nodeHash(left: Uint8Array, right: Uint8Array): Hash {
  must(left.length === HASH_BYTES && right.length === HASH_BYTES, 'a child is not 32 bytes');
  nodeMessage.set(left, 1);
  nodeMessage.set(right, 1 + HASH_BYTES);
  return sha256(nodeMessage) as Hash;
}

/** Writes the parent of the hashes `child` and `child + 1` of `from` as the `i`-th hash of `out`. */
export function parentInto(from: Uint8Array, child: number, out: Uint8Array, i: number): void {
  nodeMessage.set(from.subarray(child * HASH_BYTES, (child + 2) * HASH_BYTES), 1);
  sha256Into(nodeMessage, out, i * HASH_BYTES);
}

/** The `i`-th hash of a packed array, as a view. */
export function hashAt(packed: Uint8Array, i: number): Hash {
  return packed.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES) as Hash;
}

/** The root over a power of two of consecutive hashes of a packed array, `[lo, lo + count)`. */
export function subtreeOf(packed: Uint8Array, lo: number, count: number): Hash {
  must(count >= 1 && (lo + count) * HASH_BYTES <= packed.length, `bad range [${lo}, ${lo + count})`);
  if (count === 1) return hashAt(packed, lo);
  return nodeHash(subtreeOf(packed, lo, count / 2), subtreeOf(packed, lo + count / 2, count / 2));
}
