/**
 * Subtree consistency proofs, as C2SP tlog-mirror takes them from draft-ietf-plants-merkle-tree-certs: that the leaves
 * [start, end) have a hash, in a tree with a root. A proof from start 0 is a consistency proof. Plan and fold follow the
 * recursive definition, so that one can be read beside the other. @module
 */
import { equal, HASH_BYTES, type Hash } from './bytes.ts';
import { Fault, must } from './fault.ts';
import { nodeHash } from './hash.ts';
import type { Plan } from './proof.ts';
import { bitLength, isSize, splitPoint } from './size.ts';
import { coverNodes } from './tile.ts';

/** The leaves [start, end). */
export type Range = { readonly start: number; readonly end: number };

/** SPEC: start is a multiple of the smallest power of two that is not smaller than end - start. */
export function isSubtree({ start, end }: Range): boolean {
  return isSize(start) && isSize(end) && start < end && start % 2 ** bitLength(end - start - 1) === 0;
}

/**
 * The nodes of SUBTREE_PROOF(start, end, D[size]). With `seeded` the first hash is written out where the verifier is
 * taken to know it, so that the proof recomputes both hashes by itself.
 */
export function subtreePlan(range: Range, size: number, seeded = false): Plan {
  must(isSubtree(range) && range.end <= size, `no subtree [${range.start}, ${range.end}) in a tree of ${size}`);
  return planWithin(range, 0, size, !seeded);
}

function planWithin({ start, end }: Range, lo: number, hi: number, known: boolean): Plan {
  if (start === lo && end === hi) return known ? [] : [coverNodes(lo, hi)];
  const middle = lo + splitPoint(hi - lo);
  if (end <= middle) return [...planWithin({ start, end }, lo, middle, known), coverNodes(middle, hi)];
  if (start >= middle) return [...planWithin({ start, end }, middle, hi, known), coverNodes(lo, middle)];
  return [...planWithin({ start: middle, end }, middle, hi, false), coverNodes(lo, middle)];
}

/** What a proof recomputes. */
export type Folded = { readonly subtree: Hash; readonly root: Hash };

/**
 * The hash of the subtree and the root that a proof recomputes. Without `seed` the proof is a seeded one. Fault
 * `bad-proof` unless it has the one right length.
 */
export function foldSubtree(range: Range, size: number, seed: Hash | undefined, path: readonly Hash[]): Folded {
  if (!isSubtree(range) || !isSize(size) || range.end > size) {
    throw new Fault('bad-proof', `there is no subtree [${range.start}, ${range.end}) in a tree of ${size}`);
  }
  const rest = [...path];
  const folded = foldWithin(range, 0, size, seed, rest);
  if (rest.length > 0) throw wrongLength(range, size, path);
  return folded;

  function foldWithin({ start, end }: Range, lo: number, hi: number, known: Hash | undefined, hashes: Hash[]): Folded {
    if (start === lo && end === hi) {
      const first = take(known ?? hashes.shift());
      return { subtree: first, root: first };
    }
    const sibling = take(hashes.pop());
    const middle = lo + splitPoint(hi - lo);
    if (end <= middle) {
      const { subtree, root } = foldWithin({ start, end }, lo, middle, known, hashes);
      return { subtree, root: nodeHash(root, sibling) };
    }
    if (start >= middle) {
      const { subtree, root } = foldWithin({ start, end }, middle, hi, known, hashes);
      return { subtree, root: nodeHash(sibling, root) };
    }
    const { subtree, root } = foldWithin({ start: middle, end }, middle, hi, undefined, hashes);
    return { subtree: nodeHash(sibling, subtree), root: nodeHash(sibling, root) };
  }

  function take(hash: Hash | undefined): Hash {
    if (hash?.length !== HASH_BYTES) throw wrongLength(range, size, path);
    return hash;
  }
}

function wrongLength({ start, end }: Range, size: number, path: readonly Hash[]): Fault {
  const what = `a subtree consistency proof of [${start}, ${end}) in a tree of ${size}`;
  return new Fault('bad-proof', `${what} does not have ${path.length} hashes of ${HASH_BYTES} bytes`);
}

/** Fault `bad-proof` unless the leaves of `range` hash to `subtree` in the tree with this size and root. */
export function verifySubtree(range: Range, size: number, subtree: Hash, root: Hash, path: readonly Hash[]): void {
  const folded = foldSubtree(range, size, subtree, path);
  if (!equal(folded.subtree, subtree) || !equal(folded.root, root)) {
    throw new Fault('bad-proof', `[${range.start}, ${range.end}) is not shown to be in the tree of size ${size}`);
  }
}
