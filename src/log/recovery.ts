/**
 * Completes a database that is behind what was signed, with the entries that are missing: in their places, byte for byte,
 * admitted again by the same rules. It sequences nothing new, and what it is given must be authenticated already; the
 * tree that comes out must be the one that was signed. Killed at any moment, it goes on from what was committed. @module
 */
import { equal } from '../core/bytes.ts';
import type { Head } from '../core/checkpoint.ts';
import { Fault, must } from '../core/fault.ts';
import { verifyConsistency } from '../core/proof.ts';
import type { Reader } from '../core/reader.ts';
import { TILE_WIDTH } from '../core/tile.ts';
import type { Submission } from './pool.ts';
import type { EntryMode, LogStore } from './ports.ts';
import { opaqueSubmission, type Rules } from './rules.ts';
import { submissionOf } from './statements.ts';
import { TreeCopy } from './treecopy.ts';

export type RecoveryParts = {
  readonly store: LogStore;
  readonly entries: EntryMode;
  readonly rules: Rules;
  /** Reads a copy of the tree that was signed; its head is what must come out. */
  readonly copy: Reader;
  readonly progress: (size: number) => void;
};

/** One commit's worth. */
const BATCH_BYTES = 4 * 1024 * 1024;
const BATCH_ENTRIES = 16 * TILE_WIDTH;

/** Appends what is missing up to the head of the copy; answers how many entries that were. Fault `bad-proof`, `bad-tile` or `refused`. */
export async function recover(parts: RecoveryParts): Promise<number> {
  const { store, rules, copy } = parts;
  const from = store.head();
  const appender = new Appender(parts);
  if (from.size > 0) await checkPrefix(from, copy);
  rules.load(from.size);
  for await (const { first, entries } of copy.bundles(Math.floor(from.size / TILE_WIDTH))) {
    appender.take(entries.slice(Math.max(0, from.size - first)));
  }
  appender.flush();
  must(equal(store.head().root, copy.head.root), 'authenticated entries led to another root');
  return copy.head.size - from.size;
}

async function checkPrefix({ size, root }: Head, copy: Reader): Promise<void> {
  try {
    verifyConsistency(size, copy.head.size, root, copy.head.root, await copy.consistency(size));
  } catch (error) {
    if (!(error instanceof Fault && error.code === 'bad-proof')) throw error;
    const message = `the database of size ${size} is not the beginning of the tree of size ${copy.head.size} that was signed`;
    throw new Fault('bad-proof', `${message}: it is not an earlier state of this log. Restore another backup`);
  }
}

/** Gathers entries and commits them, a batch at a time. */
class Appender {
  readonly #parts: RecoveryParts;
  readonly #tree: TreeCopy;
  #waiting: Uint8Array[] = [];
  #bytes = 0;

  constructor(parts: RecoveryParts) {
    this.#parts = parts;
    this.#tree = new TreeCopy(parts.store);
  }

  take(entries: readonly Uint8Array[]): void {
    for (const entry of entries) {
      this.#waiting.push(entry);
      this.#bytes += entry.length;
      if (this.#bytes >= BATCH_BYTES || this.#waiting.length >= BATCH_ENTRIES) this.flush();
    }
  }

  flush(): void {
    if (this.#waiting.length === 0) return;
    const { rules, entries: mode, progress } = this.#parts;
    const [entries, first] = [this.#waiting, this.#tree.head.size];
    [this.#waiting, this.#bytes] = [[], 0];
    const judgement = rules.replay(
      entries.map((entry, i) => toSubmission(entry, mode, first + i)),
      first,
    );
    this.#tree.append(judgement, mode);
    judgement.keep();
    progress(this.#tree.head.size);
  }
}

function toSubmission(entry: Uint8Array, mode: EntryMode, index: number): Submission {
  if (mode === 'opaque') return opaqueSubmission(entry);
  const submission = readSubmission(entry, index);
  if (equal(submission.entry, entry)) return submission;
  throw new Fault('refused', `entry ${index} is a statement with something around it`);
}

function readSubmission(entry: Uint8Array, index: number): Submission {
  try {
    return submissionOf(entry);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    throw new Fault('refused', `entry ${index} is not a statement: ${error.message}`);
  }
}
