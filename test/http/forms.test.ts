import { gzipSync } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { toBase64url } from '../../src/core/bytes.ts';
import { decode } from '../../src/core/cbor.ts';
import { decodeKeySet, fromCoseKey, thumbprintOf } from '../../src/core/cosekey.ts';
import { sameBytes } from '../check.ts';
import { building, ORIGIN, START } from '../registry/world.ts';
import { buildingLog, bytesOf, COSE, closeAll, HttpLog, opaqueLog, problemOf, RECEIPT_KEY } from './httplog.ts';
import { build, pathOf } from './statements.ts';

// The errors row of DESIGN.md section 7, the keys, and what operators and browsers ask.

const log = await buildingLog();
const opaque = await opaqueLog(1);
test.after(closeAll);

const CBOR = 'application/concise-problem-details+cbor';
const JSON_PROBLEM = 'application/problem+json';
const TEXT = 'text/plain; charset=utf-8';

test('CBOR problem details on the paths of SCRAPI and where there is nothing, with title, detail and status', async () => {
  for (const [path, init, status, title] of [
    ['/nothing', {}, 404, 'Not Found'],
    ['/', {}, 404, 'Not Found'],
    ['/entries/', {}, 404, 'Not Found'],
    ['/entries/a/b/c', {}, 404, 'Not Found'],
    ['/%FF', {}, 404, 'Not Found'],
    ['/%', {}, 404, 'Not Found'],
    [`/${'/'.repeat(15_000)}`, {}, 404, 'Not Found'],
    [`/entries${'/a'.repeat(7_000)}`, {}, 404, 'Not Found'],
    ['/entries', {}, 405, 'Method Not Allowed'],
    ['/entries', { method: 'DELETE' }, 405, 'Method Not Allowed'],
    ['/entries', { method: 'PUT', body: 'x' }, 405, 'Method Not Allowed'],
    ['/entries/a', { method: 'POST', body: 'x' }, 405, 'Method Not Allowed'],
    ['/.well-known/scitt-keys', { method: 'POST', body: 'x' }, 405, 'Method Not Allowed'],
    ['/.well-known/scitt-keys/abc', {}, 404, 'No such key'],
    ['/entries', { method: 'POST', body: 'x' }, 415, 'Unsupported Media Type'],
    [
      '/entries',
      { method: 'POST', body: 'x', headers: { 'content-type': 'application/json' } },
      415,
      'Unsupported Media Type',
    ],
    ['/entries', { method: 'POST', body: 'x', headers: COSE }, 400, 'Malformed request'],
    ['/entries', { method: 'POST', body: new Uint8Array(131_071), headers: COSE }, 413, 'Content Too Large'],
    ['/entries/a', {}, 400, 'Invalid locator'],
  ] as const) {
    const response = await log.ask(path, init as RequestInit);
    const name = `${(init as RequestInit).method ?? 'GET'} ${path}`;
    assert.equal([response.status, response.headers.get('content-type')], [status, CBOR], name.slice(0, 80));
    assert.is(response.headers.get('cache-control'), 'no-store');
    assert.is(response.headers.get('access-control-allow-origin'), '*', 'a page may read why');
    const problem = problemOf(await bytesOf(response));
    assert.equal([problem.title, problem.status], [title, status], name);
    assert.ok(problem.detail.length > 10, `${name}: ${problem.detail}`);
    assert.is((decode(await bytesOf(await log.ask(path, init as RequestInit))) as Map<number, unknown>).size, 3);
  }
});

test('a body that is packed is refused as such, and not for what its bytes are', async () => {
  const packed = gzipSync(build().entry);
  for (const encoding of ['gzip', 'br', 'identity, gzip', 'GZIP']) {
    const response = await log.post('/entries', packed, { ...COSE, 'content-encoding': encoding });
    assert.is(response.status, 415, encoding);
    assert.match(problemOf(await bytesOf(response)).detail, `not with Content-Encoding ${encoding}: send it unpacked`);
  }
  const plain = await log.post('/entries', build().entry, { ...COSE, 'content-encoding': 'Identity' });
  assert.is(plain.status, 201);
});

test('JSON problem details if Accept names a JSON type and not CBOR', async () => {
  for (const [accept, type] of [
    ['application/json', JSON_PROBLEM],
    ['application/problem+json', JSON_PROBLEM],
    ['text/html, application/ld+json;q=0.1', JSON_PROBLEM],
    ['application/cbor, application/json', CBOR],
    ['application/concise-problem-details+cbor, application/problem+json', CBOR],
    ['*/*', CBOR],
    ['text/html', CBOR],
    ['', CBOR],
  ]) {
    const headers = { accept: accept as string };
    for (const path of ['/entries/a', '/nothing', '/.well-known/scitt-keys/a']) {
      const response = await log.ask(path, { headers });
      assert.is(response.headers.get('content-type'), type, `${path} ${accept}`);
      if (type !== JSON_PROBLEM) continue;
      const body = (await response.json()) as Record<string, unknown>;
      assert.equal([body.type, body.status], ['about:blank', response.status]);
      assert.equal([typeof body.title, typeof body.detail, typeof body.code], ['string', 'string', 'string']);
    }
  }
  const refused = await log.post('/entries', build().entry.subarray(0, 9), { ...COSE, accept: 'application/json' });
  assert.is(((await refused.json()) as { code: string }).code, 'bad-cbor');
});

test('plain text on C2SP paths, whatever Accept says', async () => {
  const headers = { accept: 'application/json' };
  for (const [path, init, status] of [
    ['/tile/0/999', {}, 404],
    ['/checkpoint', { method: 'POST', body: 'x' }, 405],
    ['/tile/0/000', { method: 'DELETE' }, 405],
    ['/add', {}, 405],
    ['/add', { method: 'POST' }, 400],
  ] as const) {
    const response = await opaque.ask(path, { headers, ...init });
    assert.equal([response.status, response.headers.get('content-type')], [status, TEXT], path);
    assert.match(await response.text(), /^[^\n]+\n$/);
  }
});

test('a wrong method is told the right ones; OPTIONS lets pages read with headers of their own, and not write', async () => {
  for (const [path, allow, open] of [
    ['/entries', 'POST, OPTIONS', false],
    ['/entries/abc', 'GET, HEAD, OPTIONS', true],
    ['/entries/abc/statement', 'GET, HEAD, OPTIONS', true],
    ['/checkpoint', 'GET, HEAD, OPTIONS', true],
    ['/tile/0/000', 'GET, HEAD, OPTIONS', true],
    ['/.well-known/scitt-keys', 'GET, HEAD, OPTIONS', true],
  ] as const) {
    const wrong = await log.ask(path, { method: 'PATCH' });
    assert.equal([wrong.status, wrong.headers.get('allow')], [405, allow], path);
    const said = new TextDecoder('latin1').decode(await wrong.arrayBuffer());
    assert.ok(said.includes(`${path} takes ${allow.split(', ')[0]}`), said);
    const preflight = await log.ask(path, {
      method: 'OPTIONS',
      headers: { origin: 'https://page.example', 'access-control-request-method': open ? 'GET' : 'POST' },
    });
    assert.equal([preflight.status, preflight.headers.get('allow')], [204, allow], path);
    assert.is(preflight.headers.get('access-control-allow-origin'), open ? '*' : null, path);
    assert.is(preflight.headers.get('access-control-allow-methods'), open ? 'GET, HEAD' : null, path);
  }
});

test('a body where none is taken is 413', async () => {
  // fetch refuses a GET with a body; others send one.
  const request = new Request('http://log.example/entries', { method: 'POST', body: 'x' });
  const get = new Proxy(request, {
    get: (target, name) =>
      name === 'method' ? 'GET' : name === 'url' ? 'http://log.example/healthz' : Reflect.get(target, name),
  });
  assert.is((await log.app.fetch(get)).status, 413);
});

test('what goes wrong here is 500, its text stays in the log of the operator', async () => {
  const broken = await buildingLog();
  const statement = build();
  await broken.post('/entries', statement.entry);
  broken.reads.close();
  const response = await broken.ask(`${pathOf(statement)}/statement`);
  assert.is(response.status, 500);
  const { title, detail } = problemOf(await bytesOf(response));
  assert.is(title, 'Internal Error');
  assert.is(detail, 'something went wrong here; the operator can find it in the log of the server');
  assert.match(String(broken.failures[0]), /database/);
  assert.ok(broken.refusals.includes('internal'));
});

test('keys: a COSE key set, and each by the base64url of its kid', async () => {
  const set = await log.ask('/.well-known/scitt-keys', { headers: { accept: 'application/cbor' } });
  assert.equal([set.status, set.headers.get('content-type')], [200, 'application/cbor']);
  assert.match(set.headers.get('cache-control') as string, /max-age=3600/);
  assert.is(set.headers.get('access-control-allow-origin'), '*');
  const [key, ...others] = decodeKeySet(await bytesOf(set));
  assert.is(others.length, 0);
  assert.is(key?.alg, -7);
  sameBytes(key?.key.bytes, RECEIPT_KEY.bytes);
  sameBytes(key?.kid as Uint8Array, thumbprintOf(RECEIPT_KEY));
  const name = toBase64url(thumbprintOf(RECEIPT_KEY));
  const one = await log.ask(`/.well-known/scitt-keys/${name}`);
  assert.equal([one.status, one.headers.get('content-type')], [200, 'application/cbor']);
  sameBytes(fromCoseKey(decode(await bytesOf(one))).key.bytes, RECEIPT_KEY.bytes);
  for (const wrong of [`${name}=`, name.slice(1), name.toLowerCase(), `${name}/x`, '%00', '%']) {
    assert.is((await log.ask(`/.well-known/scitt-keys/${wrong}`)).status, 404, wrong);
  }
});

test('/healthz: well while it publishes; unwell, with the reason, once it is frozen', async () => {
  const response = await log.ask('/healthz');
  assert.equal([response.status, response.headers.get('content-type')], [200, 'application/json']);
  assert.is(response.headers.get('cache-control'), 'no-store');
  assert.equal(await response.json(), { status: 'ok', origin: ORIGIN, publishedSize: log.size });

  const frozen = await opaqueLog(3);
  frozen.store.close();
  const refused = await frozen.post('/add', 'x');
  assert.equal([refused.status, refused.headers.get('retry-after')], [503, '60']);
  assert.is(await refused.text(), 'the log stopped after an error of its own\n');
  const unwell = await frozen.ask('/healthz');
  assert.is(unwell.status, 503);
  const body = (await unwell.json()) as Record<string, unknown>;
  assert.equal([body.status, body.problem], ['unhealthy', 'the log stopped after an error of its own']);
  assert.is((await frozen.ask('/checkpoint')).status, 200, 'reads of what is in memory go on');
});

test('/healthz: unwell while the clock is off and nothing is taken in, and says why before anybody sends anything', async () => {
  let now = Date.parse(START) + 600_000;
  const parts = { clock: () => new Date(now), cosign: (note: Uint8Array) => note, acceptClockStep: false };
  const off = await new HttpLog('statements', parts).play(building());
  const health = async () => {
    const { status, problem } = (await (await off.ask('/healthz')).json()) as { status: string; problem?: string };
    return [status, problem];
  };
  await off.handle.caughtUp(60_000);
  assert.equal(await health(), ['ok', undefined]);
  const HOUR = 3600_000;
  for (const [step, why] of [
    [-HOUR, /^the clock of this server is behind the last heartbeat/],
    [49 * HOUR, /^the clock is more than 48 hours beyond .*--accept-clock-step$/],
  ] as const) {
    now += step;
    await off.reopen();
    assert.is((await off.ask('/healthz')).status, 503);
    assert.match(String((await health())[1]), why);
    assert.match(await (await off.ask('/metrics')).text(), /^limmat_read_only 1$/m);
    assert.is((await off.ask('/checkpoint')).status, 200, 'reads go on');
    const refused = await off.post('/entries', build().entry);
    assert.is(refused.status, 503);
    assert.match(problemOf(await bytesOf(refused)).detail, why);
    // The clock is set right while the log runs; the next turn sees it.
    now -= step;
    assert.is((await off.post('/entries', build().entry)).status, 201);
    assert.equal(await health(), ['ok', undefined]);
  }
});

test('/metrics: for Prometheus, with what was refused and what is published', async () => {
  await log.post('/entries', 'x');
  const response = await log.ask('/metrics');
  assert.is(response.status, 200);
  assert.match(response.headers.get('content-type') as string, /^text\/plain; version=0\.0\.4/);
  const text = await response.text();
  assert.match(text, new RegExp(`^limmat_published_size ${log.size}$`, 'm'));
  for (const name of ['limmat_waiting 0', 'limmat_frozen 0', '# TYPE limmat_step_seconds histogram']) {
    assert.ok(text.includes(name), name);
  }
});

test.run();
