/**
 * A tree that grows by entries whose places are decided elsewhere: it is committed in batches, and every batch is read
 * back from the disk and hashed again before anyone hears that it is there. @module
 */
import type { Hash } from '../core/bytes.ts';
import type { Head } from '../core/checkpoint.ts';
import type { Node } from '../core/tile.ts';
import type { Edge } from '../core/tree.ts';
import { Audit } from './audit.ts';
import { loadEdge } from './edge.ts';
import type { EntryMode, LogStore } from './ports.ts';
import { type Judgement, opaqueRules, opaqueSubmission } from './rules.ts';
import { integrate, sequence } from './sequence.ts';

export class TreeCopy {
  readonly #store: LogStore;
  readonly #audit: Audit;
  #head: Head;
  #edge: Edge;

  /** Opens what is stored; Fault `frozen` if its right edge is not what the stored entries hash to. */
  constructor(store: LogStore) {
    this.#store = store;
    this.#head = store.head();
    this.#audit = new Audit(store, this.#head);
    this.#edge = loadEdge(store, this.#head.size);
  }

  /** All that is on disk. */
  get head(): Head {
    return this.#head;
  }

  /** A node of the stored tree. */
  node(node: Node): Hash {
    return this.#audit.node(node);
  }

  /** Appends admitted entries; on disk, and read again, when it returns. */
  append(
    { admitted, leaves, governance }: Pick<Judgement, 'admitted' | 'leaves' | 'governance'>,
    mode: EntryMode,
  ): void {
    const runs = sequence(admitted, this.#head.size, mode === 'statements');
    const { batch, edge } = integrate(this.#head, this.#edge, leaves, { runs, governance });
    this.#store.commit(batch);
    this.#audit.extendTo(batch.to);
    this.#head = batch.to;
    this.#edge = edge;
  }

  /** Appends entries about whose meaning nothing is known. */
  appendOpaque(entries: readonly Uint8Array[]): void {
    this.append(opaqueRules.replay(entries.map(opaqueSubmission), this.#head.size), 'opaque');
  }
}
