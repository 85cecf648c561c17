/** What may be appended: the seam between the log, which knows no meaning, and the registry, which knows no disk. @module */
import { concat } from '../core/bytes.ts';
import type { Fault } from '../core/fault.ts';
import { leafHash } from '../core/hash.ts';
import { keyOf } from './channel.ts';
import type { Submission } from './pool.ts';

/** A judgement of submissions, made before anything is committed. */
export type Judgement = {
  /** What to append, in order; the log's own statements come first. */
  readonly admitted: readonly Submission[];
  /** The packed leaf hashes of `admitted`. */
  readonly leaves: Uint8Array;
  readonly refused: readonly { readonly submission: Submission; readonly fault: Fault }[];
  /** Indexes, among those that `admitted` will get, of entries that the registry folds. */
  readonly governance: readonly number[];
  /** Makes the effects of `admitted` the state that the next judgement sees; called once they are committed. */
  keep(): void;
};

export interface Rules {
  /** Makes the state that the entries below `size` lead to; called once, before any judgement. */
  load(size: number): void;
  /**
   * Judges submissions in order, the first admitted of which becomes entry `first`, at a time that is not `closed`.
   * Changes nothing.
   */
  judge(submissions: readonly Submission[], first: number, now: Date): Judgement;
  /**
   * Judges entries that were admitted before, in their places, when a copy of them is appended again: nothing of the
   * log's own is added, and the clock does not matter. Fault `refused` names the one that the rules forbid.
   */
  replay(submissions: readonly Submission[], first: number): Judgement;
  /** Why nothing may be taken in at a time, whatever it is; undefined while something may. */
  closed(now: Date): Fault | undefined;
  /** Whether the log has something of its own to say, though nobody submitted anything. */
  hasOwn(now: Date): boolean;
}

/** The rules of a bare tlog: everything may be appended. The id of a submission is its leaf hash. */
export const opaqueRules: Rules = {
  load: () => {},
  judge: admitAll,
  replay: admitAll,
  closed: () => undefined,
  hasOwn: () => false,
};

/** An entry of opaque bytes; nothing about it is checked. */
export function opaqueSubmission(entry: Uint8Array): Submission {
  const id = leafHash(entry);
  return { id, key: keyOf(id), entry, verified: true };
}

function admitAll(submissions: readonly Submission[]): Judgement {
  const leaves = concat(...submissions.map(({ id }) => id));
  return { admitted: submissions, leaves, refused: [], governance: [], keep: () => {} };
}
