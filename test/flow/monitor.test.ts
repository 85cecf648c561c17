import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { LogClient } from '../../src/client/logclient.ts';
import { utf8 } from '../../src/core/bytes.ts';
import { leafHash } from '../../src/core/hash.ts';
import { parseVkey } from '../../src/core/note.ts';
import { parseTlogProof, verifyTlogProof } from '../../src/core/tlogproof.ts';
import { folder } from '../folder.ts';
import { type BuiltLog, buildOf, builtLog, copyOf, ORIGIN } from './builtlog.ts';
import { serveFiles } from './fileserver.ts';
import { Gate } from './gate.ts';
import { hook, monitor, monitorPlace, once, rulesIn, setWatch, statusIn } from './monitors.ts';
import { forgedNote } from './restored.ts';
import { limmat, serve } from './server.ts';

// A monitor beside a log of statements, as commands and processes. Its log has 300 entries: a full tile and a part.

let built: BuiltLog;
test.before(async () => {
  built = await builtLog(300);
});

const dead = 'http://127.0.0.1:9';

test('an honest log: clean, and again clean; all of it was verified and looked at', async () => {
  const files = await serveFiles(built.copy);
  const place = monitorPlace({ logs: [{ url: files.url, vkeys: built.vkey }] });
  for (let round = 0; round < 2; round++) {
    const ran = await once(place);
    assert.is(ran.code, 0, ran.stdout + ran.stderr);
    const [log] = statusIn(ran).logs;
    assert.is(log?.verified, 300);
    assert.is(log?.entriesLookedAt, 300);
  }
  files.close();
});

test('an unreachable log: cannot verify; a configuration that is wrong: a local failure', async () => {
  const place = monitorPlace({ logs: [{ url: dead, vkeys: built.vkey }] });
  const ran = await once(place);
  assert.is(ran.code, 3);
  assert.equal(rulesIn(ran), ['health/unreachable']);
  const wrong = monitorPlace({ logs: [{ url: dead, vkeys: built.vkey }], hoks: [] });
  const refused = await once(wrong);
  assert.is(refused.code, 4);
  assert.match(refused.stderr, /hoks is not known here/);
});

test('the vendor whose key was stolen hears of the build within one round, with a proof; ack ends it', async () => {
  const log = copyOf(built);
  const server = await serve(log.data);
  const vkeys = server.vkeys;
  // The vendor's own list of what he built: all builds so far.
  const known = Array.from({ length: 293 }, (_, n) => (n % 256).toString(16).padStart(2, '0').repeat(32));
  const alarm = hook(log.root);
  const place = monitorPlace(
    { logs: [{ url: server.url, vkeys: log.vkey }], hooks: [alarm.path] },
    {
      knownBuilds: [{ organisation: 'acme', sha256: [...new Set(known)].filter((digest) => !digest.startsWith('ee')) }],
    },
  );
  // Those whose digest is not on the list (0xee, twice in 293 builds) were built by nobody the vendor knows.
  const first = await once(place);
  assert.is(first.code, 1, first.stdout + first.stderr);
  const { alerts } = statusIn(first);
  assert.ok(alerts.every(({ rule }) => rule === 'unknown-build'));
  assert.equal(
    alarm.lines().map(({ id }) => id),
    alerts.map(({ id }) => id),
  );
  const before = alerts.length;
  await new LogClient(server.url, fetch).submit(buildOf(log.world, 0xee + 512));
  const second = await once(place);
  assert.is(second.code, 1);
  const [stolen, ...others] = statusIn(second).alerts.slice(before);
  assert.equal(others, []);
  assert.is(stolen?.index, 300);
  assert.is(alarm.lines().length, before + 1, 'told once');
  const proof = parseTlogProof(utf8(stolen?.detail.proof as string));
  verifyTlogProof(proof, leafHash(proof.extra as Uint8Array), vkeys.map(parseVkey));
  for (const { id } of statusIn(second).alerts) assert.is((await monitor(place, 'ack', id)).code, 0);
  assert.is((await once(place)).code, 0);
  assert.is((await monitor(place, 'ack', 'nothing')).code, 2);
  await server.end('SIGTERM');
});

test('a watch list is read again when it changes; one that is wrong leaves the old one in force', async () => {
  const log = copyOf(built);
  const server = await serve(log.data);
  const client = new LogClient(server.url, fetch);
  const place = monitorPlace({ logs: [{ url: server.url, vkeys: log.vkey }], seconds: 1 }, { products: ['nothing'] });
  assert.is((await once(place)).code, 0);
  setWatch(place, { products: ['kdb'] });
  assert.is((await once(place)).code, 0, 'what was looked at is not looked at again');
  await client.submit(buildOf(log.world, 1000));
  const ran = await once(place);
  assert.is(ran.code, 1);
  assert.equal(rulesIn(ran), ['match/watch-list']);
  await server.end('SIGTERM');
});

test('test-alert, heartbeat and a hook that fails', async () => {
  const files = await serveFiles(built.copy);
  const place = monitorPlace({ logs: [{ url: files.url, vkeys: built.vkey }] });
  const [good, beat] = [hook(place.root, 'good'), hook(place.root, 'beat')];
  const bad = join(place.root, 'bad');
  writeFileSync(bad, '#!/bin/sh\nexit 7\n', { mode: 0o755 });
  const config = { logs: [{ url: files.url, vkeys: built.vkey }], hooks: [good.path, bad], heartbeat: beat.path };
  writeFileSync(place.config, JSON.stringify(config));
  const tried = await monitor(place, 'test-alert');
  assert.is(tried.code, 3);
  assert.match(tried.stdout, /"told":1.*bad: it ended with 7/);
  assert.is(good.lines()[0]?.rule, 'test');
  assert.is((await once(place)).code, 0);
  assert.is(beat.lines().length, 1);
  writeFileSync(place.config, JSON.stringify({ ...config, hooks: [join(place.root, 'gone')] }));
  const started = Date.now();
  assert.match((await monitor(place, 'test-alert')).stdout, /gone: spawn .* ENOENT/);
  assert.ok(Date.now() - started < 20_000, 'nobody waits for a hook that is not there');
  files.close();
});

test('a cache that serves a wrong tile or bundle convicts nobody; another copy mends it', async () => {
  for (const path of ['tile/0/000', 'tile/entries/000', 'tile/1/000.p/1']) {
    const wrong = await serveFiles(built.copy, (asked, bytes) => {
      if (asked !== path || !bytes) return bytes;
      const lie = Uint8Array.from(bytes);
      lie[100 % lie.length] = (lie[100 % lie.length] as number) ^ 1;
      return lie;
    });
    const good = await serveFiles(built.copy);
    const alone = await once(monitorPlace({ logs: [{ url: wrong.url, vkeys: built.vkey }] }));
    assert.is(alone.code, 3, `${path}: ${alone.stdout}${alone.stderr}`);
    const { logs, alerts } = statusIn(alone);
    assert.equal(logs[0]?.evidence, []);
    assert.ok(alerts.length > 0 && alerts.every(({ kind }) => kind === 'inconsistent-tile'), path);
    const mended = await once(monitorPlace({ logs: [{ url: wrong.url, vkeys: built.vkey, mirrors: [good.url] }] }));
    assert.is(mended.code, 0, `${path}: ${mended.stdout}${mended.stderr}`);
    assert.is(statusIn(mended).logs[0]?.entriesLookedAt, 300, path);
    wrong.close();
    good.close();
  }
});

test('--start-at-end: the tree is verified, the past is not checked, and it says so; what comes is matched', async () => {
  const log = copyOf(built);
  const server = await serve(log.data);
  const config = { logs: [{ url: server.url, vkeys: log.vkey }] };
  const place = monitorPlace(config, {
    products: ['kdb'],
    jurisdictions: [{ organisation: 'acme', countries: ['FR'] }],
    streams: [{ organisation: 'acme', product: 'kdb', hours: 1 }],
  });
  const first = await monitor(place, '--once', '--start-at-end');
  assert.is(first.code, 1, first.stdout + first.stderr);
  assert.equal(rulesIn(first), ['match/silent-stream'], 'nobody looked whether it was ever built');
  assert.match(first.stderr, 'the entries before 300 are not checked');
  const told = await limmat('monitor', 'status', '--config', place.config, '--data', place.data);
  assert.match(told.stdout, /300 entries, those before 300 never checked, head less than a minute old/);
  await new LogClient(server.url, fetch).submit(buildOf(log.world, 1000));
  const second = await once(place);
  assert.is(second.code, 1);
  const { alerts, logs } = statusIn(second);
  assert.equal(
    alerts.slice(1).map(({ rule, index }) => [rule, index]),
    [['watch-list', 300]],
  );
  assert.ok(alerts[1]?.detail.proof);
  assert.equal([logs[0]?.verified, logs[0]?.entriesLookedAt], [301, 1]);
  const later = await monitor(place, '--once', '--start-at-end');
  assert.not.match(later.stderr, 'are not checked', 'it is for logs that are new');
  // The tree is whole, so a fork in the past is found all the same.
  const note = join(folder(), 'note');
  writeFileSync(note, forgedNote(log.data, { size: 100, root: leafHash(utf8('another')) }, ORIGIN));
  assert.is((await monitor(place, 'import-head', note)).code, 2);
  await server.end('SIGTERM');
});

test('the lookup of a log is sampled: one that lies is told of, one that fails is not', async () => {
  const log = copyOf(built);
  const server = await serve(log.data);
  const lies: Record<string, (text: string) => { status: number; body: string }> = {
    'a true one': (body) => ({ status: 200, body }),
    'one that fails': () => ({ status: 503, body: 'later' }),
    'one that lies': (body) => ({ status: 200, body: body.replaceAll('"valid"', '"unlogged"') }),
  };
  let lie = lies['a true one'] as (typeof lies)[string];
  const gate = await Gate.open();
  gate.target = server.url;
  gate.change = (path, status, body) => (path.startsWith('/v1/') ? lie(body.toString()) : { status, body });
  const rules: Record<string, string[]> = {};
  for (const [name, one] of Object.entries(lies)) {
    lie = one;
    const before = gate.requests.length;
    const ran = await once(monitorPlace({ logs: [{ url: gate.url, vkeys: log.vkey }] }));
    assert.ok(
      gate.requests.slice(before).some((line) => line.includes(' /v1/')),
      'the lookup was asked',
    );
    rules[name] = rulesIn(ran);
    assert.is(ran.code, name === 'one that lies' ? 1 : 0, ran.stdout + ran.stderr);
  }
  assert.equal(rules, { 'a true one': [], 'one that fails': [], 'one that lies': ['index-mismatch/verdict'] });
  await server.end('SIGTERM');
});

test.run();
