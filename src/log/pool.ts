/**
 * Submissions between the door and their answer. A statement is in here once, however often it is sent: a repeat joins
 * the one that waits, and a statement that was logged before is answered from the tree. Nothing here is promised to
 * anyone until `settle`, or `promise` where publication is late. @module
 */
import type { Fault } from '../core/fault.ts';

/** A statement, or opaque bytes, that wants to be an entry. `id` decides what is the same submission. */
export type Submission = {
  readonly id: Uint8Array;
  /** The id again, one character a byte, as a key of maps. */
  readonly key: string;
  readonly entry: Uint8Array;
  /** Whether the signature was checked at the door; its key may have been unknown there. */
  readonly verified: boolean;
};

/** What a submitter learns: the index of the entry, that there is one and its proof is late, or why there is none. */
export type Outcome = { readonly index: number } | { readonly promised: true } | { readonly fault: Fault };

/** Tells the submitter behind a ticket. */
export type Answer = (ticket: number, outcome: Outcome) => void;

type Pooled = {
  readonly submission: Submission;
  readonly ticket: number;
  /** The tickets of those who sent it again; most are sent once. */
  repeats: number[] | undefined;
  index: number | undefined;
};

export class Pool {
  readonly #answer: Answer;
  readonly #find: (id: Uint8Array) => number | undefined;
  /** Not yet taken by a turn. */
  #queue: Pooled[] = [];
  /** Committed and not yet settled, by ascending index but for repeats of after a restart. */
  #committed: Pooled[] = [];
  /** All that waits, by id. */
  readonly #waiting = new Map<string, Pooled>();
  #settled: number;
  #promised = 0;

  /** `find` tells the index of a committed entry; `settled` is the size that may be answered for already. */
  constructor(answer: Answer, find: (id: Uint8Array) => number | undefined, settled: number) {
    this.#answer = answer;
    this.#find = find;
    this.#settled = settled;
  }

  get size(): number {
    return this.#queue.length;
  }

  /** How many wait for a committed head to be settled. */
  get committed(): number {
    return this.#committed.length;
  }

  /** Takes a submission in, or answers it at once if it is settled. */
  offer(ticket: number, submission: Submission): void {
    const same = this.#waiting.get(submission.key);
    if (same) {
      same.repeats ??= [];
      same.repeats.push(ticket);
      return;
    }
    const index = this.#find(submission.id);
    if (index !== undefined && index < this.#settled) {
      this.#answer(ticket, { index });
      return;
    }
    if (index !== undefined && index < this.#promised) {
      this.#answer(ticket, { promised: true });
      return;
    }
    const waiting: Pooled = { submission, ticket, repeats: undefined, index };
    this.#waiting.set(submission.key, waiting);
    (index === undefined ? this.#queue : this.#committed).push(waiting);
  }

  /** Where a statement is: its index once settled, `pending` before, undefined if it is not known. */
  locate(id: Uint8Array, key: string): number | 'pending' | undefined {
    if (this.#waiting.has(key)) return 'pending';
    const index = this.#find(id);
    return index === undefined || index < this.#settled ? index : 'pending';
  }

  /** The oldest submissions, for one turn, up to a count and about a number of bytes. */
  take(count: number, bytes: number): Submission[] {
    let [upTo, total] = [0, 0];
    while (upTo < this.#queue.length && upTo < count && total < bytes) {
      total += this.#queue[upTo++]?.submission.entry.length ?? 0;
    }
    const taken = this.#queue.slice(0, upTo);
    this.#queue = this.#queue.slice(upTo);
    return taken.map((waiting) => waiting.submission);
  }

  /** A submission that was taken is entry `index` now, and is answered when that is settled. */
  place(submission: Submission, index: number): void {
    const waiting = this.#waiting.get(submission.key);
    if (!waiting) return; // the log's own statements have no submitter
    waiting.index = index;
    this.#committed.push(waiting);
  }

  /** A submission that was taken will not be an entry. */
  refuse(submission: Submission, fault: Fault): void {
    const waiting = this.#waiting.get(submission.key);
    this.#waiting.delete(submission.key);
    if (waiting) this.#answerAll(waiting, { fault });
  }

  /** Everything below `size` may be answered for from now on. */
  settle(size: number): void {
    this.#settled = Math.max(this.#settled, size);
    this.#release(this.#settled, (index) => ({ index }));
  }

  /** Everything below `size` is certain and late: who waits for it is told so now, and asks for the proof later. */
  promise(size: number): void {
    this.#promised = Math.max(this.#promised, size);
    this.#release(this.#promised, () => ({ promised: true }));
  }

  #release(size: number, outcomeOf: (index: number) => Outcome): void {
    const later: Pooled[] = [];
    for (const waiting of this.#committed) {
      const { submission, index } = waiting;
      if (index === undefined || index >= size) {
        later.push(waiting);
        continue;
      }
      this.#waiting.delete(submission.key);
      this.#answerAll(waiting, outcomeOf(index));
    }
    this.#committed = later;
  }

  #answerAll({ ticket, repeats }: Pooled, outcome: Outcome): void {
    this.#answer(ticket, outcome);
    for (const repeat of repeats ?? []) this.#answer(repeat, outcome);
  }

  /** Refuses all that is not committed; what is committed is answered by the next start. */
  refuseAll(fault: Fault): void {
    for (const { submission } of this.#queue.splice(0)) this.refuse(submission, fault);
  }

  /** Answers everyone who still waits, also for a turn that failed, with a fault: nothing will be settled any more. */
  abandon(fault: Fault): void {
    for (const { submission } of [...this.#waiting.values()]) this.refuse(submission, fault);
    [this.#queue, this.#committed] = [[], []];
  }
}
