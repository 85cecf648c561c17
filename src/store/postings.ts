/**
 * The postings of a lookup in a SQLite file of its own, which holds nothing that could not be made again: one that is
 * damaged, or of another format, is thrown away. @module
 */
import Database from 'better-sqlite3';
import { HASH_BYTES, type Hash } from '../core/bytes.ts';
import type { Covered, PostingStore, Run } from '../lookup/ports.ts';
import { removeDatabase } from './database.ts';

/** Counts up with every change to the tables, or to what the terms of an entry are. */
const FORMAT = 2;

const SCHEMA = `
  CREATE TABLE covered (one INTEGER PRIMARY KEY CHECK (one = 1), size INTEGER NOT NULL, leaf BLOB) STRICT;
  CREATE TABLE run (term INTEGER NOT NULL, last INTEGER NOT NULL, first INTEGER NOT NULL, PRIMARY KEY (term, last))
    STRICT, WITHOUT ROWID;
  INSERT INTO covered VALUES (1, 0, NULL);
`;

/** Opens the file, or makes it; a file that cannot be read is replaced by an empty one. */
export function openPostings(path: string): SqlitePostings {
  try {
    return new SqlitePostings(openFile(path));
  } catch (error) {
    if (!isDamaged(error)) throw error;
    removeDatabase(path);
    return new SqlitePostings(openFile(path));
  }
}

/** Whether an error says that the file is not what was written. */
export function isDamaged(error: unknown): boolean {
  return error instanceof Database.SqliteError && /^SQLITE_(?:CORRUPT|NOTADB)/.test(error.code);
}

function openFile(path: string): Database.Database {
  const db = new Database(path);
  try {
    db.pragma('journal_mode = WAL');
    // A power cut may lose the last postings, and never some of a transaction: they are made again from the entries.
    db.pragma('synchronous = NORMAL');
    db.pragma('trusted_schema = OFF');
    db.pragma('mmap_size = 1073741824');
    db.pragma('cache_size = -65536');
    if (db.pragma('user_version', { simple: true }) !== FORMAT) remake(db);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function remake(db: Database.Database): void {
  db.transaction(() => {
    db.exec('DROP TABLE IF EXISTS covered; DROP TABLE IF EXISTS posting; DROP TABLE IF EXISTS run;');
    db.exec(SCHEMA);
    db.pragma(`user_version = ${FORMAT}`);
  })();
}

export class SqlitePostings implements PostingStore {
  readonly #db: Database.Database;
  readonly #sql: ReturnType<typeof prepare>;
  readonly #extend: (to: Covered, runs: readonly Run[]) => void;

  constructor(db: Database.Database) {
    this.#db = db;
    this.#sql = prepare(db);
    this.#extend = db.transaction((to: Covered, runs: readonly Run[]) => {
      for (const [term, first, last] of runs) this.#sql.add.run(term, last, first);
      this.#sql.cover.run(to.size, to.leaf ?? null);
    });
  }

  covered(): Covered {
    const { size, leaf } = this.#sql.covered.get() as { size: number; leaf: Uint8Array | null };
    return { size, leaf: leaf?.length === HASH_BYTES ? (Uint8Array.from(leaf) as Hash) : undefined };
  }

  extend(to: Covered, runs: readonly Run[]): void {
    this.#extend(to, runs);
  }

  next(term: number, from: number): number | undefined {
    return this.#sql.next.get(from, term, from) as number | undefined;
  }

  clear(): void {
    remake(this.#db);
  }

  close(): void {
    this.#db.close();
  }
}

function prepare(db: Database.Database) {
  return {
    covered: db.prepare('SELECT size, leaf FROM covered'),
    cover: db.prepare('UPDATE covered SET size = ?, leaf = ?'),
    add: db.prepare('INSERT INTO run VALUES (?, ?, ?)'),
    next: db.prepare('SELECT max(first, ?) FROM run WHERE term = ? AND last >= ? ORDER BY last LIMIT 1').pluck(),
  };
}
