/**
 * The lookup of a log: goes through the published entries in order, keeps under which terms each is found, and folds the
 * registry with its past. Its answers hold for the entries that it covers, and it says how many those are. @module
 */
import { sha256 } from '#sha256';
import { readBundle } from '../core/bundle.ts';
import { equal, utf8 } from '../core/bytes.ts';
import { decodeStatement } from '../core/cose.ts';
import { must } from '../core/fault.ts';
import { leafHash } from '../core/hash.ts';
import { TILE_WIDTH } from '../core/tile.ts';
import { Chronicle } from '../registry/chronicle.ts';
import { type Interval, markOf } from '../registry/interval.ts';
import type { Ledger } from '../registry/ledger.ts';
import { isGovernance, kindOf } from '../registry/names.ts';
import { type Term, termsOf } from '../registry/terms.ts';
import type { Entry, Lookup } from '../registry/view.ts';
import type { LogSource, PostingStore, ProofSource, Run } from './ports.ts';

export type CatalogueParts = {
  readonly log: LogSource;
  readonly postings: PostingStore;
  /** The published tree; undefined before the first head. */
  readonly tree: () => ProofSource | undefined;
};

/** Decoded entries that are kept after use. */
const KEPT_ENTRIES = 4096;
/** How far a search with several terms goes for one page. */
const MOST_STEPS = 5000;

export type Page = {
  readonly found: readonly number[];
  /** Where to go on; undefined if there is nothing more. */
  readonly next: number | undefined;
};

export class Catalogue implements Ledger {
  readonly #parts: CatalogueParts;
  readonly #entries = new Map<number, Entry>();
  readonly chronicle = new Chronicle();
  #size: number;

  /** Takes up what the postings cover, if they are of this log. Entries below `published` may be read. */
  constructor(parts: CatalogueParts, published: number) {
    this.#parts = parts;
    const { size, leaf } = parts.postings.covered();
    this.#size = size;
    const isOurs =
      size === 0 || (size <= published && leaf !== undefined && equal(this.#read(size - 1).leafHash, leaf));
    // Postings of another log, or of this one before it was restored and went on, would find the wrong entries.
    if (!isOurs) {
      parts.postings.clear();
      this.#size = 0;
    }
    this.#fold();
  }

  get size(): number {
    return this.#size;
  }

  /** Goes on through the entries, at most to the end of a bundle; answers whether there are more below `published`. */
  advance(published: number): boolean {
    const lo = this.#size;
    const hi = Math.min(published, lo - (lo % TILE_WIDTH) + TILE_WIDTH);
    if (lo >= hi) return false;
    const entries = this.#readMany(lo, hi);
    const last = entries.at(-1) as Entry;
    this.#parts.postings.extend({ size: hi, leaf: last.leafHash }, runsOf(entries));
    for (const entry of entries) if (isFolded(entry)) this.chronicle.take(entry, this.#lookupBelow(entry, entries));
    this.#size = hi;
    return hi < published;
  }

  entry(index: number): Entry | undefined {
    return index < this.#size ? this.#read(index) : undefined;
  }

  rootAt(size: number) {
    const tree = this.#parts.tree();
    must(tree, 'roots are asked for before anything is published');
    return tree.rootAt(size);
  }

  find(terms: readonly Term[], from: number, limit: number): number[] {
    return this.#search(terms, from, limit, Number.POSITIVE_INFINITY).found as number[];
  }

  /** `find` for strangers: it may find less than there is, and then says where to go on. */
  page(terms: readonly Term[], from: number, limit: number): Page {
    return this.#search(terms, from, limit, MOST_STEPS);
  }

  between(index: number): Interval {
    const { from, to } = this.#parts.log.around(index);
    const policy = this.chronicle.at(index).get('policy', '')?.policy;
    return {
      ...(from === undefined ? {} : { from: markOf(from, 'from', policy) }),
      ...(to === undefined ? {} : { to: markOf(to, 'to', policy) }),
    };
  }

  /** The entries that have all terms: goes from one candidate to the next, whichever term is the rarest. */
  #search(terms: readonly Term[], from: number, limit: number, budget: number): Page {
    const numbers = terms.map(numberOf);
    const found: number[] = [];
    let at = from;
    for (let step = 0; found.length < limit; step++) {
      if (step >= budget) return { found, next: at };
      const candidate = this.#candidate(numbers, at);
      if (candidate === undefined) return { found, next: undefined };
      if (candidate.agreed && this.#has(candidate.entry, terms)) found.push(candidate.entry);
      at = candidate.agreed ? candidate.entry + 1 : candidate.entry;
    }
    return { found, next: this.#candidate(numbers, at) === undefined ? undefined : at };
  }

  /** The least entry from `at` on that can have all terms; `agreed` if they all say so. */
  #candidate(numbers: readonly number[], at: number): { entry: number; agreed: boolean } | undefined {
    let entry = at;
    for (const number of numbers) {
      const next = this.#parts.postings.next(number, entry);
      if (next === undefined || next >= this.#size) return undefined;
      if (next > entry && number !== numbers[0]) return { entry: next, agreed: false };
      entry = next;
    }
    return entry < this.#size ? { entry, agreed: true } : undefined;
  }

  /** Numbers stand for terms, and two terms may share one. */
  #has(index: number, terms: readonly Term[]): boolean {
    const own = termsOf(this.#read(index));
    return terms.every((term) => own.includes(term));
  }

  #fold(): void {
    const all = this.#parts.log.governance().filter((index) => index < this.#size);
    for (let i = 0; i < all.length; ) {
      // Those that lie close together are read at once.
      const first = all[i] as number;
      const end = first - (first % TILE_WIDTH) + TILE_WIDTH;
      let next = i + 1;
      while (next < all.length && (all[next] as number) < end && (all[next] as number) - (all[next - 1] as number) < 16)
        next++;
      const read = this.#readMany(first, (all[next - 1] as number) + 1);
      for (const index of all.slice(i, next)) this.chronicle.take(read[index - first] as Entry, this);
      i = next;
    }
  }

  #lookupBelow({ index: own }: Entry, batch: readonly Entry[]): Lookup {
    const first = (batch[0] as Entry).index;
    return {
      entry: (index) => (index >= own ? undefined : index < first ? this.#read(index) : batch[index - first]),
      rootAt: (size) => this.rootAt(size),
    };
  }

  #read(index: number): Entry {
    const known = this.#entries.get(index);
    if (known !== undefined) return known;
    const [entry] = this.#readMany(index, index + 1) as [Entry];
    if (this.#entries.size >= KEPT_ENTRIES) this.#entries.delete(this.#entries.keys().next().value as number);
    this.#entries.set(index, entry);
    return entry;
  }

  #readMany(lo: number, hi: number): Entry[] {
    return readBundle(this.#parts.log.entries(lo, hi), hi - lo).map((bytes, i) => {
      return { index: lo + i, leafHash: leafHash(bytes), statement: decodeStatement(bytes) };
    });
  }
}

function isFolded({ statement }: Entry): boolean {
  const kind = kindOf(statement.contentType);
  return kind !== undefined && isGovernance(kind);
}

/** Which entries have which terms, in the order of the terms: so the pages of an index are each visited once. */
function runsOf(entries: readonly Entry[]): Run[] {
  const open = new Map<number, [first: number, last: number]>();
  const runs: Run[] = [];
  for (const entry of entries) {
    const { index } = entry;
    for (const number of termsOf(entry).map(numberOf)) {
      const run = open.get(number);
      if (run && run[1] >= index - 1) run[1] = index;
      else {
        if (run) runs.push([number, ...run]);
        open.set(number, [index, index]);
      }
    }
  }
  for (const [number, run] of open) runs.push([number, ...run]);
  return runs.sort(([a, first], [b, other]) => a - b || first - other);
}

/** Terms whose numbers are kept; most entries say the same of who, where and by which key. */
const KEPT_NUMBERS = 4096;
const numbers = new Map<Term, number>();

/** The first 48 bits of SHA-256: short rows matter more than that no two terms ever share one. */
function numberOf(term: Term): number {
  const known = numbers.get(term);
  if (known !== undefined) return known;
  const number = sha256(utf8(term))
    .subarray(0, 6)
    .reduce((value, byte) => value * 256 + byte, 0);
  if (numbers.size >= KEPT_NUMBERS) numbers.clear();
  numbers.set(term, number);
  return number;
}
