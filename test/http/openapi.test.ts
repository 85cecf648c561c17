import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { addAll, names, opaqueLog, run, Vendor } from '../cli/world.ts';
import { type Server, serve, serveMirror, serveWitness } from '../flow/server.ts';
import { folder } from '../folder.ts';
import { type Call, type Document, exampleBytes, OpenApi, targetOf } from './openapi.ts';

// `/openapi.json` is true: every route is in it, every example in it works, and every answer is as it says.

async function read(url: string): Promise<OpenApi> {
  const response = await fetch(`${url}/openapi.json`);
  assert.is(response.headers.get('content-type'), 'application/json');
  return new OpenApi((await response.json()) as Document);
}

/** Sends what the document has as examples, in every form; answers the statuses by call. */
async function sendExamples(url: string, api: OpenApi): Promise<Map<string, number[]>> {
  const statuses = new Map<string, number[]>();
  for (const call of api.calls) {
    const target = targetOf(call, ({ example }) => example);
    for (const init of requestsOf(call)) {
      const response = await fetch(`${url}${target}`, { method: call.method, ...init });
      const body = new Uint8Array(await response.arrayBuffer());
      const type = response.headers.get('content-type') ?? '';
      assert.is(api.wrong(call, { status: response.status, type, body }), undefined, target);
      const name = `${call.method} ${call.path}`;
      statuses.set(name, [...(statuses.get(name) ?? []), response.status]);
    }
  }
  return statuses;
}

/** With each body and each form of an answer that the document names. */
function requestsOf({ operation }: Call): RequestInit[] {
  const accept = operation.parameters.find(({ name }) => name === 'accept')?.schema.enum as string[] | undefined;
  const bodies = Object.entries(operation.requestBody?.content ?? {});
  const typed = bodies.map(([type, media]) => ({ body: exampleBytes(media), headers: { 'content-type': type } }));
  return (typed.length === 0 ? [{ headers: {} }] : typed).flatMap((one) =>
    (accept ?? ['*/*']).map((form) => ({ ...one, headers: { ...one.headers, accept: form } })),
  );
}

/** There is no such question, and no evidence. */
const NOT_THERE = ['GET /v1/{rest}', 'GET /gossip/v1/{hash}/evidence/{id}'];

test('a log of statements: every example works, and answers what it says', async () => {
  const vendor = await Vendor.begin();
  await vendor.build('1', [vendor.file('app.bin', 'what was built')], '--out', vendor.path('app.tlog-proof'));
  // The one example that is about something in particular.
  const process = 'event: declare\nprocessId: telemetry\ntitle: Telemetry\ndataCategories: [file-samples]\n';
  await vendor.log('process', 'operations', process);
  const api = await read(vendor.server.url);
  const statuses = await sendExamples(vendor.server.url, api);
  assert.ok(statuses.size >= 30, `${statuses.size} operations`);
  // Three bodies, four forms of the answer: a batch has one of its own, and none of the others.
  const registered = statuses.get('POST /entries') ?? [];
  assert.is(registered.length, 12);
  statuses.set(
    'POST /entries',
    registered.filter((status) => status !== 406),
  );
  assert.is(statuses.get('POST /entries')?.length, 2 * 3 + 1);
  for (const [name, found] of statuses) {
    const good = NOT_THERE.includes(name) ? [404] : [200, 201];
    assert.ok(
      found.every((status) => good.includes(status)),
      `${name}: ${found}`,
    );
  }
  await everyRouteIsThere(vendor.server, api);
  await vendor.server.end('SIGTERM');
});

test('an opaque log, before and after its first entry', async () => {
  const server = await serve(await opaqueLog());
  const before = await read(server.url);
  assert.not.match(JSON.stringify(before.document), /"x?-?example/, 'nothing is there to be asked about');
  await addAll(server.url, names(0, 3));
  await fetch(`${server.url}/checkpoint`);
  const api = await read(server.url);
  const statuses = await sendExamples(server.url, api);
  for (const [name, found] of statuses)
    assert.ok(
      found.every((status) => status === (NOT_THERE.includes(name) ? 404 : 200)),
      `${name}: ${found}`,
    );
  await everyRouteIsThere(server, api);
  await server.end('SIGTERM');
});

test('a witness has one too', async () => {
  const data = join(folder(), 'witness');
  await run('witness', 'init', '--data', data, '--name', 'witness.example');
  const server = await serveWitness(data);
  const api = await read(server.url);
  assert.equal(
    api.calls.map(({ method, path }) => `${method} ${path}`),
    [
      'POST /add-checkpoint',
      'GET /{hash}/checkpoint',
      'GET /gossip/v1/{hash}/latest',
      'GET /gossip/v1/{hash}/heads',
      'POST /gossip/v1/{hash}/heads',
      'GET /gossip/v1/{hash}/evidence',
      'GET /gossip/v1/{hash}/evidence/{id}',
      'GET /healthz',
      'GET /metrics',
      'GET /openapi.json',
    ],
  );
  await sendExamples(server.url, api);
  await server.end('SIGTERM');
});

test('and a mirror', async () => {
  const log = await opaqueLog();
  const [data, vkey] = [join(folder(), 'mirror'), join(log, 'log.vkey')];
  await run('mirror', 'init', '--data', data, '--name', 'mirror.example', '--vkey', vkey);
  const server = await serveMirror(data, '--vkey', vkey);
  const api = await read(server.url);
  assert.is(api.calls.length, 12);
  await sendExamples(server.url, api);
  await server.end('SIGTERM');
});

/** Routes are counted by their path as the server has it, so a request by the document must not count as elsewhere. */
async function everyRouteIsThere(server: Server, api: OpenApi): Promise<void> {
  const counted = await (await fetch(`${server.url}/metrics`)).text();
  const served = [...counted.matchAll(/^limmat_http_requests_total\{route="([^"]+)"/gm)].map(
    ([, route]) => route as string,
  );
  assert.not.ok(served.includes('elsewhere'), 'the document leads nowhere else');
  const documented = new Set(Object.keys(api.document.paths));
  for (const route of served) {
    const path = route.replace(/:([a-z]+)/g, '{$1}').replace('*', '{rest}');
    assert.ok(documented.has(path), `${route} is not documented`);
  }
}

test('an answer that is not as documented is found', async () => {
  const server = await serve(await opaqueLog());
  const api = await read(server.url);
  const call = api.calls.find(({ path }) => path === '/ct/v1/get-sth') as Call;
  const answer = (status: number, type: string, body: string) =>
    api.wrong(call, { status, type, body: new TextEncoder().encode(body) });
  const good = { tree_size: 1, timestamp: 1, sha256_root_hash: `${'A'.repeat(43)}=`, tree_head_signature: 'AAAA' };
  assert.is(answer(200, 'application/json', JSON.stringify(good)), undefined);
  assert.match(answer(200, 'text/html', '') ?? '', /comes as text\/html/);
  assert.match(answer(204, '', '') ?? '', /not documented/);
  for (const bad of [{}, { ...good, tree_size: -1 }, { ...good, more: 1 }, { ...good, tree_head_signature: '?' }]) {
    assert.match(answer(200, 'application/json', JSON.stringify(bad)) ?? '', /200: data/);
  }
  assert.match(answer(404, 'application/problem+json', '{"title":"x"}') ?? '', /404: data/);
  await server.end('SIGTERM');
});

test.run();
