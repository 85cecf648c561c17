/** What all SQLite databases here share: the sections of `schema.sql`, and pragmas that are set at every open. @module */
import { readFileSync } from 'node:fs';
import type Database from 'better-sqlite3';
import { must } from '../core/fault.ts';

const SCHEMA = new URL('../../schema.sql', import.meta.url);

/** The statements that make the tables of a log, of a witness, of a mirror or of a monitor. */
export function schemaOf(section: 'log' | 'witness' | 'mirror' | 'monitor'): string {
  const sections = readFileSync(SCHEMA, 'utf8').split(/^-- SECTION /m);
  const found = sections.find((text) => text.startsWith(`${section}\n`));
  must(found, `schema.sql has no section ${section}`);
  return `-- ${found}`;
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
