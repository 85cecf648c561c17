/**
 * What questions are asked of: the entries of a log up to a size, the registry with its past, and a way to find entries.
 * Every answer in this folder is a function of a `Ledger`, so that whoever has the entries can answer it himself. @module
 */

import { must } from '../core/fault.ts';
import type { Chronicle } from './chronicle.ts';
import type { Interval } from './interval.ts';
import type { AdmittedKind, Payload } from './kinds.ts';
import { kindOf } from './names.ts';
import { readPayload } from './payload.ts';
import type { Term } from './terms.ts';
import { TERM } from './terms.ts';
import type { Entry, Lookup } from './view.ts';

export type Ledger = Lookup & {
  /** Answers hold for the tree of this size. */
  readonly size: number;
  /** Folded over the governance entries below `size`. */
  readonly chronicle: Chronicle;
  /** The first `limit` entries at or after `from` that have all of the terms, ascending. */
  find(terms: readonly Term[], from: number, limit: number): readonly number[];
  /** The checkpoints around an entry. */
  between(index: number): Interval;
};

/** As many entries of one sort as an answer goes through. More are there to be paged through. */
export const MANY = 256;

/** What an answer rests on. */
export type Grounds = {
  /** What entries show, with the entries that show it. */
  readonly proven: readonly { readonly says: string; readonly entries: readonly number[] }[];
  /** What is not there: this holds for a tree size, and is the word of whoever answers unless the log is replayed. */
  readonly asserted: readonly { readonly says: string; readonly size: number }[];
};

/** An entry that is there, with its payload. */
export function readEntry<K extends AdmittedKind>(
  ledger: Ledger,
  index: number,
  kind: K,
): { entry: Entry; payload: Payload<K> } {
  const entry = entryAt(ledger, index);
  must(kindOf(entry.statement.contentType) === kind, `entry ${index} was found as ${kind} and is none`);
  return { entry, payload: readPayload(kind, entry.statement.payload).value };
}

export function entryAt(ledger: Ledger, index: number): Entry {
  const entry = ledger.entry(index);
  must(entry !== undefined && index < ledger.size, `entry ${index} is not below ${ledger.size}`);
  return entry;
}

/** The entries of a kind whose point is one of these, each once, ascending. */
export function about(ledger: Ledger, kind: AdmittedKind, indexes: readonly number[], limit = MANY): number[] {
  const found = indexes.flatMap((index) => ledger.find([TERM.about(kind, index)], 0, limit));
  return [...new Set(found)].sort((a, b) => a - b).slice(0, limit);
}

export type Corrected = { readonly wrong: number; readonly correction: number };

/** What was said to be wrong among these entries. */
export function correctionsOf(ledger: Ledger, indexes: Iterable<number>): Corrected[] {
  return [...indexes].flatMap((wrong) =>
    about(ledger, 'correction', [wrong]).map((correction) => ({ wrong, correction })),
  );
}

/**
 * The time by which an entry was seen, and whose word that is: the checkpoint that holds it, or else the log's clock
 * before it.
 */
export function seenBy(ledger: Ledger, index: number): { readonly time: string; readonly word: 'witnesses' | 'log' } {
  const { to } = ledger.between(index);
  if (to?.time !== undefined) return { time: to.time, word: to.word };
  return { time: ledger.chronicle.at(index).get('heartbeat', '')?.at ?? '', word: 'log' };
}
