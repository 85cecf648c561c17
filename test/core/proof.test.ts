import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Hash, toHex } from '../../src/core/bytes.ts';
import { nodeHash } from '../../src/core/hash.ts';
import {
  consistencyPlan,
  foldPlan,
  inclusionLength,
  inclusionPlan,
  type ReadNodes,
  rootPlan,
  verifyConsistency,
  verifyInclusion,
} from '../../src/core/proof.ts';
import { append, EMPTY_EDGE, rootOf } from '../../src/core/tree.ts';
import { faults, flipBit, sameBytes } from '../check.ts';
import * as oracle from '../oracle.ts';
import { haveVectors, jsonVectors } from '../vectors.ts';

const MAX = 300;
const all = oracle.leaves(MAX);
/** Every complete subtree of the largest tree, by height and index. */
const nodes = [all];
for (let height = 1; 2 ** height <= MAX; height++) {
  const below = nodes[height - 1] as Hash[];
  nodes.push(
    Array.from({ length: Math.floor(below.length / 2) }, (_, i) =>
      nodeHash(below[2 * i] as Hash, below[2 * i + 1] as Hash),
    ),
  );
}
const read: ReadNodes = (wanted) => wanted.map(({ height, index }) => nodes[height]?.[index] as Hash);
const roots = Array.from({ length: MAX + 1 }, (_, size) => oracle.mth(all, 0, size));

test('the root of every size up to 300 is MTH', () => {
  for (let size = 1; size <= MAX; size++) sameBytes(foldPlan(rootPlan(size), read)[0], roots[size] as Hash);
});

test('an edge grown in steps of every size has the root of MTH', () => {
  const packed = new Uint8Array(all.length * 32);
  all.forEach((hash, i) => {
    packed.set(hash, i * 32);
  });
  for (const step of [1, 2, 3, 7, 255, 256, 257, 300]) {
    let edge = EMPTY_EDGE;
    sameBytes(rootOf(edge), roots[0] as Hash);
    while (edge.size < MAX) {
      const upTo = Math.min(MAX, edge.size + step);
      edge = append(edge, packed.subarray(edge.size * 32, upTo * 32)).edge;
      assert.is(edge.size, upTo);
      sameBytes(rootOf(edge), roots[upTo] as Hash, `step ${step} size ${upTo}`);
    }
  }
});

test('every inclusion proof of every tree up to 300 is PATH, and verifies', () => {
  for (let size = 1; size <= MAX; size++) {
    for (let index = 0; index < size; index++) {
      const proof = foldPlan(inclusionPlan(index, size), read);
      assert.is(proof.length, inclusionLength(index, size));
      verifyInclusion(index, size, all[index] as Hash, proof, roots[size] as Hash);
      const expected = oracle.path(index, all, 0, size);
      assert.is(proof.map(toHex).join(), expected.map(toHex).join(), `${index} of ${size}`);
    }
  }
});

test('every consistency proof between trees up to 300 verifies, and is PROOF', () => {
  for (let second = 1; second <= MAX; second++) {
    for (let first = 1; first <= second; first++) {
      const proof = foldPlan(consistencyPlan(first, second), read);
      verifyConsistency(first, second, roots[first] as Hash, roots[second] as Hash, proof);
      const expected = oracle.consistency(first, all, second);
      assert.is(proof.map(toHex).join(), expected.map(toHex).join(), `${first} to ${second}`);
    }
  }
});

test('a changed index, size, leaf, root or hash, and a longer or shorter path, all fail', () => {
  for (const size of [1, 2, 3, 7, 8, 9, 255, 256, 257]) {
    const root = roots[size] as Hash;
    for (const index of new Set([0, 1, Math.floor(size / 2), size - 1].filter((i) => i < size))) {
      const proof = foldPlan(inclusionPlan(index, size), read);
      const leaf = all[index] as Hash;
      const bad = (...args: Parameters<typeof verifyInclusion>) => faults('bad-proof', () => verifyInclusion(...args));
      bad(index, size, flipBit(leaf), proof, root);
      bad(index, size, leaf, proof, flipBit(root, 255));
      bad(size, size, leaf, proof, root);
      bad(-1, size, leaf, proof, root);
      bad(index + 0.5, size, leaf, proof, root);
      bad(index, 2 ** 53, leaf, proof, root);
      bad(index, 0, leaf, proof, root);
      bad(index, size, leaf, [...proof, leaf], root);
      bad(index, size, leaf.subarray(1) as Hash, proof, root);
      if (size > 1) bad(index === 0 ? 1 : index - 1, size, leaf, proof, root);
      if (proof.length > 0) bad(index, size, leaf, proof.slice(1), root);
      proof.forEach((hash, i) => {
        bad(index, size, leaf, proof.with(i, flipBit(hash, i)), root);
      });
    }
  }
});

test('a consistency proof fails when anything about it is changed', () => {
  for (const [first, second] of [
    [1, 2],
    [2, 3],
    [3, 7],
    [4, 7],
    [6, 8],
    [255, 256],
    [256, 300],
  ] as const) {
    const [a, b] = [roots[first] as Hash, roots[second] as Hash];
    const proof = foldPlan(consistencyPlan(first, second), read);
    const bad = (...args: Parameters<typeof verifyConsistency>) =>
      faults('bad-proof', () => verifyConsistency(...args));
    bad(first, second, flipBit(a), b, proof);
    bad(first, second, a, flipBit(b), proof);
    bad(0, second, roots[0] as Hash, b, []);
    bad(second, first, b, a, proof);
    bad(first, second, a, b, [...proof, a]);
    bad(first, second, a, b, proof.slice(1));
    bad(first, first, a, b, []);
    proof.forEach((hash, i) => {
      bad(first, second, a, b, proof.with(i, flipBit(hash, i)));
    });
  }
});

test('synthetic trees up to 2^40: proofs of sampled leaves and sizes verify', () => {
  // All leaves are the same, so the root of a complete subtree depends on its height alone.
  const uniform: Hash[] = [oracle.leaf(oracle.entry(0))];
  for (let height = 1; height <= 52; height++) {
    const below = uniform[height - 1] as Hash;
    uniform.push(nodeHash(below, below));
  }
  const synthetic: ReadNodes = (wanted) => wanted.map(({ height }) => uniform[height] as Hash);
  for (const size of [2 ** 31, 2 ** 31 + 1, 2 ** 32 + 12345, 2 ** 40 - 1, 2 ** 40, 2 ** 52 + 3]) {
    const root = foldPlan(rootPlan(size), synthetic)[0] as Hash;
    for (const index of [0, 1, 2 ** 31 - 1, 2 ** 31, Math.floor(size / 3), size - 2, size - 1]) {
      if (index >= size) continue;
      const proof = foldPlan(inclusionPlan(index, size), synthetic);
      verifyInclusion(index, size, uniform[0] as Hash, proof, root);
    }
    for (const first of [1, 2 ** 31 - 1, 2 ** 31, Math.floor(size / 3), size - 1]) {
      const firstRoot = foldPlan(rootPlan(first), synthetic)[0] as Hash;
      verifyConsistency(first, size, firstRoot, root, foldPlan(consistencyPlan(first, size), synthetic));
    }
  }
});

type Probe = { root: string | null; proof: string[] | null; desc: string; wantErr: boolean };
type InclusionProbe = Probe & { leafIdx: number; treeSize: number; leafHash: string };
type ConsistencyProbe = Probe & { size1: number; size2: number; root1: string; root2: string };
const decode = (text: string | null) => new Uint8Array(Buffer.from(text ?? '', 'base64')) as Hash;

if (haveVectors('merkle')) {
  test('the inclusion probes of transparency-dev/merkle', () => {
    const probes = jsonVectors<InclusionProbe>('merkle/inclusion');
    assert.ok(probes.length > 50);
    for (const { name, value } of probes) {
      const run = () =>
        verifyInclusion(
          value.leafIdx,
          value.treeSize,
          decode(value.leafHash),
          (value.proof ?? []).map(decode),
          decode(value.root),
        );
      if (value.wantErr) faults('bad-proof', run, name);
      else run();
    }
  });

  test('the consistency probes of transparency-dev/merkle', () => {
    const probes = jsonVectors<ConsistencyProbe>('merkle/consistency');
    assert.ok(probes.length > 50);
    for (const { name, value } of probes) {
      const run = () =>
        verifyConsistency(
          value.size1,
          value.size2,
          decode(value.root1),
          decode(value.root2),
          (value.proof ?? []).map(decode),
        );
      // One probe expects success over roots of 12 bytes; we refuse anything that is not a SHA-256 value.
      if (value.wantErr || decode(value.root1).length !== 32) faults('bad-proof', run, name);
      else run();
    }
  });
}

test.run();
