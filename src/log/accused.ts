/**
 * Looks into what a witness says against this log. A checkpoint that our own key signed freezes it, and so does the first
 * word of a witness after a start, if that is of a larger tree: then the log may have been rolled back. Later claims freeze
 * nothing, since a witness may lie, and this process knows what it did. @module
 */
import { sha256 } from '#sha256';
import { equal, type Hash, toHex, utf8 } from '../core/bytes.ts';
import type { Head } from '../core/checkpoint.ts';
import { type OpenedCheckpoint, openCheckpoint } from '../core/cosignature.ts';
import { Fault, messageOf } from '../core/fault.ts';
import type { Vkey } from '../core/note.ts';
import type { Proof } from './cosign.ts';

/** Reads a URL, whose answer is small; rejects if it cannot, or when `signal` aborts. */
export type Fetched = (url: string, signal: AbortSignal) => Promise<Uint8Array>;

/** What the log knows of its own tree, from nodes that it derived again itself. */
export type OwnTree = {
  /** The largest size that was or may have been signed. */
  guarded(): number;
  /** The root at an earlier size, not 0, and the consistency proof from it. */
  prove(old: number, size: number): Proof;
};

export type AccusedParts = {
  readonly origin: string;
  /** The log's own keys. */
  readonly vkeys: readonly Vkey[];
  readonly tree: OwnTree;
  readonly get: Fetched;
  /** A signal that aborts when a round is over. */
  readonly deadline: () => AbortSignal;
  /** Called with the proof that this log would fork, or has. */
  readonly freeze: (error: unknown) => void;
  readonly tell: (level: 'error' | 'info', message: string) => void;
};

export type Accuser = {
  readonly name: string;
  /** Its submission prefix, without a slash at the end. */
  readonly url: string;
  /** What it says; undefined if it said nothing, and is only looked at. */
  readonly claim?: string;
  /** Whether what it says is for the start-up gate to decide. */
  readonly isGate?: boolean;
};

/**
 * Fetches what the witness shows of this log, and freezes the log by that, or by what was claimed where that is for the
 * start-up gate. Otherwise it is one witness's word, which is told.
 */
export async function lookInto(parts: AccusedParts, { name, url, claim, isGate = false }: Accuser): Promise<void> {
  const { get, vkeys, origin, deadline, freeze, tell } = parts;
  let shown: OpenedCheckpoint | undefined;
  let why = 'what it shows is in our tree';
  try {
    shown = openCheckpoint(await get(`${url}/${toHex(sha256(utf8(origin)))}/checkpoint`, deadline()), vkeys);
  } catch (error) {
    why = `it shows no checkpoint of ours: ${messageOf(error)}`;
  }
  const proven = shown && whyProven(parts, shown.checkpoint);
  if (proven) {
    freeze(new Fault('frozen', `the witness ${name} shows ${proven}; nothing is signed until that is cleared`));
  } else if (isGate) {
    freeze(
      new Fault(
        'frozen',
        `the witness ${name} says of this log: ${claim}; database and guard may have been rolled back together. ` +
          'Complete them with limmat recover; or, if you know that the witness is wrong, take it out of the policy ' +
          'that serve has, and start again',
      ),
    );
  } else if (claim !== undefined) {
    tell(
      'error',
      `ALARM: the witness ${name} says of this log: ${claim}. It proves nothing, and does not count: ${why}`,
    );
  }
}

/** What a checkpoint with our signature proves against this log; undefined if it is in our tree. */
function whyProven(
  parts: AccusedParts,
  { origin, size, root }: Head & { readonly origin: string },
): string | undefined {
  const { tree } = parts;
  if (origin !== parts.origin || size === 0) return undefined;
  const guarded = tree.guarded();
  if (size > guarded) {
    return (
      `a checkpoint of size ${size} that this log signed, and its guard ends at ${guarded}: database and guard were ` +
      'rolled back together, or another server has the same keys'
    );
  }
  if (equal(rootOf(tree, size), root)) return undefined;
  return `a checkpoint of size ${size} that this log signed, with another root than it has: two histories were signed`;
}

/** The root of our tree at a size, from the proof to where it is guarded. */
function rootOf(tree: OwnTree, size: number): Hash {
  return tree.prove(size, tree.guarded()).root;
}
