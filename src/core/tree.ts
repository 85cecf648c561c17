/**
 * The right edge of a tree: one open tile per level, all that is needed to append leaves and know the root. Values are
 * never changed; appending returns a new edge, so that a turn that fails is simply dropped. @module
 */
import type { Hash } from './bytes.ts';
import { EMPTY_TILE, grow, type OpenTile, openNode } from './expanded.ts';
import { must } from './fault.ts';
import { EMPTY_ROOT } from './hash.ts';
import { foldPeaks } from './proof.ts';
import { checkSize } from './size.ts';
import { coverNodes, type Node, rowWidth, TILE_HEIGHT, TILE_WIDTH, tileOf } from './tile.ts';

export type Edge = { readonly size: number; readonly open: readonly OpenTile[] };

/** A tile that an append completed, with its place. */
export type FullTile = { readonly level: number; readonly n: number; readonly tile: OpenTile };

export const EMPTY_EDGE: Edge = { size: 0, open: [] };

/** Appends packed leaf hashes; `full` are the tiles completed on the way, lower levels first. */
export function append(edge: Edge, leafHashes: Uint8Array): { edge: Edge; full: FullTile[] } {
  const count = leafHashes.length / EMPTY_ROOT.length;
  const size = checkSize(edge.size + count);
  const open = [...edge.open];
  const full: FullTile[] = [];
  let row = { hashes: leafHashes, count };
  for (let level = 0; row.count > 0; level++) {
    const done: OpenTile[] = [];
    const first = Math.floor(rowWidth(edge.size, level) / TILE_WIDTH);
    let tile = open[level] ?? EMPTY_TILE;
    for (let at = 0; at < row.count; ) {
      const take = Math.min(row.count - at, TILE_WIDTH - tile.width);
      tile = grow(tile, row.hashes, at, take);
      at += take;
      if (tile.width === TILE_WIDTH) {
        full.push({ level, n: first + done.length, tile });
        done.push(tile);
        tile = EMPTY_TILE;
      }
    }
    open[level] = tile;
    row = packRoots(done);
  }
  return { edge: { size, open }, full };
}

/** The hashes that full tiles contribute to the level above. */
function packRoots(tiles: readonly OpenTile[]): { hashes: Uint8Array; count: number } {
  const hashes = new Uint8Array(tiles.length * EMPTY_ROOT.length);
  tiles.forEach((tile, i) => {
    hashes.set(openNode(tile, TILE_HEIGHT, 0), i * EMPTY_ROOT.length);
  });
  return { hashes, count: tiles.length };
}

/** The root of the whole tree. */
export function rootOf(edge: Edge): Hash {
  if (edge.size === 0) return EMPTY_ROOT;
  const peaks = coverNodes(0, edge.size).map((node) => {
    const hash = edgeNode(edge, node);
    must(hash, 'a peak of the tree is not in its right edge');
    return hash;
  });
  return foldPeaks(peaks);
}

/** A node that lies in an open tile; `undefined` if it lies in a full one. */
export function edgeNode(edge: Edge, node: Node): Hash | undefined {
  const { level, n, height, index } = tileOf(node);
  const first = Math.floor(rowWidth(edge.size, level) / TILE_WIDTH);
  if (n < first) return undefined;
  const tile = edge.open[level];
  must(tile && n === first, `node ${node.height}/${node.index} is beyond a tree of ${edge.size}`);
  return openNode(tile, height, index);
}
