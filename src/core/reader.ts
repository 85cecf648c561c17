/**
 * Reads any tiled log (C2SP tlog-tiles) through a given `get(path)` and trusts nothing but a head: partial tiles must
 * fold to its root, every full tile must be a child of one that is already authenticated, every bundle must hash to
 * its level-0 tile. @module
 */
import { bundlePrefix, readBundle } from './bundle.ts';
import { equal, HASH_BYTES, type Hash } from './bytes.ts';
import type { Head } from './checkpoint.ts';
import { Fault, must } from './fault.ts';
import { EMPTY_ROOT, hashAt, leafHash, subtreeOf } from './hash.ts';
import { consistencyPlan, foldPeaks, foldPlan, inclusionPlan, type Plan } from './proof.ts';
import { coverNodes, type Node, partialTiles, TILE_WIDTH, type Tile, tileOf, tilePath, widthIn } from './tile.ts';

/** Fetches a resource of the log; throws `Fault('unknown-resource')` if it is not there. */
export type Get = (path: string) => Promise<Uint8Array>;

/** Tiles kept after use, 8 KiB each; the right edge is kept beside them. */
const KEPT_TILES = 256;
/** Bundles that are fetched while one is used: at most 16 MiB each, and mostly a few kilobytes. */
const BUNDLES_AHEAD = 8;

export class Reader {
  readonly head: Head;
  readonly #get: Get;
  readonly #tiles = new Map<string, Promise<Uint8Array>>();
  #edge: Promise<ReadonlyMap<number, Uint8Array>> | undefined;

  constructor(get: Get, head: Head) {
    this.#get = get;
    this.head = head;
  }

  /** The packed hashes of a tile, as wide as the tree of the head makes it. */
  async tile(level: number, n: number): Promise<Uint8Array> {
    const width = widthIn(this.head.size, level, n);
    must(width > 0, `there is no tile ${level}/${n} in a tree of ${this.head.size}`);
    if (width < TILE_WIDTH) return (await this.#partialTiles()).get(level) as Uint8Array;
    const name = `${level}/${n}`;
    const known = this.#tiles.get(name);
    if (known) return known;
    if (this.#tiles.size >= KEPT_TILES) this.#tiles.delete(this.#tiles.keys().next().value as string);
    const tile = this.#fullTile(level, n);
    this.#tiles.set(name, tile);
    tile.catch(() => this.#tiles.delete(name)); // a tile that failed may be asked for again
    return tile;
  }

  /** The entries of a bundle, in order, each of which hashes to its leaf. */
  async entries(n: number): Promise<Uint8Array[]> {
    const width = widthIn(this.head.size, 'entries', n);
    must(width > 0, `there is no bundle ${n} in a tree of ${this.head.size}`);
    const [leaves, bundle] = await Promise.all([this.tile(0, n), fetchTile(this.#get, { level: 'entries', n, width })]);
    const entries = readBundle(bundle, width);
    entries.forEach((entry, i) => {
      if (!equal(leafHash(entry), hashAt(leaves, i))) {
        throw new Fault('bad-tile', `entry ${n * TILE_WIDTH + i} does not hash to its leaf`, {
          size: n * TILE_WIDTH + i,
        });
      }
    });
    return entries;
  }

  /** The entries from the bundle `n` on, bundle by bundle in order; those ahead are fetched meanwhile. */
  async *bundles(n: number): AsyncGenerator<{ readonly first: number; readonly entries: Uint8Array[] }> {
    const ahead: Promise<Uint8Array[]>[] = [];
    for (let next = n; ahead.length > 0 || next * TILE_WIDTH < this.head.size; ) {
      for (; ahead.length < BUNDLES_AHEAD && next * TILE_WIDTH < this.head.size; next++) {
        const entries = this.entries(next);
        entries.catch(() => {}); // told when its turn comes
        ahead.push(entries);
      }
      const first = (next - ahead.length) * TILE_WIDTH;
      yield { first, entries: await (ahead.shift() as Promise<Uint8Array[]>) };
    }
  }

  /** Nodes of the tree, authenticated; the n-th hash answers the n-th node. */
  async nodes(nodes: readonly Node[]): Promise<Hash[]> {
    return Promise.all(
      nodes.map(async (node) => {
        const { level, n, height, index } = tileOf(node);
        return subtreeOf(await this.tile(level, n), index * 2 ** height, 2 ** height);
      }),
    );
  }

  /** The leaf hash at an index and its inclusion proof in the tree of the head. */
  async inclusion(index: number): Promise<{ leaf: Hash; path: Hash[] }> {
    const [leaf] = await this.nodes([{ height: 0, index }]);
    return { leaf: leaf as Hash, path: await this.#fold(inclusionPlan(index, this.head.size)) };
  }

  /** The consistency proof from an earlier size to the head. */
  consistency(first: number): Promise<Hash[]> {
    return this.#fold(consistencyPlan(first, this.head.size));
  }

  /** The root at an earlier size, not 0. */
  async root(size: number): Promise<Hash> {
    return foldPeaks(await this.nodes(coverNodes(0, size)));
  }

  async #fold(plan: Plan): Promise<Hash[]> {
    const hashes = await this.nodes(plan.flat());
    return foldPlan(plan, () => hashes);
  }

  async #fullTile(level: number, n: number): Promise<Uint8Array> {
    const [tile, parent] = await Promise.all([
      fetchTile(this.#get, { level, n, width: TILE_WIDTH }),
      this.tile(level + 1, Math.floor(n / TILE_WIDTH)),
    ]);
    if (!equal(subtreeOf(tile, 0, TILE_WIDTH), hashAt(parent, n % TILE_WIDTH))) {
      throw new Fault('bad-tile', `${tilePath({ level, n, width: TILE_WIDTH })} does not hash to its parent`);
    }
    return tile;
  }

  /** The partial tiles by level, authenticated together: the peaks of the tree lie in them. */
  #partialTiles(): Promise<ReadonlyMap<number, Uint8Array>> {
    this.#edge ??= this.#readEdge();
    this.#edge.catch(() => {
      this.#edge = undefined;
    });
    return this.#edge;
  }

  async #readEdge(): Promise<ReadonlyMap<number, Uint8Array>> {
    const { size, root } = this.head;
    const tiles = new Map(
      await Promise.all(
        partialTiles(size).map(async (tile) => [tile.level, await fetchTile(this.#get, tile)] as [number, Uint8Array]),
      ),
    );
    const peaks = size === 0 ? [] : coverNodes(0, size).map((node) => peakIn(tiles, node));
    if (!equal(peaks.length === 0 ? EMPTY_ROOT : foldPeaks(peaks), root)) {
      throw new Fault('bad-tile', `the right edge does not fold to the root of size ${size}`);
    }
    return tiles;
  }
}

/** Fetches a tile or bundle in its width. Nothing about its content is checked. */
export async function fetchTile(get: Get, tile: Tile): Promise<Uint8Array> {
  const bytes = await get(tilePath(tile)).catch((error: unknown) => {
    // SPEC: clients MAY fetch the full tile as a fallback in case the partial tile is not available anymore.
    const gone = error instanceof Fault && error.code === 'unknown-resource' && tile.width < TILE_WIDTH;
    if (!gone) throw error;
    return fetchPrefix(get, tile);
  });
  if (tile.level !== 'entries' && bytes.length !== tile.width * HASH_BYTES) {
    throw new Fault('bad-tile', `${tilePath(tile)} has ${bytes.length} bytes, not ${tile.width * HASH_BYTES}`);
  }
  return bytes;
}

async function fetchPrefix(get: Get, tile: Tile): Promise<Uint8Array> {
  const full = await get(tilePath({ ...tile, width: TILE_WIDTH }));
  return full.subarray(0, tile.level === 'entries' ? bundlePrefix(full, tile.width) : tile.width * HASH_BYTES);
}

function peakIn(tiles: ReadonlyMap<number, Uint8Array>, node: Node): Hash {
  const { level, height, index } = tileOf(node);
  return subtreeOf(tiles.get(level) as Uint8Array, index * 2 ** height, 2 ** height);
}
