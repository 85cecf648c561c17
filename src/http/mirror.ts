/**
 * The endpoints of C2SP tlog-mirror: the copy as tlog-tiles below `/<sha256(origin)>/`, and `POST /add-checkpoint` and
 * `/add-entries`, by which a log pushes. Evidence against the log is served to anyone. @module
 */
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { MAX_ADD_CHECKPOINT, SIZE_TYPE } from '../core/addcheckpoint.ts';
import { MIRROR_INFO_TYPE } from '../core/addentries.ts';
import { Fault, messageOf } from '../core/fault.ts';
import { parseTilePath, type Tile } from '../core/tile.ts';
import type { Mirror } from '../monitor/mirror.ts';
import { addEntries } from '../monitor/upload.ts';
import { answers, type Described } from './describe.ts';
import { type Ask, asText, type Handler, mediaType, noBody, type Route } from './route.ts';
import { open, tileReply } from './tiles.ts';

/** What is served of a mirror beside what it decides. */
export type MirrorReads = {
  /** A tile or bundle of the mirrored checkpoint. */
  tile(tile: Tile): Uint8Array;
  /** Hashes of the evidence files. */
  evidence(): string[];
  evidenceFile(hash: string): Uint8Array | undefined;
  /** What goes wrong; undefined while nothing does. */
  trouble(): string | undefined;
};

/** 32 packages of entries of 8 kB; of larger ones a client sends fewer packages. */
const MAX_UPLOAD = 64 * 1024 * 1024;
const decompress = promisify(gunzip);
const TEXT = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' };

const SAYS: Record<'checkpoint' | 'tile' | 'addCheckpoint' | 'addEntries' | 'list' | 'file' | 'health', Described> = {
  checkpoint: {
    summary: 'The checkpoint that is mirrored, cosigned.',
    answers: answers('A signed note', 'text/plain'),
  },
  tile: {
    summary: 'A tile or an entry bundle of the mirrored tree.',
    answers: answers('Its bytes', 'application/octet-stream'),
  },
  addCheckpoint: {
    summary: 'Takes a checkpoint whose entries will be pushed (C2SP tlog-mirror).',
    answers: { ...answers('It is pending', 'text/plain'), 409: { says: 'The size known', types: { [SIZE_TYPE]: {} } } },
  },
  addEntries: {
    summary: 'Takes entries up to a pending checkpoint (C2SP tlog-mirror).',
    answers: {
      ...answers('Cosignature lines', 'text/plain'),
      409: { says: 'Where to go on from', types: { [MIRROR_INFO_TYPE]: {} } },
    },
  },
  list: { summary: 'The hashes of all evidence against the log.', answers: answers('Hashes', 'application/json') },
  file: { summary: 'One file of evidence.', answers: answers('A .tlog-evidence file', 'text/plain') },
  health: { summary: 'Whether the copy follows its log.', answers: answers('It does, or not', 'application/json') },
};

/** The routes of a mirror; `hash` is the SHA-256 of the origin in hexadecimal. */
export function mirrorRoutes(mirror: Mirror, hash: string, reads: MirrorReads): Route[] {
  const get = { method: 'GET', form: asText, limit: noBody, hot: false } as const;
  const post = { method: 'POST', form: asText, hot: true } as const;
  return [
    { ...get, described: SAYS.checkpoint, path: `/${hash}/checkpoint`, handler: checkpointHandler(mirror), hot: true },
    { ...get, described: SAYS.tile, path: `/${hash}/tile/*`, handler: tileHandler(reads, `/${hash}/`), hot: true },
    {
      ...post,
      described: SAYS.addCheckpoint,
      path: '/add-checkpoint',
      limit: () => MAX_ADD_CHECKPOINT,
      handler: addCheckpointHandler(mirror),
    },
    {
      ...post,
      described: SAYS.addEntries,
      path: '/add-entries',
      limit: () => MAX_UPLOAD,
      handler: addEntriesHandler(mirror),
    },
    { ...get, described: SAYS.list, path: `/gossip/v1/${hash}/evidence`, handler: evidenceListHandler(reads) },
    { ...get, described: SAYS.file, path: `/gossip/v1/${hash}/evidence/:file`, handler: evidenceHandler(reads) },
    { ...get, described: SAYS.health, path: '/healthz', form: () => 'json', handler: healthHandler(mirror, reads) },
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

function tileHandler(reads: MirrorReads, prefix: string): Handler {
  return (ask) => {
    const tile = parseTilePath(ask.path.slice(prefix.length));
    return tileReply(ask, tile, reads.tile(tile));
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
    const { size, next } = uploaded.info;
    // SPEC: a size, the next entry, and a possibly zero length ticket in base64, each followed by a newline.
    return {
      status: uploaded.status,
      headers: { ...headers, 'content-type': MIRROR_INFO_TYPE },
      body: `${size}\n${next}\n\n`,
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

function evidenceListHandler(reads: MirrorReads): Handler {
  return () => ({
    status: 200,
    headers: { ...TEXT, ...open },
    body: reads
      .evidence()
      .map((hash) => `${hash}\n`)
      .join(''),
  });
}

function evidenceHandler(reads: MirrorReads): Handler {
  return (ask) => {
    const file = reads.evidenceFile(ask.path.split('/').at(-1) ?? '');
    if (!file) throw new Fault('unknown-resource', 'there is no such evidence here');
    return { status: 200, headers: { 'content-type': 'application/octet-stream', ...open }, body: file };
  };
}

/** 200 while the last round went well, 503 with the reason after one that did not. */
function healthHandler(mirror: Mirror, reads: MirrorReads): Handler {
  return () => {
    const [problem, mirrored, pending] = [reads.trouble(), mirror.mirrored(), mirror.pending()[0]];
    const status = problem === undefined && mirrored ? 'ok' : 'unhealthy';
    const sizes = { mirroredSize: mirrored?.size, pendingSize: pending?.size, nextEntry: mirror.tree.head.size };
    const body = { status, problem, origin: mirror.origin, ...sizes, evidence: reads.evidence().length };
    const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' };
    return { status: status === 'ok' ? 200 : 503, headers, body: `${JSON.stringify(body)}\n` };
  };
}
