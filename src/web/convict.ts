/**
 * Proof that the log signed two histories: made here of checkpoints that this browser was shown, or served by the log.
 * Each file is verified with the pinned keys; what does not verify accuses nobody. @module
 */
import { sha256 } from '#sha256';
import { toHex } from '../core/bytes.ts';
import { type Conviction, formatEvidence, parseEvidence, verifyEvidence } from '../core/evidence.ts';
import { Fault, messageOf } from '../core/fault.ts';
import { conflict } from '../core/judgehead.ts';
import type { Vkey } from '../core/note.ts';
import { type Get, Reader } from '../core/reader.ts';
import { type Filed, Fork, type Signed } from './fork.ts';

/** What two checkpoints that are known to conflict prove; nodes of the larger tree are read through `get`. */
export async function forkOf(get: Get, vkeys: readonly Vkey[], older: Signed, newer: Signed): Promise<Fork> {
  const reader = new Reader(get, newer);
  const { evidence } = await conflict(vkeys, [older.note, newer.note], { nodes: (nodes) => reader.nodes(nodes) });
  const says =
    older.size === newer.size
      ? `two different trees of ${older.size} entries are signed with the same keys`
      : `the tree of ${older.size} entries is not the beginning of the tree of ${newer.size}, and both are signed`;
  return new Fork(says, evidence && formatEvidence(evidence));
}

export function openFile(id: string, file: Uint8Array, vkeys: readonly Vkey[], origin: string): Filed {
  try {
    if (toHex(sha256(file)) !== id) throw new Fault('bad-evidence', 'it is not the file that the list names');
    const conviction = verifyEvidence(parseEvidence(file), vkeys);
    const [first] = conviction.checkpoints;
    if (first?.origin !== origin) throw new Fault('bad-proof', `it is about ${first?.origin}`);
    return { id, file, conviction };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { id, file, why: messageOf(error) };
  }
}

/** What a file proves, for those who have never heard of trees. */
export function inPlainWords({ kind, checkpoints }: Conviction): string {
  const [small, large] = checkpoints.map(({ size }) => size);
  if (kind === 'same-size') {
    return `With its own key the log signed two different lists of ${small} entries. An honest log has one list, so somebody was shown another one than everybody else.`;
  }
  if (kind === 'empty-root') {
    return 'With its own key the log signed an empty list that is not empty. An honest log never does.';
  }
  return `With its own key the log signed a list of ${small} entries, and one of ${large} that does not begin with them. An honest log only adds at the end, so entries were changed or taken away, or somebody was shown another list.`;
}
