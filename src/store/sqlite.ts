/**
 * The embedded default store: one SQLite database in WAL mode, tables and rules in `schema.sql`. One process writes;
 * any number of read-only connections may look on. @module
 */
import type Database from 'better-sqlite3';
import { concat, type Hash } from '../core/bytes.ts';
import type { Head } from '../core/checkpoint.ts';
import { Fault, must } from '../core/fault.ts';
import { EMPTY_ROOT } from '../core/hash.ts';
import type { KeyUse } from '../core/logkeys.ts';
import { TILE_WIDTH } from '../core/tile.ts';
import type { Batch, EntryMode, LogStore, Publication, PublishedNote } from '../log/ports.ts';
import { createDatabase, openDatabase, schemaOf, usePragmas } from './database.ts';
import { isThere } from './durable.ts';

type StoredRun = { readonly first: number; readonly entries: Uint8Array };

/** What init fixed about a log. */
export type LogIdentity = { readonly origin: string; readonly entries: EntryMode };

/** 4 GiB entries of one level's tiles per level; level 6 is the last that 2^53 leaves need. */
const LEVEL_STRIDE = 2 ** 40;
/** Bundles whose offsets are kept, 1 kB each: those of a million entries. */
const KEPT_OFFSETS = 4096;
const KEY_USES: readonly KeyUse[] = ['checkpoint-ed25519', 'checkpoint-mldsa44', 'receipt-p256', 'statement-ed25519'];

/** Makes the database of a new log; refuses if the file exists. */
export function createStore(path: string, { origin, entries }: LogIdentity): void {
  createDatabase(path, 'log', (db) => {
    // Before any table: tiles of 9 kB fit two pages of 8 KiB, and 8 KiB pages wrote fastest.
    db.pragma('page_size = 8192');
    usePragmas(db);
    db.transaction(() => {
      db.exec(schemaOf('log'));
      db.prepare('INSERT INTO log VALUES (1, 1, ?, ?)').run(origin, entries);
      db.prepare('INSERT INTO head VALUES (1, 0, ?)').run(EMPTY_ROOT);
      for (const use of KEY_USES) db.prepare('INSERT INTO derived_key VALUES (?, 0)').run(use);
    })();
  });
}

/** Opens the database of a log; refuses to create one. */
export function openStore(path: string, options: { readonly?: boolean } = {}): SqliteStore {
  if (!isThere(path)) throw new Fault('bad-request', `there is no log at ${path}; \`limmat init\` makes one`);
  return openDatabase(path, { fileMustExist: true, readonly: options.readonly ?? false }, (db) => {
    usePragmas(db);
    return new SqliteStore(db);
  });
}

export class SqliteStore implements LogStore, Publication {
  readonly #db: Database.Database;
  readonly #commit: (batch: Batch) => void;
  readonly #sql: ReturnType<typeof prepare>;
  /** By bundle, for those that are one run: SQLite then hands out an entry alone and not 256 of them. */
  readonly #offsets = new Map<number, Uint32Array>();

  constructor(db: Database.Database) {
    this.#db = db;
    this.#sql = prepare(db);
    this.#commit = db.transaction((batch: Batch) => this.#write(batch));
  }

  identity(): LogIdentity {
    return this.#sql.log.get() as LogIdentity;
  }

  /** The number in use of a derived key. */
  keyNumber(use: KeyUse): number {
    return this.#sql.keyNumber.get(use) as number;
  }

  /** Makes the next number of a derived key the one in use, and returns it. */
  rotateKey(use: KeyUse): number {
    this.#sql.rotateKey.run(use);
    return this.keyNumber(use);
  }

  head(): Head {
    const { size, root } = this.#sql.head.get() as { size: number; root: Uint8Array };
    return { size, root: Uint8Array.from(root) as Hash };
  }

  entries(lo: number, hi: number): Uint8Array {
    const known = this.#offsets.get(Math.floor(lo / TILE_WIDTH));
    if (known) return this.#slice(known, lo, hi);
    const runs = this.#sql.runs.all(lo, hi) as StoredRun[];
    const parts: Uint8Array[] = [];
    let next = lo;
    for (const { first, entries } of runs) {
      if (parts.length > 0 ? first !== next : first > lo) break;
      const cut = cutRun(entries, first, lo, hi);
      parts.push(cut.bytes);
      next = cut.next;
    }
    if (next !== hi) throw new Fault('bad-bundle', `entry ${next} is missing from the database`, { size: next });
    if (runs.length === 1 && hi - lo < TILE_WIDTH) this.#remember(runs[0] as StoredRun);
    return concat(...parts);
  }

  /** Keeps where the entries of a run begin, if it is a whole bundle: none but those are large, and have one name. */
  #remember({ first, entries }: StoredRun): void {
    const offsets = first % TILE_WIDTH === 0 ? offsetsOf(entries) : undefined;
    if (!offsets) return;
    if (this.#offsets.size >= KEPT_OFFSETS) this.#offsets.delete(this.#offsets.keys().next().value as number);
    this.#offsets.set(first / TILE_WIDTH, offsets);
  }

  /** Some entries of a run that is a whole bundle. */
  #slice(offsets: Uint32Array, lo: number, hi: number): Uint8Array {
    const first = lo - (lo % TILE_WIDTH);
    const [from, to] = [offsets[lo - first] as number, offsets[hi - first] as number];
    return plain(this.#sql.slice.get(from + 1, to - from, first) as Uint8Array);
  }

  tile(level: number, n: number): Uint8Array | undefined {
    const nodes = this.#sql.tile.get(level * LEVEL_STRIDE + n) as Uint8Array | undefined;
    return nodes && plain(nodes);
  }

  commit(batch: Batch): void {
    this.#commit(batch);
  }

  #write({ from, to, runs, tiles, governance }: Batch): void {
    for (const { first, entries, ids } of runs) this.#sql.addRun.run(first, ids ?? null, entries);
    for (const { level, n, nodes } of tiles) this.#sql.addTile.run(level * LEVEL_STRIDE + n, nodes);
    for (const index of governance) this.#sql.addGovernance.run(index);
    const { changes } = this.#sql.moveHead.run(to.size, to.root, from.size, from.root);
    must(changes === 1, `the committed head is no longer of size ${from.size}: a second writer?`);
  }

  *ids(): Iterable<{ first: number; ids: Uint8Array }> {
    for (const row of this.#sql.ids.iterate()) {
      const { first, ids } = row as { first: number; ids: Uint8Array | null };
      if (ids) yield { first, ids: plain(ids) };
    }
  }

  idAt(index: number): Uint8Array {
    const row = this.#sql.idsAt.get(index) as { first: number; ids: Uint8Array | null } | undefined;
    const at = row ? (index - row.first) * 32 : 0;
    must(row?.ids && at + 32 <= row.ids.length, `no id is stored for entry ${index}`);
    return plain(row.ids.subarray(at, at + 32));
  }

  governance(): number[] {
    return this.#sql.governance.all() as number[];
  }

  published(): PublishedNote | undefined {
    return toPublished(this.#sql.published.get());
  }

  /** The checkpoint that was published for a size. */
  publishedAt(size: number): PublishedNote | undefined {
    return toPublished(this.#sql.publishedAt.get(size));
  }

  /** Published checkpoints beyond a size, smallest first; the size is their number. */
  publishedAfter(size: number, limit: number): { seq: number; note: Uint8Array }[] {
    const rows = this.#sql.publishedAfter.all(size, limit) as { seq: number; note: Uint8Array }[];
    return rows.map(({ seq, note }) => ({ seq, note: plain(note) }));
  }

  /** Every published checkpoint, oldest first. */
  *checkpoints(): Iterable<PublishedNote> {
    for (const row of this.#sql.checkpoints.iterate()) yield toPublished(row) as PublishedNote;
  }

  /** The published checkpoints around an entry, as notes: the last of at most `index` entries, the first of more. */
  around(index: number): { from: Uint8Array | undefined; to: Uint8Array | undefined } {
    const [from, to] = [this.#sql.noteUpTo.get(index), this.#sql.noteBeyond.get(index)] as (Uint8Array | undefined)[];
    return { from: from && plain(from), to: to && plain(to) };
  }

  publish(published: PublishedNote): void {
    this.#sql.publish.run(published);
  }

  close(): void {
    this.#db.close();
  }
}

/** A Buffer of the driver as an ordinary byte string; `slice` would make another Buffer. */
function plain(buffer: Uint8Array): Uint8Array {
  return new Uint8Array(buffer);
}

function toPublished(row: unknown): PublishedNote | undefined {
  if (row === undefined) return undefined;
  const { note, receiptHeader, receiptSignature, treeHeadSignature, ...numbers } = row as PublishedNote;
  return {
    ...numbers,
    note: plain(note),
    receiptHeader: plain(receiptHeader),
    receiptSignature: plain(receiptSignature),
    treeHeadSignature: plain(treeHeadSignature),
  };
}

/** Where the entries of a run of 256 begin, and where the last ends; undefined for any other run. */
function offsetsOf(run: Uint8Array): Uint32Array | undefined {
  const offsets = new Uint32Array(TILE_WIDTH + 1);
  for (let i = 0; i < TILE_WIDTH; i++) {
    const at = offsets[i] as number;
    offsets[i + 1] = at + 2 + (run[at] as number) * 256 + (run[at + 1] ?? Number.NaN);
  }
  return offsets[TILE_WIDTH] === run.length ? offsets : undefined;
}

/** The part of a run that lies in [lo, hi), and the index after it. */
function cutRun(run: Uint8Array, first: number, lo: number, hi: number): { bytes: Uint8Array; next: number } {
  let [at, index, from] = [0, first, 0];
  for (; at < run.length && index < hi; index++) {
    if (index === lo) from = at;
    at += 2 + (run[at] as number) * 256 + (run[at + 1] ?? Number.NaN);
  }
  if (!(at <= run.length)) throw new Fault('bad-bundle', `the run of entry ${first} is cut off`, { size: first });
  return { bytes: run.subarray(index <= lo ? at : from, at), next: index };
}

const PUBLISHED = `size, note, receipt_header AS receiptHeader, receipt_signature AS receiptSignature, timestamp,
  tree_head_signature AS treeHeadSignature`;

function prepare(db: Database.Database) {
  return {
    log: db.prepare('SELECT origin, entries FROM log'),
    keyNumber: db.prepare('SELECT max(n) FROM derived_key WHERE use = ?').pluck(),
    rotateKey: db.prepare('INSERT INTO derived_key SELECT use, max(n) + 1 FROM derived_key WHERE use = ?'),
    head: db.prepare('SELECT size, root FROM head'),
    moveHead: db.prepare('UPDATE head SET size = ?, root = ? WHERE size = ? AND root = ?'),
    runs: db.prepare(
      `SELECT first, entries FROM run
       WHERE first >= (SELECT max(first) FROM run WHERE first <= ?) AND first < ? ORDER BY first`,
    ),
    slice: db.prepare('SELECT substr(entries, ?, ?) FROM run WHERE first = ?').pluck(),
    addRun: db.prepare('INSERT INTO run VALUES (?, ?, ?)'),
    ids: db.prepare('SELECT first, ids FROM run ORDER BY first'),
    idsAt: db.prepare('SELECT first, ids FROM run WHERE first <= ? ORDER BY first DESC LIMIT 1'),
    tile: db.prepare('SELECT nodes FROM tile WHERE place = ?').pluck(),
    addTile: db.prepare('INSERT INTO tile VALUES (?, ?)'),
    governance: db.prepare('SELECT entry FROM governance ORDER BY entry').pluck(),
    addGovernance: db.prepare('INSERT INTO governance VALUES (?)'),
    published: db.prepare(`SELECT ${PUBLISHED} FROM checkpoint ORDER BY size DESC LIMIT 1`),
    publishedAt: db.prepare(`SELECT ${PUBLISHED} FROM checkpoint WHERE size = ?`),
    publishedAfter: db.prepare('SELECT size AS seq, note FROM checkpoint WHERE size > ? ORDER BY size LIMIT ?'),
    checkpoints: db.prepare(`SELECT ${PUBLISHED} FROM checkpoint ORDER BY size`),
    noteUpTo: db.prepare('SELECT note FROM checkpoint WHERE size <= ? ORDER BY size DESC LIMIT 1').pluck(),
    noteBeyond: db.prepare('SELECT note FROM checkpoint WHERE size > ? ORDER BY size LIMIT 1').pluck(),
    publish: db.prepare(
      `INSERT INTO checkpoint
       VALUES (:size, :note, :receiptHeader, :receiptSignature, :timestamp, :treeHeadSignature) ON CONFLICT (size)
       DO UPDATE SET note = excluded.note, receipt_header = excluded.receipt_header,
         receipt_signature = excluded.receipt_signature, timestamp = excluded.timestamp,
         tree_head_signature = excluded.tree_head_signature`,
    ),
  };
}
