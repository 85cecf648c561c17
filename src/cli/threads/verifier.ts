/**
 * Has signatures checked in threads of their own, many to a message. A job of libuv's pool for each would cost the
 * thread that asks 10 to 16 µs, a fifth of what a submission takes of it. @module
 */
import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import type { Algorithm } from '../../core/signature.ts';
import type { Verify } from '../../http/entries.ts';
import { type Check, packChecks } from './checks.ts';
import { spawn } from './spawn.ts';

/** Threads at most: one processor is for the thread that asks, and it cannot keep more than a few of them busy. */
const THREADS = Math.min(4, Math.max(1, availableParallelism() - 1));
/** Checks in one message, 4 to 5 ms of work, measured best among 16 to 256; and messages that a thread has: one in work, one at hand. */
const [MOST_CHECKS, MOST_MESSAGES] = [64, 2];

/** A thread that answers what `packChecks` makes with the `verdicts` on it. */
type Checker = Pick<Worker, 'on' | 'postMessage' | 'ref' | 'unref'>;

export function verifier(start: (algorithms: readonly Algorithm[]) => Checker = startThread): Verify {
  const threads = new Threads(() => start(['ed25519', 'p256']), THREADS);
  // In JavaScript ML-DSA-44 takes 1 ms: nobody else should wait for that.
  const slow = new Threads(() => start(['mldsa44']), 1);
  return async ({ algorithm, toBeSigned, signature }, key) => {
    if (key.algorithm !== algorithm) return false;
    return (algorithm === 'mldsa44' ? slow : threads).check({ key, message: toBeSigned, signature });
  };
}

const startThread = (algorithms: readonly Algorithm[]) => spawn('verify', algorithms);

type Job = { readonly check: Check; resolve(verdict: boolean): void };
type Thread = { readonly worker: Checker; readonly messages: (readonly Job[])[] };

class Threads {
  readonly #make: () => Checker;
  readonly #most: number;
  readonly #threads: Thread[] = [];
  #queue: Job[] = [];

  /** Starts them when they are first needed. */
  constructor(make: () => Checker, most: number) {
    this.#make = make;
    this.#most = most;
  }

  check(check: Check): Promise<boolean> {
    if (this.#queue.length === 0) setImmediate(() => this.#send());
    return new Promise((resolve) => this.#queue.push({ check, resolve }));
  }

  /** Hands out what waits, as far as threads are free: what goes on waiting makes the next message larger. */
  #send(): void {
    while (this.#queue.length > 0) {
      const thread = this.#free();
      if (!thread) return;
      const jobs = this.#queue.slice(0, MOST_CHECKS);
      this.#queue = this.#queue.slice(MOST_CHECKS);
      thread.messages.push(jobs);
      thread.worker.ref();
      thread.worker.postMessage(packChecks(jobs.map(({ check }) => check)));
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
      for (const [i, { resolve }] of jobs.entries()) resolve(verdicts[i] === 1);
      if (thread.messages.length === 0) thread.worker.unref(); // nobody should wait for a thread without work
      this.#send();
    });
    this.#threads.push(thread);
    return thread;
  }
}
