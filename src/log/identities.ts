/**
 * What was logged before, by id: the statement id, or the leaf hash in an opaque log. Filled from the store at
 * start-up; every match is confirmed against the stored id, all 32 bytes of it. @module
 */
import { equal, HASH_BYTES } from '../core/bytes.ts';
import { openLeaves, storedLeaves } from '../core/expanded.ts';
import { rowWidth, TILE_WIDTH } from '../core/tile.ts';
import type { Edge } from '../core/tree.ts';
import { fullTile, storedTreeNode } from './edge.ts';
import type { EntryMode, LogStore } from './ports.ts';
import { Repeats } from './repeats.ts';

export class Identities {
  readonly #mode: EntryMode;
  readonly #store: LogStore;
  readonly #edge: () => Edge;
  readonly #repeats = new Repeats();

  constructor(mode: EntryMode, store: LogStore, edge: () => Edge) {
    this.#mode = mode;
    this.#store = store;
    this.#edge = edge;
  }

  /** Fills the index from the store, for a tree of `size`. */
  load(size: number): void {
    if (this.#mode === 'statements') {
      for (const { first, ids } of this.#store.ids()) this.#addAll(ids, first);
      return;
    }
    const full = Math.floor(rowWidth(size, 0) / TILE_WIDTH);
    for (let n = 0; n < full; n++) this.#addAll(storedLeaves(fullTile(this.#store, 0, n)), n * TILE_WIDTH);
    const open = this.#edge().open[0];
    if (open) this.#addAll(openLeaves(open), full * TILE_WIDTH);
  }

  add(id: Uint8Array, index: number): void {
    this.#repeats.add(id, index);
  }

  /** The index of the entry with this id. */
  find(id: Uint8Array): number | undefined {
    return this.#repeats.find(id, (index) => equal(this.#idAt(index), id));
  }

  #idAt(index: number): Uint8Array {
    if (this.#mode === 'statements') return this.#store.idAt(index);
    return storedTreeNode(this.#store, this.#edge(), { height: 0, index });
  }

  #addAll(ids: Uint8Array, first: number): void {
    for (let i = 0; i * HASH_BYTES < ids.length; i++) {
      this.#repeats.add(ids.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES), first + i);
    }
  }
}
