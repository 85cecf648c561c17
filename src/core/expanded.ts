/**
 * Tiles with their interior nodes beside the leaves, so that a proof reads instead of hashing up to 247 siblings.
 * `open` keeps all nodes of a tile that still grows; `stored` keeps what a database row of a full tile holds: the 256
 * leaves and heights 4 to 8, 9,184 bytes, from which heights 1 to 3 are at most seven hashes away. @module
 */
import { equal, HASH_BYTES, type Hash } from './bytes.ts';
import { must } from './fault.ts';
import { hashAt, nodeHash, parentInto, subtreeOf } from './hash.ts';
import { half } from './size.ts';
import { TILE_HEIGHT, TILE_WIDTH } from './tile.ts';

/** All 511 nodes of a tile, height by height, of which only those over the first `width` leaves are this tile's. */
export type OpenTile = { readonly width: number; readonly nodes: Uint8Array; readonly grown: { width: number } };

const NODES = 2 * TILE_WIDTH - 1;
const STORED_FROM = 4;
const GROUP_WIDTH = 2 ** STORED_FROM;
const GROUP_NODES = GROUP_WIDTH - 2;

/** Where the nodes at `height` begin in an open tile: 0, 256, 384, … 510. */
function start(height: number): number {
  return 2 * TILE_WIDTH - (2 * TILE_WIDTH) / 2 ** height;
}

const STORED_BYTES = (TILE_WIDTH + NODES - start(STORED_FROM)) * HASH_BYTES;

export const EMPTY_TILE: OpenTile = { width: 0, nodes: new Uint8Array(0), grown: { width: 0 } };

/**
 * A tile with `count` more leaves, and every interior node that they complete. The old tile stays as it is: what is
 * added lies beyond its width, in the same 16 kB, unless another tile grew from it before; then they are copied.
 */
export function grow(tile: OpenTile, leaves: Uint8Array, from: number, count: number): OpenTile {
  const width = tile.width + count;
  must(width <= TILE_WIDTH, `a tile cannot hold ${width} hashes`);
  const { nodes, grown } = tile.width > 0 && tile.grown.width === tile.width ? tile : copy(tile);
  nodes.set(leaves.subarray(from * HASH_BYTES, (from + count) * HASH_BYTES), tile.width * HASH_BYTES);
  let [lo, hi] = [tile.width, width];
  for (let height = 1; height <= TILE_HEIGHT; height++) {
    [lo, hi] = [half(lo), half(hi)];
    for (let i = lo; i < hi; i++) parentInto(nodes, start(height - 1) + 2 * i, nodes, start(height) + i);
  }
  grown.width = width;
  return { width, nodes, grown };
}

function copy(tile: OpenTile): Pick<OpenTile, 'nodes' | 'grown'> {
  const nodes = new Uint8Array(NODES * HASH_BYTES);
  nodes.set(tile.nodes);
  return { nodes, grown: { width: tile.width } };
}

/** The node `index` at `height` of an open tile. */
export function openNode(tile: OpenTile, height: number, index: number): Hash {
  must((index + 1) * 2 ** height <= tile.width, `node ${height}/${index} is beyond a tile of width ${tile.width}`);
  return hashAt(tile.nodes, start(height) + index);
}

/** The siblings on the way from a leaf up to a node at `height`: `grow` made each node from its children. */
export function openPath(tile: OpenTile, place: number, height: number): Hash[] {
  return Array.from({ length: height }, (_, i) => openNode(tile, i, siblingOf(Math.floor(place / 2 ** i))));
}

/** The leaves of an open tile: what tlog-tiles calls the tile. */
export function openLeaves(tile: OpenTile): Uint8Array {
  return tile.nodes.subarray(0, tile.width * HASH_BYTES);
}

/** A full tile as a database row. */
export function toStored(tile: OpenTile): Uint8Array {
  must(tile.width === TILE_WIDTH, 'only full tiles are stored');
  const out = new Uint8Array(STORED_BYTES);
  out.set(openLeaves(tile));
  out.set(tile.nodes.subarray(start(STORED_FROM) * HASH_BYTES), TILE_WIDTH * HASH_BYTES);
  return out;
}

/** The node `index` at `height` (0 to 8) of a stored tile. */
export function storedNode(stored: Uint8Array, height: number, index: number): Hash {
  must(stored.length === STORED_BYTES, `a stored tile has ${stored.length} bytes`);
  if (height >= STORED_FROM) return hashAt(stored, TILE_WIDTH + start(height) - start(STORED_FROM) + index);
  return subtreeOf(stored, index * 2 ** height, 2 ** height);
}

/**
 * A stored tile that many proofs go through: the nodes of heights 1 to 3 are kept once they were made, those over 16
 * leaves at a time, since that costs hardly more than the eleven hashes of a single proof.
 */
export class WarmTile {
  readonly stored: Uint8Array;
  /** By group of 16 leaves: 8 nodes of height 1, 4 of height 2, 2 of height 3. Not there until one is needed. */
  #groups: Uint8Array | undefined;
  /** By group, whether its nodes were made. */
  readonly #made: boolean[] = [];
  #isChecked = false;

  constructor(stored: Uint8Array) {
    this.stored = stored;
  }

  /** The same as `storedNode`. */
  node(height: number, index: number): Hash {
    if (height === 0 || height >= STORED_FROM) return storedNode(this.stored, height, index);
    return this.#groupNode(height, index);
  }

  /**
   * The siblings on the way from a leaf to the root of the tile. Each node on that way was found to be the hash of its
   * children when it was first needed, so the path leads there without being folded again.
   */
  path(place: number): Hash[] {
    this.#check();
    const path: Hash[] = [hashAt(this.stored, siblingOf(place))];
    let index = half(place);
    for (let height = 1; height < TILE_HEIGHT; height++) {
      const sibling = siblingOf(index);
      path.push(height < STORED_FROM ? this.#groupNode(height, sibling) : storedNode(this.stored, height, sibling));
      index = half(index);
    }
    return path;
  }

  /** The stored nodes of heights 5 to 8 are the hashes of their children; `#group` sees to those below. */
  #check(): void {
    if (this.#isChecked) return;
    for (let height = STORED_FROM + 1; height <= TILE_HEIGHT; height++) {
      for (let i = 0; i < TILE_WIDTH / 2 ** height; i++) {
        const [left, right] = [this.node(height - 1, 2 * i), this.node(height - 1, 2 * i + 1)];
        must(equal(nodeHash(left, right), this.node(height, i)), BROKEN);
      }
    }
    this.#isChecked = true;
  }

  #groupNode(height: number, index: number): Hash {
    const width = 2 ** (STORED_FROM - height);
    const group = Math.floor(index / width);
    const nodes = this.#withGroup(group);
    return hashAt(nodes, group * GROUP_NODES + GROUP_WIDTH - 2 * width + (index % width));
  }

  /** The nodes of all groups that were made, this one among them. */
  #withGroup(group: number): Uint8Array {
    this.#groups ??= new Uint8Array((TILE_WIDTH / GROUP_WIDTH) * GROUP_NODES * HASH_BYTES);
    if (!this.#made[group]) this.#make(group, this.#groups);
    return this.#groups;
  }

  #make(group: number, nodes: Uint8Array): void {
    const at = group * GROUP_NODES;
    const leaves = GROUP_WIDTH / 2;
    for (let i = 0; i < leaves; i++) parentInto(this.stored, 2 * (group * leaves + i), nodes, at + i);
    for (let i = leaves; i < GROUP_NODES; i++) parentInto(nodes, at + 2 * (i - leaves), nodes, at + i);
    const root = nodeHash(hashAt(nodes, at + GROUP_NODES - 2), hashAt(nodes, at + GROUP_NODES - 1));
    must(equal(root, storedNode(this.stored, STORED_FROM, group)), BROKEN);
    this.#made[group] = true;
  }
}

const BROKEN = 'a stored tile is not the tree over its leaves';

/** The other child of the same parent. */
function siblingOf(index: number): number {
  return index % 2 === 1 ? index - 1 : index + 1;
}

/** The leaves of a stored tile. */
export function storedLeaves(stored: Uint8Array): Uint8Array {
  return stored.subarray(0, TILE_WIDTH * HASH_BYTES);
}
