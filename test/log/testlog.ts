/**
 * A real log on a real disk, driven step by step, that can be made to fail at any durable effect, with the write lost
 * or kept, and opened again from what the disk holds. `check` re-derives all of it from published bytes.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { openCheckpoint } from '../../src/core/cosignature.ts';
import { Fault, must } from '../../src/core/fault.ts';
import { leafHash } from '../../src/core/hash.ts';
import { deriveSeed } from '../../src/core/logkeys.ts';
import { verifyConsistency } from '../../src/core/proof.ts';
import { type Get, Reader } from '../../src/core/reader.ts';
import { signerOf } from '../../src/core/signature.ts';
import { parseTilePath, tilePath } from '../../src/core/tile.ts';
import { keyOf } from '../../src/log/channel.ts';
import { Log } from '../../src/log/log.ts';
import type { Outcome } from '../../src/log/pool.ts';
import type { Export, GuardFile } from '../../src/log/ports.ts';
import { PublishedTree } from '../../src/log/published.ts';
import { Publisher } from '../../src/log/publisher.ts';
import { opaqueRules, type Rules } from '../../src/log/rules.ts';
import { headSigner, type SignedHead } from '../../src/log/sign.ts';
import { checkTree } from '../../src/monitor/check.ts';
import { fileExport } from '../../src/store/files.ts';
import { createGuardFile, openGuardFile } from '../../src/store/guardfile.ts';
import { createStore, openStore, type SqliteStore } from '../../src/store/sqlite.ts';
import { sameBytes } from '../check.ts';
import { folder } from '../folder.ts';

export const ORIGIN = 'log.example/test';
export const SEED = new Uint8Array(32).fill(9);
const mldsa = signerOf('mldsa44', deriveSeed(SEED, 'checkpoint-mldsa44', 0));

/** The durable effects of a log, in their order. */
export const EFFECTS = ['commit', 'guard', 'publish', 'export'] as const;
export type Effect = (typeof EFFECTS)[number];

/** Throws at the next effect of a kind, before or after it was written. */
export type FailAt = { readonly effect: Effect; readonly kept: boolean };

export class Crash extends Error {}

export class TestLog {
  readonly root = folder();
  readonly database = join(this.root, 'log.db');
  readonly guard = join(this.root, 'log.guard');
  readonly copy = join(this.root, 'copy');
  failAt: FailAt | undefined;
  free = { data: 2 ** 40, guard: 2 ** 40 };
  /** They hold from the next `open` on. */
  rules: Rules = opaqueRules;
  clock = (): Date => new Date();
  /** What was told of taking nothing in: a fault's code, and undefined when something is taken in again. */
  readonly told: unknown[] = [];
  log!: Log;
  publisher!: Publisher;
  store!: SqliteStore;
  /** What each ticket was told, over all lives of the log. */
  readonly answers = new Map<number, Outcome>();
  readonly sent = new Map<number, Uint8Array>();
  /** Every checkpoint that anyone saw. */
  readonly seen: SignedHead[] = [];
  readonly signer = headSigner({
    origin: ORIGIN,
    publicUrl: 'https://log.example',
    ed25519: signerOf('ed25519', deriveSeed(SEED, 'checkpoint-ed25519', 0)),
    receipt: signerOf('p256', deriveSeed(SEED, 'receipt-p256', 0)),
    retired: [],
    newest: 0,
    mldsa44: { key: mldsa.key, sign: async (message) => mldsa.sign(message) },
    clock: () => new Date(),
  });
  #close: () => void = () => {};
  #tickets = 0;

  constructor() {
    createStore(this.database, { origin: ORIGIN, entries: 'opaque' });
    createGuardFile(this.guard);
    this.open();
  }

  /** Opens the log from what the disk holds, as a new process would. */
  open(): void {
    this.#close();
    this.store = openStore(this.database);
    const guard = openGuardFile(this.guard);
    this.#close = () => {
      this.store.close();
      guard.close();
    };
    this.log = new Log({
      origin: ORIGIN,
      entries: 'opaque',
      store: this.#failing(this.store),
      guard: this.#failingGuard(guard),
      rules: this.rules,
      clock: this.clock,
      free: () => this.free,
      reserve: 2 ** 20,
      answer: (ticket, outcome) => {
        assert.not(this.answers.has(ticket), `ticket ${ticket} was answered twice`);
        this.answers.set(ticket, outcome);
      },
      wake: () => {},
      frozen: () => {},
      readOnly: (fault) => this.told.push(fault?.code),
      observe: () => {},
    });
    this.publisher = new Publisher({
      log: this.log,
      signer: this.signer,
      publication: this.#failing(this.store),
      announce: (head) => this.seen.push(head),
      settled: () => {},
      signing: () => {},
      sleep: async () => {},
      alarm: () => () => {},
      observe: () => {},
    });
  }

  close(): void {
    this.#close();
    this.#close = () => {};
  }

  /** Submits an entry; answers its ticket. */
  add(entry: Uint8Array): number {
    const id = leafHash(entry);
    this.#tickets++;
    this.sent.set(this.#tickets, entry);
    this.log.pool.offer(this.#tickets, { id, key: keyOf(id), entry, verified: true });
    return this.#tickets;
  }

  /** Both loops and the export, once. */
  async round(): Promise<void> {
    this.log.turn();
    await this.publish();
  }

  async publish(): Promise<void> {
    await this.sign();
    const newest = this.seen.at(-1);
    if (newest && !this.log.frozen) await this.#export(newest);
  }

  /** The publisher alone, without the export. */
  async sign(): Promise<void> {
    this.publisher.wake();
    await this.publisher.idle();
  }

  async #export(head: SignedHead): Promise<void> {
    const tree = new PublishedTree(this.store, head);
    const target: Export = fileExport(this.copy, ORIGIN);
    await this.#effect('export', () => target.follow(head, head.note, (tile) => tree.tile(tile)));
  }

  /** Everything that was acknowledged is there, all published bytes hash together, and no checkpoint forks from another. */
  async check(): Promise<void> {
    const published = this.store.published();
    if (!published) return;
    const { checkpoint } = openCheckpoint(published.note, this.signer.keys.vkeys);
    const tree = new PublishedTree(this.store, checkpoint);
    const get: Get = async (path) => tree.tile(parseTilePath(path));
    const entries: Uint8Array[] = [];
    const heads = [...this.seen].sort((a, b) => a.size - b.size).map((head) => ({ ...head, said: 'a checkpoint' }));
    const findings = await checkTree({
      head: checkpoint,
      heads: heads.filter(({ size }) => size <= checkpoint.size),
      source: {
        bundle: (n, width) => get(tilePath({ level: 'entries', n, width })),
        tile: (level, n, width) => get(tilePath({ level, n, width })),
      },
      entries: (_, more) => void entries.push(...more),
    });
    assert.equal(findings, []);
    assert.is(heads.filter(({ size }) => size > checkpoint.size).length, 0, 'a larger checkpoint was seen before');
    for (const [ticket, outcome] of this.answers) {
      if (!('index' in outcome) || outcome.index >= checkpoint.size) continue;
      sameBytes(entries[outcome.index], this.sent.get(ticket) as Uint8Array, `entry ${outcome.index}`);
    }
    assert.is(new Set(entries.map((entry) => keyOf(leafHash(entry)))).size, entries.length, 'no entry is there twice');
    const reader = new Reader(get, checkpoint);
    for (const { size, root } of heads) {
      if (size > 0) verifyConsistency(size, checkpoint.size, root, checkpoint.root, await reader.consistency(size));
    }
    await this.#checkCopy();
  }

  /** The static copy is whole at its own checkpoint, whatever that is. */
  async #checkCopy(): Promise<void> {
    const read: Get = async (path) => {
      try {
        return Uint8Array.from(readFileSync(join(this.copy, path)));
      } catch {
        throw new Fault('unknown-resource', path);
      }
    };
    const note = await read('checkpoint').catch(() => undefined);
    if (!note) return;
    const { checkpoint } = openCheckpoint(note, this.signer.keys.vkeys);
    const source = {
      bundle: (n: number, width: number) => read(tilePath({ level: 'entries', n, width })),
      tile: (level: number, n: number, width: number) => read(tilePath({ level, n, width })),
    };
    assert.equal(await checkTree({ head: checkpoint, heads: [], source }), []);
  }

  async #effect<T>(effect: Effect, write: () => T): Promise<T> {
    const fails = this.failAt?.effect === effect ? this.failAt : undefined;
    if (fails && !fails.kept) throw this.#crash();
    const result = await write();
    if (fails) throw this.#crash();
    return result;
  }

  #crash(): Crash {
    this.failAt = undefined;
    return new Crash('power is gone');
  }

  /** The same effects without a promise between. */
  #effectNow<T>(effect: Effect, write: () => T): T {
    const fails = this.failAt?.effect === effect ? this.failAt : undefined;
    if (fails && !fails.kept) throw this.#crash();
    const result = write();
    if (fails) throw this.#crash();
    return result;
  }

  #failing(store: SqliteStore): SqliteStore {
    const wrapped: Partial<SqliteStore> = {
      commit: (batch) => this.#effectNow('commit', () => store.commit(batch)),
      publish: (note) => this.#effectNow('publish', () => store.publish(note)),
    };
    return new Proxy(store, {
      get: (target, name) => {
        const own = wrapped[name as keyof SqliteStore];
        if (own) return own;
        const value = target[name as keyof SqliteStore] as unknown;
        must(typeof value === 'function', String(name));
        return value.bind(target);
      },
    });
  }

  #failingGuard(file: GuardFile): GuardFile {
    return { ...file, append: (line, offset) => this.#effectNow('guard', () => file.append(line, offset)) };
  }
}
