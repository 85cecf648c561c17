/**
 * Has signatures checked in threads of their own, many to a message. A job of libuv's pool for each would cost the
 * thread that asks 10 to 16 µs, a fifth of what a submission takes of it. @module
 */
import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import type { Algorithm } from '../../core/signature.ts';
import type { Verify } from '../../http/entries.ts';
import { type Check, CheckBox, type PackedChecks } from './checks.ts';
import { spawn } from './spawn.ts';

/** Threads at most: one processor is for the thread that asks, and it cannot keep more than a few of them busy. */
const THREADS = Math.min(4, Math.max(1, availableParallelism() - 1));
/** Checks in one message, 4 to 5 ms of work, measured best among 16 to 256; and messages that a thread has: one in work, one at hand. */
const [MOST_CHECKS, MOST_MESSAGES] = [64, 2];

/** A thread that answers the message of a `CheckBox` with its `verdicts`. */
type Checker = Pick<Worker, 'on' | 'postMessage' | 'ref' | 'unref'>;

/** Checks that are answered together, though threads may check them in any order. */
type Group = { readonly verdicts: boolean[]; left: number; done(verdicts: readonly boolean[]): void };
/** Where the verdict of a check belongs. */
type Job = { readonly group: Group; readonly place: number };

/** `start` starts a thread for these algorithms, of which there are at most `most`, and one for the slow ones. */
export function verifier(start: (algorithms: readonly Algorithm[]) => Checker = startThread, most = THREADS): Verify {
  const threads = new Threads(() => start(['ed25519', 'p256']), most);
  // In JavaScript ML-DSA-44 takes 1 ms: nobody else should wait for that.
  const slow = new Threads(() => start(['mldsa44']), 1);
  return (signed) =>
    new Promise((done) => {
      if (signed.length === 0) return done([]);
      const group: Group = { verdicts: new Array(signed.length), left: signed.length, done };
      for (const [place, { statement, key }] of signed.entries()) {
        const { algorithm, toBeSigned: message, signature } = statement;
        if (key.algorithm !== algorithm) tell({ group, place }, false);
        else (algorithm === 'mldsa44' ? slow : threads).check({ key, message, signature }, { group, place });
      }
    });
}

const startThread = (algorithms: readonly Algorithm[]) => spawn('verify', algorithms);

function tell({ group, place }: Job, verdict: boolean): void {
  group.verdicts[place] = verdict;
  group.left--;
  if (group.left === 0) group.done(group.verdicts);
}

type Message = { readonly packed: PackedChecks; readonly jobs: readonly Job[] };
type Thread = { readonly worker: Checker; readonly messages: Message['jobs'][] };

class Threads {
  readonly #make: () => Checker;
  readonly #most: number;
  readonly #threads: Thread[] = [];
  /** What waits: full messages, and one that grows. */
  readonly #full: Message[] = [];
  readonly #box = new CheckBox();
  #jobs: Job[] = [];

  /** Starts them when they are first needed. */
  constructor(make: () => Checker, most: number) {
    this.#make = make;
    this.#most = most;
  }

  check(check: Check, job: Job): void {
    if (this.#full.length === 0 && this.#box.size === 0) setImmediate(() => this.#send());
    this.#box.put(check);
    this.#jobs.push(job);
    if (this.#box.size === MOST_CHECKS) this.#full.push(this.#cut());
  }

  #cut(): Message {
    const jobs = this.#jobs;
    this.#jobs = [];
    return { packed: this.#box.take(), jobs };
  }

  /** Hands out what waits, as far as threads are free: what goes on waiting makes the next message larger. */
  #send(): void {
    while (this.#full.length > 0 || this.#box.size > 0) {
      const thread = this.#free();
      if (!thread) return;
      const { packed, jobs } = this.#full.shift() ?? this.#cut();
      thread.messages.push(jobs);
      thread.worker.ref();
      thread.worker.postMessage(packed);
    }
  }

  /** An idle thread, a new one, or one that has work but nothing at hand after it. */
  #free(): Thread | undefined {
    const idle = this.#threads.find(({ messages }) => messages.length === 0);
    if (idle) return idle;
    if (this.#threads.length < this.#most) return this.#start();
    return this.#threads.find(({ messages }) => messages.length < MOST_MESSAGES);
  }

  #start(): Thread {
    const thread: Thread = { worker: this.#make(), messages: [] };
    thread.worker.on('message', (verdicts: Uint8Array) => {
      const jobs = thread.messages.shift() ?? [];
      if (thread.messages.length === 0) thread.worker.unref(); // nobody should wait for a thread without work
      this.#send();
      for (const [i, job] of jobs.entries()) tell(job, verdicts[i] === 1);
    });
    this.#threads.push(thread);
    return thread;
  }
}
