/** `GET /checkpoint` and `GET /tile/…`, C2SP tlog-tiles. Static in effect: what is served once never changes. @module */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import Negotiator from 'negotiator';
import { Fault } from '../core/fault.ts';
import { parseTilePath, TILE_WIDTH, type Tile } from '../core/tile.ts';
import type { LogHandle, Published } from '../log/handle.ts';
import { answers, type Described, inPath } from './describe.ts';
import type { Ask, Handler, Reply } from './route.ts';

export const checkpointDescribed: Described = {
  summary: 'The newest signed checkpoint (C2SP tlog-checkpoint).',
  answers: answers('A signed note', 'text/plain'),
};

export const tileDescribed: Described = {
  summary: 'A hash tile or an entry bundle (C2SP tlog-tiles).',
  parameters: [
    inPath('rest', '`<L>/<N>[.p/<W>]` or `entries/<N>[.p/<W>]`', { type: 'string' }, ({ size }) => {
      return size >= TILE_WIDTH ? '0/000' : `0/000.p/${size}`;
    }),
  ],
  answers: answers('Hashes, or entries each behind its length', 'application/octet-stream'),
};

/** How long a read waits for the publication of what was acknowledged before it, in milliseconds. */
export const PATIENCE = 2000;
const FOREVER = 'public, max-age=31536000, immutable';
const compress = promisify(gzip);

/** The newest published checkpoint; one that covers everything acknowledged before the request. */
export function checkpointHandler(log: LogHandle): Handler {
  return async () => {
    await log.caughtUp(PATIENCE);
    return {
      status: 200,
      // SPEC: this endpoint is mutable, so its headers SHOULD prevent caching beyond a few seconds.
      headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-cache', ...open },
      body: publishedOf(log).head.note,
    };
  };
}

/** A hash tile or an entry bundle. */
export function tileHandler(log: LogHandle): Handler {
  return async (ask) => {
    const tile = parseTilePath(ask.path.slice(1));
    return tileReply(ask, tile, await readWhenPublished(log, ({ tree }) => tree.tile(tile)));
  };
}

/** The reply with the bytes of a tile or bundle. */
export function tileReply(ask: Ask, { level }: Tile, bytes: Uint8Array): Reply | Promise<Reply> {
  const headers = { 'content-type': 'application/octet-stream', 'cache-control': FOREVER, ...open };
  return level === 'entries' ? maybeCompressed(ask, bytes, headers) : { status: 200, headers, body: bytes };
}

/** SPEC: entry bundles SHOULD be compressed at the HTTP layer. Answers with many proofs are as well. */
export async function maybeCompressed(ask: Ask, bytes: Uint8Array, headers: Record<string, string>): Promise<Reply> {
  const vary = { ...headers, vary: 'accept-encoding' };
  if (!takesGzip(ask.header('accept-encoding'))) return { status: 200, headers: vary, body: bytes };
  return { status: 200, headers: { ...vary, 'content-encoding': 'gzip' }, body: await compress(bytes) };
}

function takesGzip(accept: string | undefined): boolean {
  if (accept === undefined) return false;
  return new Negotiator({ headers: { 'accept-encoding': accept } }).encoding(['gzip', 'identity']) === 'gzip';
}

/** Anyone's page may read the log. */
export const open = { 'access-control-allow-origin': '*' } as const;

export function publishedOf(log: LogHandle): Published {
  if (log.published) return log.published;
  throw log.frozen ?? new Fault('unknown-resource', 'nothing is published yet', { retryAfter: 1 });
}

/** Reads from the published tree; what was acknowledged and is being published is waited for. */
async function readWhenPublished<T>(log: LogHandle, read: (published: Published) => T): Promise<T> {
  try {
    return read(publishedOf(log));
  } catch (error) {
    if (!(error instanceof Fault && error.code === 'unknown-resource')) throw error;
    await log.caughtUp(PATIENCE);
    return read(publishedOf(log));
  }
}
