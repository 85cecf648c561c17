import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fromHex, toHex } from '../../src/core/bytes.ts';
import { writeByteStrings } from '../../src/core/cbor.ts';
import { buildingLog, bytesOf, COSE, closeAll, opaqueLog } from './httplog.ts';
import { build, JSON_TYPE, PROOF } from './statements.ts';

// Hot routes are answered in front of Hono, and by Hono too: the same request gets the same answer on both ways.

const statements = await buildingLog();
const opaque = await opaqueLog(300);
const servers = { statements: await statements.listen(), opaque: await opaque.listen() };
test.after(closeAll);

type Asked = { method: string; path: string; headers: Record<string, string>; body: Uint8Array | undefined };
type Answered = { status: number; headers: Record<string, string>; body: string };
/** Of the connection, not of the answer. */
const OF_CONNECTION = ['connection', 'keep-alive', 'date', 'transfer-encoding'];

function answered(status: number, headers: Iterable<[string, string]>, body: Uint8Array): Answered {
  const own = [...headers].filter(([name]) => !OF_CONNECTION.includes(name)).sort();
  return { status, headers: Object.fromEntries(own), body: toHex(body) };
}

async function overSocket(port: number, { method, path, headers, body }: Asked): Promise<Answered> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const call: ClientRequest = request({ port, host: '127.0.0.1', method, path, headers, agent: false }, resolve);
    call.on('error', reject);
    call.end(body);
  });
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const given = Object.entries(response.headers) as [string, string][];
  return answered(response.statusCode as number, given, new Uint8Array(Buffer.concat(chunks)));
}

async function inProcess(log: typeof opaque, { method, path, headers, body }: Asked): Promise<Answered> {
  const response = await log.ask(path, { method, headers, ...(body ? { body: body as BodyInit } : {}) });
  return answered(response.status, response.headers, await bytesOf(response));
}

const logged = build();
await statements.post('/entries', logged.entry);
const post = (log: 'statements' | 'opaque', path: string, headers: Record<string, string>, body: Uint8Array) =>
  [log, { method: 'POST', path, headers, body }] as const;
const get = (log: 'statements' | 'opaque', path: string, headers: Record<string, string> = {}, method = 'GET') =>
  [log, { method, path, headers, body: undefined }] as const;
const bad = fromHex('d284', 'bad-cbor');
const BATCH = { 'content-type': 'application/cbor-seq' };
const huge = new Uint8Array(5_000_000);

test('front and Hono: the same status, headers and bytes', async () => {
  const hot = [...statements.routes, ...opaque.routes].filter((route) => route.hot).map((route) => route.path);
  assert.equal([...new Set(hot)].sort(), ['/add', '/checkpoint', '/entries', '/tile/*'], 'every hot route is below');
  for (const [log, asked] of [
    post('statements', '/entries', COSE, logged.entry),
    post('statements', '/entries', { ...COSE, ...PROOF }, logged.entry),
    post('statements', '/entries', { ...COSE, ...JSON_TYPE }, logged.entry),
    post('statements', '/entries', { ...COSE, accept: 'text/html' }, logged.entry),
    post('statements', '/entries', COSE, bad),
    post('statements', '/entries', { ...COSE, accept: 'application/json' }, bad),
    post('statements', '/entries', COSE, new Uint8Array(0)),
    post('statements', '/entries', COSE, huge),
    post('statements', '/entries', { 'content-type': 'text/plain' }, bad),
    post('statements', '/entries', {}, bad),
    post('statements', '/entries', BATCH, writeByteStrings([logged.entry, bad, logged.entry])),
    post('statements', '/entries', BATCH, bad),
    post('statements', '/entries', BATCH, huge),
    get('statements', '/entries', {}),
    get('statements', '/entries', {}, 'DELETE'),
    get('statements', '/entries', {}, 'OPTIONS'),
    get('statements', '/checkpoint'),
    get('statements', '/checkpoint', {}, 'HEAD'),
    get('statements', '/checkpoint', {}, 'OPTIONS'),
    post('opaque', '/add', {}, new Uint8Array(0)),
    post('opaque', '/add', {}, Uint8Array.from(Buffer.from('entry 7'))),
    post('opaque', '/add', {}, huge),
    post('opaque', '/add', BATCH, writeByteStrings([Uint8Array.from(Buffer.from('entry 7')), new Uint8Array(0)])),
    post('opaque', '/add', BATCH, bad),
    post('opaque', '/checkpoint', {}, bad),
    get('opaque', '/add'),
    get('opaque', '/checkpoint'),
    get('opaque', '/tile/0/000'),
    get('opaque', '/tile/0/000', {}, 'HEAD'),
    get('opaque', '/tile/entries/000'),
    get('opaque', '/tile/entries/001.p/44', { 'accept-encoding': 'gzip' }),
    get('opaque', '/tile/entries/000', { 'accept-encoding': 'gzip;q=0' }),
    get('opaque', '/tile/0/001'),
    get('opaque', '/tile/0/%30%30%30'),
    get('opaque', '/tile/x'),
    get('opaque', '/tile/'),
  ]) {
    const name = `${asked.method} ${asked.path} ${JSON.stringify(asked.headers)} ${asked.body?.length}`;
    const direct = await overSocket(servers[log].port, asked);
    assert.equal(direct, await inProcess(log === 'opaque' ? opaque : statements, asked), name);
    // With a query, a hot route is not hot, and goes through Hono on the same socket.
    assert.equal(
      await overSocket(servers[log].port, { ...asked, path: `${asked.path}?from=hono` }),
      direct,
      `${name} ?`,
    );
  }
  assert.equal([...statements.failures, ...opaque.failures], []);
});

test.run();
