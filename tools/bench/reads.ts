/** How fast tiles and proofs are read, at random places of the tree. @module */
import { logDirectory } from '../../src/cli/logdir.ts';
import { toBase64url } from '../../src/core/bytes.ts';
import { parseCheckpoint } from '../../src/core/checkpoint.ts';
import { leafHash } from '../../src/core/hash.ts';
import { parseNote } from '../../src/core/note.ts';
import { TILE_WIDTH, tilePath } from '../../src/core/tile.ts';
import { PublishedTree } from '../../src/log/published.ts';
import { openStore, type SqliteStore } from '../../src/store/sqlite.ts';
import { observe, toSample } from './observe.ts';
import type { Target } from './processes.ts';
import type { Results } from './results.ts';

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

/** Receipts of logged statements, by their ids, over HTTP. */
export async function measureReceipts(
  log: Target,
  data: string,
  size: number,
  bare: number,
  seconds: number,
  results: Results,
): Promise<void> {
  const store = openStore(logDirectory(data).database, { readonly: true });
  const paths = places(size).map((index) => `/entries/${toBase64url(store.idAt(index))}`);
  store.close();
  const observed = await observe(log, { paths, connections: CONNECTIONS, seconds });
  const what = `read receipts, ${CONNECTIONS} connections`;
  results.add(what, size, 'receipts/s', toSample(observed, observed.requests, bare));
}

/** Inclusion proofs in this process: entry read, hashed, proven, and the proof checked against the head. */
export function measureProofs(data: string, size: number, seconds: number, results: Results): void {
  const store = openStore(logDirectory(data).database, { readonly: true });
  const tree = publishedTree(store);
  const indexes = places(size);
  const started = performance.now();
  let done = 0;
  while (performance.now() - started < seconds * 1000) {
    const index = indexes[done % PLACES] as number;
    tree.inclusion(index, leafHash(tree.entry(index)));
    done++;
  }
  const value = (done * 1000) / (performance.now() - started);
  results.add('make inclusion proofs, in process', size, 'proofs/s', { value, micros: 1e6 / value });
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
