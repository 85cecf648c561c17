/** Puts the lookup of a log together from its directory: the log's database, read only, and the postings beside it. @module */
import { setTimeout as sleep } from 'node:timers/promises';
import { loadEdge, storedTreeNode } from '../log/edge.ts';
import { rootFrom } from '../log/guard.ts';
import { PublishedTree } from '../log/published.ts';
import { Catalogue } from '../lookup/catalogue.ts';
import type { Port, PublishedHead } from '../lookup/channel.ts';
import type { LogSource, ProofSource } from '../lookup/ports.ts';
import { serveLookup } from '../lookup/service.ts';
import { removeDatabase } from '../store/database.ts';
import { isDamaged, openPostings } from '../store/postings.ts';
import { openStore, type SqliteStore } from '../store/sqlite.ts';

/** Where the log and its postings lie. */
export type LookupOptions = { readonly database: string; readonly postings: string };

/** Serves the lookup of a log on a port; resolves when it was told to stop. */
export function runLookup(port: Port, { database, postings: path }: LookupOptions): Promise<void> {
  const store = openStore(database, { readonly: true });
  let postings = openPostings(path);
  let tree: (ProofSource & { readonly follow: (head: PublishedHead) => void }) | undefined;
  return new Promise((resolve) => {
    serveLookup({
      port,
      open: (published) => new Catalogue({ log: sourceOf(store), postings, tree: () => tree }, published),
      discard() {
        postings.close();
        removeDatabase(path);
        postings = openPostings(path);
      },
      isDamage: isDamaged,
      follow(head) {
        tree ??= proofsOf(store, head);
        tree.follow(head);
        return tree;
      },
      sleep,
      clock: () => performance.now(),
      stopped() {
        postings.close();
        store.close();
        resolve();
      },
    });
  });
}

/** The log's database as a lookup reads it. */
export function sourceOf(store: SqliteStore): LogSource {
  return {
    entries: (lo, hi) => store.entries(lo, hi),
    governance: () => store.governance(),
    around: (index) => store.around(index),
  };
}

/** Proofs in the newest head that was told. */
export function proofsOf(store: SqliteStore, first: PublishedHead) {
  const tree = new PublishedTree(store, first);
  const proofs = {
    head: first,
    follow(head: PublishedHead) {
      tree.advance(head);
      proofs.head = head;
    },
    inclusion: (index: number, leaf: Parameters<PublishedTree['inclusion']>[1]) => tree.inclusion(index, leaf),
    rootAt(size: number) {
      const edge = loadEdge(store, store.head().size);
      return rootFrom(size, (node) => storedTreeNode(store, edge, node));
    },
  };
  return proofs;
}
