import { gunzipSync } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readBundle } from '../../src/core/bundle.ts';
import { utf8 } from '../../src/core/bytes.ts';
import { openCheckpoint } from '../../src/core/cosignature.ts';
import { Reader } from '../../src/core/reader.ts';
import { sameBytes } from '../check.ts';
import { ORIGIN } from '../registry/world.ts';
import { bytesOf, closeAll, opaqueLog, VKEYS } from './httplog.ts';

// What any client of C2SP tlog-tiles reads, with the headers that caches and browsers go by.

const SIZE = 300;
const log = await opaqueLog(SIZE);
test.after(closeAll);

const FOREVER = 'public, max-age=31536000, immutable';
const headersOf = ({ headers }: Response, ...names: string[]) => names.map((name) => headers.get(name));

test('the checkpoint: a note of both keys, as text, never cached for long', async () => {
  const response = await log.ask('/checkpoint');
  assert.is(response.status, 200);
  assert.equal(headersOf(response, 'content-type', 'cache-control', 'access-control-allow-origin'), [
    'text/plain; charset=utf-8',
    'no-cache',
    '*',
  ]);
  const { checkpoint, signed } = openCheckpoint(await bytesOf(response), VKEYS);
  assert.equal([checkpoint.origin, checkpoint.size, signed.length], [ORIGIN, SIZE, 2]);
});

test('the whole tree can be read and authenticated', async () => {
  const { checkpoint } = openCheckpoint(await bytesOf(await log.ask('/checkpoint')), VKEYS);
  const reader = new Reader(async (path) => bytesOf(await log.ask(`/${path}`)), checkpoint);
  const entries = [...(await reader.entries(0)), ...(await reader.entries(1))];
  assert.is(entries.length, SIZE);
  for (const [i, entry] of entries.entries()) sameBytes(entry, utf8(`entry ${i}`));
});

test('tiles and bundles, full and partial in every width: bytes for ever', async () => {
  const full = await bytesOf(await log.ask('/tile/0/000'));
  assert.is(full.length, 256 * 32);
  for (const [path, length] of [
    ['/tile/0/000.p/1', 32],
    ['/tile/0/000.p/255', 255 * 32],
    ['/tile/0/001.p/44', 44 * 32],
    ['/tile/0/001.p/7', 7 * 32],
    ['/tile/1/000.p/1', 32],
  ] as const) {
    const response = await log.ask(path);
    assert.equal(headersOf(response, 'content-type', 'cache-control', 'access-control-allow-origin'), [
      'application/octet-stream',
      FOREVER,
      '*',
    ]);
    const bytes = await bytesOf(response);
    assert.is(bytes.length, length, path);
    if (path.startsWith('/tile/0/000')) sameBytes(bytes, full.subarray(0, length), path);
  }
  for (const [path, width] of [
    ['/tile/entries/000', 256],
    ['/tile/entries/000.p/3', 3],
    ['/tile/entries/001.p/44', 44],
  ] as const) {
    const response = await log.ask(path);
    assert.equal(headersOf(response, 'content-type', 'cache-control', 'vary', 'content-encoding'), [
      'application/octet-stream',
      FOREVER,
      'accept-encoding',
      null,
    ]);
    assert.is(readBundle(await bytesOf(response), width).length, width);
  }
});

test('bundles are compressed for those who take gzip, and for nobody else', async () => {
  const plain = await bytesOf(await log.ask('/tile/entries/000'));
  for (const [accept, gzipped] of [
    ['gzip', true],
    ['br, GZIP;q=0.5', true],
    ['gzip, deflate, br', true],
    ['*', true],
    ['br', false],
    ['identity', false],
    ['gzip;q=0', false],
    ['x-gzipped', false],
    ['', false],
  ] as const) {
    const response = await log.ask('/tile/entries/000', { headers: { 'accept-encoding': accept } });
    assert.equal(headersOf(response, 'content-encoding', 'vary'), [gzipped ? 'gzip' : null, 'accept-encoding'], accept);
    const bytes = await bytesOf(response);
    assert.is(response.headers.get('content-length'), String(bytes.length));
    sameBytes(gzipped ? new Uint8Array(gunzipSync(bytes)) : bytes, plain, accept);
    if (gzipped) assert.ok(bytes.length < plain.length / 2, 'it is worth it');
  }
  const tile = await log.ask('/tile/0/000', { headers: { 'accept-encoding': 'gzip' } });
  assert.equal(headersOf(tile, 'content-encoding', 'vary'), [null, null], 'hashes do not get smaller');
});

test('what is not in the published tree, or has another form, is 404 in plain text', async () => {
  for (const path of [
    '/tile/0/001', // not full
    '/tile/0/001.p/45',
    '/tile/0/002',
    '/tile/0/002.p/1',
    '/tile/1/000.p/2',
    '/tile/1/001.p/1',
    '/tile/2/000.p/1',
    '/tile/63/000.p/1',
    '/tile/entries/001',
    '/tile/entries/002.p/1',
    '/tile/entries/x999/x999/x999/x999/x999/999',
    '/tile/64/000',
    '/tile/00/000',
    '/tile/0/0',
    '/tile/0/x000/000',
    '/tile/0/000.p/0',
    '/tile/0/000.p/256',
    '/tile/0/000.p/01',
    '/tile/0/000.p/',
    '/tile/0/000/',
    '/tile/-1/000',
    '/tile/0/%30%30%30',
    '/tile/0/000%',
    '/tile/data/000',
    '/tile/',
    '/tile',
  ]) {
    const response = await log.ask(path);
    assert.is(response.status, 404, path);
    assert.equal(headersOf(response, 'content-type', 'cache-control', 'access-control-allow-origin'), [
      'text/plain; charset=utf-8',
      'no-store',
      '*',
    ]);
    assert.match(await response.text(), /^[^\n]+\n$/, path);
  }
});

test('HEAD says what GET would, without the body', async () => {
  for (const path of ['/checkpoint', '/tile/0/000', '/tile/entries/000', '/tile/0/002', '/nothing', '/healthz']) {
    const [head, get] = await Promise.all([log.ask(path, { method: 'HEAD' }), log.ask(path)]);
    assert.is(head.status, get.status, path);
    assert.equal([...head.headers], [...get.headers], path);
    assert.is((await bytesOf(head)).length, 0);
  }
});

test.run();
