/**
 * Follows one log: from signed heads to a verified tree, and from that to entries, each of which is put before the rules
 * of the log and those of the monitor. What was done is committed step by step; a step that breaks off is done again. @module
 */
import { toHex } from '../core/bytes.ts';
import { decodeStatement } from '../core/cose.ts';
import { makeEvidence } from '../core/evidence.ts';
import { Fault } from '../core/fault.ts';
import { leafHash } from '../core/hash.ts';
import { type Get, Reader } from '../core/reader.ts';
import { TILE_WIDTH } from '../core/tile.ts';
import type { Finding } from './alert.ts';
import { type Copy, fromCopies, isWrong, NoCopy, type Trouble } from './copies.ts';
import type { Heads } from './heads.ts';
import { Looker, START } from './look.ts';
import type { Known, MonitorStore, SeenHead } from './memory.ts';
import type { Replayed } from './sample.ts';
import { edgeLeaves, growTo, storedTiles } from './tree.ts';
import type { Watch } from './watch.ts';

export type FollowParts = {
  readonly heads: Heads;
  readonly store: MonitorStore;
  readonly copies: readonly Copy[];
  readonly clock: () => Date;
  readonly watch: () => Watch;
  /** Keeps a finding as an alert. */
  readonly tell: (finding: Finding) => void;
  /** Told of what is not worth an alert. */
  readonly note: (message: string) => void;
  /** How long a signed head may lack its tree, in milliseconds. */
  readonly grace: number;
  /** Whether a log that is not known yet begins with its newest head: its tree is verified, its entries are not read. */
  readonly startAtEnd: boolean;
};

/** Entries that are committed at once; and heads that are tried in one round. */
const ENTRIES_A_STEP = 4096;
const MAX_TRIED = 8;
/** Bundles that are fetched while one is looked at. */
const BUNDLES_AHEAD = 8;

export class Follower {
  readonly #parts: FollowParts;
  #looker: Looker | undefined;

  constructor(parts: FollowParts) {
    this.#parts = parts;
  }

  /** Verifies the largest head that somebody shows the tree of. Answers whether a larger one is left unverified. */
  async advance(): Promise<boolean> {
    const { store, heads, clock, grace, tell } = this.#parts;
    const { origin } = heads.log;
    const { size } = store.known(origin);
    const tried = (['pending', 'unverifiable', 'conflict'] as const)
      .flatMap((status) => store.heads(origin, { status }))
      .filter((head) => head.size > size)
      .sort((a, b) => b.size - a.size)
      .slice(0, MAX_TRIED);
    let lost = false;
    for (const head of tried) {
      const done = await this.#grow(head);
      if (done) break;
      lost = true;
      const { status, firstSeen } = head;
      if (status !== 'pending' || clock().getTime() - firstSeen < grace) continue;
      store.markHead(origin, head, 'unverifiable');
      tell({
        kind: 'unverifiable-head',
        rule: 'no-tree',
        subject: `${head.size} ${toHex(head.root)}`,
        summary: `nobody shows the tree of the head of size ${head.size} that ${origin} has signed (it came from ${head.source})`,
        detail: { size: head.size, root: toHex(head.root) },
      });
    }
    await heads.review();
    return lost;
  }

  /** Answers whether the tree was grown. */
  async #grow(head: SeenHead): Promise<boolean> {
    const { store, heads, copies, startAtEnd, note: say } = this.#parts;
    const { origin, vkeys } = heads.log;
    const known = store.known(origin);
    try {
      const grown = await fromCopies(
        copies,
        (get) => growTo(known, head, get, (tiles) => store.putTiles(origin, tiles)),
        // Of two heads of one size, a copy can show the tree of one alone: that is no fault of the copy.
        (trouble) => {
          if (store.heads(origin, { size: head.size }).length === 1) this.#tellTrouble(trouble, head.size);
        },
      );
      if (grown.kind === 'forked') {
        const evidence = await makeEvidence(vkeys, [known.note as Uint8Array, head.note], () => grown.nodes);
        heads.convict(head, head.note, evidence, head.source);
        return false;
      }
      const { size, root, note } = head;
      const skips = startAtEnd && known.size === 0;
      const looked = skips ? size : known.looked;
      const next: Known = { size, root, note, edge: edgeLeaves(grown.edge), looked };
      store.commit(origin, known, { known: next, ...(skips ? { facts: new Map([[START, String(size)]]) } : {}) });
      if (skips) say(`the entries before ${size} are not checked, and neither are the rules of the log after it`);
      if (head.status !== 'conflict') store.markHead(origin, head, 'verified');
      return true;
    } catch (error) {
      if (error instanceof NoCopy) return false;
      throw error;
    }
  }

  /** Looks at the entries that have not been looked at. Answers whether all of them could be read. */
  async look(): Promise<boolean> {
    const { store, heads } = this.#parts;
    const { origin } = heads.log;
    const known = store.known(origin);
    if (known.looked === known.size) return true;
    try {
      await this.#lookAt(known, this.#theLooker());
      return true;
    } catch (error) {
      this.#looker = undefined; // what it had folded may be ahead of what was committed
      if (error instanceof NoCopy || error instanceof Fault) return false;
      throw error;
    }
  }

  /** What was looked at, to ask questions of; undefined if it is not of statements. */
  replayed(): Replayed | undefined {
    const { store, heads } = this.#parts;
    const known = store.known(heads.log.origin);
    const { chronicle, isReplayed } = this.#theLooker();
    if (!isReplayed || known.looked === 0) return undefined;
    const read = this.#bundles(known);
    const entry = async (index: number) => {
      const bytes = (await read(Math.floor(index / TILE_WIDTH)))[index % TILE_WIDTH] as Uint8Array;
      return { index, leafHash: leafHash(bytes), statement: decodeStatement(bytes) };
    };
    return { size: known.looked, chronicle, entry };
  }

  async #lookAt(known: Known, looker: Looker): Promise<void> {
    const { store, heads } = this.#parts;
    const { origin } = heads.log;
    const first = Math.floor(known.looked / TILE_WIDTH);
    const end = Math.ceil(known.size / TILE_WIDTH);
    const read = this.#bundles(known);
    looker.begin(known, read);
    const ahead: Promise<Uint8Array[]>[] = [];
    let looked = known.looked;
    let committed = known.looked;
    for (let n = first, next = first; n < end; n++) {
      for (; next < end && next < n + BUNDLES_AHEAD; next++) {
        const entries = read(next);
        entries.catch(() => {}); // told when its turn comes
        ahead.push(entries);
      }
      const entries = await (ahead.shift() as Promise<Uint8Array[]>);
      await looker.take(looked, entries.slice(looked - n * TILE_WIDTH));
      looked = n * TILE_WIDTH + entries.length;
      if (looked - committed < ENTRIES_A_STEP && n < end - 1) continue;
      store.commit(
        origin,
        { size: known.size, looked: committed },
        { ...looker.step(n === end - 1), known: { ...known, looked } },
      );
      committed = looked;
    }
  }

  /** Reads bundles of the known tree, each checked against the tiles in the store. */
  #bundles(known: Known): (n: number) => Promise<Uint8Array[]> {
    const { store, heads, copies } = this.#parts;
    const tiles = storedTiles(store, heads.log.origin, known);
    const readers = new Map<Get, Reader>();
    const readerOf = (get: Get): Reader => {
      const reader =
        readers.get(get) ?? new Reader((path) => (path.startsWith('tile/entries/') ? get(path) : tiles(path)), known);
      readers.set(get, reader);
      return reader;
    };
    return (n) =>
      fromCopies(
        copies,
        (get) => readerOf(get).entries(n),
        (trouble) => this.#tellTrouble(trouble, known.size),
      );
  }

  #theLooker(): Looker {
    const { store, heads, clock, watch } = this.#parts;
    const { origin, witnesses } = heads.log;
    this.#looker ??= new Looker({ origin, witnesses, store, clock, watch });
    return this.#looker;
  }

  /** Bytes that do not lead to the signed root are told once a day; a copy that is away is told by whoever polls it. */
  #tellTrouble(trouble: Trouble, size: number): void {
    if (!isWrong(trouble)) return;
    const { tell, heads, clock } = this.#parts;
    tell({
      kind: 'inconsistent-tile',
      rule: 'bad-copy',
      subject: `${trouble.copy} ${trouble.fault.message} ${clock().toISOString().slice(0, 10)}`,
      summary: `${trouble.copy} serves a copy of ${heads.log.origin} that is damaged or was tampered with: ${trouble.fault.message}`,
      detail: { copy: trouble.copy, size },
    });
  }
}
