/**
 * The tree of a followed log: grown from level-0 tiles that are each checked before they are used, and kept, so that
 * any earlier head can be judged without asking anyone. @module
 */
import { equal, HASH_BYTES, type Hash } from '../core/bytes.ts';
import type { Head } from '../core/checkpoint.ts';
import { EMPTY_TILE, grow, openLeaves } from '../core/expanded.ts';
import { Fault, must } from '../core/fault.ts';
import { evidenceNodes, type KnownTree } from '../core/judgehead.ts';
import { type Get, Reader } from '../core/reader.ts';
import { foldSubtree } from '../core/subtree.ts';
import { parseTilePath, rowWidth, TILE_WIDTH } from '../core/tile.ts';
import { append, type Edge, type FullTile, rootOf } from '../core/tree.ts';
import type { Known, TreeStore } from './memory.ts';

/** Tiles that are fetched while one is used, and those that are put at once. */
const TILES_AHEAD = 16;
const TILES_A_PUT = 64;

/** The right edge of what is known. */
export function edgeOf({ size, edge }: Pick<Known, 'size' | 'edge'>): Edge {
  return { size, open: edge.map((leaves) => grow(EMPTY_TILE, leaves, 0, leaves.length / HASH_BYTES)) };
}

/** Reads the tiles of the known tree from the store. */
export function storedTiles(store: TreeStore, origin: string, { size, edge }: Known): Get {
  return async (path) => {
    const { level, n, width } = parseTilePath(path);
    must(level !== 'entries', 'a monitor keeps no entries');
    const open = n === Math.floor(rowWidth(size, level) / TILE_WIDTH);
    const bytes = open ? edge[level] : store.tile(origin, level, n);
    if (bytes && bytes.length >= width * HASH_BYTES) return bytes.slice(0, width * HASH_BYTES);
    throw new Error(`the database of the monitor has lost ${path} of ${origin}: remove it, and all is verified again`);
  };
}

/** What is known of a log, to judge other heads by. */
export function knownTree(store: TreeStore, origin: string): KnownTree {
  const known = store.known(origin);
  const reader = new Reader(storedTiles(store, origin, known), known);
  return { head: known, note: known.note, nodes: (nodes) => reader.nodes(nodes) };
}

/** How a larger tree goes with the one that is known. */
export type Grown =
  | { readonly kind: 'grown'; readonly edge: Edge }
  /** The nodes show that the larger tree begins with another one. */
  | { readonly kind: 'forked'; readonly nodes: readonly Hash[] };

/**
 * Reads what a larger head has beyond the known one. Every tile leads to the larger root before it is used; what the
 * known tree is in it is asked first. Faults as `Reader`: those say nothing of the log, only of who served the tiles.
 */
export async function growTo(
  known: Known,
  head: Head,
  get: Get,
  put: (tiles: readonly FullTile[]) => void,
): Promise<Grown> {
  const reader = new Reader(get, head);
  if (known.size > 0) {
    const nodes = await evidenceNodes({ nodes: (all) => reader.nodes(all) }, known.size, head.size);
    const { subtree, root } = foldSubtree({ start: 0, end: known.size }, head.size, undefined, nodes);
    must(equal(root, head.root), 'nodes that lead to the root do not make it');
    if (!equal(subtree, known.root)) return { kind: 'forked', nodes };
  }
  let edge = edgeOf(known);
  let full: FullTile[] = [];
  for await (const { n, tile } of leafTiles(reader, Math.floor(known.size / TILE_WIDTH))) {
    const grown = append(edge, tile.subarray(Math.max(0, known.size - n * TILE_WIDTH) * HASH_BYTES));
    edge = grown.edge;
    full.push(...grown.full);
    if (full.length < TILES_A_PUT) continue;
    put(full);
    full = [];
  }
  put(full);
  if (!equal(rootOf(edge), head.root)) throw new Fault('bad-tile', 'the leaves do not make the root that was signed');
  return { kind: 'grown', edge };
}

async function* leafTiles(reader: Reader, from: number): AsyncGenerator<{ n: number; tile: Uint8Array }> {
  const ahead: Promise<Uint8Array>[] = [];
  const end = Math.ceil(reader.head.size / TILE_WIDTH);
  for (let next = from; ahead.length > 0 || next < end; ) {
    for (; ahead.length < TILES_AHEAD && next < end; next++) {
      const tile = reader.tile(0, next);
      tile.catch(() => {}); // told when its turn comes
      ahead.push(tile);
    }
    yield { n: next - ahead.length, tile: await (ahead.shift() as Promise<Uint8Array>) };
  }
}

/** The leaves of the open tiles, as the store keeps them. */
export function edgeLeaves({ open }: Edge): Uint8Array[] {
  return open.map((tile) => openLeaves(tile).slice());
}
