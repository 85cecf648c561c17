/** What all SQLite databases here share: how they open, the sections of `schema.sql`, and pragmas. @module */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import Database from 'better-sqlite3';
import { Fault, must } from '../core/fault.ts';
import { closeAfterError } from './close.ts';

const SCHEMA = new URL('../../schema.sql', import.meta.url);

/** The statements that make the tables of a log, of a witness, of a mirror or of a monitor. */
export function schemaOf(section: 'log' | 'witness' | 'mirror' | 'monitor'): string {
  const sections = readFileSync(SCHEMA, 'utf8').split(/^-- SECTION /m);
  const found = sections.find((text) => text.startsWith(`${section}\n`));
  must(found, `schema.sql has no section ${section}`);
  return `-- ${found}`;
}

const DAMAGED = 'it is damaged, or no database of this kind';
const FORBIDDEN = 'may this user write it and its folder?';

/** What to do about what SQLite says, which names no file: by the beginning of its code. */
const HINTS: readonly (readonly [code: string, hint: string])[] = [
  ['SQLITE_FULL', 'make room on its disk'],
  ['SQLITE_IOERR', 'is it a file, is its disk full, or failing?'],
  ['SQLITE_CANTOPEN', `is it a file, is its disk full, ${FORBIDDEN}`],
  ['SQLITE_READONLY', FORBIDDEN],
  ['SQLITE_NOTADB', DAMAGED],
  ['SQLITE_CORRUPT', DAMAGED],
  ['SQLITE_ERROR', DAMAGED],
];

/**
 * Opens a database, or makes one, and what stands on it. Fault `bad-request` with the file and what to do if SQLite will
 * not; what `open` throws of its own is passed on. Either way nothing stays open then.
 */
export function openDatabase<T>(path: string, options: Database.Options, open: (db: Database.Database) => T): T {
  let db: Database.Database | undefined;
  try {
    db = new Database(path, options);
    return open(db);
  } catch (error) {
    closeAfterError(db);
    if (!(error instanceof Database.SqliteError)) throw error;
    const hint = HINTS.find(([code]) => error.code.startsWith(code))?.[1];
    throw new Fault('bad-request', `${path}: ${error.message}${hint ? `; ${hint}` : ''}`);
  }
}

/** Makes a database, whole or not at all. Fault `bad-request` if the file exists, which is `what` to the user. */
export function createDatabase(path: string, what: string, make: (db: Database.Database) => void): void {
  if (existsSync(path)) throw new Fault('bad-request', `${path} exists; init never overwrites a ${what}`);
  try {
    openDatabase(path, {}, (db) => {
      make(db);
      db.close();
    });
  } catch (error) {
    removeDatabase(path);
    throw error;
  }
}

/** Removes the file and what SQLite keeps beside it. */
export function removeDatabase(path: string): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true });
}

export function usePragmas(db: Database.Database): void {
  if (!db.readonly) {
    db.pragma('journal_mode = WAL');
    db.pragma('wal_autocheckpoint = 256'); // 2 MiB: a larger one makes single commits wait 30 ms and more
  }
  // At every open: a database in WAL mode reopens as NORMAL, which loses acknowledged commits on power loss.
  db.pragma('synchronous = FULL');
  must(db.pragma('synchronous', { simple: true }) === 2, 'SQLite would not write through to the disk');
  must(db.pragma('journal_mode', { simple: true }) === 'wal', 'the database is not in WAL mode');
  db.pragma('mmap_size = 1073741824');
  db.pragma('busy_timeout = 5000');
  db.pragma('trusted_schema = OFF');
}
