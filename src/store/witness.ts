/** The state of a witness in an SQLite database of its own; tables and rules in `schema.sql`. @module */
import type Database from 'better-sqlite3';
import { sha256 } from '#sha256';
import { concat, HASH_BYTES, type Hash, toHex, utf8 } from '../core/bytes.ts';
import { Fault } from '../core/fault.ts';
import { EMPTY_ROOT, hashAt } from '../core/hash.ts';
import { formatVkey, parseNote, parseVkey, type Vkey } from '../core/note.ts';
import type { Evidence, Known, WitnessedLog, WitnessStore } from '../witness/ports.ts';
import { createDatabase, openDatabase, schemaOf, usePragmas } from './database.ts';
import { isThere } from './durable.ts';

/** Makes the database of a new witness; refuses if the file exists. */
export function createWitnessStore(path: string, name: string): void {
  createDatabase(path, 'witness', (db) => {
    usePragmas(db);
    db.transaction(() => {
      db.exec(schemaOf('witness'));
      db.prepare('INSERT INTO witness VALUES (1, 1, ?)').run(name);
    })();
  });
}

/** Opens the database of a witness; refuses to create one. */
export function openWitnessStore(path: string): SqliteWitnessStore {
  if (!isThere(path)) {
    throw new Fault('bad-request', `there is no witness at ${path}; \`limmat witness init\` makes one`);
  }
  return openDatabase(path, { fileMustExist: true }, (db) => {
    usePragmas(db);
    db.pragma('foreign_keys = ON');
    return new SqliteWitnessStore(db);
  });
}

type LogRow = { origin: string; size: number; root: Uint8Array; time: number; note: Uint8Array | null };
type EvidenceRow = Omit<Evidence, 'known' | 'proof'> & { known: Uint8Array | null; proof: Uint8Array };

export class SqliteWitnessStore implements WitnessStore {
  readonly #db: Database.Database;
  readonly #sql: ReturnType<typeof prepare>;
  /** Reading a key costs more than a request needs otherwise. */
  readonly #vkeys = new Map<string, Vkey>();

  constructor(db: Database.Database) {
    this.#db = db;
    this.#sql = prepare(db);
  }

  /** The name that `init` gave the witness. */
  name(): string {
    return this.#sql.name.get() as string;
  }

  log(origin: string): WitnessedLog | undefined {
    const row = this.#sql.log.get(origin) as LogRow | undefined;
    if (!row) return undefined;
    const { size, root, time, note } = row;
    const vkeys = (this.#sql.vkeys.all(origin) as string[]).map((text) => this.#vkey(text));
    return { origin, vkeys, known: { size, root: plain(root) as Hash, time, note: note ? plain(note) : undefined } };
  }

  originOf(hash: string): string | undefined {
    return this.#sql.originOf.get(hash) as string | undefined;
  }

  origins(): string[] {
    return this.#sql.origins.all() as string[];
  }

  /** Adds a log, or a key to one; answers whether the key is new. On disk when the call returns. */
  addLog(origin: string, vkey: Vkey): boolean {
    return this.#db.transaction(() => {
      this.#sql.addLog.run(origin, toHex(sha256(utf8(origin))), EMPTY_ROOT);
      return this.#sql.addVkey.run(formatVkey(vkey), origin).changes === 1;
    })();
  }

  advance(origin: string, from: Known, to: Known): boolean {
    const next = [to.size, to.root, to.time, to.note];
    return this.#sql.advance.run(...next, origin, from.size, from.root, from.time).changes === 1;
  }

  keep({ origin, kind, time, known, offered, old, proof }: Evidence, max: number): boolean {
    const { text } = parseNote(offered);
    const row = [origin, kind, time, known ?? null, offered, text, old, concat(...proof)];
    return this.#sql.keep.run(...row, origin, kind, max).changes === 1;
  }

  /** All that is kept, oldest first. */
  *evidence(): Iterable<Evidence> {
    for (const row of this.#sql.evidence.iterate()) {
      const { known, offered, proof, ...rest } = row as EvidenceRow;
      const hashes = Array.from({ length: proof.length / HASH_BYTES }, (_, i) => plain(hashAt(proof, i)) as Hash);
      yield { ...rest, known: known ? plain(known) : undefined, offered: plain(offered), proof: hashes };
    }
  }

  close(): void {
    this.#db.close();
  }

  #vkey(text: string): Vkey {
    const vkey = this.#vkeys.get(text) ?? parseVkey(text);
    this.#vkeys.set(text, vkey);
    return vkey;
  }
}

/** A Buffer of the driver as an ordinary byte string. */
function plain(buffer: Uint8Array): Uint8Array {
  return new Uint8Array(buffer);
}

function prepare(db: Database.Database) {
  return {
    name: db.prepare('SELECT name FROM witness').pluck(),
    log: db.prepare('SELECT origin, size, root, time, note FROM witnessed_log WHERE origin = ?'),
    vkeys: db.prepare('SELECT vkey FROM witnessed_key WHERE origin = ? ORDER BY rowid').pluck(),
    originOf: db.prepare('SELECT origin FROM witnessed_log WHERE hash = ?').pluck(),
    origins: db.prepare('SELECT origin FROM witnessed_log ORDER BY origin').pluck(),
    addLog: db.prepare('INSERT INTO witnessed_log VALUES (?, ?, 0, ?, 0, NULL) ON CONFLICT DO NOTHING'),
    addVkey: db.prepare('INSERT INTO witnessed_key VALUES (?, ?) ON CONFLICT DO NOTHING'),
    advance: db.prepare(
      `UPDATE witnessed_log SET size = ?, root = ?, time = ?, note = ?
       WHERE origin = ? AND size = ? AND root = ? AND time = ?`,
    ),
    keep: db.prepare(
      `INSERT INTO evidence (origin, kind, time, known, offered, text, old, proof)
       SELECT ?, ?, ?, ?, ?, ?, ?, ? WHERE (SELECT count(*) FROM evidence WHERE origin = ? AND kind = ?) < ?
       ON CONFLICT DO NOTHING`,
    ),
    evidence: db.prepare('SELECT origin, kind, time, known, offered, old, proof FROM evidence ORDER BY number'),
  };
}
