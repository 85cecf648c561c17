/**
 * Finds an entry of the published tree by its leaf hash. In memory, 11 to 21 bytes an entry, and only once someone asks:
 * then it is filled from the hash tiles, and kept up by every question after. An opaque log, whose thread knows entries
 * by just this hash, has it too: to ask another thread takes longer than to make the proof. @module
 */
import { equal, HASH_BYTES, type Hash } from '../core/bytes.ts';
import { TILE_WIDTH, widthIn } from '../core/tile.ts';
import type { PublishedTree } from './published.ts';
import { Repeats } from './repeats.ts';

/** Tiles that are taken in before others get their turn: about 2 ms of work. */
const TILES_AT_ONCE = 32;

export class LeafIndex {
  readonly #tree: () => PublishedTree;
  readonly #repeats = new Repeats();
  #size = 0;
  #filling: Promise<void> | undefined;

  constructor(tree: () => PublishedTree) {
    this.#tree = tree;
  }

  /** The index of the published entry with this leaf hash; at once if nothing new is to be taken in before. */
  find(leaf: Hash): number | undefined | Promise<number | undefined> {
    if (this.#size === this.#tree().head.size) return this.#known(leaf);
    this.#filling ??= this.#fill().finally(() => {
      this.#filling = undefined;
    });
    return this.#filling.then(() => this.#known(leaf));
  }

  #known(leaf: Hash): number | undefined {
    const tree = this.#tree();
    return this.#repeats.find(leaf, (index) => equal(tree.leafHash(index), leaf));
  }

  async #fill(): Promise<void> {
    for (let tiles = 1; this.#size < this.#tree().head.size; tiles++) {
      this.#takeTile(Math.floor(this.#size / TILE_WIDTH));
      if (tiles % TILES_AT_ONCE === 0) await new Promise<void>((resolve) => setImmediate(resolve));
    }
  }

  #takeTile(n: number): void {
    const tree = this.#tree();
    const width = widthIn(tree.head.size, 0, n);
    const hashes = tree.tile({ level: 0, n, width });
    for (let i = this.#size % TILE_WIDTH; i < width; i++) {
      this.#repeats.add(hashes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES), this.#size++);
    }
  }
}
