import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { LogClient } from '../../src/client/logclient.ts';
import { verifyProof } from '../../src/client/offline.ts';
import { toHex } from '../../src/core/bytes.ts';
import { parseVkey } from '../../src/core/note.ts';
import { removeDatabase } from '../../src/store/database.ts';

import { buildStatement, governance, ORIGIN, openWorld, policyFields } from '../../tools/vendor.ts';
import { folder } from '../folder.ts';
import { limmat, type Server, serve } from './server.ts';

// A real log whose lookup is asked over HTTP, killed at random moments, lost, damaged, and made again.

const root = folder();
const data = join(root, 'log');
const world = openWorld(join(root, 'keys'));
let made = 0;

const digest = (n: number) => new Uint8Array(32).fill(n % 256, 0, 16).fill(Math.floor(n / 256), 16);
const name = (n: number) => `sha256:${toHex(digest(n))}`;

const build = (n: number) =>
  buildStatement(world, {
    packageUrl: `pkg:generic/kdb@${n}`,
    product: n % 2 === 0 ? 'kdb' : 'engine',
    version: String(n),
    artifact: { name: `f${n}`, digests: { sha256: digest(n) } },
  } as Parameters<typeof buildStatement>[1]);

async function get(server: Server, path: string, status = 200): Promise<never> {
  const response = await fetch(`${server.url}/v1/${path}`);
  const text = await response.text();
  assert.is(response.status, status, text);
  return JSON.parse(text) as never;
}

/** Asks until the lookup covers what is published; a busy machine may take longer than one question waits. */
async function settled(server: Server): Promise<void> {
  const note = await (await fetch(`${server.url}/checkpoint`)).text();
  const published = Number(note.split('\n')[1]);
  for (let size = 0; size < published; ) size = ((await get(server, 'entries?limit=1')) as Rows).size;
}

async function submit(server: Server, count: number): Promise<void> {
  const client = new LogClient(server.url, fetch);
  const statements = Array.from({ length: count }, (_, i) => build(made + i));
  for (let at = 0; at < count; at += 128) {
    for (const outcome of await client.submitBatch(statements.slice(at, at + 128))) assert.ok('receipt' in outcome);
  }
  made += count;
}

type Row = { index: number; leafHash: string; kind: string; statement: { product: string }; proof?: string };
type Rows = { size: number; rows: Row[]; next?: number };
type VerdictBody = { verdict: string; size: number; builds: { index: number }[]; entries: Row[] };

test('init, submit, and every answer with proofs that verify offline', async () => {
  const policy = join(root, 'policy.json');
  writeFileSync(policy, JSON.stringify(policyFields(world)));
  const flags = ['--operator-key', `${world.keys}/operator.pem`, '--policy', policy];
  const { code, stderr } = await limmat('init', '--data', data, '--origin', ORIGIN, ...flags);
  assert.is(code, 0, stderr);
  const server = await serve(data);
  for (const outcome of await new LogClient(server.url, fetch).submitBatch(governance(world))) {
    assert.ok('receipt' in outcome);
  }
  await submit(server, 300);

  await settled(server);
  const verdict: VerdictBody = await get(server, `verdict?digest=${name(299)}`);
  assert.equal([verdict.verdict, verdict.builds.length, verdict.size >= 300], ['valid', 1, true]);
  const vkeys = server.vkeys.map(parseVkey);
  for (const { index, leafHash, proof } of verdict.entries) {
    const proven = verifyProof(new TextEncoder().encode(proof), vkeys);
    assert.equal([proven.index, toHex(proven.leafHash)], [index, leafHash]);
  }
  assert.equal(verdict.entries.map(({ kind }) => kind).sort(), ['build', 'key', 'key', 'site']);
  const found = await fetch(`${server.url}/v1/proof?digest=${name(299)}`);
  const proven = verifyProof(new Uint8Array(await found.arrayBuffer()), vkeys);
  assert.is(proven.index, verdict.builds[0]?.index);
  const nowhere = [];
  for (const digest of [name(5000), 'sha256:00'])
    nowhere.push((await fetch(`${server.url}/v1/proof?digest=${digest}`)).status);
  assert.equal(nowhere, [404, 400]);
  const asked = ['--url', server.url, '--vkey', join(data, 'log.vkey'), '--json'];
  const told = await limmat('verdict', '--digest', name(299), ...asked);
  assert.equal([told.code, (JSON.parse(told.stdout) as VerdictBody).verdict], [0, 'valid'], told.stderr);
  writeFileSync(join(root, 'file'), 'nobody logged this');
  const unlogged = await limmat('verdict', '--artifact', join(root, 'file'), ...asked);
  assert.equal([unlogged.code, (JSON.parse(unlogged.stdout) as VerdictBody).verdict], [1, 'unlogged'], unlogged.stderr);
  assert.is(((await get(server, `verdict?digest=${name(5000)}`)) as VerdictBody).verdict, 'unlogged');

  const rows: Row[] = [];
  for (let after = '', more = true; more; ) {
    const page: Rows = await get(server, `builds?product=kdb&limit=40${after}`);
    rows.push(...page.rows);
    more = page.next !== undefined;
    after = `&after=${page.next}`;
  }
  assert.is(rows.length, 150);
  assert.ok(rows.every(({ statement, proof }) => statement.product === 'kdb' && proof === undefined));
  const [one] = ((await get(server, 'builds?version=7&proof=1')) as Rows).rows;
  verifyProof(new TextEncoder().encode(one?.proof), vkeys);
  assert.is(await server.end('SIGTERM'), 0, server.stderr());
});

test('mistakes are problem details that name what is wrong', async () => {
  const server = await serve(data);
  for (const [path, status, says] of [
    ['builds?limit=x', 400, /^limit /],
    ['verdict', 400, /^digest is missing/],
    ['rumours', 404, /no such question; there are \/v1\/builds/],
    ['residency?process=acme/none&country=CH&on=2018-11-13', 404, /no process acme\/none/],
    ['keys?at=9999999', 400, /^at is 9999999/],
  ] as const) {
    const response = await fetch(`${server.url}/v1/${path}`);
    assert.match(response.headers.get('content-type') ?? '', /^application\/problem\+json/);
    const problem = (await response.json()) as { status: number; detail: string };
    assert.is(problem.status, status, path);
    assert.match(problem.detail, says);
  }
  for (const bad of ['%zz', '%ff', 'a%']) {
    assert.is((await fetch(`${server.url}/v1/builds?product=${bad}`)).status, 400, bad);
  }
  assert.is((await fetch(`${server.url}/v1/builds`, { method: 'POST' })).status, 405);
  await server.end('SIGTERM');
});

const QUESTIONS = [
  'builds?limit=256',
  'keys',
  'sites',
  'entries?limit=256&after=100',
  `verdict?digest=${name(3)}&proof=0`,
];

/** The answers without the newest checkpoint, which each start signs anew, at another time. */
async function answers(server: Server): Promise<string[]> {
  await settled(server);
  const all = await Promise.all(QUESTIONS.map((question) => get(server, question)));
  const without = (key: string, value: unknown) => (key === 'tree' || key === 'between' ? undefined : value);
  return all.map((body) => JSON.stringify(body, without));
}

test('kill -9 in the middle, the file lost, damaged, or rebuilt: the answers are the same', async () => {
  for (let round = 0; round < 5; round++) {
    const server = await serve(data);
    const work = submit(server, 128).catch((error: unknown) => {
      if (!(error instanceof Error) || !/cannot reach/.test(error.message)) throw error;
    });
    await new Promise((resolve) => setTimeout(resolve, 30 + 40 * round));
    await server.end('SIGKILL');
    await work;
    made += 128;
  }
  const file = join(data, 'lookup.db');
  const live = await serve(data);
  const before = await answers(live);
  await live.end('SIGTERM');
  for (const spoil of [() => removeDatabase(file), () => writeFileSync(file, 'damaged'.repeat(1000))]) {
    spoil();
    const again = await serve(data);
    assert.equal(await answers(again), before);
    await again.end('SIGTERM');
  }
  const rebuilt = await limmat('lookup', 'rebuild', '--data', data, '--json');
  assert.is(rebuilt.code, 0, rebuilt.stderr);
  assert.ok(existsSync(file));
  const last = await serve(data);
  assert.equal(await answers(last), before);
  await last.end('SIGTERM');
});

test('replay: a log reads clean over its tiles and from its database', async () => {
  const server = await serve(data);
  const vkey = join(data, 'log.vkey');
  for (const from of [
    ['--url', server.url, '--vkey', vkey],
    ['--data', data],
  ]) {
    const { code, stdout } = await limmat('replay', ...from, '--json');
    const report = JSON.parse(stdout) as { size: number; findings: unknown[]; warnings: unknown[] };
    assert.equal([code, report.findings, report.warnings], [0, [], []]);
    assert.ok(report.size > 300);
  }
  assert.is((await limmat('replay', '--json')).code, 2);
  await server.end('SIGTERM');
});

/** The niceness of each thread of a server that has answered from its lookup, lowest first. */
async function nicenesses(): Promise<number[]> {
  const server = await serve(data);
  await get(server, 'entries?limit=1');
  const threads = `/proc/${server.child.pid}/task`;
  const stats = readdirSync(threads).map((id) => readFileSync(join(threads, id, 'stat'), 'utf8'));
  await server.end('SIGTERM');
  // Field 19; the name in field 2 may have spaces.
  return stats.map((stat) => Number(stat.split(') ').at(-1)?.split(' ')[16])).sort((a, b) => a - b);
}

// The last test: who is not root cannot take it back.
if (process.platform === 'linux')
  test('the thread of the lookup leaves others the processor, also where all of the server was told to', async () => {
    const usual = getPriority(0);
    const threads = await nicenesses();
    assert.equal([threads[0], threads.at(-2), threads.at(-1)], [usual, usual, Math.max(usual, 10)]);
    setPriority(0, 15);
    assert.equal([...new Set(await nicenesses())], [15]);
  });

test.run();
