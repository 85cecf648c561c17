/**
 * Inclusion and consistency proofs, RFC 6962 §2.1.1 and §2.1.2. Making one is: plan which nodes, read them at once,
 * fold; verifying one is the iterative algorithm of RFC 9162 §2.1.3.2 and §2.1.4.2, with the length checked first.
 * @module
 */
import { equal, HASH_BYTES, type Hash } from './bytes.ts';
import { Fault, must } from './fault.ts';
import { nodeHash } from './hash.ts';
import { half, isSize, onesIn, splitPoint } from './size.ts';
import { coverNodes, type Node } from './tile.ts';

/** Reads many nodes at once; the n-th hash answers the n-th node. */
export type ReadNodes = (nodes: readonly Node[]) => readonly Hash[];

/** For each hash of a proof or root, the complete subtrees that it is folded from, left to right. */
export type Plan = readonly (readonly Node[])[];

/** The nodes of the root of a tree of `size` leaves, which must not be empty. */
export function rootPlan(size: number): Plan {
  return [coverNodes(0, size)];
}

/** The nodes of PATH(index, D[size]), from the leaf's sibling to the root's child. */
export function inclusionPlan(index: number, size: number): Plan {
  must(isSize(size) && 0 <= index && index < size, `no leaf ${index} in a tree of ${size}`);
  const plan: (readonly Node[])[] = [];
  let lo = 0;
  let hi = size;
  while (hi - lo > 1) {
    const middle = lo + splitPoint(hi - lo);
    plan.push(index < middle ? coverNodes(middle, hi) : coverNodes(lo, middle));
    if (index < middle) hi = middle;
    else lo = middle;
  }
  return plan.reverse();
}

/** The nodes of PROOF(first, D[second]); empty if the sizes are equal. */
export function consistencyPlan(first: number, second: number): Plan {
  must(isSize(second) && 0 < first && first <= second, `no consistency from ${first} to ${second}`);
  const plan: (readonly Node[])[] = [];
  let lo = 0;
  let hi = second;
  while (first < hi) {
    const middle = lo + splitPoint(hi - lo);
    plan.push(first <= middle ? coverNodes(middle, hi) : coverNodes(lo, middle));
    if (first <= middle) hi = middle;
    else lo = middle;
  }
  // SUBPROOF(m, D[m], true) is empty: where the old tree is this very subtree, the verifier knows its root.
  if (lo > 0) plan.push(coverNodes(lo, hi));
  return plan.reverse();
}

/** Reads the nodes of a plan in one call and folds each of its hashes. */
export function foldPlan(plan: Plan, read: ReadNodes): Hash[] {
  const hashes = read(plan.flat());
  let used = 0;
  const folded = plan.map((nodes) => {
    used += nodes.length;
    return foldPeaks(hashes.slice(used - nodes.length, used));
  });
  must(used === hashes.length, 'reading a plan left hashes over');
  return folded;
}

/** MTH of a range from the complete subtrees that cover it, left to right. */
export function foldPeaks(peaks: readonly Hash[]): Hash {
  return peaks.reduceRight((right, left) => nodeHash(left, right));
}

/** The number of hashes in the inclusion proof of leaf `index` of `size`. */
export function inclusionLength(index: number, size: number): number {
  // Below `join` the paths of this leaf and of the last leaf differ; above it only left siblings remain.
  let join = 0;
  while (Math.floor(index / 2 ** join) !== Math.floor((size - 1) / 2 ** join)) join++;
  return join + onesIn(Math.floor(index / 2 ** join));
}

/** The root that a proof leads to. Fault `bad-proof` unless it has the one right length. */
export function foldInclusion(index: number, size: number, leaf: Hash, path: readonly Hash[]): Hash {
  if (!isSize(index) || !isSize(size) || index >= size) {
    throw new Fault('bad-proof', `there is no leaf ${index} in a tree of ${size}`);
  }
  if (path.length !== inclusionLength(index, size)) {
    throw new Fault('bad-proof', `an inclusion proof of leaf ${index} of ${size} does not have ${path.length} hashes`);
  }
  checkHashes([leaf, ...path]);
  let [fn, sn, root] = [index, size - 1, leaf];
  for (const sibling of path) {
    if (fn % 2 === 1 || fn === sn) {
      root = nodeHash(sibling, root);
      for (; fn % 2 === 0 && fn !== 0; sn = half(sn)) fn = half(fn);
    } else {
      root = nodeHash(root, sibling);
    }
    [fn, sn] = [half(fn), half(sn)];
  }
  must(sn === 0, 'the inclusion fold stopped below the root');
  return root;
}

/** Fault `bad-proof` unless leaf `index` of the tree with this size and root is `leaf`. */
export function verifyInclusion(index: number, size: number, leaf: Hash, path: readonly Hash[], root: Hash): void {
  if (!equal(foldInclusion(index, size, leaf, path), root)) {
    throw new Fault('bad-proof', `the inclusion proof of leaf ${index} does not lead to the root of size ${size}`);
  }
}

/** Fault `bad-proof` unless the tree (first, firstRoot) is a prefix of the tree (second, secondRoot). */
export function verifyConsistency(
  first: number,
  second: number,
  firstRoot: Hash,
  secondRoot: Hash,
  path: readonly Hash[],
): void {
  // A proof from the empty tree would prove nothing, so there is none to verify.
  if (!isSize(first) || !isSize(second) || first === 0 || first > second) {
    throw new Fault('bad-proof', `there is no consistency proof from ${first} to ${second}`);
  }
  const roots =
    first === second && path.length === 0
      ? ([firstRoot, firstRoot] as const)
      : foldConsistency(first, second, firstRoot, path);
  checkHashes([firstRoot, secondRoot]);
  if (!equal(roots[0], firstRoot) || !equal(roots[1], secondRoot)) {
    throw new Fault('bad-proof', `the tree of size ${first} is not shown to be a prefix of the tree of size ${second}`);
  }
}

/**
 * Whether a proof that `verifyConsistency` refuses shows that no growing tree has both roots: it recomputes the second,
 * and another root than the first below it. A proof that merely fails shows nothing.
 */
export function showsFork(
  first: number,
  second: number,
  firstRoot: Hash,
  secondRoot: Hash,
  path: readonly Hash[],
): boolean {
  if (first === 0 || first >= second || seededLength(first, second) !== path.length + (onesIn(first) === 1 ? 1 : 0)) {
    return false;
  }
  const [below, above] = foldConsistency(first, second, firstRoot, path);
  return equal(above, secondRoot) && !equal(below, firstRoot);
}

/** The two roots that a consistency proof recomputes, of `first` and of `second` leaves, where 0 < first < second. */
export function foldConsistency(first: number, second: number, firstRoot: Hash, path: readonly Hash[]): [Hash, Hash] {
  // SPEC (RFC 9162 §2.1.4.2): if first is an exact power of two, then prepend first_hash to the path.
  const full = onesIn(first) === 1 ? [firstRoot, ...path] : path;
  if (first === second || full.length !== seededLength(first, second)) {
    throw new Fault('bad-proof', `a consistency proof from ${first} to ${second} does not have ${path.length} hashes`);
  }
  checkHashes(full);
  let [fn, sn] = [first - 1, second - 1];
  for (; fn % 2 === 1; sn = half(sn)) fn = half(fn);
  let [fr, sr] = [full[0] as Hash, full[0] as Hash];
  for (const sibling of full.slice(1)) {
    if (fn % 2 === 1 || fn === sn) {
      fr = nodeHash(sibling, fr);
      sr = nodeHash(sibling, sr);
      for (; fn % 2 === 0 && fn !== 0; sn = half(sn)) fn = half(fn);
    } else {
      sr = nodeHash(sr, sibling);
    }
    [fn, sn] = [half(fn), half(sn)];
  }
  must(sn === 0, 'the consistency fold stopped below the root');
  return [fr, sr];
}

/** The number of hashes of a consistency proof with its seed written out. */
function seededLength(first: number, second: number): number {
  let trailing = 0;
  while (Math.floor((first - 1) / 2 ** trailing) % 2 === 1) trailing++;
  const scale = 2 ** trailing;
  return 1 + inclusionLength(Math.floor((first - 1) / scale), Math.floor((second - 1) / scale) + 1);
}

function checkHashes(hashes: readonly Uint8Array[]): void {
  for (const hash of hashes) {
    if (hash.length !== HASH_BYTES) throw new Fault('bad-proof', `a hash of ${hash.length} bytes is not SHA-256`);
  }
}
