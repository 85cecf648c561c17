import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { EMPTY_TILE, grow, openNode, openPath, storedNode, toStored, WarmTile } from '../../src/core/expanded.ts';
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

test('the path from every leaf has the nodes beside its way to the root', () => {
  const warm = new WarmTile(stored);
  for (let place = 0; place < TILE_WIDTH; place++) {
    const siblings = Array.from({ length: TILE_HEIGHT }, (_, height) => {
      const index = Math.floor(place / 2 ** height);
      return openNode(open, height, index % 2 === 1 ? index - 1 : index + 1);
    });
    assert.equal(warm.path(place), siblings);
    assert.equal(openPath(open, place, 4), siblings.slice(0, 4));
  }
});

test('no path leads through a stored tile with a flipped bit', () => {
  const nodes = stored.length / 32;
  for (let node = 0; node < nodes; node++) {
    const broken = Uint8Array.from(stored);
    broken[node * 32 + 7] = (broken[node * 32 + 7] as number) ^ 4;
    // A leaf shows where its own group is used, an interior node at every use.
    const place = node < TILE_WIDTH ? node - (node % 16) + ((node + 5) % 16) : (node * 7) % TILE_WIDTH;
    const group = node >= TILE_WIDTH && node < TILE_WIDTH + 16 ? node - TILE_WIDTH : undefined;
    assert.throws(() => new WarmTile(broken).path(group === undefined ? place : 16 * group), /not the tree over/);
  }
});

test('a node beyond the width of an open tile is not there', () => {
  const half = grow(EMPTY_TILE, leaves, 0, 100);
  sameBytes(openNode(half, 2, 24), openNode(open, 2, 24));
  assert.throws(() => openNode(half, 2, 25));
});

test.run();
