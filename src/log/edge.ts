/** The right edge of the tree at a size, made from what is stored: entry bytes for the leaves, full tiles above. @module */

import { readBundle } from '../core/bundle.ts';
import { HASH_BYTES, type Hash } from '../core/bytes.ts';
import { EMPTY_TILE, grow, storedNode } from '../core/expanded.ts';
import { Fault } from '../core/fault.ts';
import { leafHashInto } from '../core/hash.ts';
import { levelsOf, type Node, rowWidth, TILE_HEIGHT, TILE_WIDTH, tileOf } from '../core/tile.ts';
import { type Edge, edgeNode } from '../core/tree.ts';
import type { TreeStore } from './ports.ts';

/** The edge at a committed size. Every leaf hash in it is computed from stored bytes. */
export function loadEdge(store: TreeStore, size: number): Edge {
  const open = Array.from({ length: levelsOf(size) }, (_, level) => {
    const row = rowWidth(size, level);
    const width = row % TILE_WIDTH;
    const first = row - width;
    if (width === 0) return EMPTY_TILE;
    const hashes = level === 0 ? storedLeafHashes(store, first, row) : storedRoots(store, level - 1, first, row);
    return grow(EMPTY_TILE, hashes, 0, width);
  });
  return { size, open };
}

/** The packed leaf hashes of the entries [lo, hi), computed from stored bytes. */
export function storedLeafHashes(store: TreeStore, lo: number, hi: number): Uint8Array {
  const out = new Uint8Array((hi - lo) * HASH_BYTES);
  for (let at = lo; at < hi; ) {
    const upTo = Math.min(hi, at - (at % TILE_WIDTH) + TILE_WIDTH);
    const entries = readBundle(store.entries(at, upTo), upTo - at);
    for (const [i, entry] of entries.entries()) leafHashInto(entry, out, at - lo + i);
    at = upTo;
  }
  return out;
}

/** The packed roots of the full tiles [lo, hi) of a level. */
function storedRoots(store: TreeStore, level: number, lo: number, hi: number): Uint8Array {
  const out = new Uint8Array((hi - lo) * HASH_BYTES);
  for (let n = lo; n < hi; n++) out.set(storedNode(fullTile(store, level, n), TILE_HEIGHT, 0), (n - lo) * HASH_BYTES);
  return out;
}

/** A full tile that must be there. */
export function fullTile(store: TreeStore, level: number, n: number): Uint8Array {
  const nodes = store.tile(level, n);
  if (!nodes) throw new Fault('frozen', `tile ${level}/${n} is missing from the database`);
  return nodes;
}

/**
 * The leaf of an entry as its full tile has it, for ascending indexes: each tile is read once. Undefined beyond the full
 * tiles, where the leaves of the edge are the hashes of the entries themselves.
 */
export function leafReader(store: TreeStore, size: number): (index: number) => Hash | undefined {
  let last: { n: number; nodes: Uint8Array } | undefined;
  return (index) => {
    const n = Math.floor(index / TILE_WIDTH);
    if ((n + 1) * TILE_WIDTH > size) return undefined;
    if (last?.n !== n) last = { n, nodes: fullTile(store, 0, n) };
    return storedNode(last.nodes, 0, index % TILE_WIDTH);
  };
}

/** A node of the tree that `edge` bounds: from the edge, or from a stored tile. */
export function storedTreeNode(store: TreeStore, edge: Edge, node: Node): Hash {
  const open = edgeNode(edge, node);
  if (open) return open;
  const { level, n, height, index } = tileOf(node);
  return storedNode(fullTile(store, level, n), height, index);
}
