/** What may be appended: the seam between the log, which knows no meaning, and the registry, which knows no disk. @module */
import type { Fault } from '../core/fault.ts';
import type { Submission } from './pool.ts';

/** A judgement of submissions, made before anything is committed. */
export type Judgement = {
  /** What to append, in order; the log's own statements come first. */
  readonly admitted: readonly Submission[];
  readonly refused: readonly { readonly submission: Submission; readonly fault: Fault }[];
  /** Indexes, among those that `admitted` will get, of entries that the registry folds. */
  readonly governance: readonly number[];
  /** Makes the effects of `admitted` the state that the next judgement sees; called once they are committed. */
  keep(): void;
};

export interface Rules {
  /** Judges submissions in order, the first admitted of which becomes entry `first`. Changes nothing. */
  judge(submissions: readonly Submission[], first: number, now: Date): Judgement;
  /** Whether the log has something of its own to say, though nobody submitted anything. */
  hasOwn(now: Date): boolean;
}

/** The rules of a bare tlog: everything may be appended. */
export const opaqueRules: Rules = {
  judge: (submissions) => ({ admitted: submissions, refused: [], governance: [], keep: () => {} }),
  hasOwn: () => false,
};
