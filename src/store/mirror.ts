/** What a mirror knows beside its copy of the tree, in an SQLite database of its own; tables are in `schema.sql`. @module */
import type Database from 'better-sqlite3';
import { sha256 } from '#sha256';
import { type Hash, toHex } from '../core/bytes.ts';
import { Fault } from '../core/fault.ts';
import type { KnownCheckpoint, MirroredCheckpoint, MirrorStore } from '../monitor/ports.ts';
import { createDatabase, openDatabase, schemaOf, usePragmas } from './database.ts';
import { isThere } from './durable.ts';

/** What `init` fixed about a mirror. */
export type MirrorIdentity = { readonly name: string; readonly origin: string };

/** Makes the database of a new mirror; refuses if the file exists. */
export function createMirrorStore(path: string, { name, origin }: MirrorIdentity): void {
  createDatabase(path, 'mirror', (db) => {
    usePragmas(db);
    db.transaction(() => {
      db.exec(schemaOf('mirror'));
      db.prepare('INSERT INTO mirror VALUES (1, 1, ?, ?)').run(name, origin);
    })();
  });
}

/** Opens the database of a mirror; refuses to create one. */
export function openMirrorStore(path: string): SqliteMirrorStore {
  if (!isThere(path)) {
    throw new Fault('bad-request', `there is no mirror at ${path}; \`limmat mirror init\` makes one`);
  }
  return openDatabase(path, { fileMustExist: true }, (db) => {
    usePragmas(db);
    return new SqliteMirrorStore(db);
  });
}

export class SqliteMirrorStore implements MirrorStore {
  readonly #db: Database.Database;
  readonly #sql: ReturnType<typeof prepare>;

  constructor(db: Database.Database) {
    this.#db = db;
    this.#sql = prepare(db);
  }

  identity(): MirrorIdentity {
    return this.#sql.identity.get() as MirrorIdentity;
  }

  pending(): KnownCheckpoint[] {
    return (this.#sql.pending.all() as KnownCheckpoint[]).map(plain);
  }

  addPending({ size, root, note }: KnownCheckpoint, keep: number): void {
    this.#db.transaction(() => {
      this.#sql.addPending.run(size, root, note);
      this.#sql.forget.run(keep);
    })();
  }

  mirrored(): MirroredCheckpoint | undefined {
    const row = this.#sql.mirrored.get() as MirroredCheckpoint | undefined;
    return row && { ...plain(row), time: row.time };
  }

  setMirrored({ size, root, time, note }: MirroredCheckpoint): void {
    this.#sql.setMirrored.run(size, root, time, note);
  }

  keepEvidence(file: Uint8Array, max: number): boolean {
    return this.#sql.keep.run(toHex(sha256(file)), file, max).changes === 1;
  }

  /** Hashes of the evidence files, oldest first. */
  evidence(): string[] {
    return this.#sql.evidence.all() as string[];
  }

  /** An evidence file by its hash. */
  evidenceFile(hash: string): Uint8Array | undefined {
    const file = this.#sql.evidenceFile.get(hash) as Uint8Array | undefined;
    return file && new Uint8Array(file);
  }

  close(): void {
    this.#db.close();
  }
}

/** Buffers of the driver as ordinary byte strings. */
function plain({ size, root, note }: KnownCheckpoint): KnownCheckpoint {
  return { size, root: new Uint8Array(root) as Hash, note: new Uint8Array(note) };
}

function prepare(db: Database.Database) {
  return {
    identity: db.prepare('SELECT name, origin FROM mirror'),
    pending: db.prepare('SELECT size, root, note FROM pending ORDER BY size DESC'),
    addPending: db.prepare('INSERT INTO pending VALUES (?, ?, ?)'),
    forget: db.prepare('DELETE FROM pending WHERE size NOT IN (SELECT size FROM pending ORDER BY size DESC LIMIT ?)'),
    mirrored: db.prepare('SELECT size, root, time, note FROM mirrored'),
    setMirrored: db.prepare(
      `INSERT INTO mirrored VALUES (1, ?, ?, ?, ?) ON CONFLICT (one)
       DO UPDATE SET size = excluded.size, root = excluded.root, time = excluded.time, note = excluded.note`,
    ),
    keep: db.prepare('INSERT INTO proof SELECT ?, ? WHERE (SELECT count(*) FROM proof) < ? ON CONFLICT DO NOTHING'),
    evidence: db.prepare('SELECT hash FROM proof ORDER BY rowid').pluck(),
    evidenceFile: db.prepare('SELECT file FROM proof WHERE hash = ?').pluck(),
  };
}
