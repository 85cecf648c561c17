/**
 * Judges a head that a log has signed against a tree of that log that is known for certain: it is a prefix of it, or
 * too large to tell yet, or it convicts the log. Where the bytes come from is the caller's business. @module
 */
import { compare, equal, type Hash } from './bytes.ts';
import type { Head } from './checkpoint.ts';
import { type OpenedCheckpoint, openCheckpoint } from './cosignature.ts';
import { type Evidence, formatEvidence, makeEvidence } from './evidence.ts';
import { Fault } from './fault.ts';
import { EMPTY_ROOT } from './hash.ts';
import type { Posted } from './headlist.ts';
import type { Vkey } from './note.ts';
import { foldPlan, rootPlan } from './proof.ts';
import { subtreePlan } from './subtree.ts';
import type { Node } from './tile.ts';

/** A tree whose every node below its head can be read. */
export type KnownTree = {
  readonly head: Head;
  /** The head as the log signed it; undefined for the empty tree that everyone knows. */
  readonly note: Uint8Array | undefined;
  nodes(nodes: readonly Node[]): Promise<readonly Hash[]> | readonly Hash[];
};

/** `evidence` is undefined if two keys of the log signed a side each: a file names one key. */
export type HeadVerdict =
  | { readonly kind: 'consistent' | 'larger' }
  | { readonly kind: 'conflict'; readonly evidence: Evidence | undefined };

/**
 * A head that the log has signed. Fault `unknown-signer` if it has not, or if a line by one of its keys is wrong: whose
 * note that is nobody can tell; `unknown-log` if its key speaks for another log.
 */
export function openSignedHead(note: Uint8Array, origin: string, vkeys: readonly Vkey[]): OpenedCheckpoint {
  const opened = attempt(note, vkeys);
  if (opened.checkpoint.origin !== origin) {
    throw new Fault('unknown-log', `this is a checkpoint of ${opened.checkpoint.origin.slice(0, 200)}`);
  }
  return opened;
}

function attempt(note: Uint8Array, vkeys: readonly Vkey[]): OpenedCheckpoint {
  try {
    return openCheckpoint(note, vkeys);
  } catch (error) {
    if (!(error instanceof Fault && error.code === 'bad-signature')) throw error;
    throw new Fault('unknown-signer', error.message);
  }
}

/** `note` is the signed head; `vkeys` are the keys of the log, one of which has signed it. */
export async function judgeHead(
  head: Head,
  note: Uint8Array,
  vkeys: readonly Vkey[],
  known: KnownTree,
): Promise<HeadVerdict> {
  if (head.size === 0) {
    return equal(head.root, EMPTY_ROOT) ? { kind: 'consistent' } : conflict(vkeys, [note], known);
  }
  if (head.size > known.head.size) return { kind: 'larger' };
  if (equal(head.root, await rootAt(known, head.size))) return { kind: 'consistent' };
  return conflict(vkeys, [note, known.note as Uint8Array], known);
}

/** A head with the note in which the log signed it. */
export type SignedHead = Head & { readonly note: Uint8Array };

/**
 * Judges a head that anybody posts; what convicts the log comes as a file. `waiting` are heads whose trees are not known
 * yet: two of one size with different roots need none. Faults as `openSignedHead`.
 */
export async function judgePosted(
  origin: string,
  note: Uint8Array,
  vkeys: readonly Vkey[],
  known: KnownTree,
  waiting: readonly SignedHead[] = [],
): Promise<{ readonly posted: Posted; readonly size: number }> {
  const { checkpoint } = openSignedHead(note, origin, vkeys);
  const { size, root } = checkpoint;
  let verdict = await judgeHead(checkpoint, note, vkeys, known);
  if (verdict.kind === 'larger') {
    const other = waiting.find((one) => one.size === size && !equal(one.root, root));
    if (other) verdict = await conflict(vkeys, [note, other.note], known);
  }
  if (verdict.kind !== 'conflict')
    return { posted: { kind: verdict.kind === 'larger' ? 'queued' : 'consistent' }, size };
  return { posted: { kind: 'conflict', file: verdict.evidence && formatEvidence(verdict.evidence) }, size };
}

/** The root that the first `size` leaves of a known tree have. */
export async function rootAt(known: KnownTree, size: number): Promise<Hash> {
  if (size === known.head.size) return known.head.root;
  if (size === 0) return EMPTY_ROOT;
  const plan = rootPlan(size);
  const hashes = await known.nodes(plan.flat());
  return foldPlan(plan, () => hashes)[0] as Hash;
}

/** The nodes that evidence of the kind `inconsistent` carries. */
export async function evidenceNodes(tree: Pick<KnownTree, 'nodes'>, first: number, second: number): Promise<Hash[]> {
  const plan = subtreePlan({ start: 0, end: first }, second, true);
  const hashes = await tree.nodes(plan.flat());
  return foldPlan(plan, () => hashes);
}

/** Two notes of one log that conflict, as a verdict. */
export async function conflict(
  vkeys: readonly Vkey[],
  notes: readonly Uint8Array[],
  known: Pick<KnownTree, 'nodes'>,
): Promise<Extract<HeadVerdict, { kind: 'conflict' }>> {
  try {
    // In one order, whoever finds it: the same two notes are the same file.
    const evidence = await makeEvidence(vkeys, [...notes].sort(compare), (first, second) =>
      evidenceNodes(known, first, second),
    );
    return { kind: 'conflict', evidence };
  } catch (error) {
    if (error instanceof Fault && error.code === 'unknown-signer') return { kind: 'conflict', evidence: undefined };
    throw error;
  }
}
