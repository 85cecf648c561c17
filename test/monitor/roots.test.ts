import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Hash } from '../../src/core/bytes.ts';
import { Roots } from '../../src/monitor/roots.ts';
import { sameBytes } from '../check.ts';
import { leaf, mth } from '../oracle.ts';

const leaves = Array.from({ length: 1100 }, (_, i) => leaf(new TextEncoder().encode(`entry ${i}`)));
const read = async (index: number) => leaves[index] as Hash;

test('the root at every size, and at the newest as soon as its leaves have come', async () => {
  const roots = new Roots();
  for (const [i, hash] of leaves.entries()) {
    roots.take(hash);
    if (i % 50 === 0 || i % 256 > 253)
      sameBytes(await roots.at(i + 1, read), mth(leaves.slice(0, i + 1)), `size ${i + 1}`);
  }
  for (let size = 1; size <= leaves.length; size++) {
    sameBytes(await roots.at(size, read), mth(leaves.slice(0, size)), `size ${size}`);
  }
});

test('a size that has not come is a bug of whoever asks', async () => {
  let thrown: unknown;
  await new Roots().at(1, read).catch((error: unknown) => {
    thrown = error;
  });
  assert.match(String(thrown), /bug: 1 leaves have not come/);
});

test.run();
