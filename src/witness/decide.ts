/**
 * The decision table of C2SP tlog-witness, from the old size on: what is known of a log and a request to a fault, or to
 * none. Pure. What a request proves against the log is decided apart, since a wrong old size does not unsay it. @module
 */
import type { AddCheckpoint } from '../core/addcheckpoint.ts';
import { equal } from '../core/bytes.ts';
import type { Head } from '../core/checkpoint.ts';
import { Fault } from '../core/fault.ts';
import { EMPTY_ROOT } from '../core/hash.ts';
import { showsFork, verifyConsistency } from '../core/proof.ts';
import type { EvidenceKind } from './ports.ts';

/** A request whose checkpoint is signed by the log. */
export type SignedRequest = Pick<AddCheckpoint, 'old' | 'proof'> & { readonly head: Head };

/** The fault of a request; undefined if the checkpoint may be cosigned. The first check that fails decides. */
export function refusal(known: Head, { old, proof, head }: SignedRequest): Fault | undefined {
  // SPEC: the old size MUST be equal to or lower than the checkpoint size.
  if (old > head.size)
    return new Fault('bad-request', `the old size ${old} is larger than the checkpoint's ${head.size}`);
  // SPEC: the old size [must match] the size of the latest checkpoint it cosigned for the checkpoint's origin.
  if (old !== known.size) {
    return new Fault('stale-size', `the latest checkpoint has size ${known.size}, not ${old}`, { size: known.size });
  }
  // SPEC: a checkpoint of size zero MUST have the root hash of the empty tree.
  if (head.size === 0 && !equal(head.root, EMPTY_ROOT)) {
    return new Fault('bad-proof', 'the root of size 0 is not that of the empty tree');
  }
  // SPEC: if the old size is zero, the consistency proof MUST be empty.
  if (old === 0) return proof.length === 0 ? undefined : new Fault('bad-proof', 'a proof from size 0 is empty');
  // SPEC: if the old size matches the checkpoint size, the witness MUST check that the root hashes are also identical.
  // SPEC: the proof lines MUST encode a Merkle Consistency Proof from the old size to the checkpoint size.
  try {
    verifyConsistency(old, head.size, known.root, head.root, proof);
    return undefined;
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
}

/** What a request whose checkpoint the log has signed shows against the log, beside the note that is known of it. */
export function misbehaviour(known: Head, { old, proof, head }: SignedRequest): EvidenceKind | undefined {
  if (head.size === 0) return equal(head.root, EMPTY_ROOT) ? undefined : 'empty-root';
  if (head.size === known.size) return equal(head.root, known.root) ? undefined : 'same-size';
  if (old !== known.size || old === 0 || old > head.size) return undefined;
  if (showsFork(old, head.size, known.root, head.root, proof)) return 'inconsistent';
  return refusal(known, { old, proof, head }) ? 'unproven' : undefined;
}
