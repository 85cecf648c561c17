/**
 * Logs of given sizes to measure on. They are filled by the log itself, whose own checks and commits they pass through
 * like any entry; only HTTP and the check of signatures at the door are left out. Every measurement gets a copy. @module
 */
import { closeSync, cpSync, fsyncSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { logDirectory } from '../../src/cli/logdir.ts';
import type { LogOptions } from '../../src/cli/openlog.ts';
import { decodeStatement } from '../../src/core/cose.ts';
import { leafHash } from '../../src/core/hash.ts';
import type { Offer } from '../../src/log/channel.ts';
import { LogHandle } from '../../src/log/handle.ts';
import { PublishedTree } from '../../src/log/published.ts';
import { openStore } from '../../src/store/sqlite.ts';
import { governance, ORIGIN, type World } from '../vendor.ts';
import { makeEntry } from './load.ts';
import { limmat, ROOT } from './processes.ts';
import { builds } from './statements.ts';

export const ENTRY_BYTES = 300;

/** Makes an empty log; `flags` are those of `limmat init`. */
export function makeLog(data: string, ...flags: string[]): void {
  limmat('init', '--data', data, '--origin', ORIGIN, ...flags);
}

/** Fills a log up to a size: with the builds of a world, or with opaque entries. */
export async function fill(data: string, upTo: number, world: World | undefined): Promise<void> {
  const { database } = logDirectory(data);
  const store = openStore(database, { readonly: true });
  const from = store.head().size;
  const workerData = {
    directory: logDirectory(data),
    publicUrl: 'http://127.0.0.1',
    export: undefined,
    reserve: 0,
    acceptClockStep: true,
  } satisfies LogOptions;
  // The thread as `serve` starts it, from what is built.
  const worker = new Worker(join(ROOT, 'dist/cli/log.js'), { workerData, execArgv: [] });
  const ended = new Promise((resolve) => worker.once('exit', resolve));
  const log = new LogHandle({
    port: worker,
    published: undefined,
    committed: from,
    openTree: (head) => new PublishedTree(store, head),
    observe: () => {},
    trouble(what, message) {
      throw new Error(`${what}: ${message}`);
    },
  });
  await log.ready;
  let before: Promise<unknown> = Promise.resolve();
  for (const together of inPieces(world ? statements(world, from, upTo) : opaque(from, upTo), 4096)) {
    const added = Promise.all(together.map((offer) => log.add(offer)));
    await before;
    before = added;
  }
  await before;
  await log.stop();
  await ended;
  store.close();
}

function* opaque(from: number, upTo: number): Generator<Offer> {
  for (let n = from; n < upTo; n++) yield opaqueOffer(makeEntry('filled', n, ENTRY_BYTES));
}

function opaqueOffer(entry: Uint8Array): Offer {
  return { id: leafHash(entry), entry, verified: true };
}

function* statements(world: World, from: number, upTo: number): Generator<Offer> {
  const first = from < 10 ? governance(world) : [];
  for (const statement of first) yield toOffer(statement, false);
  // We signed them just now, so their signatures need no check.
  for (const statement of builds(world, from, upTo - from - first.length)) yield toOffer(statement, true);
}

function toOffer(bytes: Uint8Array, verified: boolean): Offer {
  const { id, entry } = decodeStatement(bytes);
  return { id, entry, verified };
}

function* inPieces<T>(items: Iterable<T>, length: number): Generator<T[]> {
  let piece: T[] = [];
  for (const item of items) {
    piece.push(item);
    if (piece.length < length) continue;
    yield piece;
    piece = [];
  }
  if (piece.length > 0) yield piece;
}

/** Copies a log with its guard; on disk when it returns, so that writing it back disturbs no measurement. */
export function copyLog(from: string, to: string): void {
  removeLog(to);
  cpSync(from, to, { recursive: true });
  cpSync(`${from}.guard`, `${to}.guard`);
  const file = openSync(logDirectory(to).database, 'r');
  fsyncSync(file);
  closeSync(file);
}

export function removeLog(data: string): void {
  for (const path of [data, `${data}.guard`, `${data}.guard.lock`]) rmSync(path, { recursive: true, force: true });
}
