/**
 * The tree as strangers may see it: bounded by the published head, whatever is committed beyond. Tiles, bundles and
 * proofs come from here, each proof checked against the head it is for before it is handed out. @module
 */
import { readBundle } from '../core/bundle.ts';
import { equal, type Hash } from '../core/bytes.ts';
import type { Head } from '../core/checkpoint.ts';
import { openLeaves, storedLeaves, WarmTile } from '../core/expanded.ts';
import { Fault, must } from '../core/fault.ts';
import { nodeHash } from '../core/hash.ts';
import {
  consistencyPlan,
  foldPlan,
  inclusionPlan,
  type Plan,
  rootPlan,
  verifyConsistency,
  verifyInclusion,
} from '../core/proof.ts';
import { half } from '../core/size.ts';
import { type Node, TILE_HEIGHT, TILE_WIDTH, type Tile, tileOf, tilePath, widthIn } from '../core/tile.ts';
import { append, type Edge, edgeNode, rootOf } from '../core/tree.ts';
import { fullTile, loadEdge, storedLeafHashes } from './edge.ts';
import type { TreeStore } from './ports.ts';

/** Full tiles kept in memory after use, 9 to 16 kB each: those of a million entries. */
const KEPT_TILES = 4096;

export class PublishedTree {
  readonly #store: TreeStore;
  readonly #tiles = new Map<number, WarmTile>();
  /** For each full level-0 tile that a proof of this head went through: the checked rest of the path. */
  #above = new Map<number, { readonly root: Hash; readonly path: readonly Hash[] }>();
  #edge: Edge | undefined;
  #head: Head;

  constructor(store: TreeStore, head: Head) {
    this.#store = store;
    this.#head = head;
  }

  get head(): Head {
    return this.#head;
  }

  /** Moves to a newer published head. What is new is read from the store when someone first asks for it. */
  advance(head: Head): void {
    this.#head = head;
    this.#above = new Map();
  }

  /** The right edge of the head, made from stored entries and checked against its root. */
  #edgeOfHead(): Edge {
    const { size, root } = this.#head;
    if (this.#edge?.size === size) return this.#edge;
    const known = this.#edge;
    const edge = known
      ? append(known, storedLeafHashes(this.#store, known.size, size)).edge
      : loadEdge(this.#store, size);
    must(equal(rootOf(edge), root), `the published head of size ${size} is not the root of what is stored`);
    this.#edge = edge;
    return edge;
  }

  /** The bytes of a tile or bundle. Fault `unknown-resource` unless the published tree has it in at least this width. */
  tile(tile: Tile): Uint8Array {
    const { level, n, width } = tile;
    const published = widthIn(this.#head.size, level, n);
    if (width > published || published === 0) {
      throw new Fault('unknown-resource', `${tilePath(tile)} is not in a tree of size ${this.#head.size}`);
    }
    if (level === 'entries') return this.#store.entries(n * TILE_WIDTH, n * TILE_WIDTH + width);
    const leaves = published === TILE_WIDTH ? storedLeaves(this.#full(level, n).stored) : this.#openLeaves(level);
    return leaves.slice(0, width * 32);
  }

  /** The bytes of one entry. */
  entry(index: number): Uint8Array {
    return this.entries(index, index + 1)[0] as Uint8Array;
  }

  /** The entries [lo, hi), which lie in one bundle. */
  entries(lo: number, hi: number): Uint8Array[] {
    must(hi <= this.#head.size, `entry ${hi - 1} is not published`);
    return readBundle(this.#store.entries(lo, hi), hi - lo);
  }

  /** The leaf hash of an entry, as it is stored; the proof that `inclusion` makes of it vouches for it. */
  leaf(index: number): Hash {
    return this.#node({ height: 0, index });
  }

  /** The inclusion proof of an entry in the published head, which leads from `leaf` to its root. */
  inclusion(index: number, leaf: Hash): Hash[] {
    const n = Math.floor(index / TILE_WIDTH);
    if (widthIn(this.#head.size, 0, n) < TILE_WIDTH) return this.#wholePath(index, leaf);
    const above = this.#above.get(n) ?? this.#climb(n);
    const tile = this.#full(0, n);
    const within: Hash[] = [];
    let [hash, place] = [leaf, index % TILE_WIDTH];
    for (let height = 0; height < TILE_HEIGHT; height++) {
      const left = place % 2 === 1;
      const sibling = tile.node(height, left ? place - 1 : place + 1);
      hash = left ? nodeHash(sibling, hash) : nodeHash(hash, sibling);
      within.push(sibling);
      place = half(place);
    }
    must(equal(hash, above.root), `the proof of entry ${index} does not lead to its tile`);
    return [...within, ...above.path];
  }

  /** The path from a full level-0 tile to the root, checked with the tile's first leaf. */
  #climb(n: number): { root: Hash; path: readonly Hash[] } {
    const tile = this.#full(0, n);
    const path = this.#wholePath(n * TILE_WIDTH, tile.node(0, 0)).slice(TILE_HEIGHT);
    const above = { root: tile.node(TILE_HEIGHT, 0), path };
    this.#above.set(n, above);
    return above;
  }

  /** The leaf hash of an entry. */
  leafHash(index: number): Hash {
    must(index < this.#head.size, `entry ${index} is not published`);
    return this.#node({ height: 0, index });
  }

  /** The inclusion proof of an entry in the tree as it was at an earlier size, which leads from `leaf` to its root. */
  inclusionAt(size: number, index: number, leaf: Hash): Hash[] {
    if (size === this.#head.size) return this.inclusion(index, leaf);
    const path = this.#fold(inclusionPlan(index, size));
    const root = this.rootAt(size);
    ours(() => verifyInclusion(index, size, leaf, path, root));
    return path;
  }

  /** The consistency proof between two sizes, not 0; empty if they are the same. */
  consistency(first: number, second: number): Hash[] {
    const path = this.#fold(consistencyPlan(first, second));
    const [old, root] = [this.rootAt(first), this.rootAt(second)];
    ours(() => verifyConsistency(first, second, old, root, path));
    return path;
  }

  /** Nodes of the published tree; the n-th hash answers the n-th node. */
  nodes(nodes: readonly Node[]): Hash[] {
    return nodes.map((node) => this.#node(node));
  }

  /** The root of the tree as it was at a size, not 0, which was checked to be a prefix of the published one. */
  rootAt(size: number): Hash {
    const { size: newest, root } = this.#head;
    if (size === newest) return root;
    const [old] = this.#fold(rootPlan(size)) as [Hash];
    const path = this.#fold(consistencyPlan(size, newest));
    ours(() => verifyConsistency(size, newest, old, root, path));
    return old;
  }

  #wholePath(index: number, leaf: Hash): Hash[] {
    const { size, root } = this.#head;
    const path = this.#fold(inclusionPlan(index, size));
    ours(() => verifyInclusion(index, size, leaf, path, root));
    return path;
  }

  #fold(plan: Plan): Hash[] {
    return foldPlan(plan, (nodes) => nodes.map((node) => this.#node(node)));
  }

  #node(node: Node): Hash {
    const open = edgeNode(this.#edgeOfHead(), node);
    if (open) return open;
    const { level, n, height, index } = tileOf(node);
    return this.#full(level, n).node(height, index);
  }

  #openLeaves(level: number): Uint8Array {
    const tile = this.#edgeOfHead().open[level];
    must(tile, `the edge has no tile at level ${level}`);
    return openLeaves(tile);
  }

  #full(level: number, n: number): WarmTile {
    const name = n * 8 + level; // there are at most seven levels
    const known = this.#tiles.get(name);
    if (known) return known;
    if (this.#tiles.size >= KEPT_TILES) this.#tiles.delete(this.#tiles.keys().next().value as number);
    const tile = new WarmTile(fullTile(this.#store, level, n));
    this.#tiles.set(name, tile);
    return tile;
  }
}

/** A proof of ours that does not verify is no Fault of whoever asked for it. */
function ours(check: () => void): void {
  try {
    check();
  } catch (error) {
    throw new Error('what is stored gives a proof that does not verify', { cause: error });
  }
}
