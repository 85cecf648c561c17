import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Fetch, LogClient } from '../../src/client/logclient.ts';
import { utf8 } from '../../src/core/bytes.ts';
import { encode, readByteStrings } from '../../src/core/cbor.ts';
import type { FaultCode } from '../../src/core/fault.ts';
import { faultsLater, sameBytes } from '../check.ts';

// Against a `fetch` that answers as a log might, or as nobody should.

type Asked = { url: string; init: RequestInit };
type Reply = Response | Error | (() => Response);

const problem = (status: number, title: string, detail: string, headers: Record<string, string> = {}) =>
  new Response(
    encode(
      new Map<number, string | number>([
        [-1, title],
        [-2, detail],
        [-4, status],
      ]),
    ) as BodyInit,
    {
      status,
      headers: { 'content-type': 'application/concise-problem-details+cbor', ...headers },
    },
  );

/** A client whose log gives these answers in turn; `asked` and `slept` are what it did. */
function clientOf(...replies: Reply[]) {
  const [asked, slept] = [[] as Asked[], [] as number[]];
  const fetch: Fetch = async (url, init = {}) => {
    asked.push({ url, init });
    const reply = replies[Math.min(asked.length, replies.length) - 1];
    if (reply instanceof Error) throw reply;
    return typeof reply === 'function' ? reply() : (reply as Response);
  };
  const client = new LogClient('http://log.example/base//', fetch, async (seconds) => void slept.push(seconds));
  return { client, asked, slept };
}

const headerOf = ({ init }: Asked, name: string) => new Headers(init.headers).get(name);

test('submit posts the statement and answers the proof; the base may end with slashes', async () => {
  const { client, asked } = clientOf(new Response('proof', { status: 201 }));
  sameBytes(await client.submit(utf8('statement')), utf8('proof'));
  const [only] = asked as [Asked];
  assert.is(only.url, 'http://log.example/base/entries');
  assert.is(only.init.method, 'POST');
  assert.is(headerOf(only, 'content-type'), 'application/cose');
  assert.is(headerOf(only, 'accept'), 'text/x.tlog-proof');
  sameBytes(only.init.body as Uint8Array, utf8('statement'));
});

test('get and proof ask for what they are told', async () => {
  const { client, asked } = clientOf(() => new Response('bytes'));
  await client.get('tile/0/000');
  await client.proof('AbC');
  assert.equal(
    asked.map(({ url }) => url),
    ['http://log.example/base/tile/0/000', 'http://log.example/base/entries/AbC'],
  );
  assert.is(headerOf(asked[1] as Asked, 'accept'), 'text/x.tlog-proof');
});

test('a batch: receipts and problems in order, and an answer that does not fit the question', async () => {
  const refused = new Map<number, string | number>([
    [-1, 'Rejected'],
    [-2, 'site: unknown'],
    [-4, 400],
  ]);
  const items = [encode([201, utf8('receipt')]), encode([400, refused as never]), encode([200, utf8('repeat')])];
  const body = Buffer.concat(items);
  const { client, asked } = clientOf(() => new Response(body));
  const outcomes = await client.submitBatch([utf8('a'), utf8('b'), utf8('c')]);
  assert.equal(
    readByteStrings((asked[0] as Asked).init.body as Uint8Array, 3).map(String),
    ['a', 'b', 'c'].map((x) => String(utf8(x))),
  );
  assert.ok(
    'receipt' in (outcomes[0] as object) && 'fault' in (outcomes[1] as object) && 'receipt' in (outcomes[2] as object),
  );
  const [, second] = outcomes;
  assert.ok(second && 'fault' in second && second.fault.code === 'refused');
  assert.match(second.fault.message, /Rejected: site: unknown/);
  await faultsLater('bad-cbor', () => client.submitBatch([utf8('a')]), 'more answers than questions');
  await faultsLater('bad-cbor', () =>
    clientOf(() => new Response(encode([1, 2]) as BodyInit)).client.submitBatch([utf8('a')]),
  );
});

const FAULTS: [string, () => Response, FaultCode, RegExp][] = [
  [
    '400 with a problem',
    () => problem(400, 'Rejected', 'key-state: revoked'),
    'refused',
    /^Rejected: key-state: revoked$/,
  ],
  ['404 with a problem', () => problem(404, 'Not Found', 'no such entry'), 'unknown-resource', /no such entry/],
  ['413', () => problem(413, 'Content Too Large', 'at most'), 'refused', /at most/],
  ['500', () => problem(500, 'Internal Error', 'something went wrong'), 'internal', /something went wrong/],
  [
    '502 of a proxy',
    () => new Response('<html>Bad Gateway', { status: 502 }),
    'internal',
    /answered 502: <html>Bad Gateway/,
  ],
  ['503 without a time', () => problem(503, 'Read-Only', 'a full disk'), 'pool-full', /a full disk/],
  ['503 of a frozen log', () => problem(503, 'Frozen', 'a restored backup?'), 'frozen', /a restored backup/],
  [
    '404 with a problem in JSON',
    () =>
      new Response(JSON.stringify({ type: 'about:blank', title: 'Not Found', status: 404, detail: 'no such leaf' }), {
        status: 404,
        headers: { 'content-type': 'application/problem+json' },
      }),
    'unknown-resource',
    /^Not Found: no such leaf$/,
  ],
  [
    'JSON that is no problem',
    () => new Response('{}', { status: 404, headers: { 'content-type': 'application/problem+json' } }),
    'unknown-resource',
    /answered 404: \{\}$/,
  ],
  ['404 as text', () => new Response('not here\n', { status: 404 }), 'unknown-resource', /answered 404: not here$/],
  [
    'a problem that is none',
    () => new Response('?', { status: 400, headers: { 'content-type': 'application/concise-problem-details+cbor' } }),
    'refused',
    /answered 400: \?/,
  ],
  ['a long page', () => new Response('x'.repeat(100_000), { status: 403 }), 'refused', /^.{400,700}$/],
];

for (const [name, reply, code, message] of FAULTS) {
  test(`a fault for each status, and no second try: ${name}`, async () => {
    const { client, asked } = clientOf(reply);
    assert.match((await faultsLater(code, () => client.get('checkpoint'))).message, message);
    assert.is(asked.length, 1);
  });
}

test('a log that says after how long to ask again is asked again, with the same statement', async () => {
  for (const [reply, seconds] of [
    [() => problem(503, 'Try Again Later', 'full', { 'retry-after': '2' }), 2],
    [() => new Response('slow down', { status: 429, headers: { 'retry-after': '1' } }), 1],
    [() => new Response(null, { status: 204, headers: { 'retry-after': '3' } }), 3],
    // Never at once, however long ago it was.
    [() => problem(503, 'Try Again Later', 'full', { 'retry-after': '0' }), 1],
    [() => problem(503, 'Try Again Later', 'full', { 'retry-after': new Date(0).toUTCString() }), 1],
    [() => new Response(null, { status: 204 }), 1],
  ] as const) {
    const { client, asked, slept } = clientOf(reply, reply, () => new Response('proof'));
    sameBytes(await client.submit(utf8('statement')), utf8('proof'));
    assert.equal(slept, [seconds, seconds]);
    for (const { init } of asked) sameBytes(init.body as Uint8Array, utf8('statement'));
  }
});

test('after how long to ask again may be told by a date', async () => {
  const at = new Date(Date.now() + 5000).toUTCString();
  const { client, slept } = clientOf(
    () => problem(503, 'Try Again Later', 'full', { 'retry-after': at }),
    () => new Response('proof'),
  );
  await client.submit(utf8('statement'));
  assert.is(slept.length, 1);
  assert.ok((slept[0] as number) >= 3 && (slept[0] as number) <= 5, `${slept[0]}`);
});

test('an entry that is published late: its proof is fetched when it is there', async () => {
  const location = 'https://public.example/entries/AbC';
  const late = new Response(null, { status: 202, headers: { location } });
  const { client, asked } = clientOf(late, new Response(null, { status: 204 }), new Response('proof'));
  sameBytes(await client.submit(utf8('s')), utf8('proof'));
  assert.equal(
    asked.map(({ url }) => url.slice('http://log.example/base/'.length)),
    ['entries', 'entries/AbC', 'entries/AbC'],
  );
  const batch = clientOf(() => new Response(encode([202, location]) as BodyInit)).client;
  assert.equal(await batch.submitBatch([utf8('s')]), [{ location }]);
  await faultsLater('internal', () => clientOf(new Response(null, { status: 202 })).client.submit(utf8('s')));
});

test('it is not asked for ever, nor waited for long', async () => {
  const full = clientOf(() => problem(503, 'Try Again Later', 'full', { 'retry-after': '1' }));
  const fault = await faultsLater('pool-full', () => full.client.submit(utf8('s')));
  assert.is(fault.retryAfter, 1);
  assert.is(full.asked.length, 5);
  const closed = clientOf(() => problem(503, 'Read-Only', 'disk', { 'retry-after': '60' }));
  await faultsLater('pool-full', () => closed.client.submit(utf8('s')));
  assert.is(closed.asked.length, 1);
  const pending = clientOf(() => new Response(null, { status: 204 }));
  const waited = await faultsLater('unknown-resource', () => pending.client.proof('AbC'));
  assert.match(waited.message, /logged and not published yet: ask again/);
});

test('a log that cannot be reached, and an answer that breaks off or does not end', async () => {
  const unreachable = clientOf(new TypeError('fetch failed', { cause: new Error('ECONNREFUSED') }));
  const fault = await faultsLater('request-timeout', () => unreachable.client.get('checkpoint'));
  assert.match(fault.message, /cannot reach http:\/\/log\.example\/base\/checkpoint: fetch failed: ECONNREFUSED/);
  const broken = new ReadableStream({ pull: (controller) => controller.error(new Error('socket hang up')) });
  const cut = await faultsLater('request-timeout', () => clientOf(new Response(broken)).client.get('checkpoint'));
  assert.match(cut.message, /broke off: socket hang up/);
  const endless = new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(2 ** 20)) });
  await faultsLater('too-large', () => clientOf(new Response(endless)).client.get('checkpoint'));
});

test('every request has a deadline', async () => {
  const { client, asked } = clientOf(new Response('bytes'));
  await client.get('checkpoint');
  assert.instance((asked[0] as Asked).init.signal, AbortSignal);
});

test.run();
