/**
 * The heads exchange, `/gossip/v1/<sha256(origin)>/…`: signed heads of a log, from and for anyone. Bodies are signed
 * notes; two that conflict are answered with the evidence, so that both sides hold it. @module
 */

import { Fault } from '../core/fault.ts';
import {
  formatHeads,
  HEADS_TYPE,
  type ListedHead,
  MAX_EVIDENCE_IDS,
  MAX_HEADS,
  type Posted,
} from '../core/headlist.ts';
import { MAX_NOTE } from '../core/note.ts';
import { parseSize } from '../core/size.ts';
import { answers, type Described, HASH, inPath, query, SIZE } from './describe.ts';
import { Limiter } from './limiter.ts';
import { type Ask, asJson, type Handler, noBody, type Reply, type Route } from './route.ts';
import { open } from './tiles.ts';

/** A log, a monitor, a mirror or a witness, as a party to the exchange of heads. */
export type Gossip = {
  /** The origin with this hash; undefined if it is not one of ours. */
  originOf(hash: string): string | undefined;
  latest(origin: string): Uint8Array | undefined;
  after(origin: string, seq: number, limit: number): readonly ListedHead[];
  post(origin: string, note: Uint8Array): Promise<Posted> | Posted;
  /** Evidence files against it by their SHA-256 in hexadecimal, in an order that stays; and one of them. */
  evidence(origin: string): readonly string[];
  evidenceFile(origin: string, id: string): Uint8Array | undefined;
};

const TEXT = 'text/plain; charset=utf-8';
export const EVIDENCE_TYPE = 'text/x.tlog.evidence';

const OF = [inPath('hash', 'SHA-256 of the origin of a log, in hexadecimal', HASH, ({ originHash }) => originHash)];
const PLAIN = 'text/plain';
const LATEST: Described = {
  summary: 'The largest head of the log that was verified here.',
  parameters: OF,
  answers: answers('A signed note', PLAIN),
};
const HEADS: Described = {
  summary: 'Heads of the log that were verified here, in the order in which they came.',
  parameters: [...OF, query('after', 'the number of the last one that is known', SIZE, () => '0')],
  answers: answers('Signed notes, each behind its number', HEADS_TYPE),
};
const POST: Described = {
  summary: 'Tells of a head of the log; one that conflicts is answered with the evidence.',
  parameters: OF,
  body: { [PLAIN]: ({ note }) => note },
  answers: {
    ...answers('It is consistent with what was verified here; the latest', PLAIN),
    202: { says: 'It is larger than what could be verified yet', types: { [PLAIN]: {} } },
    429: { says: 'So many have come from there that it has to wait', types: { 'application/problem+json': {} } },
    409: { says: 'It conflicts: both heads, as a `.tlog-evidence` file', types: { [EVIDENCE_TYPE]: {} } },
  },
};
const LIST: Described = {
  summary: 'Evidence against the log that is kept here.',
  parameters: [...OF, query('after', 'the last hash of the page before', HASH)],
  answers: answers(`SHA-256 of each file in hexadecimal, one a line, at most ${MAX_EVIDENCE_IDS}`, PLAIN),
};
const EVIDENCE: Described = {
  summary: 'A `.tlog-evidence` file.',
  parameters: [...OF, inPath('id', 'SHA-256 of the file in hexadecimal', HASH, () => '0'.repeat(64))],
  answers: answers('Two signed notes, and what shows that they contradict', EVIDENCE_TYPE),
};

/** Heads that one address may post in a minute: a monitor posts one for each that is new. */
const POSTS_A_MINUTE = 60;

/** `now` is any clock, in milliseconds. */
export function gossipRoutes(gossip: Gossip, now: () => number): Route[] {
  const limiter = new Limiter({ most: POSTS_A_MINUTE, seconds: 60, now });
  const get = { method: 'GET', form: asJson, limit: noBody, hot: false } as const;
  const post = { method: 'POST', form: asJson, limit: () => MAX_NOTE, hot: false } as const;
  const of = (work: (origin: string, ask: Ask, body: Uint8Array) => Reply | Promise<Reply>): Handler => {
    return (ask, body) => work(originIn(gossip, ask), ask, body);
  };
  return [
    { ...get, described: LATEST, path: '/gossip/v1/:hash/latest', handler: of((origin) => latest(gossip, origin)) },
    {
      ...get,
      described: HEADS,
      path: '/gossip/v1/:hash/heads',
      handler: of((origin, ask) => heads(gossip, origin, ask)),
    },
    {
      ...post,
      described: POST,
      path: '/gossip/v1/:hash/heads',
      handler: of((origin, ask, body) => {
        limiter.take(ask);
        return take(gossip, origin, body);
      }),
    },
    {
      ...get,
      described: LIST,
      path: '/gossip/v1/:hash/evidence',
      handler: of((origin, ask) => evidenceList(gossip, origin, ask)),
    },
    {
      ...get,
      described: EVIDENCE,
      path: '/gossip/v1/:hash/evidence/:id',
      handler: of((origin, ask) => evidenceFile(gossip, origin, ask)),
    },
  ];
}

function originIn(gossip: Gossip, { path }: Ask): string {
  const origin = gossip.originOf(path.split('/')[3] ?? '');
  if (origin === undefined) throw new Fault('unknown-log', 'no log that is known here has this hash');
  return origin;
}

function latest(gossip: Gossip, origin: string): Reply {
  const note = gossip.latest(origin);
  if (!note) throw new Fault('unknown-resource', 'no head of this log has been verified here yet');
  return { status: 200, headers: { 'content-type': TEXT, 'cache-control': 'max-age=30', ...open }, body: note };
}

function heads(gossip: Gossip, origin: string, { query }: Ask): Reply {
  const after = parseSize(new URLSearchParams(query).get('after') ?? '0', 'bad-request');
  const body = formatHeads(gossip.after(origin, after, MAX_HEADS));
  return { status: 200, headers: { 'content-type': HEADS_TYPE, 'cache-control': 'no-cache', ...open }, body };
}

async function take(gossip: Gossip, origin: string, note: Uint8Array): Promise<Reply> {
  const posted = await gossip.post(origin, note);
  const headers = { 'content-type': TEXT, 'cache-control': 'no-store', ...open };
  if (posted.kind === 'consistent') return { status: 200, headers, body: gossip.latest(origin) ?? '' };
  if (posted.kind === 'queued') return { status: 202, headers, body: 'larger than what could be verified yet\n' };
  return { status: 409, headers: { ...headers, 'content-type': EVIDENCE_TYPE }, body: posted.file ?? '' };
}

/** A page begins behind a hash; behind one that is not here, at the beginning. */
function evidenceList(gossip: Gossip, origin: string, { query }: Ask): Reply {
  const ids = gossip.evidence(origin);
  const from = ids.indexOf(new URLSearchParams(query).get('after') ?? '') + 1;
  const page = ids.slice(from, from + MAX_EVIDENCE_IDS);
  const headers = { 'content-type': TEXT, 'cache-control': 'no-cache', ...open };
  return { status: 200, headers, body: page.map((id) => `${id}\n`).join('') };
}

function evidenceFile(gossip: Gossip, origin: string, { path }: Ask): Reply {
  const file = gossip.evidenceFile(origin, path.split('/')[5] ?? '');
  if (!file) throw new Fault('unknown-resource', 'there is no such evidence here');
  return { status: 200, headers: { 'content-type': EVIDENCE_TYPE, 'cache-control': 'no-cache', ...open }, body: file };
}
