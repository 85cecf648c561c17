/** The memory of a monitor in an SQLite database of its own; tables and rules in `schema.sql`. @module */
import { existsSync } from 'node:fs';
import { deserialize, serialize } from 'node:v8';
import type Database from 'better-sqlite3';
import { concat, HASH_BYTES, type Hash } from '../core/bytes.ts';
import type { Head } from '../core/checkpoint.ts';
import { openLeaves } from '../core/expanded.ts';
import { Fault } from '../core/fault.ts';
import { EMPTY_ROOT } from '../core/hash.ts';
import { levelsOf, rowWidth, TILE_WIDTH } from '../core/tile.ts';
import type { FullTile } from '../core/tree.ts';
import type {
  Alert,
  HeadStatus,
  KeptAlert,
  Known,
  MonitorStore,
  RegistryStep,
  SeenHead,
  Step,
} from '../monitor/memory.ts';
import { openDatabase, schemaOf, usePragmas } from './database.ts';

/** Opens the database of a monitor, and makes it if there is none: all of it can be made again by following. */
export function openMonitorStore(path: string): SqliteMonitorStore {
  const isNew = !existsSync(path);
  return openDatabase(path, {}, (db) => {
    usePragmas(db);
    db.pragma('foreign_keys = ON');
    if (isNew || !isMade(db)) makeTables(db);
    return new SqliteMonitorStore(db);
  });
}

/** A process that was killed between the file and its tables leaves an empty database. */
function isMade(db: Database.Database): boolean {
  return db.prepare("SELECT 1 FROM sqlite_master WHERE name = 'monitor'").get() !== undefined;
}

function makeTables(db: Database.Database): void {
  db.transaction(() => {
    if (isMade(db)) return; // another process was quicker
    db.exec(schemaOf('monitor'));
    db.prepare('INSERT INTO monitor VALUES (1, 1)').run();
  }).immediate();
}

type KnownRow = {
  log: number;
  size: number;
  root: Uint8Array;
  edge: Uint8Array;
  note: Uint8Array | null;
  looked: number;
};
type HeadRow = Omit<SeenHead, 'firstSeen'> & { first_seen: number };
type AlertRow = { body: string; acknowledged: string | null };

const NOTHING: Known = { size: 0, root: EMPTY_ROOT, edge: [], note: undefined, looked: 0 };

export class SqliteMonitorStore implements MonitorStore {
  readonly #db: Database.Database;
  readonly #sql: ReturnType<typeof prepare>;

  constructor(db: Database.Database) {
    this.#db = db;
    this.#sql = prepare(db);
  }

  known(origin: string): Known {
    const row = this.#sql.known.get(origin) as KnownRow | undefined;
    if (!row) return NOTHING;
    const { size, root, edge, note, looked } = row;
    return { size, root: plain(root) as Hash, edge: cutEdge(size, edge), note: note ? plain(note) : undefined, looked };
  }

  tile(origin: string, level: number, n: number): Uint8Array | undefined {
    const row = this.#sql.tile.get(origin, placeOf(level, n)) as Uint8Array | undefined;
    return row && plain(row);
  }

  putTiles(origin: string, tiles: readonly FullTile[]): void {
    this.#db.transaction(() => {
      const log = this.#log(origin);
      for (const { level, n, tile } of tiles) this.#sql.putTile.run(log, placeOf(level, n), openLeaves(tile));
    })();
  }

  *steps(origin: string): Iterable<RegistryStep> {
    const rows = this.#sql.steps.all(origin) as { name: string; id: string; entry: number; step: Uint8Array }[];
    for (const { name, id, entry, step } of rows) {
      yield { table: name, id, index: entry, ...deserialize(step) } as RegistryStep;
    }
  }

  facts(origin: string, prefix: string): ReadonlyMap<string, string> {
    const rows = this.#sql.facts.all(origin, prefix, `${prefix}\u{10ffff}`) as { name: string; value: string }[];
    return new Map(rows.map(({ name, value }) => [name, value]));
  }

  fact(origin: string, name: string): string | undefined {
    return this.#sql.fact.get(origin, name) as string | undefined;
  }

  commit(origin: string, from: Pick<Known, 'size' | 'looked'>, { known, steps, facts, alerts }: Step): void {
    this.#db
      .transaction(() => {
        const log = this.#log(origin);
        const now = this.known(origin);
        if (now.size !== from.size || now.looked !== from.looked) {
          throw new Fault('bad-request', `another process follows ${origin} with this data: stop one of the two`);
        }
        if (known) {
          const { size, root, edge, note, looked } = known;
          this.#sql.setKnown.run(size, root, concat(...edge), note ?? null, looked, log);
        }
        for (const { table, id, index, by, row } of steps ?? []) {
          this.#sql.putStep.run(log, table, id, index, serialize({ by, row }));
        }
        for (const [name, value] of facts ?? []) this.#sql.putFact.run(log, name, value);
        for (const alert of alerts ?? []) this.#sql.raise.run(alert.id, JSON.stringify(alert));
      })
      .immediate();
  }

  raise(alerts: readonly Alert[]): Alert[] {
    return this.#db.transaction(() =>
      alerts.filter((alert) => this.#sql.raise.run(alert.id, JSON.stringify(alert)).changes === 1),
    )();
  }

  *alerts(): Iterable<KeptAlert> {
    for (const { body, acknowledged } of this.#sql.alerts.iterate() as Iterable<AlertRow>) {
      yield { ...(JSON.parse(body) as Alert), acknowledged: acknowledged ?? undefined };
    }
  }

  acknowledge(id: string, at: string): boolean {
    return this.#sql.acknowledge.run(at, id).changes === 1;
  }

  unsent(channel: string, limit: number): Alert[] {
    return (this.#sql.unsent.all(channel, limit) as string[]).map((body) => JSON.parse(body) as Alert);
  }

  sent(id: string, channel: string): void {
    this.#sql.sent.run(id, channel);
  }

  putHead(origin: string, { size, root, note, status, source, firstSeen }: Omit<SeenHead, 'seq'>): void {
    this.#db.transaction(() => {
      this.#sql.putHead.run(this.#log(origin), size, root, note, status, source, firstSeen);
    })();
  }

  markHead(origin: string, { size, root }: Head, status: HeadStatus): void {
    this.#sql.markHead.run(status, origin, size, root);
  }

  heads(origin: string, { status, size }: { readonly status?: HeadStatus; readonly size?: number }): SeenHead[] {
    return (this.#sql.heads.all(origin, status ?? null, size ?? null) as HeadRow[]).map(toHead);
  }

  headsAfter(origin: string, seq: number, limit: number): SeenHead[] {
    return (this.#sql.headsAfter.all(origin, seq, limit) as HeadRow[]).map(toHead);
  }

  putEvidence(origin: string, id: string, file: Uint8Array): void {
    this.#db.transaction(() => {
      this.#sql.putEvidence.run(this.#log(origin), id, file);
    })();
  }

  evidence(origin: string): readonly string[] {
    return this.#sql.evidence.all(origin) as string[];
  }

  evidenceFile(origin: string, id: string): Uint8Array | undefined {
    const file = this.#sql.evidenceFile.get(origin, id) as Uint8Array | undefined;
    return file && plain(file);
  }

  thinHeads(origin: string, before: number, interval: number, keep: ReadonlySet<number>): void {
    this.#sql.thinHeads.run({ origin, before, interval, keep: JSON.stringify([...keep]) });
  }

  putWitnessed(origin: string, witness: string, size: number, time: number, note: Uint8Array): void {
    this.#db.transaction(() => {
      this.#sql.putWitnessed.run(this.#log(origin), witness, size, time, note);
    })();
  }

  witnessed(origin: string, witness: string): { readonly size: number; readonly note: Uint8Array } | undefined {
    const row = this.#sql.witnessed.get(origin, witness) as { size: number; note: Uint8Array } | undefined;
    return row && { size: row.size, note: plain(row.note) };
  }

  close(): void {
    this.#db.close();
  }

  /** The number of a log, which it gets when it is first written of. */
  #log(origin: string): number {
    this.#sql.addLog.run(origin, EMPTY_ROOT);
    return this.#sql.log.get(origin) as number;
  }
}

function placeOf(level: number, n: number): number {
  return level * 2 ** 40 + n;
}

/** The leaves of each open tile, from all of them one after the other. */
function cutEdge(size: number, bytes: Uint8Array): Uint8Array[] {
  let at = 0;
  return Array.from({ length: levelsOf(size) }, (_, level) => {
    const width = (rowWidth(size, level) % TILE_WIDTH) * HASH_BYTES;
    at += width;
    return plain(bytes.subarray(at - width, at));
  });
}

function toHead({ first_seen, ...row }: HeadRow): SeenHead {
  return { ...row, root: plain(row.root) as Hash, note: plain(row.note), firstSeen: first_seen };
}

/** A Buffer of the driver as an ordinary byte string. */
function plain(buffer: Uint8Array): Uint8Array {
  return new Uint8Array(buffer);
}

function prepare(db: Database.Database) {
  const log = '(SELECT log FROM followed WHERE origin = ?)';
  return {
    addLog: db.prepare("INSERT INTO followed VALUES (NULL, ?, 0, ?, x'', NULL, 0) ON CONFLICT DO NOTHING"),
    log: db.prepare('SELECT log FROM followed WHERE origin = ?').pluck(),
    known: db.prepare('SELECT log, size, root, edge, note, looked FROM followed WHERE origin = ?'),
    setKnown: db.prepare('UPDATE followed SET size = ?, root = ?, edge = ?, note = ?, looked = ? WHERE log = ?'),
    tile: db.prepare(`SELECT hashes FROM followed_tile WHERE log = ${log} AND place = ?`).pluck(),
    putTile: db.prepare('INSERT OR REPLACE INTO followed_tile VALUES (?, ?, ?)'),
    steps: db.prepare(`SELECT name, id, entry, step FROM registry_step WHERE log = ${log} ORDER BY entry, rowid`),
    putStep: db.prepare('INSERT OR REPLACE INTO registry_step VALUES (?, ?, ?, ?, ?)'),
    facts: db.prepare(
      `SELECT name, value FROM fact WHERE log = ${log} AND name >= ? AND name < ? AND value <> '' ORDER BY name`,
    ),
    fact: db.prepare(`SELECT value FROM fact WHERE log = ${log} AND name = ?`).pluck(),
    putFact: db.prepare('INSERT OR REPLACE INTO fact VALUES (?, ?, ?)'),
    raise: db.prepare('INSERT INTO alert (id, body) VALUES (?, ?) ON CONFLICT DO NOTHING'),
    alerts: db.prepare('SELECT body, acknowledged FROM alert ORDER BY number'),
    acknowledge: db.prepare('UPDATE alert SET acknowledged = coalesce(acknowledged, ?) WHERE id = ?'),
    unsent: db
      .prepare(
        `SELECT body FROM alert WHERE acknowledged IS NULL
         AND id NOT IN (SELECT id FROM delivery WHERE channel = ?) ORDER BY number LIMIT ?`,
      )
      .pluck(),
    sent: db.prepare('INSERT INTO delivery VALUES (?, ?) ON CONFLICT DO NOTHING'),
    putHead: db.prepare(
      `INSERT INTO seen_head (log, size, root, note, status, source, first_seen) VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (log, size, root) DO UPDATE SET note = excluded.note, status = excluded.status`,
    ),
    markHead: db.prepare(`UPDATE seen_head SET status = ? WHERE log = ${log} AND size = ? AND root = ?`),
    heads: db.prepare(
      `SELECT seq, size, root, note, status, source, first_seen FROM seen_head
       WHERE log = ${log} AND status = coalesce(?, status) AND size = coalesce(?, size) ORDER BY size DESC, seq`,
    ),
    headsAfter: db.prepare(
      `SELECT seq, size, root, note, status, source, first_seen FROM seen_head
       WHERE log = ${log} AND seq > ? ORDER BY seq LIMIT ?`,
    ),
    putEvidence: db.prepare('INSERT INTO evidence_file (log, id, file) VALUES (?, ?, ?) ON CONFLICT DO NOTHING'),
    evidence: db.prepare(`SELECT id FROM evidence_file WHERE log = ${log} ORDER BY number`).pluck(),
    evidenceFile: db.prepare(`SELECT file FROM evidence_file WHERE log = ${log} AND id = ?`).pluck(),
    thinHeads: db.prepare(
      `WITH old AS (SELECT seq, size, first_seen FROM seen_head
         WHERE log = (SELECT log FROM followed WHERE origin = @origin) AND status = 'verified' AND first_seen < @before)
       DELETE FROM seen_head WHERE seq IN (SELECT seq FROM old)
         AND seq NOT IN (SELECT max(seq) FROM old GROUP BY CAST(first_seen / @interval AS INTEGER))
         AND size NOT IN (SELECT value FROM json_each(@keep))`,
    ),
    putWitnessed: db.prepare(
      `INSERT INTO witnessed_head VALUES (?, ?, ?, ?, ?) ON CONFLICT (log, witness) DO UPDATE
       SET size = excluded.size, time = excluded.time, note = excluded.note
       WHERE excluded.size > size OR (excluded.size = size AND excluded.time >= time)`,
    ),
    witnessed: db.prepare(`SELECT size, note FROM witnessed_head WHERE log = ${log} AND witness = ?`),
  };
}
