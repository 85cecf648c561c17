import { Agent, type OutgoingHttpHeaders, request } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Party } from '../client/party.ts';
import { type Answer, type Call, type Document, exampleBytes, OpenApi, type Parameter, targetOf } from './openapi.ts';

// A client that knows nothing but `/openapi.json`, and no manners: 50,000 requests that are right, wrong, and broken. The
// server never fails, says what is documented, and holds no more memory at the end than after the first of them.

const REQUESTS = 50_000;
const SEED = Number(process.env.LIMMAT_FUZZ_SEED ?? 20_261_124);

/** xorshift32: the same requests in the same order for the same seed. */
let state = SEED;
function random(below: number): number {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) % below;
}
const chance = (percent: number): boolean => random(100) < percent;
const pick = <T>(items: readonly T[]): T => items[random(items.length)] as T;
const bytes = (length: number): Buffer => Buffer.from(Array.from({ length }, () => random(256)));

const GARBAGE = [
  ...['', '0', '1', '-1', '01', '1e3', '0x10', ' 1', '1.5', 'NaN', '9007199254740991', '9007199254740992'],
  ...[
    '18446744073709551616',
    'null',
    'true',
    '[]',
    '{}',
    '../..',
    '..%2f..',
    '%',
    '\0',
    '\u{1f4a9}',
    'ü',
    "' OR 1=1 --",
  ],
  ...[
    'A'.repeat(43),
    'a'.repeat(64),
    `${'A'.repeat(43)}=`,
    'sha256:',
    '2019-02-30',
    'x'.repeat(3000),
    '__proto__',
    'constructor',
  ],
];
const TYPES = [
  'application/cose',
  'application/cbor-seq',
  'application/json',
  'text/plain',
  'x',
  '',
  'multipart/form-data; boundary=x',
];
const ACCEPTS = [
  '*/*',
  'application/json',
  'application/cose',
  'text/x.tlog-proof',
  'image/png',
  ';q=',
  'a/b;q=9, */*;q=0',
  '',
];

// With little room the server collects its garbage often, so that what it holds can be seen.
process.env.NODE_OPTIONS = '--max-old-space-size=64';
const party = await Party.meet();
const statements = Array.from({ length: 40 }, () => Buffer.from(party.statement()));
const api = new OpenApi((await (await fetch(`${party.url}/openapi.json`)).json()) as Document);
const agent = new Agent({ keepAlive: true, maxSockets: 8 });
const { hostname, port } = new URL(party.url);

type Sent = {
  readonly method: string;
  readonly target: string;
  readonly headers: OutgoingHttpHeaders;
  readonly body?: Buffer;
};

function send({ method, target, headers, body }: Sent): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ agent, hostname, port, method, path: target, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const type = response.headers['content-type'] ?? '';
        const body = Buffer.concat(chunks);
        const packed = response.headers['content-encoding'] === 'gzip' && body.length > 0;
        resolve({ status: response.statusCode ?? 0, type, body: packed ? gunzipSync(body) : body });
      });
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

/** A value that the schema allows, as far as it says so in a way that is easily met; the example otherwise. */
function validValue({ schema, example }: Parameter): string | undefined {
  if (Array.isArray(schema.enum)) return String(pick(schema.enum));
  if (schema.type === 'integer') return String(random(chance(80) ? 12 : 2 ** 31));
  if (schema.pattern === '^[0-9a-f]{64}$') return bytes(32).toString('hex');
  return example;
}

function valueFor(parameter: Parameter, good: boolean): string | undefined {
  if (!good && chance(40)) return pick(GARBAGE);
  const there = parameter.required || chance(30);
  if (!there && good) return undefined;
  return chance(50) ? (parameter.example ?? validValue(parameter)) : validValue(parameter);
}

function bodyOf({ operation }: Call, good: boolean): { type: string; body: Buffer } | undefined {
  const content = Object.entries(operation.requestBody?.content ?? {});
  if (content.length === 0) return good || chance(90) ? undefined : { type: pick(TYPES), body: bytes(random(300)) };
  const [type, media] = pick(content);
  const example = Buffer.from(type === 'application/cose' && chance(50) ? pick(statements) : exampleBytes(media));
  if (good) return { type, body: example };
  const how = random(4);
  if (how === 0) return { type, body: bytes(random(500)) };
  if (how === 1) return { type, body: example.subarray(0, random(example.length)) };
  if (how === 2) return { type: pick(TYPES), body: example };
  for (let flips = 1 + random(4); flips > 0; flips--) {
    const at = random(example.length);
    example[at] = (example[at] as number) ^ (1 << random(8));
  }
  return { type, body: example };
}

/** A request to a documented call, good or not; answers what was sent and whether the document speaks of it. */
function next(): { sent: Sent; call: Call; documented: boolean } {
  const call = pick(api.calls);
  const good = chance(50);
  let target = targetOf(call, (parameter) => valueFor(parameter, good));
  if (!good && chance(10))
    target += `${target.includes('?') ? '&' : '?'}${pick(['x=1', 'index=1', 'a', '&', '=', '%zz', 'size=%ff'])}`;
  const method = good || chance(90) ? call.method : pick(['HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'GET']);
  const body = method === 'GET' || method === 'HEAD' ? undefined : bodyOf(call, good);
  const accept = call.operation.parameters.find(({ name }) => name === 'accept');
  const form = good ? accept && valueFor(accept, true) : chance(30) ? pick(ACCEPTS) : undefined;
  const headers = {
    ...(form === undefined ? {} : { accept: form }),
    ...(body === undefined ? {} : { 'content-type': body.type, 'content-length': body.body.length }),
    ...(chance(10) ? { 'accept-encoding': pick(['gzip', 'gzip;q=0', 'br, *', '']) } : {}),
  };
  const sent = { method, target, headers, ...(body === undefined ? {} : { body: body.body }) };
  // An empty or strange part of a path may lead to another route, or to none; nothing is documented of that.
  const strays = !good && call.operation.parameters.some((parameter) => parameter.in === 'path');
  return { sent, call, documented: method === call.method && !strays };
}

/** Bytes that the server's own heap holds just now. */
async function heap(): Promise<number> {
  const { body } = await send({ method: 'GET', target: '/metrics', headers: {} });
  return Number(/^nodejs_heap_size_used_bytes (\S+)$/m.exec(Buffer.from(body).toString())?.[1]);
}

/** The least that was held at any time of a stretch: what is left when garbage is gone. */
const least = { early: Number.POSITIVE_INFINITY, late: Number.POSITIVE_INFINITY };

let count = 0;
const statuses = new Map<number, number>();
async function lane(): Promise<void> {
  while (count < REQUESTS) {
    const number = ++count;
    const { sent, call, documented } = next();
    const said = () =>
      `request ${number} of seed ${SEED}: ${sent.method} ${sent.target.slice(0, 300)} ${JSON.stringify(sent.headers)}`;
    const answer = await send(sent).catch((error: unknown) => {
      throw new Error(`${said()} was not answered: ${error}`);
    });
    statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
    assert.ok(
      answer.status >= 200 && answer.status < 500,
      `${answer.status} to ${said()}\n${Buffer.from(answer.body)}`,
    );
    // Large answers are only looked into now and then: parsing them would take most of the time.
    if (documented && (answer.body.length < 2000 || number % 16 === 0)) {
      assert.is(api.wrong(call, answer), undefined, said());
    }
    if (number % 250 !== 0) continue;
    if (number > 5000 && number <= 10_000) least.early = Math.min(least.early, await heap());
    if (number > REQUESTS - 5000) least.late = Math.min(least.late, await heap());
  }
}

test('50,000 requests, right and wrong: no 5xx, nothing undocumented', async () => {
  await Promise.all(Array.from({ length: 8 }, lane));
  for (const status of [200, 201, 400, 404, 405, 406, 415]) {
    assert.ok(
      (statuses.get(status) ?? 0) > 20,
      `${status} came ${statuses.get(status) ?? 0} times: the requests are too tame`,
    );
  }
});

test('memory is flat: what is held after 50,000 requests was held after 10,000', () => {
  const grown = (least.late - least.early) / 2 ** 20;
  console.log(`heap ${(least.early / 2 ** 20).toFixed(1)} MiB early, ${(least.late / 2 ** 20).toFixed(1)} MiB late`);
  assert.ok(grown < 8, `the heap grew by ${grown.toFixed(1)} MiB, more than 200 bytes a request`);
});

test('nothing was reported as an error of ours, and the log goes on', async () => {
  assert.is(party.vendor.server.stderr(), '');
  const { verified } = await party.log.submit(party.statement());
  assert.ok(verified.index > 0);
  agent.destroy();
  assert.is(await party.vendor.server.end('SIGTERM'), 0);
});

test.run();
