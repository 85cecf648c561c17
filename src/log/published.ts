/**
 * The tree as strangers may see it: bounded by the published head, whatever is committed beyond. Tiles, bundles and
 * proofs come from here, each proof checked against the head it is for before it is handed out. @module
 */
import { readBundle } from '../core/bundle.ts';
import { equal, type Hash } from '../core/bytes.ts';
import type { Head } from '../core/checkpoint.ts';
import { type OpenTile, openLeaves, openPath, storedLeaves, WarmTile } from '../core/expanded.ts';
import { Fault, must } from '../core/fault.ts';
import {
  consistencyPlan,
  foldPlan,
  inclusionPlan,
  type Plan,
  rootPlan,
  verifyConsistency,
  verifyInclusion,
} from '../core/proof.ts';
import { type Node, rowWidth, TILE_HEIGHT, TILE_WIDTH, type Tile, tileOf, tilePath, widthIn } from '../core/tile.ts';
import { append, type Edge, edgeNode, rootOf } from '../core/tree.ts';
import { fullTile, loadEdge, storedLeafHashes } from './edge.ts';
import type { TreeStore } from './ports.ts';

/** Full tiles kept in memory after use, 9 kB each and 16 from the first proof on: those of a million entries. */
const KEPT_TILES = 4096;
/** Of the nodes in a growing tile above which paths are kept. */
const GROUP_HEIGHT = 4;

/**
 * An inclusion proof in two parts, lowest hash first: the second is the same array for all entries below some node, as
 * long as the head is the same, so that whoever writes it as text may keep that.
 */
export type Path = readonly [own: readonly Hash[], shared: readonly Hash[]];

/** For a path that shares nothing. */
const NONE: readonly Hash[] = [];

export function joined([own, shared]: Path): Hash[] {
  return own.concat(shared);
}

/** A full tile, and the path from its root to that of the n-th head here. */
type Kept = { readonly tile: WarmTile; above: { readonly n: number; readonly path: readonly Hash[] } | undefined };

export class PublishedTree {
  readonly #store: TreeStore;
  readonly #tiles = new Map<number, Kept>();
  /** For nodes below which all is known: the path from there to the root of this head, checked. */
  #climbs = new Map<string, readonly Hash[]>();
  #edge: Edge | undefined;
  #head: Head;
  /** How often it advanced. */
  #n = 0;

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
    this.#n++;
    this.#climbs = new Map();
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
    const leaves =
      published === TILE_WIDTH ? storedLeaves(this.#full(level, n).tile.stored) : openLeaves(this.#openTile(level));
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
    return joined(this.#inclusion(index, leaf));
  }

  #inclusion(index: number, leaf: Hash): Path {
    must(equal(leaf, this.#node({ height: 0, index })), `the tree has another leaf hash for entry ${index}`);
    return this.#path(0, index);
  }

  /**
   * The path from hash `i` of a tile row to the root. It need not be folded once more: inside tiles it leads over nodes
   * that were made or checked from their children, and from where these end it was folded to the root of this head.
   */
  #path(level: number, i: number): Path {
    const { size } = this.#head;
    const n = Math.floor(i / TILE_WIDTH);
    const height = level * TILE_HEIGHT;
    if (widthIn(size, level, n) === TILE_WIDTH) {
      return [this.#full(level, n).tile.path(i % TILE_WIDTH), this.#above(level, n)];
    }
    // In a tile that still grows, nodes over 16 hashes are complete sooner than the tile and serve as many proofs.
    const group = Math.floor(i / 2 ** GROUP_HEIGHT);
    if ((group + 1) * 2 ** GROUP_HEIGHT > rowWidth(size, level)) return [[], this.#climb({ height, index: i })];
    const within = openPath(this.#openTile(level), i % TILE_WIDTH, GROUP_HEIGHT);
    return [within, this.#climb({ height: height + GROUP_HEIGHT, index: group })];
  }

  /** The path from the root of a full tile to the root of this head: the longer half of each proof in a large tree. */
  #above(level: number, n: number): readonly Hash[] {
    const kept = this.#full(level, n);
    if (kept.above?.n !== this.#n) {
      const root = this.#node({ height: (level + 1) * TILE_HEIGHT, index: n });
      must(equal(kept.tile.node(TILE_HEIGHT, 0), root), `tile ${level}/${n} is not part of the tree`);
      kept.above = { n: this.#n, path: joined(this.#path(level + 1, n)) };
    }
    return kept.above.path;
  }

  /** The path from a node to the root, folded to the root of this head. */
  #climb(node: Node): readonly Hash[] {
    const name = `${node.height}/${node.index}`;
    const known = this.#climbs.get(name);
    if (known) return known;
    const { size, root } = this.#head;
    const width = 2 ** node.height;
    const path = this.#fold(inclusionPlan(node.index * width, size).slice(node.height));
    // Nodes of one height are the leaves of a tree with the same root.
    ours(() => verifyInclusion(node.index, Math.ceil(size / width), this.#node(node), path, root));
    this.#climbs.set(name, path);
    return path;
  }

  /** The leaf hash of an entry. */
  leafHash(index: number): Hash {
    must(index < this.#head.size, `entry ${index} is not published`);
    return this.#node({ height: 0, index });
  }

  /** The inclusion proof of an entry in the tree as it was at an earlier size, which leads from `leaf` to its root. */
  inclusionAt(size: number, index: number, leaf: Hash): Path {
    if (size === this.#head.size) return this.#inclusion(index, leaf);
    const path = this.#fold(inclusionPlan(index, size));
    const root = this.rootAt(size);
    ours(() => verifyInclusion(index, size, leaf, path, root));
    return [path, NONE];
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

  #fold(plan: Plan): Hash[] {
    return foldPlan(plan, (nodes) => nodes.map((node) => this.#node(node)));
  }

  #node(node: Node): Hash {
    const open = edgeNode(this.#edgeOfHead(), node);
    if (open) return open;
    const { level, n, height, index } = tileOf(node);
    return this.#full(level, n).tile.node(height, index);
  }

  #openTile(level: number): OpenTile {
    const tile = this.#edgeOfHead().open[level];
    must(tile, `the edge has no tile at level ${level}`);
    return tile;
  }

  #full(level: number, n: number): Kept {
    const name = n * 8 + level; // there are at most seven levels
    const known = this.#tiles.get(name);
    if (known) return known;
    if (this.#tiles.size >= KEPT_TILES) this.#tiles.delete(this.#tiles.keys().next().value as number);
    const kept: Kept = { tile: new WarmTile(fullTile(this.#store, level, n)), above: undefined };
    this.#tiles.set(name, kept);
    return kept;
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
