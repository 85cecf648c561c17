import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { EMPTY_TILE, grow, openNode, storedNode, toStored, WarmTile } from '../../src/core/expanded.ts';
import { leafHashInto } from '../../src/core/hash.ts';
import { TILE_HEIGHT, TILE_WIDTH } from '../../src/core/tile.ts';
import { sameBytes } from '../check.ts';

// A tile in its three forms: open, stored, and warm in memory. All give the same nodes.

const leaves = new Uint8Array(TILE_WIDTH * 32);
for (let i = 0; i < TILE_WIDTH; i++) leafHashInto(Uint8Array.of(i), leaves, i);
const open = grow(EMPTY_TILE, leaves, 0, TILE_WIDTH);
const stored = toStored(open);

test('a stored tile and a warm one have every node of the open one, in whatever order they are asked for', () => {
  const warm = new WarmTile(stored);
  for (let height = TILE_HEIGHT; height >= 0; height--) {
    for (let index = 0; index < TILE_WIDTH / 2 ** height; index++) {
      const node = openNode(open, height, index);
      sameBytes(storedNode(stored, height, index), node);
      sameBytes(warm.node(height, index), node);
    }
  }
});

test('a node beyond the width of an open tile is not there', () => {
  const half = grow(EMPTY_TILE, leaves, 0, 100);
  sameBytes(openNode(half, 2, 24), openNode(open, 2, 24));
  assert.throws(() => openNode(half, 2, 25));
});

test.run();
