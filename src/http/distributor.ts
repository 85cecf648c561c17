/**
 * The distributor API, `/distributor/v0/…`: witnesses put the heads that they have cosigned, and anyone gets the
 * largest that so many have. A note is kept only if the log and that witness have signed it. @module
 */

import { Fault } from '../core/fault.ts';
import { formatVkey, MAX_NOTE, type Vkey } from '../core/note.ts';
import { parseSize } from '../core/size.ts';
import { answers, type Described, HASH, inPath } from './describe.ts';
import { Limiter } from './limiter.ts';
import { type Ask, asText, type Handler, noBody, type Reply, type Route } from './route.ts';
import { open } from './tiles.ts';

export type Distributor = {
  /** SHA-256 of "o:" and the origin, in hexadecimal, to the origin. */
  readonly logs: ReadonlyMap<string, string>;
  witnesses(): readonly Vkey[];
  /** Fault `stale-size` if a larger one is there; `unknown-signer` unless both have signed it. */
  put(origin: string, witness: string, note: Uint8Array): Promise<void>;
  byWitness(origin: string, witness: string): Uint8Array | undefined;
  /** The largest head with at least so many cosignatures. */
  byCount(origin: string, count: number): Uint8Array | undefined;
};

const HEADERS = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-cache', ...open };
const MAX_COUNT = 100;

const LOG = inPath('id', 'SHA-256 of "o:" and the origin of a log, in hexadecimal', HASH, () => '0'.repeat(64));
const WITNESS = inPath('name', 'a witness, percent-encoded', { type: 'string' }, () => 'witness.example');
const COUNT = inPath(
  'checkpoint',
  '`checkpoint.` and a number of cosignatures',
  { type: 'string' },
  () => 'checkpoint.1',
);
const NOTE = answers('A signed note', 'text/plain');
const LOGS: Described = { summary: 'The logs that are known here.', answers: answers('Hashes', 'application/json') };
const WITNESSES: Described = { summary: 'The witnesses known here.', answers: answers('vkeys', 'application/json') };
const BY_COUNT: Described = {
  summary: 'The largest head with at least so many cosignatures.',
  parameters: [LOG, COUNT],
  answers: NOTE,
};
const BY_WITNESS: Described = {
  summary: 'The largest head that a witness has cosigned.',
  parameters: [LOG, WITNESS],
  answers: NOTE,
};
const PUT: Described = {
  summary: 'Takes a head that a witness has cosigned.',
  parameters: [LOG, WITNESS],
  body: { 'text/plain': () => new Uint8Array(0) },
  answers: {
    ...answers('It is kept', 'text/plain'),
    409: { says: 'It conflicts with another that the log has signed', types: { 'text/plain': {} } },
    429: { says: 'So many have come from there that it has to wait', types: { 'text/plain': {} } },
  },
};

/** Heads that one address may put in a minute: a witness puts one a minute for each of its logs. */
const PUTS_A_MINUTE = 600;

/** `now` is any clock, in milliseconds. */
export function distributorRoutes(distributor: Distributor, now: () => number): Route[] {
  const limiter = new Limiter({ most: PUTS_A_MINUTE, seconds: 60, now });
  const get = { method: 'GET', form: asText, limit: noBody, hot: false } as const;
  const base = '/distributor/v0';
  const byWitness = `${base}/logs/:id/byWitness/:name/checkpoint`;
  return [
    { ...get, described: LOGS, path: `${base}/logs`, handler: () => json([...distributor.logs.keys()]) },
    {
      ...get,
      described: WITNESSES,
      path: `${base}/witnesses`,
      handler: () => json(distributor.witnesses().map(formatVkey)),
    },
    { ...get, described: BY_COUNT, path: `${base}/logs/:id/:checkpoint`, handler: byCountHandler(distributor) },
    { ...get, described: BY_WITNESS, path: byWitness, handler: byWitnessHandler(distributor) },
    {
      ...get,
      described: PUT,
      method: 'PUT',
      path: byWitness,
      limit: () => MAX_NOTE,
      handler: putHandler(distributor, limiter),
    },
  ];
}

function json(value: unknown): Reply {
  return { status: 200, headers: { ...HEADERS, 'content-type': 'application/json' }, body: JSON.stringify(value) };
}

function originIn({ logs }: Distributor, { path }: Ask): string {
  const origin = logs.get(path.split('/')[4] ?? '');
  if (origin === undefined) throw new Fault('bad-request', 'this log is not known here');
  return origin;
}

/** A name may hold a slash, escaped: the path is cut before anything in it is decoded. */
function nameIn({ path }: Ask): string {
  try {
    return decodeURIComponent(path.split('/')[6] ?? '');
  } catch {
    throw new Fault('bad-request', 'the name of the witness is not percent-encoded UTF-8');
  }
}

function byCountHandler(distributor: Distributor): Handler {
  return (ask) => {
    const origin = originIn(distributor, ask);
    const [, text = ''] = /^checkpoint\.(.*)$/.exec(ask.path.split('/')[5] ?? '') ?? [];
    const count = parseSize(text, 'bad-request');
    if (count < 1 || count > MAX_COUNT) throw new Fault('bad-request', `the number of witnesses is 1 to ${MAX_COUNT}`);
    return note(distributor.byCount(origin, count));
  };
}

function byWitnessHandler(distributor: Distributor): Handler {
  return (ask) => note(distributor.byWitness(originIn(distributor, ask), nameIn(ask)));
}

function note(bytes: Uint8Array | undefined): Reply {
  if (!bytes) throw new Fault('unknown-resource', 'no such checkpoint has come here yet');
  return { status: 200, headers: HEADERS, body: bytes };
}

function putHandler(distributor: Distributor, limiter: Limiter): Handler {
  return async (ask, body) => {
    limiter.take(ask);
    await distributor.put(originIn(distributor, ask), nameIn(ask), body);
    return { status: 200, headers: HEADERS, body: '' };
  };
}
