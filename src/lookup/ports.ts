/** What a lookup needs from outside: the log to read, proofs to hand out, and a place for its postings. @module */
import type { Hash } from '../core/bytes.ts';
import type { Head } from '../core/checkpoint.ts';

/** The log, read only. What is committed and not yet published is not asked for. */
export interface LogSource {
  /** The entries [lo, hi) as bundle bytes; both lie in one bundle. */
  entries(lo: number, hi: number): Uint8Array;
  /** Indexes of the governance entries, ascending. */
  governance(): number[];
  /** The published checkpoints around an entry, as notes: the last of at most `index` entries, the first of more. */
  around(index: number): { readonly from: Uint8Array | undefined; readonly to: Uint8Array | undefined };
}

/** The published tree, for proofs. */
export interface ProofSource {
  /** The head that proofs lead to, and its signed note. */
  readonly head: Head & { readonly note: Uint8Array };
  /** The inclusion proof of an entry, checked against the head. */
  inclusion(index: number, leaf: Hash): Hash[];
  /** The root of the tree at an earlier size. */
  rootAt(size: number): Hash;
}

/** The entries that a lookup has gone through: so many, of which the last has this leaf hash. */
export type Covered = { readonly size: number; readonly leaf: Hash | undefined };

/** A term, by the number that stands for it, and entries that follow one another and all have it, both included. */
export type Run = readonly [term: number, first: number, last: number];

/** Postings, which can be lost and made again. Never believed where a proof or the entry itself can be had. */
export interface PostingStore {
  covered(): Covered;
  /** Adds runs and moves what is covered: both or neither, also if the process is killed. */
  extend(to: Covered, runs: readonly Run[]): void;
  /** The first entry at or after `from` that has the term. */
  next(term: number, from: number): number | undefined;
  /** Forgets all. */
  clear(): void;
}
