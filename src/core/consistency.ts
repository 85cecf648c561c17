/**
 * Consistency receipts, RFC 9942 §5.3: that a tree whose root is known grew into one whose root the log has signed.
 * The signature is that of all receipts of the newer head. @module
 */
import { equal, type Hash } from './bytes.ts';
import { Fault, must } from './fault.ts';
import { foldConsistency } from './proof.ts';
import {
  type Envelope,
  proofOf,
  readProofs,
  readReceipt,
  type SignedRoot,
  type Speaker,
  signedRoot,
  writeReceipt,
} from './receipt.ts';
import type { PublicKey } from './signature.ts';

const CONSISTENCY = -2;
const CONSISTENCY_PROOF = proofOf(CONSISTENCY);

/** That the tree of size `first` is a prefix of the one of size `second`. Nobody signs the two sizes. */
export type Consistency = { readonly first: number; readonly second: number; readonly path: readonly Hash[] };

export type ConsistencyReceipt = Envelope & { readonly proofs: readonly Consistency[] };

export function encodeConsistencyReceipt(parts: Consistency & SignedRoot): Uint8Array {
  const { first, second, path } = parts;
  must(0 < first && first < second && path.length > 0, `no consistency receipt from ${first} to ${second}`);
  return writeReceipt(parts, CONSISTENCY_PROOF, [first, second], path);
}

/** The inverse of `encodeConsistencyReceipt`. Nothing is verified yet. */
export function decodeConsistencyReceipt(bytes: Uint8Array): ConsistencyReceipt {
  const { envelope, unprotected } = readReceipt(bytes);
  return {
    ...envelope,
    proofs: readProofs(unprotected, CONSISTENCY, (first, second, path) => ({ first, second, path })),
  };
}

/**
 * Checks that the log with this key has signed a tree that extends the one with the root `old`, which must come from
 * something verified before, and returns its root. Faults as `verifyReceipt`.
 */
export function verifyConsistencyReceipt(
  receipt: ConsistencyReceipt,
  old: Hash,
  key: PublicKey,
  expected: Speaker = {},
): Hash {
  return signedRoot(
    receipt,
    receipt.proofs.flatMap((proof) => newerRoot(proof, old)),
    key,
    expected,
  );
}

/** The root that a proof leads to; none if it does not start from the old root, or has not its one length. */
function newerRoot({ first, second, path }: Consistency, old: Hash): Hash[] {
  // SPEC (RFC 9942): there is no receipt for equal sizes, or from an empty tree.
  if (first === 0 || first >= second) return [];
  try {
    const [start, end] = foldConsistency(first, second, old, path);
    return equal(start, old) ? [end] : [];
  } catch (error) {
    if (error instanceof Fault) return [];
    throw error;
  }
}
