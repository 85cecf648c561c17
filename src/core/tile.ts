/**
 * Coordinates and paths of C2SP tlog-tiles, and where in a tile a node of the tree is found. A tile is 256 hashes
 * wide and eight levels high; a partial tile is a prefix of it. Bytes inside a bundle: `bundle.ts`. @module
 */
import { Fault, must } from './fault.ts';
import { bitLength, isSize } from './size.ts';

export const TILE_WIDTH = 256;
export const TILE_HEIGHT = 8;

/** A hash tile at a level, or a bundle of entries; `width` below 256 means a partial one. */
export type Tile = { readonly level: number | 'entries'; readonly n: number; readonly width: number };

/** The complete subtree over the leaves [index · 2^height, (index + 1) · 2^height). */
export type Node = { readonly height: number; readonly index: number };

/** SPEC: tile/<L>/<N>[.p/<W>], where N is cut into groups of three digits and all but the last begin with an x. */
export function tilePath(tile: Tile): string {
  const digits = String(tile.n);
  const padded = digits.padStart(Math.ceil(digits.length / 3) * 3, '0');
  const groups = padded.match(/.{3}/g) ?? [];
  const name = groups.map((group, i) => (i < groups.length - 1 ? `x${group}` : group)).join('/');
  return `tile/${tile.level}/${name}${tile.width < TILE_WIDTH ? `.p/${tile.width}` : ''}`;
}

/** The inverse of `tilePath`. */
export function parseTilePath(path: string): Tile {
  const match = /^tile\/(entries|[0-9]{1,2})\/((?:x[0-9]{3}\/){0,5}[0-9]{3})(?:\.p\/([0-9]{1,3}))?$/.exec(path);
  if (!match) throw new Fault('bad-path', `"${path.slice(0, 80)}" is not tile/<L>/<N>[.p/<W>]`);
  const [, level, name, width] = match as unknown as [string, string, string, string | undefined];
  const tile: Tile = {
    level: level === 'entries' ? level : Number(level),
    n: Number(name.replaceAll('/', '').replaceAll('x', '')),
    width: width === undefined ? TILE_WIDTH : Number(width),
  };
  // SPEC: the level is between 0 and 63, W between 1 and 255, and no number has additional leading zeroes.
  const inRange = tile.level === 'entries' || tile.level <= 63;
  if (!inRange || tile.width < 1 || !isSize(tile.n) || tilePath(tile) !== path) {
    throw new Fault('bad-path', `"${path.slice(0, 80)}" is not in its one form`);
  }
  return tile;
}

/** The number of hashes that a tree of `size` has in its tile row `level`: floor(size / 256^level). */
export function rowWidth(size: number, level: number): number {
  return Math.floor(size / TILE_WIDTH ** level);
}

/** The width that tile `n` of a level has in a tree of `size`: 256 if full, 0 if it does not exist. */
export function widthIn(size: number, level: number | 'entries', n: number): number {
  const row = rowWidth(size, level === 'entries' ? 0 : level);
  return Math.max(0, Math.min(TILE_WIDTH, row - n * TILE_WIDTH));
}

/** The number of tile levels of a tree of `size`; 0 for the empty tree. */
export function levelsOf(size: number): number {
  return Math.ceil(bitLength(size) / TILE_HEIGHT);
}

/** Every tile of a tree of `size` that is not full, lowest level first: the right edge. */
export function partialTiles(size: number): (Tile & { readonly level: number })[] {
  const tiles: (Tile & { readonly level: number })[] = [];
  for (let level = 0; level < levelsOf(size); level++) {
    const row = rowWidth(size, level);
    if (row % TILE_WIDTH > 0) tiles.push({ level, n: Math.floor(row / TILE_WIDTH), width: row % TILE_WIDTH });
  }
  return tiles;
}

/** Where a node lies: the node `index` at `height` (0 to 7) above the leaves of tile `n` of `level`. */
export function tileOf(node: Node): { level: number; n: number; height: number; index: number } {
  const level = Math.floor(node.height / TILE_HEIGHT);
  const height = node.height % TILE_HEIGHT;
  const perTile = TILE_WIDTH / 2 ** height;
  return { level, n: Math.floor(node.index / perTile), height, index: node.index % perTile };
}

/** The fewest complete subtrees that together cover the leaves [lo, hi), left to right; lo must allow a subtree. */
export function coverNodes(lo: number, hi: number): Node[] {
  must(0 <= lo && lo < hi, `bad range [${lo}, ${hi})`);
  const nodes: Node[] = [];
  for (let at = lo; at < hi; ) {
    let height = bitLength(hi - at) - 1;
    while (at % 2 ** height !== 0) height--;
    nodes.push({ height, index: at / 2 ** height });
    at += 2 ** height;
  }
  return nodes;
}
