/**
 * A whole log in this process, from the database to the routes: what `serve` puts together, with the threads taken
 * out, so that a test can hold back a publication, let its deadline pass, and open the log again.
 */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import type { Hono } from 'hono';
import { screen } from '../../src/cli/screen.ts';
import { utf8 } from '../../src/core/bytes.ts';
import { type CborMap, decode } from '../../src/core/cbor.ts';
import { verifyStatementLater } from '../../src/core/cose.ts';
import { leafHash } from '../../src/core/hash.ts';
import { deriveSeed } from '../../src/core/logkeys.ts';
import { signerOf } from '../../src/core/signature.ts';
import { Answers } from '../../src/http/answers.ts';
import { createApp, keyRoutes, opaqueRoutes, operatorRoutes, statementRoutes, tileRoutes } from '../../src/http/app.ts';
import type { Verify } from '../../src/http/entries.ts';
import { closeFront, createFront } from '../../src/http/front.ts';
import { createMetrics } from '../../src/http/metrics.ts';
import type { Route, Watch } from '../../src/http/route.ts';
import type { Port } from '../../src/log/channel.ts';
import { LogHandle } from '../../src/log/handle.ts';
import type { EntryMode } from '../../src/log/ports.ts';
import { PublishedTree } from '../../src/log/published.ts';
import { Publisher } from '../../src/log/publisher.ts';
import { opaqueRules } from '../../src/log/rules.ts';
import { serveLog } from '../../src/log/service.ts';
import { headSigner } from '../../src/log/sign.ts';
import { StatementRules } from '../../src/log/statements.ts';
import { createGuardFile, openGuardFile } from '../../src/store/guardfile.ts';
import { createStore, openStore, type SqliteStore } from '../../src/store/sqlite.ts';
import { folder } from '../folder.ts';
import { building, key, ORIGIN, START, type World } from '../registry/world.ts';

export const PUBLIC_URL = 'https://log.example';
export const COSE = { 'content-type': 'application/cose' };
const seed = new Uint8Array(32).fill(9);
const mldsa = signerOf('mldsa44', deriveSeed(seed, 'checkpoint-mldsa44', 0));
const receipt = signerOf('p256', deriveSeed(seed, 'receipt-p256', 0));
const signerAt = (clock: () => Date) =>
  headSigner({
    origin: ORIGIN,
    publicUrl: PUBLIC_URL,
    ed25519: signerOf('ed25519', deriveSeed(seed, 'checkpoint-ed25519', 0)),
    receipt,
    retired: [],
    newest: 0,
    mldsa44: { key: mldsa.key, sign: async (message) => mldsa.sign(message) },
    clock,
  });
const signer = signerAt(() => new Date());
export const VKEYS = signer.keys.vkeys;
export const RECEIPT_KEY = receipt.key;

/** What was opened and not closed again, newest first. */
const opened: (() => Promise<void>)[] = [];

/** Closes whatever a file of tests left open, so that one that failed ends too. */
export async function closeAll(): Promise<void> {
  for (const close of opened.splice(0)) await close();
}

/** What a log has that is not like most: a clock that a story moves, and witnesses. */
export type HttpLogParts = {
  readonly clock: () => Date;
  readonly cosign: (note: Uint8Array) => Uint8Array;
  /** Whether its clock may go more than 48 hours beyond its last heartbeat, as in a story it does. */
  readonly acceptClockStep?: boolean;
};

export class HttpLog {
  readonly #directory = folder();
  readonly #parts: HttpLogParts | undefined;
  readonly #mode: EntryMode;
  handle!: LogHandle;
  app!: Hono;
  routes!: Route[];
  /** What the operator would read, and what was counted. */
  readonly failures: unknown[] = [];
  readonly refusals: string[] = [];
  /** The connection of the writer, and that of those who answer. */
  store!: SqliteStore;
  reads!: SqliteStore;
  /** Lets the deadline of the publication that is under way pass. */
  deadlinePasses: () => void = () => {};
  #gate: Promise<void> = Promise.resolve();
  #close: () => Promise<void> = async () => {};

  constructor(mode: EntryMode, parts?: HttpLogParts) {
    this.#mode = mode;
    this.#parts = parts;
    createStore(join(this.#directory, 'log.db'), { origin: ORIGIN, entries: mode });
    createGuardFile(join(this.#directory, 'log.guard'));
    this.#open();
    opened.unshift(() => this.close());
  }

  get watch(): Watch {
    return {
      count: () => {},
      refused: (code) => this.refusals.push(code),
      failed: (error) => this.failures.push(error),
    };
  }

  get database(): string {
    return join(this.#directory, 'log.db');
  }

  get size(): number {
    return this.handle.published?.head.size ?? 0;
  }

  #open(): void {
    this.store = openStore(join(this.#directory, 'log.db'));
    this.reads = openStore(join(this.#directory, 'log.db'), { readonly: true });
    const guard = openGuardFile(join(this.#directory, 'log.guard'));
    const { port1, port2 } = new MessageChannel();
    const ended = this.#serve(port1, guard);
    this.handle = new LogHandle({
      port: port2,
      published: undefined,
      committed: this.store.head().size,
      openTree: (head) => new PublishedTree(this.reads, head),
      observe: () => {},
      trouble: (what, message) => this.failures.push(`${what}: ${message}`),
    });
    this.routes = routesOf(this.handle, this.#mode);
    this.app = createApp(this.routes, this.watch);
    this.#close = async () => {
      await this.handle.stop();
      await ended;
      port2.close();
      guard.close();
      this.reads.close();
      this.store.close();
    };
  }

  #serve(port: Port & { close(): void }, guard: ReturnType<typeof openGuardFile>): Promise<void> {
    const send = (message: object) => port.postMessage(message);
    const { clock, cosign } = this.#parts ?? { clock: undefined, cosign: (note: Uint8Array) => note };
    const heads = clock ? signerAt(clock) : signer;
    const rules =
      this.#mode === 'opaque'
        ? opaqueRules
        : new StatementRules({
            store: this.store,
            statementKey: key('log'),
            acceptClockStep: this.#parts?.acceptClockStep ?? clock !== undefined,
            signing: () => {},
            rootAt: () => {
              throw new Error('no rule reads roots yet');
            },
            learn: (keys) =>
              send({
                type: 'keys',
                keys: keys.map(({ kid, key }) => ({ kid, algorithm: key.algorithm, bytes: key.bytes })),
              }),
          });
    return new Promise((resolve) => {
      serveLog({
        port,
        log: {
          origin: ORIGIN,
          entries: this.#mode,
          store: this.store,
          guard,
          rules,
          // Too soon for a heartbeat of the log's own, so that a test can count.
          clock: clock ?? (() => new Date(Date.parse(START) + 600_000)),
          free: () => ({ data: 2 ** 40, guard: 2 ** 40 }),
          reserve: 0,
        },
        publisher: (log, observe, settled) =>
          new Publisher({
            log,
            signer: {
              keys: signer.keys,
              sign: async (head) => {
                await this.#gate;
                const signed = await heads.sign(head);
                return { ...signed, note: cosign(signed.note) };
              },
            },
            publication: this.store,
            announce: (head) => send({ type: 'published', head }),
            settled,
            signing: () => {},
            sleep: async () => {},
            alarm: (_, ring) => {
              this.deadlinePasses = ring;
              return () => {
                this.deadlinePasses = () => {};
              };
            },
            observe,
          }),
        stopped() {
          port.close();
          resolve();
        },
      });
    });
  }

  /** Holds back every publication until the returned function is called. */
  hold(): () => void {
    let release: () => void = () => {};
    this.#gate = new Promise((resolve) => {
      release = resolve;
    });
    return release;
  }

  async close(): Promise<void> {
    await this.#close();
    this.#close = async () => {};
  }

  /** Ends the log as SIGTERM does, and opens it from what the disk holds. */
  async reopen(): Promise<void> {
    await this.close();
    this.#open();
    await this.handle.caughtUp(60_000);
  }

  async ask(path: string, init?: RequestInit): Promise<Response> {
    return this.app.request(path, init);
  }

  /** Posts bytes; a statement unless the headers say something else. */
  async post(path: string, body: Uint8Array | string, headers: Record<string, string> = COSE): Promise<Response> {
    return this.ask(path, { method: 'POST', body: body as BodyInit, headers });
  }

  /** Appends the statements of a world in order. */
  async play(world: World): Promise<this> {
    const offers = world.entries.map(({ statement: { id, entry } }) => ({ id, entry, verified: false }));
    await Promise.all(offers.map((offer) => this.handle.add(offer)));
    return this;
  }

  /** The log on a port of the loopback; `patience` is in milliseconds. */
  async listen(patience = 10_000): Promise<{ port: number; url: string }> {
    const server = createFront(this.app, this.routes, this.watch, patience);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    opened.unshift(() => closeFront(server, patience));
    return { port, url: `http://127.0.0.1:${port}` };
  }
}

/** The routes of a log of a kind, as `serve` has them. */
export function routesOf(log: LogHandle, mode: EntryMode): Route[] {
  const facts = { origin: ORIGIN, publicUrl: PUBLIC_URL, receiptKeys: signer.keys.receipts };
  const verify: Verify = (signed) =>
    Promise.all(signed.map(({ statement, key }) => verifyStatementLater(statement, key)));
  const parts = { log, answers: new Answers(facts), verify, screen };
  const metrics = createMetrics();
  metrics.watch(log, []);
  return [
    ...tileRoutes(log),
    ...(mode === 'opaque' ? opaqueRoutes(log) : statementRoutes(parts)),
    ...keyRoutes(signer.keys.receipts),
    ...operatorRoutes({ log, origin: ORIGIN, stopping: () => false }, metrics),
  ];
}

/** A log in which acme builds, as `building` of world.ts: seven entries. */
export async function buildingLog(world: World = building()): Promise<HttpLog> {
  return new HttpLog('statements').play(world);
}

/** An opaque log with so many entries: `entry 0`, `entry 1`, … */
export async function opaqueLog(size = 0): Promise<HttpLog> {
  const log = new HttpLog('opaque');
  const entries = Array.from({ length: size }, (_, i) => utf8(`entry ${i}`));
  await Promise.all(entries.map((entry) => log.handle.add({ id: leafHash(entry), entry, verified: true })));
  await log.handle.caughtUp(60_000);
  return log;
}

export async function bytesOf(response: Response): Promise<Uint8Array> {
  return new Uint8Array(await response.arrayBuffer());
}

export type Problem = { readonly title: string; readonly detail: string; readonly status: number };

/** Reads CBOR problem details (RFC 9290). */
export function problemOf(bytes: Uint8Array): Problem {
  const map = decode(bytes) as CborMap;
  return { title: map.get(-1) as string, detail: map.get(-2) as string, status: map.get(-4) as number };
}
