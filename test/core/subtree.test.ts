import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fromBase64, type Hash, toHex } from '../../src/core/bytes.ts';
import { Fault } from '../../src/core/fault.ts';
import { consistencyPlan, foldPlan, inclusionPlan } from '../../src/core/proof.ts';
import { foldSubtree, isSubtree, subtreePlan, verifySubtree } from '../../src/core/subtree.ts';
import type { Node } from '../../src/core/tile.ts';
import { faults, flipBit } from '../check.ts';
import * as oracle from '../oracle.ts';
import { haveVectors, jsonVectors } from '../vectors.ts';

const SIZE = 70;
const leaves = oracle.leaves(SIZE);
const root = (start: number, end: number) => oracle.mth(leaves, start, end);
const read = (nodes: readonly Node[]) =>
  nodes.map(({ height, index }) => root(index * 2 ** height, (index + 1) * 2 ** height));
const text = (hashes: readonly Hash[]) => hashes.map(toHex).join();

function* subtrees(size: number) {
  for (let start = 0; start < size; start++) {
    for (let end = start + 1; end <= size; end++) if (isSubtree({ start, end })) yield { start, end };
  }
}

test('every proof of every subtree of every size up to 70 verifies, seeded or not', () => {
  let count = 0;
  for (let size = 1; size <= SIZE; size++) {
    for (const range of subtrees(size)) {
      const subtree = root(range.start, range.end);
      verifySubtree(range, size, subtree, root(0, size), foldPlan(subtreePlan(range, size), read));
      const folded = foldSubtree(range, size, undefined, foldPlan(subtreePlan(range, size, true), read));
      assert.is(text([folded.subtree, folded.root]), text([subtree, root(0, size)]));
      count++;
    }
  }
  assert.ok(count > 5000, `${count}`);
});

test('from 0 it is the consistency proof, of one leaf the inclusion proof', () => {
  for (let size = 1; size <= SIZE; size++) {
    for (let end = 1; end <= size; end++) {
      assert.equal(subtreePlan({ start: 0, end }, size), consistencyPlan(end, size), `${end} of ${size}`);
      assert.equal(subtreePlan({ start: end - 1, end }, size), inclusionPlan(end - 1, size), `${end} of ${size}`);
    }
  }
});

test('a proof with anything changed, or of another length, fails', () => {
  const size = 45;
  for (const range of subtrees(size)) {
    const [subtree, whole] = [root(range.start, range.end), root(0, size)];
    const path = foldPlan(subtreePlan(range, size), read);
    const bad = (...args: Parameters<typeof verifySubtree>) => faults('bad-proof', () => verifySubtree(...args));
    bad(range, size, flipBit(subtree), whole, path);
    bad(range, size, subtree, flipBit(whole, 9), path);
    bad(range, size, subtree, whole, [...path, subtree]);
    if (path.length > 0) bad(range, size, subtree, whole, path.slice(1));
    for (const i of path.keys()) bad(range, size, subtree, whole, path.with(i, flipBit(path[i] as Hash, 77)));
  }
});

test('what is no subtree of the tree has no proof', () => {
  for (const [start, end, size] of [
    [0, 0, 5],
    [1, 3, 5],
    [4, 4, 8],
    [2, 5, 8],
    [4, 8, 7],
    [-4, 0, 8],
    [0, 1.5, 8],
    [0, 2 ** 53, 2 ** 53],
  ] as const) {
    faults('bad-proof', () => verifySubtree({ start, end }, size, root(0, 1), root(0, 1), []));
  }
});

type Vector = {
  desc: string;
  start: number;
  end: number;
  size: number;
  root1: string;
  root2: string;
  proof: string[] | null;
  wantErr: boolean;
};

test('the subtree consistency vectors of transparency-dev/merkle', () => {
  if (!haveVectors('merkle/subtreeconsistency')) return;
  const vectors = jsonVectors<Vector>('merkle/subtreeconsistency');
  assert.ok(vectors.length >= 80, `${vectors.length}`);
  for (const { name, value } of vectors) {
    const hash = (base64: string | null) => fromBase64(base64 ?? '', 'bad-proof') as Hash;
    let failed = false;
    try {
      const { start, end, size, root1, root2, proof } = value;
      verifySubtree({ start, end }, size, hash(root1), hash(root2), (proof ?? []).map(hash));
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      failed = true;
    }
    // An empty subtree is taken to be in every tree there; here it is no subtree, since a package has an entry.
    assert.is(failed, value.wantErr || value.start === value.end, `${name}: ${value.desc}`);
  }
});

test.run();
