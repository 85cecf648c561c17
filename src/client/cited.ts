/** What an answer of the lookup shows by itself: each entry that it gives comes with a proof, which is checked here. @module */
import { toHex, utf8 } from '../core/bytes.ts';
import { Fault } from '../core/fault.ts';
import { type Pinned, verifyPinned } from './offline.ts';

export type Cited = { readonly index: number; readonly leafHash: string; readonly proof?: string };

/**
 * The indexes of these entries, all of which are in the signed tree, where the answer says. Fault `bad-proof` otherwise.
 */
export function verifyCited(entries: readonly Cited[], pinned: Pinned): Set<number> {
  for (const { index, leafHash, proof } of entries) {
    if (proof === undefined) throw new Fault('bad-proof', `the log gives no proof for entry ${index}`);
    const entry = verifyPinned(utf8(proof), pinned);
    if (entry.index !== index || toHex(entry.leafHash) !== leafHash) {
      throw new Fault('bad-proof', `the proof that the log gives for entry ${index} is of another`);
    }
  }
  return new Set(entries.map(({ index }) => index));
}
