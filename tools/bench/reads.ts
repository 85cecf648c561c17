/** How fast tiles and proofs are read, at random places of the tree. @module */

import { setTimeout as sleep } from 'node:timers/promises';
import { logDirectory } from '../../src/cli/logdir.ts';
import { toBase64, toBase64url, toHex } from '../../src/core/bytes.ts';
import { parseCheckpoint } from '../../src/core/checkpoint.ts';
import { leafHash } from '../../src/core/hash.ts';
import { parseNote } from '../../src/core/note.ts';
import { TILE_WIDTH, tilePath } from '../../src/core/tile.ts';
import { PublishedTree } from '../../src/log/published.ts';
import { openStore, type SqliteStore } from '../../src/store/sqlite.ts';
import { ask } from './ask.ts';
import { observe, toSample } from './observe.ts';
import type { Target } from './processes.ts';
import type { Results } from './results.ts';
import { digestOf } from './statements.ts';

const CONNECTIONS = 64;
/** Places read in turn: enough that they are spread over the whole tree, and over more than the caches hold. */
const PLACES = 20_000;

/** Tiles a second that `node:http` serves from memory. */
export async function measureBareReads(bare: Target, seconds: number, results: Results): Promise<number> {
  const observed = await observe(bare, { paths: ['/'], connections: CONNECTIONS, seconds });
  const sample = toSample(observed, observed.requests);
  results.add(`bare node:http, 8 KiB from memory, ${CONNECTIONS} connections`, undefined, 'tiles/s', sample);
  return sample.value;
}

export async function measureTiles(
  log: Target,
  size: number,
  bare: number,
  seconds: number,
  results: Results,
): Promise<void> {
  const full = Math.floor(size / TILE_WIDTH);
  if (full === 0) return;
  for (const level of [0, 'entries'] as const) {
    const paths = places(full).map((n) => `/${tilePath({ level, n, width: TILE_WIDTH })}`);
    const observed = await observe(log, { paths, connections: CONNECTIONS, seconds });
    const what = level === 0 ? 'read hash tiles' : 'read entry bundles';
    results.add(`${what}, ${CONNECTIONS} connections`, size, 'tiles/s', toSample(observed, observed.requests, bare));
  }
}

/** A log that is served from a directory, what a bare server reaches beside it, and how long to measure. */
export type ProofReads = {
  readonly log: Target;
  readonly data: string;
  readonly size: number;
  readonly bare: number;
  readonly seconds: number;
  readonly results: Results;
};

/** Receipts of logged statements, by their ids, over HTTP. */
export async function measureReceipts({ log, data, size, bare, seconds, results }: ProofReads): Promise<void> {
  const store = openStore(logDirectory(data).database, { readonly: true });
  const paths = places(size).map((index) => `/entries/${toBase64url(store.idAt(index))}`);
  store.close();
  const observed = await observe(log, { paths, connections: CONNECTIONS, seconds });
  const what = `read receipts, ${CONNECTIONS} connections`;
  results.add(what, size, 'receipts/s', toSample(observed, observed.requests, bare));
}

/** Inclusion proofs over HTTP, by leaf hash as RFC 6962 §4.5 has it, once every tile was asked for and all is compiled. */
export async function measureHttpProofs({ log, data, size, bare, seconds, results }: ProofReads): Promise<void> {
  const store = openStore(logDirectory(data).database, { readonly: true });
  const path = (index: number) => {
    const hash = encodeURIComponent(toBase64(leafHash(store.entries(index, index + 1).subarray(2))));
    return `/ct/v1/get-proof-by-hash?hash=${hash}&tree_size=${size}`;
  };
  const tiles = Array.from({ length: Math.ceil(size / TILE_WIDTH) }, (_, n) => path(n * TILE_WIDTH));
  const paths = places(size).map(path);
  store.close();
  await observe(log, { paths: tiles, connections: CONNECTIONS, requests: tiles.length });
  await observe(log, { paths, connections: CONNECTIONS, seconds });
  const observed = await observe(log, { paths, connections: CONNECTIONS, seconds });
  const what = `read inclusion proofs, ${CONNECTIONS} connections`;
  results.add(what, size, 'proofs/s', toSample(observed, observed.requests, bare));
}

/** Verdicts about files, each with the proofs of all that decides it, asked one after the other. */
export async function measureVerdicts(log: Target, size: number, seconds: number, results: Results): Promise<void> {
  await lookupCovers(log.port, size);
  const paths = places(size).map((n) => `/v1/verdict?digest=sha256:${toHex(digestOf(n))}`);
  const observed = await observe(log, { paths, connections: 1, seconds });
  const { p50, p99 } = observed;
  results.add('answer a verdict, with its proofs', size, 'ms', { value: p50, p50, p99 });
}

/** The lookup goes through the entries on its own time. */
async function lookupCovers(port: number, size: number): Promise<void> {
  for (;;) {
    const body = await ask({ port, path: '/v1/builds?limit=1' }).catch(() => undefined); // while it starts
    if (body && (JSON.parse(new TextDecoder().decode(body)) as { size: number }).size >= size) return;
    await sleep(100);
  }
}

/**
 * Inclusion proofs in this process, each checked against the head. First at random places, so that most find a tile
 * that nobody asked for yet; then again when every tile was; and with each entry read and hashed beside.
 */
export function measureProofs(data: string, size: number, seconds: number, results: Results): void {
  const store = openStore(logDirectory(data).database, { readonly: true });
  const tree = publishedTree(store);
  const indexes = places(size);
  const prove = (index: number) => tree.inclusion(index, tree.leaf(index));
  const run = (what: string, prove: (index: number) => unknown) => {
    const started = performance.now();
    let done = 0;
    for (; performance.now() - started < seconds * 1000; done++) prove(indexes[done % PLACES] as number);
    const value = (done * 1000) / (performance.now() - started);
    results.add(`make inclusion proofs, in process, ${what}`, size, 'proofs/s', { value, micros: 1e6 / value });
  };
  run('tiles cold', prove);
  for (let index = 0; index < size; index += TILE_WIDTH) prove(index);
  run('tiles warm', prove);
  run('tiles warm, of entries read and hashed', (index) => tree.inclusion(index, leafHash(tree.entry(index))));
  store.close();
}

function publishedTree(store: SqliteStore): PublishedTree {
  const published = store.published();
  if (!published) throw new Error('the log has published nothing');
  return new PublishedTree(store, parseCheckpoint(parseNote(published.note).text));
}

/** Numbers below `bound` in no order, the same at every call. */
function places(bound: number): number[] {
  return Array.from({ length: PLACES }, (_, i) => (i * 7919 * 104_729) % bound);
}
