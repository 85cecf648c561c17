/**
 * The second derivation of the tree: before a head is guarded and signed, every new leaf hash is computed again from
 * the bytes the database holds, and tiles and root must come out as the turn stored them. A bit that flipped between
 * the pool and the disk stops the log here, where it can still be mended. @module
 */
import { equal, type Hash } from '../core/bytes.ts';
import type { Head } from '../core/checkpoint.ts';
import { toStored } from '../core/expanded.ts';
import { Fault } from '../core/fault.ts';
import type { Node } from '../core/tile.ts';
import { append, type Edge, rootOf } from '../core/tree.ts';
import { fullTile, loadEdge, storedLeafHashes, storedTreeNode } from './edge.ts';
import type { TreeStore } from './ports.ts';

export class Audit {
  readonly #store: TreeStore;
  #edge: Edge;

  /** Starts from a head; Fault `frozen` if the stored bytes do not lead to its root. */
  constructor(store: TreeStore, head: Head) {
    this.#store = store;
    this.#edge = loadEdge(store, head.size);
    this.#check(this.#edge, head);
  }

  /** Re-derives the tree up to a committed head. Fault `frozen` if anything differs from what is stored. */
  extendTo(head: Head): void {
    const { edge, full } = append(this.#edge, storedLeafHashes(this.#store, this.#edge.size, head.size));
    for (const { level, n, tile } of full) {
      if (!equal(fullTile(this.#store, level, n), toStored(tile))) {
        throw new Fault('frozen', `the stored tile ${level}/${n} is not the hash of the stored entries`);
      }
    }
    this.#check(edge, head);
    this.#edge = edge;
  }

  /** A node of the re-derived tree. */
  node(node: Node): Hash {
    return storedTreeNode(this.#store, this.#edge, node);
  }

  #check(edge: Edge, head: Head): void {
    if (!equal(rootOf(edge), head.root)) {
      throw new Fault('frozen', `the stored entries do not hash to the root of size ${head.size}`);
    }
  }
}
