/**
 * The endpoints of C2SP tlog-mirror: the copy as tlog-tiles below `/<sha256(origin)>/`, and `POST /add-checkpoint` and
 * `/add-entries`, by which a log pushes. @module
 */
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { MAX_ADD_CHECKPOINT, SIZE_TYPE } from '../core/addcheckpoint.ts';
import { formatMirrorInfo, MIRROR_INFO_TYPE } from '../core/addentries.ts';
import { utf8 } from '../core/bytes.ts';
import { Fault, messageOf } from '../core/fault.ts';
import { parseTilePath, type Tile } from '../core/tile.ts';
import type { Mirror } from '../monitor/mirror.ts';
import { addEntries } from '../monitor/upload.ts';
import { answers, type Described } from './describe.ts';
import { type Ask, asText, type Handler, mediaType, noBody, type Route } from './route.ts';
import { checkpointDescribed, open, tileDescribed, tileReply } from './tiles.ts';

/** 32 packages of entries of 8 kB; of larger ones a client sends fewer packages. */
const MAX_UPLOAD = 64 * 1024 * 1024;
const decompress = promisify(gunzip);
const TEXT = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' };

const PLAIN = 'text/plain';
const ADD_CHECKPOINT: Described = {
  summary: 'Tells the mirror of a checkpoint (C2SP tlog-mirror).',
  body: { [PLAIN]: () => utf8('old 0\n\nlog.example\n1\n\n') },
  answers: {
    ...answers('It is known here', PLAIN),
    409: { says: 'The size that is known', types: { [SIZE_TYPE]: {} } },
  },
};
const info = (says: string) => ({ says, types: { [MIRROR_INFO_TYPE]: {} } });
const ADD_ENTRIES: Described = {
  summary: 'Uploads entries of a pending checkpoint (C2SP tlog-mirror).',
  body: { 'application/octet-stream': () => new Uint8Array(0) },
  answers: {
    ...answers('Cosignature lines', PLAIN),
    202: info('More is needed: a size, the next entry, a ticket'),
    409: info('Go on from there: a size, the next entry, a ticket'),
  },
};
/** The routes of a mirror; `hash` is the SHA-256 of the origin in hexadecimal, `read` a tile of what is mirrored. */
export function mirrorRoutes(mirror: Mirror, hash: string, read: (tile: Tile) => Uint8Array): Route[] {
  const get = { method: 'GET', form: asText, limit: noBody, hot: false } as const;
  const post = { method: 'POST', form: asText, hot: true } as const;
  return [
    {
      ...get,
      path: `/${hash}/checkpoint`,
      handler: checkpointHandler(mirror),
      hot: true,
      described: checkpointDescribed,
    },
    { ...get, path: `/${hash}/tile/*`, handler: tileHandler(read, `/${hash}/`), hot: true, described: tileDescribed },
    {
      ...post,
      path: '/add-checkpoint',
      limit: () => MAX_ADD_CHECKPOINT,
      handler: addCheckpointHandler(mirror),
      described: ADD_CHECKPOINT,
    },
    {
      ...post,
      path: '/add-entries',
      limit: () => MAX_UPLOAD,
      handler: addEntriesHandler(mirror),
      unpacks: true,
      described: ADD_ENTRIES,
    },
  ];
}

function checkpointHandler(mirror: Mirror): Handler {
  return () => {
    const mirrored = mirror.mirrored();
    if (!mirrored) throw new Fault('unknown-resource', 'nothing is mirrored yet', { retryAfter: 10 });
    const headers = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-cache', ...open };
    return { status: 200, headers, body: mirrored.note };
  };
}

function tileHandler(read: (tile: Tile) => Uint8Array, prefix: string): Handler {
  return (ask) => {
    const tile = parseTilePath(ask.path.slice(prefix.length));
    return tileReply(ask, tile, read(tile));
  };
}

function addCheckpointHandler(mirror: Mirror): Handler {
  return async (_, body) => {
    try {
      await mirror.addCheckpoint(body);
      // SPEC: the mirror MAY respond with an empty response body.
      return { status: 200, headers: TEXT, body: '' };
    } catch (error) {
      if (!(error instanceof Fault && error.code === 'stale-size')) throw error;
      return { status: 409, headers: { ...TEXT, 'content-type': SIZE_TYPE }, body: `${error.size}\n` };
    }
  };
}

function addEntriesHandler(mirror: Mirror): Handler {
  return async (ask, body) => {
    if (mediaType(ask.header('content-type')) !== 'application/octet-stream') {
      throw new Fault('bad-media-type', 'add-entries takes application/octet-stream');
    }
    const uploaded = addEntries(mirror, await decoded(ask, body));
    const headers = { ...TEXT, 'accept-encoding': 'gzip' };
    if (uploaded.status === 200) return { status: 200, headers, body: uploaded.lines };
    return {
      status: uploaded.status,
      headers: { ...headers, 'content-type': MIRROR_INFO_TYPE },
      body: formatMirrorInfo(uploaded.info),
    };
  };
}

/** SPEC: mirrors MUST support receiving Content-Encoding: gzip. */
async function decoded(ask: Ask, body: Uint8Array): Promise<Uint8Array> {
  const encoding = ask.header('content-encoding') ?? 'identity';
  if (encoding === 'identity') return body;
  if (encoding !== 'gzip') throw new Fault('bad-media-type', 'a body may be compressed by gzip alone');
  try {
    return new Uint8Array(await decompress(body, { maxOutputLength: MAX_UPLOAD }));
  } catch (error) {
    const large = (error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE';
    if (large) throw new Fault('too-large', `the body unfolds to more than ${MAX_UPLOAD} bytes: send fewer packages`);
    throw new Fault('bad-request', `the body is not gzip: ${messageOf(error)}`);
  }
}
