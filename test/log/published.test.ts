import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { packBundle } from '../../src/core/bundle.ts';
import { utf8 } from '../../src/core/bytes.ts';
import { toStored } from '../../src/core/expanded.ts';
import { leafHash, leafHashInto } from '../../src/core/hash.ts';
import { verifyInclusion } from '../../src/core/proof.ts';
import { append, type Edge, EMPTY_EDGE, rootOf } from '../../src/core/tree.ts';
import type { TreeStore } from '../../src/log/ports.ts';
import { PublishedTree } from '../../src/log/published.ts';

// Inclusion proofs of the published tree: for trees whose tiles are full or grow, at every level, and as heads move on.

const SIZES = [1, 2, 15, 16, 17, 255, 256, 257, 300, 4095, 4096, 4100, 65_535, 65_536, 65_552, 66_000];

const entry = (index: number) => utf8(`entry ${index}`);

/** The store of a tree that grows through all sizes, and its heads on the way. */
function growing(): { store: TreeStore; heads: TreeStore['head'][]; tiles: Map<string, Uint8Array> } {
  const tiles = new Map<string, Uint8Array>();
  const heads: TreeStore['head'][] = [];
  let edge: Edge = EMPTY_EDGE;
  for (const size of SIZES) {
    const leaves = new Uint8Array((size - edge.size) * 32);
    for (let i = edge.size; i < size; i++) leafHashInto(entry(i), leaves, i - edge.size);
    const { edge: next, full } = append(edge, leaves);
    for (const { level, n, tile } of full) tiles.set(`${level}/${n}`, toStored(tile));
    edge = next;
    const head = { size, root: rootOf(next) };
    heads.push(() => head);
  }
  const store: TreeStore = {
    head: heads.at(-1) as TreeStore['head'],
    entries: (lo, hi) => packBundle(Array.from({ length: hi - lo }, (_, i) => entry(lo + i))),
    tile: (level, n) => tiles.get(`${level}/${n}`),
  };
  return { store, heads, tiles };
}

/** Places at the ends and edges of tiles and groups, and some between. */
function places(size: number): number[] {
  const wanted = [0, 1, 15, 16, 255, 256, 4095, 4096, 65_535, 65_536, size - 1, size - 2, size - 17];
  for (let i = 0; i < 200; i++) wanted.push((i * 7919) % size);
  return wanted.filter((index) => index >= 0 && index < size);
}

test('every proof leads from its leaf to the root, in trees of all shapes', () => {
  const { store, heads } = growing();
  const moving = new PublishedTree(store, (heads[0] as TreeStore['head'])());
  for (const headOf of heads) {
    const head = headOf();
    moving.advance(head);
    const fresh = new PublishedTree(store, head);
    for (const index of places(head.size)) {
      const leaf = leafHash(entry(index));
      for (const tree of [moving, fresh, moving]) {
        verifyInclusion(index, head.size, leaf, tree.inclusion(index, leaf), head.root);
      }
    }
  }
});

test('there is no proof of a leaf that is not the one in the tree', () => {
  const { store, heads } = growing();
  for (const headOf of heads) {
    const tree = new PublishedTree(store, headOf());
    assert.throws(() => tree.inclusion(0, leafHash(entry(1))), /another leaf hash/);
  }
});

test('there is no proof through a sound tile that belongs elsewhere', () => {
  const { store, tiles } = growing();
  tiles.set('0/3', tiles.get('0/4') as Uint8Array);
  const tree = new PublishedTree(store, store.head());
  assert.throws(() => tree.inclusion(3 * 256, leafHash(entry(4 * 256))), /tile 0\/3 is not part of the tree/);
});

test('there is no proof to a root that is not that of what is stored', () => {
  const { store, heads } = growing();
  const { size } = store.head();
  const wrong = new PublishedTree(store, { size, root: (heads[3] as TreeStore['head'])().root });
  assert.throws(() => wrong.inclusion(5, leafHash(entry(5))), /not the root of what is stored/);
});

test.run();
