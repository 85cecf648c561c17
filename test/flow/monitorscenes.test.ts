import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { formatAddCheckpoint } from '../../src/core/addcheckpoint.ts';
import { utf8 } from '../../src/core/bytes.ts';
import { parseEvidence } from '../../src/core/evidence.ts';
import { formatNote, parseNote } from '../../src/core/note.ts';
import { logId, originHash } from '../../src/monitor/peers.ts';
import { fill } from '../../tools/bench/templates.ts';
import { folder } from '../folder.ts';
import { serveFiles } from './fileserver.ts';
import { Gate } from './gate.ts';
import { logKey, opaque, publish, signedNote } from './liar.ts';
import { hook, monitor, monitorPlace, once, rulesIn, start, statusIn } from './monitors.ts';
import { add, backUp, newPlace, ok, ORIGIN as RESTORED, restore, session, size } from './restored.ts';
import { limmat, type Server, serve, serveWitness } from './server.ts';
import { until } from './until.ts';

// What happens to logs, watched by a monitor: every part is a process of its own.

const ORIGIN = 'log.example/two-faced';
const KEY = logKey(ORIGIN);

async function witnessOf(name: string, vkey: string): Promise<Server> {
  const data = join(folder(), 'witness');
  ok(await limmat('witness', 'init', '--data', data, '--name', name));
  ok(await limmat('witness', 'add-log', '--data', data, vkey));
  return serveWitness(data);
}

/** Has a head cosigned by witnesses that never saw another. */
async function cosigned(note: Uint8Array, witnesses: readonly Server[]): Promise<Uint8Array> {
  const { text, signatures } = parseNote(note);
  const lines: string[] = [];
  for (const { url } of witnesses) {
    const body = formatAddCheckpoint({ old: 0, proof: [], note });
    const response = await fetch(`${url}/add-checkpoint`, { method: 'POST', body: body as BodyInit });
    assert.is(response.status, 200);
    lines.push(await response.text());
  }
  return utf8(formatNote({ text, signatures }) + lines.join(''));
}

test('a log that forks at one size and shows one side to half of the witnesses: its monitor has the evidence', async () => {
  const root = folder();
  const one = opaque(300);
  const other = [...opaque(200), ...opaque(100, 'other')];
  publish(root, one, [KEY]);
  const vkey = join(root, 'log.vkey');
  const witnesses = await Promise.all([0, 1, 2, 3].map((n) => witnessOf(`w${n}.example`, vkey)));
  const [left, right] = [witnesses.slice(0, 2), witnesses.slice(2)];
  writeFileSync(join(root, 'checkpoint'), await cosigned(signedNote(one, [KEY]), left));
  await cosigned(signedNote(other, [KEY]), right);
  const files = await serveFiles(root);
  const policyOf = (some: readonly Server[], name: string) => {
    const names = some.map((_, n) => `w${n}`).join(' ');
    const lines = some.map(({ url, vkeys }, n) => `witness w${n} ${vkeys[0]} ${url}/\n`);
    writeFileSync(join(root, name), `${lines.join('')}group two 2 ${names}\nquorum two\n`);
    return join(root, name);
  };
  const watching = (policy: string) => monitorPlace({ logs: [{ url: files.url, vkeys: vkey, policy }] });
  const half = await once(watching(policyOf(left, 'half')));
  assert.is(half.code, 0, `those who ask the one half see a log like any other: ${half.stdout}${half.stderr}`);
  const place = watching(policyOf(witnesses, 'all'));
  const ran = await once(place);
  assert.is(ran.code, 2, ran.stdout + ran.stderr);
  assert.equal(rulesIn(ran), ['equivocation/same-size']);
  const exchange = await start(
    monitorPlace({ ...JSON.parse(readFileSync(place.config, 'utf8')), listen: '127.0.0.1:0' }),
  );
  const base = `${exchange.url}/gossip/v1/${originHash(ORIGIN)}/evidence`;
  let ids: string[] = [];
  while (ids.length === 0) ids = (await (await fetch(base)).text()).split('\n').filter((id) => id !== '');
  const file = new Uint8Array(await (await fetch(`${base}/${ids[0]}`)).arrayBuffer());
  const signers = parseEvidence(file).notes.flatMap((note) => parseNote(note).signatures.map(({ name }) => name));
  for (const side of [/^w[01]\./, /^w[23]\./]) {
    assert.ok(
      signers.some((name) => side.test(name)),
      'each side with the witnesses that were shown it',
    );
  }
  writeFileSync(join(root, 'evidence'), file);
  ok(await limmat('verify-evidence', join(root, 'evidence'), '--vkey', vkey));
  await exchange.end('SIGTERM');
  for (const { end } of witnesses) await end('SIGTERM');
  files.close();
});

test('a log that is restored from backup under a running monitor: no alarm if it is done well, evidence if not', async () => {
  const log = newPlace();
  ok(await limmat('init', '--data', log.data, '--origin', RESTORED, '--entries', 'opaque'));
  const gate = await Gate.open();
  const told = hook(log.root);
  const place = monitorPlace({
    logs: [{ url: gate.url, vkeys: join(log.data, 'log.vkey') }],
    hooks: [told.path],
    listen: '127.0.0.1:0',
    seconds: 1,
  });
  const watching = await start(place);
  const verified = async () => {
    const latest = await fetch(`${watching.url}/gossip/v1/${originHash(RESTORED)}/latest`);
    return latest.ok ? Number((await latest.text()).split('\n')[1]) : 0;
  };
  /** Serves the log until the monitor has seen what is to be seen. */
  const served = (work: (server: Server) => Promise<void>, seen: () => Promise<boolean> | boolean) =>
    session(log, async (server) => {
      gate.target = server.url;
      await work(server);
      while (!(await seen())) await gate.next();
      gate.target = undefined;
    });
  const rules = async () => statusIn(await monitor(place, 'status')).alerts.map(({ kind }) => kind);
  await served(
    (server) => add(server, 50),
    async () => (await verified()) === 50,
  );
  backUp(log);
  const guard = join(log.root, 'old.guard');
  cpSync(log.guard, guard);
  await served(
    (server) => add(server, 30),
    async () => (await verified()) === 80,
  );
  // As the guide says: the database of yesterday, the guard of today. The log serves, and signs nothing.
  restore(log);
  const frozen = await serve(log.data);
  gate.target = frozen.url;
  assert.is(await size(frozen.url), 50);
  for (let round = 0; round < 2; round++) await gate.next();
  assert.is((await fetch(`${frozen.url}/healthz`)).status, 503);
  gate.target = undefined;
  await frozen.end('SIGTERM');
  assert.ok(
    (await rules()).every((kind) => kind === 'health'),
    'an old head is shown, and convicts nobody',
  );
  ok(await limmat('recover', '--data', log.data, '--from', log.copy));
  await served(
    (server) => add(server, 5),
    async () => (await verified()) === 85,
  );
  assert.ok(
    (await rules()).every((kind) => kind === 'health'),
    'the same history goes on',
  );
  // As it must not be done: the guard of yesterday as well. Nothing inside the log can see it.
  restore(log);
  rmSync(log.guard);
  cpSync(guard, log.guard);
  rmSync(log.copy, { recursive: true });
  const isConvicted = () => told.lines().some(({ kind }) => kind === 'equivocation');
  await served((server) => add(server, 40), isConvicted);
  assert.is(await verified(), 85, 'what was verified stays');
  assert.is(await watching.end('SIGTERM'), 0);
  const [status] = statusIn(await monitor(place, 'status')).logs;
  assert.is(status?.evidence.length, 1);
  gate.target = undefined;
  assert.is((await once(place)).code, 2);
});

test('a monitor that was off for 100,000 entries: catches up in one round and has verified all of them', async () => {
  const log = newPlace();
  const count = 100_000;
  ok(await limmat('init', '--data', log.data, '--origin', RESTORED, '--entries', 'opaque'));
  await session(log, (server) => add(server, 300));
  await fill(log.data, 301, undefined);
  const place = monitorPlace({ logs: [{ url: '', vkeys: join(log.data, 'log.vkey') }] });
  /** The log has another port each time, and the monitor knows it by its keys. */
  const round = async (server: Server) => {
    const config = { logs: [{ url: server.url, vkeys: join(log.data, 'log.vkey') }] };
    writeFileSync(place.config, JSON.stringify(config));
    const ran = await once(place);
    assert.is(ran.code, 0, ran.stdout + ran.stderr);
    return statusIn(ran);
  };
  await session(log, async (server) => void (await round(server)));
  await fill(log.data, 301 + count, undefined);
  await session(log, async (server) => {
    const { logs, alerts } = await round(server);
    assert.equal([logs[0]?.verified, logs[0]?.entriesLookedAt, alerts], [301 + count, 301 + count, []]);
  });
});

/** As a Go program puts it: the name stays escaped on the wire, and nothing says of what type the body is. */
function put(url: string, body: Uint8Array): Promise<number | undefined> {
  const headers = { 'user-agent': 'Go-http-client/1.1', 'content-length': body.length, 'accept-encoding': 'gzip' };
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'PUT', headers }, (answer) => {
      answer.resume();
      answer.once('end', () => resolve(answer.statusCode));
    });
    sent.once('error', reject);
    sent.end(body);
  });
}

test('a witness that puts what it cosigned to a distributor, as omniwitness does: anyone gets it there', async () => {
  const root = folder();
  const entries = opaque(300);
  publish(root, entries, [KEY]);
  const vkey = join(root, 'log.vkey');
  const name = 'witness.example/ow1';
  const witness = await witnessOf(name, vkey);
  const files = await serveFiles(root);
  const policy = join(root, 'policy');
  const lines = witness.vkeys.map((one, n) => `witness w${n} ${one} ${witness.url}/\n`);
  writeFileSync(policy, `${lines.join('')}group any 1 ${lines.map((_, n) => `w${n}`).join(' ')}\nquorum any\n`);
  // The monitor does not ask the witness: what it knows of it was put here.
  const running = await start(monitorPlace({ logs: [{ url: files.url, vkeys: vkey, policy }], listen: '127.0.0.1:0' }));
  const base = `${running.url}/distributor/v0/logs`;
  const mine = `${base}/${logId(ORIGIN)}/byWitness/witness.example%2Fow1/checkpoint`;
  const get = async (url: string) => {
    const response = await fetch(url);
    return response.status === 200 ? new Uint8Array(await response.arrayBuffer()) : undefined;
  };
  assert.is(await put(mine, new Uint8Array(0)), 400, 'a log that the witness has never seen');
  assert.is(
    await put(`${base}/${logId('log.example/other')}/byWitness/witness.example%2Fow1/checkpoint`, new Uint8Array(0)),
    400,
  );
  const note = await cosigned(signedNote(entries, [KEY]), [witness]);
  assert.is(await put(mine, note), 200);
  assert.is(await put(mine, note), 200, 'the same a minute later');
  const names = (bytes: Uint8Array) => parseNote(bytes).signatures.map((line) => line.name);
  assert.equal(names((await get(mine)) as Uint8Array), [ORIGIN, name, name], 'the log, Ed25519 and ML-DSA');
  // It counts once the monitor has seen the tree of it, which what was put has it do.
  const counted = () => get(`${base}/${logId(ORIGIN)}/checkpoint.1`);
  const found = await until(counted, (one) => one !== undefined);
  assert.is(parseNote(found as Uint8Array).text, parseNote(note).text);
  assert.is(
    await put(mine, await cosigned(signedNote(opaque(300, 'other'), [KEY]), [await witnessOf(name, vkey)])),
    403,
    'another key by that name',
  );
  await running.end('SIGTERM');
});

test.run();
