/** A log in memory as a lookup reads it, with real postings on a real disk. */
import { join } from 'node:path';
import { packBundle } from '../../src/core/bundle.ts';
import { Catalogue } from '../../src/lookup/catalogue.ts';
import type { LogSource, PostingStore, ProofSource } from '../../src/lookup/ports.ts';
import { openPostings } from '../../src/store/postings.ts';
import { folder } from '../folder.ts';
import { mth, path } from '../oracle.ts';
import { isFolded } from '../registry/ledger.ts';
import type { World } from '../registry/world.ts';

export const NOTE = new TextEncoder().encode('not a note\n');

export function sourceOf({ entries }: World): LogSource {
  return {
    entries: (lo, hi) => packBundle(entries.slice(lo, hi).map(({ statement }) => statement.entry)),
    governance: () => entries.filter(isFolded).map(({ index }) => index),
    around: () => ({ from: undefined, to: undefined }),
  };
}

export function proofsOf({ entries }: World): ProofSource {
  const leaves = entries.map(({ leafHash }) => leafHash);
  return {
    head: { size: leaves.length, root: mth(leaves), note: NOTE },
    inclusion: (index) => path(index, leaves),
    rootAt: (size) => mth(leaves.slice(0, size)),
  };
}

export const freshFile = (): string => join(folder(), 'lookup.db');

/** Opens the file and goes through all of the log, or as far as it is told. */
export function cover(world: World, file: string, upTo = world.entries.length, wrap = (store: PostingStore) => store) {
  const postings = openPostings(file);
  const tree = () => proofsOf(world);
  const catalogue = new Catalogue({ log: sourceOf(world), postings: wrap(postings), tree }, world.entries.length);
  const began = catalogue.size;
  while (catalogue.advance(upTo));
  return { catalogue, postings, began };
}
