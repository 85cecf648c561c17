import { MessageChannel } from 'node:worker_threads';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { concat, fromHex, utf8 } from '../../src/core/bytes.ts';
import { type CborMap, Cursor, writeByteStrings } from '../../src/core/cbor.ts';
import { openCheckpoint } from '../../src/core/cosignature.ts';
import { leafHash } from '../../src/core/hash.ts';
import { createApp } from '../../src/http/app.ts';
import { LogHandle } from '../../src/log/handle.ts';
import { bytesOf, closeAll, type HttpLog, opaqueLog, routesOf, VKEYS } from './httplog.ts';

// `POST /add` of an opaque log, as generic tlog clients and load tools use it.

const log = await opaqueLog();
test.after(closeAll);

const RAW = { 'content-type': 'application/octet-stream' };
const BATCH = { 'content-type': 'application/cbor-seq' };
const add = (body: Uint8Array | string, headers: Record<string, string> = RAW) => log.post('/add', body, headers);
const head = async (of: HttpLog) => openCheckpoint(await bytesOf(await of.ask('/checkpoint')), VKEYS).checkpoint;

test('a signed checkpoint of size 0 is there from the start', async () => {
  assert.is((await head(log)).size, 0);
});

test('the answer is the index in decimal and nothing else; the next checkpoint covers it', async () => {
  for (let i = 0; i < 12; i++) {
    const response = await add(`entry ${i}`);
    assert.is(response.status, 200);
    assert.is(response.headers.get('content-type'), 'text/plain; charset=utf-8');
    assert.is(await response.text(), String(i));
    assert.is((await head(log)).size, i + 1);
  }
});

test('a duplicate answers the old index, in flight, later and after a restart', async () => {
  const { size } = await head(log);
  const together = await Promise.all(Array.from({ length: 8 }, () => add('the same')));
  for (const response of together) assert.is(await response.text(), String(size));
  assert.is(await (await add('entry 3')).text(), '3');
  await log.reopen();
  assert.is(await (await add('entry 3')).text(), '3');
  assert.is(await (await add('the same')).text(), String(size));
  assert.is((await head(log)).size, size + 1);
});

test('any bytes are an entry, from one to 65,535 of them, whatever they are said to be', async () => {
  const { size } = await head(log);
  for (const [i, body] of [
    Uint8Array.of(0),
    new Uint8Array(65_535).fill(7),
    fromHex('ff00', 'bad-request'),
  ].entries()) {
    const response = await log.ask('/add', { method: 'POST', body: body as BodyInit });
    assert.is(await response.text(), String(size + i));
  }
  assert.is(await (await add('{}', { 'content-type': 'application/json' })).text(), String(size + 3));
});

test('no bytes, or too many, are refused in plain text and leave nothing', async () => {
  const { size } = await head(log);
  for (const [body, status] of [
    [new Uint8Array(0), 400],
    [new Uint8Array(65_536), 413],
    [new Uint8Array(5_000_000), 413],
  ] as const) {
    const response = await add(body);
    assert.equal([response.status, response.headers.get('content-type')], [status, 'text/plain; charset=utf-8']);
    assert.match(await response.text(), /^[^\n]+\n$/);
  }
  assert.is((await head(log)).size, size);
});

test('a batch: indexes in order, problems in the place of what was refused', async () => {
  const { size } = await head(log);
  const items = [utf8('one'), new Uint8Array(0), utf8('two'), utf8('one'), new Uint8Array(65_536), utf8('entry 3')];
  const response = await add(writeByteStrings(items), BATCH);
  assert.equal([response.status, response.headers.get('content-type')], [200, 'application/cbor-seq']);
  const answer = new Cursor(await bytesOf(response));
  const next = () => answer.value();
  const problem = () => {
    const map = next() as CborMap;
    return [map.get(-4), map.get(-1)];
  };
  assert.is(next(), size);
  assert.equal(problem(), [400, 'Malformed request']);
  assert.is(next(), size + 1);
  assert.is(next(), size);
  assert.equal(problem(), [413, 'Content Too Large']);
  assert.is(next(), 3);
  answer.end();
  assert.is((await head(log)).size, size + 2);
  assert.equal(log.refusals.slice(-2).sort(), ['bad-request', 'too-large'], 'each was counted');
});

test('broken framing is one 400, and too many or too large is 413, before anything is pooled', async () => {
  const { size } = await head(log);
  const good = writeByteStrings([utf8('framed')]);
  for (const [name, body, status] of [
    ['cut off', concat(good, fromHex('4361', 'bad-request')), 400],
    ['not a byte string', concat(good, fromHex('6161', 'bad-request')), 400],
    ['an array around', concat(fromHex('81', 'bad-request'), good), 400],
    ['an indefinite string', concat(good, fromHex('5f4161ff', 'bad-request')), 400],
    ['a long head', concat(good, fromHex('580161', 'bad-request')), 400],
    ['257 items', writeByteStrings(Array.from({ length: 257 }, (_, i) => utf8(`item ${i}`))), 413],
    ['more than 4 MiB', writeByteStrings(Array.from({ length: 65 }, () => new Uint8Array(65_000))), 413],
  ] as const) {
    const response = await add(body, BATCH);
    assert.is(response.status, status, name);
    assert.match(await response.text(), /^[^\n]+\n$/, name);
  }
  assert.is((await head(log)).size, size);
  const most = await add(writeByteStrings(Array.from({ length: 256 }, (_, i) => utf8(`item ${i}`))), BATCH);
  assert.is(most.status, 200);
  assert.is((await head(log)).size, size + 256);
});

test('no items are no batch of anything', async () => {
  const response = await add(new Uint8Array(0), BATCH);
  assert.is(response.status, 200);
  assert.is((await bytesOf(response)).length, 0);
});

test('when too much waits: 503 with Retry-After, to a single entry and to each item of a batch', async () => {
  // The log at the other end of this channel does not answer, as one whose disk hangs.
  const { port2 } = new MessageChannel();
  const stuck = new LogHandle({
    port: port2,
    published: log.handle.published,
    committed: log.size,
    openTree: () => {
      throw new Error('nothing is published');
    },
    observe: () => {},
    trouble: () => {},
  });
  port2.unref();
  const app = createApp(routesOf(stuck, 'opaque'), log.watch);
  for (let i = 0; i < 16_384; i++)
    void stuck.add({ id: leafHash(utf8(`waiting ${i}`)), entry: utf8(`waiting ${i}`), verified: true });
  const response = await app.request('/add', { method: 'POST', body: 'one more' });
  assert.is(response.status, 503);
  assert.is(response.headers.get('retry-after'), '1');
  assert.match(await response.text(), /send it again later/);
  const batch = await app.request('/add', {
    method: 'POST',
    headers: BATCH,
    body: writeByteStrings([utf8('x')]) as BodyInit,
  });
  assert.is((new Cursor(await bytesOf(batch)).value() as CborMap).get(-4), 503);
});

test('an opaque log has no entries of SCRAPI, but the keys of its tree heads', async () => {
  assert.is((await log.ask('/entries')).status, 404);
  assert.is((await log.ask('/.well-known/scitt-keys')).status, 200);
});

test.run();
