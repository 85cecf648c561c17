import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { mirrorDirectory } from '../../src/cli/mirrordir.ts';
import { utf8 } from '../../src/core/bytes.ts';
import { openCheckpoint } from '../../src/core/cosignature.ts';
import { parseEvidence, verifyEvidence } from '../../src/core/evidence.ts';
import { leafHash } from '../../src/core/hash.ts';
import { parseVkey, parseVkeys } from '../../src/core/note.ts';
import { openMirrorStore } from '../../src/store/mirror.ts';
import { flipBit } from '../check.ts';
import {
  add,
  backUp,
  bytesOf,
  forgedNote,
  fsck,
  newPlace,
  ORIGIN,
  ok,
  type Place,
  restore,
  serveCopy,
  session,
  size,
} from './restored.ts';
import { limmat, type Ran, type Server, serve, serveMirror } from './server.ts';

// Mirrors as people run them: they follow a log, serve all of it under their own name, and give it back when it is lost.

const MAIN = join(import.meta.dirname, '../../dist/cli/main.js');

async function newLog(): Promise<Place> {
  const place = newPlace();
  ok(await limmat('init', '--data', place.data, '--origin', ORIGIN, '--entries', 'opaque'));
  return place;
}

const vkeyOf = ({ data }: Place) => join(data, 'log.vkey');

async function newMirror(place: Place): Promise<string> {
  const data = join(place.root, `mirror${Math.random()}`);
  ok(await limmat('mirror', 'init', '--data', data, '--name', 'mirror.example/m1', '--vkey', vkeyOf(place)));
  return data;
}

const once = (place: Place, data: string, url: string): Promise<Ran> =>
  limmat('mirror', '--data', data, '--vkey', vkeyOf(place), '--url', url, '--once', '--json');

async function noteOf({ tiles }: Server): Promise<Uint8Array> {
  const response = await fetch(`${tiles}/checkpoint`);
  assert.is(response.status, 200);
  return new Uint8Array(await response.arrayBuffer());
}

/** Where a mirror exchanges heads. */
const gossipOf = ({ tiles }: Server): string => tiles.replace(/\/([0-9a-f]{64})$/, '/gossip/v1/$1');

/** Waits until the mirror serves a size. */
async function until(mirror: Server, entries: number): Promise<void> {
  for (;;) {
    const response = await fetch(`${mirror.tiles}/checkpoint`);
    const text = await response.text();
    if (response.status === 200 && Number(text.split('\n')[1]) >= entries) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

test('a mirror follows a log, serves it under its own cosignature, and brings a restored log back', async () => {
  const place = await newLog();
  await session(place, (server) => add(server, 300));
  backUp(place);
  const log = await serve(place.data);
  const data = await newMirror(place);
  const mirror = await serveMirror(data, '--vkey', vkeyOf(place), '--url', log.url, '--every', '0.1');
  await until(mirror, 300);
  await add(log, 700);
  await until(mirror, 1000);
  const keys = [...log.vkeys, ...mirror.vkeys].map(parseVkey);
  const { signed, checkpoint } = openCheckpoint(await noteOf(mirror), keys);
  assert.is(checkpoint.size, 1000);
  assert.equal(
    signed.map(({ vkey }) => `${vkey.name} ${vkey.type}`),
    [`${ORIGIN} 1`, `${ORIGIN} 6`, 'mirror.example/m1 4', 'mirror.example/m1 6'],
  );
  ok(await limmat('fsck', '--url', mirror.tiles, '--vkey', vkeyOf(place)));
  const wide = await fetch(`${mirror.tiles}/tile/entries/003.p/233`);
  assert.is(wide.status, 404, 'nothing beyond what is cosigned');
  assert.is((await fetch(`${mirror.url}/healthz`)).status, 200);
  const gossip = gossipOf(mirror);
  assert.is(await (await fetch(`${gossip}/latest`)).text(), new TextDecoder().decode(await noteOf(mirror)));
  const fork = forgedNote(place.data, { size: 400, root: leafHash(utf8('x')) });
  const told = await fetch(`${gossip}/heads`, { method: 'POST', body: fork as BodyInit });
  assert.is(told.status, 409);
  const shown = parseEvidence(new Uint8Array(await told.arrayBuffer()));
  assert.is(verifyEvidence(shown, keys).kind, 'inconsistent');
  const metrics = await (await fetch(`${mirror.url}/metrics`)).text();
  assert.match(metrics, /limmat_mirror_size 1000\n[\s\S]*limmat_mirror_evidence 1\n[\s\S]*limmat_mirror_trouble 0\n/);
  const second = await limmat('mirror', '--data', data, '--vkey', vkeyOf(place), '--url', log.url, '--once');
  assert.is(second.code, 2, 'one process at a time');
  assert.is(await log.end('SIGTERM'), 0);
  restore(place);
  ok(await limmat('recover', '--data', place.data, '--from', mirror.tiles));
  await fsck(place.data);
  const again = await serve(place.data);
  assert.is(await size(again.url), 1000);
  await add(again, 10);
  await again.end('SIGTERM');
  await fsck(place.data);
  assert.is(await mirror.end('SIGTERM'), 0, mirror.stderr());
});

test('a mirror whose clock was far ahead says that it cosigns for nobody, and serves its copy', async () => {
  const place = await newLog();
  const log = await serve(place.data);
  await add(log, 10);
  const data = await newMirror(place);
  ok(await once(place, data, log.url));
  const store = openMirrorStore(mirrorDirectory(data).database);
  const mirrored = store.mirrored() as NonNullable<ReturnType<typeof store.mirrored>>;
  store.setMirrored({ ...mirrored, time: 4_000_000_000 }); // as if it had followed then
  store.close();
  const mirror = await serveMirror(data, '--vkey', vkeyOf(place), '--url', log.url);
  const health = await fetch(`${mirror.url}/healthz`);
  assert.is(health.status, 503);
  assert.match(await health.text(), /count for nobody until 2096-10-02T07:06:40\.000Z, as the clock says .*: set it/);
  assert.match(await (await fetch(`${mirror.url}/metrics`)).text(), /^limmat_mirror_trouble 1$/m);
  ok(await limmat('fsck', '--url', mirror.tiles, '--vkey', vkeyOf(place)));
  for (const server of [log, mirror]) assert.is(await server.end('SIGTERM'), 0);
});

test('killed whenever it has asked for anything more, a mirror goes on where it was, and serves nothing it has not', async () => {
  const place = await newLog();
  await session(place, (server) => add(server, 5000));
  const data = await newMirror(place);
  let left = 0;
  let child: ChildProcess | undefined;
  const copy = await serveCopy(place.copy, (_, bytes) => {
    if (left-- === 0) child?.kill('SIGKILL');
    return bytes;
  });
  const args = ['mirror', '--data', data, '--vkey', vkeyOf(place), '--url', copy.url, '--once'];
  let kills = 0;
  for (let after = 0; ; after += 7) {
    left = after;
    const running = spawn(process.execPath, [MAIN, ...args], { stdio: 'ignore' });
    child = running;
    const code = await new Promise<number | null>((resolve) => running.once('exit', resolve));
    if (code === 0) break;
    assert.is(code, null);
    kills++;
  }
  copy.close();
  assert.ok(kills > 3, `${kills} kills`);
  const mirror = await serveMirror(data, '--vkey', vkeyOf(place));
  assert.is(await size(mirror.tiles), 5000);
  ok(await limmat('fsck', '--url', mirror.tiles, '--vkey', vkeyOf(place)));
  await mirror.end('SIGTERM');
});

test('a log that signs a fork is convicted by the mirror, which stays on its history', async () => {
  const place = await newLog();
  await session(place, (server) => add(server, 300));
  const data = await newMirror(place);
  ok(await once(place, data, (await serveCopy(place.copy)).url));
  const forks: [string, Uint8Array][] = [
    ['same-size', forgedNote(place.data, { size: 300, root: leafHash(utf8('x')) })],
    ['inconsistent', forgedNote(place.data, { size: 200, root: leafHash(utf8('x')) })],
    ['empty-root', forgedNote(place.data, { size: 0, root: leafHash(utf8('x')) })],
  ];
  for (const [, note] of forks) {
    const liar = await serveCopy(place.copy, (path, bytes) => (path === 'checkpoint' ? note : bytes));
    const { code, stderr } = await once(place, data, liar.url);
    liar.close();
    assert.is(code, 1, stderr);
    assert.match(stderr, 'signed two histories');
  }
  // A log of the same keys whose whole larger tree is another one.
  const other = { ...newPlace(), backup: place.backup };
  ok(await limmat('init', '--data', other.data, '--origin', ORIGIN, '--entries', 'opaque'));
  const forger = await session(other, (server) => add(server, 700));
  const { checkpoint } = openCheckpoint(forger, parseVkeys(new TextDecoder().decode(bytesOf(vkeyOf(other)))));
  const forked = forgedNote(place.data, checkpoint);
  const larger = await serveCopy(other.copy, (path, bytes) => (path === 'checkpoint' ? forked : bytes));
  assert.is((await once(place, data, larger.url)).code, 1);
  larger.close();
  const mirror = await serveMirror(data, '--vkey', vkeyOf(place));
  assert.is(await size(mirror.tiles), 300);
  const gossip = `${gossipOf(mirror)}/evidence`;
  const hashes = (await (await fetch(gossip)).text()).trim().split('\n');
  assert.is(hashes.length, 4);
  const kinds = new Set<string>();
  for (const hash of hashes) {
    const file = new Uint8Array(await (await fetch(`${gossip}/${hash}`)).arrayBuffer());
    const vkeys = parseVkeys(new TextDecoder().decode(bytesOf(vkeyOf(place))));
    kinds.add(verifyEvidence(parseEvidence(file), vkeys).kind);
  }
  assert.equal([...kinds].sort(), ['empty-root', 'inconsistent', 'same-size']);
  await mirror.end('SIGTERM');
});

test('a server that sends wrong bytes convicts nobody, and what it sent is not kept', async () => {
  const place = await newLog();
  await session(place, (server) => add(server, 700));
  const data = await newMirror(place);
  for (const part of [
    'tile/entries/001',
    'tile/0/001',
    'tile/0/002.p/188',
    'tile/1/000.p/2',
    'tile/entries/002.p/188',
  ]) {
    const liar = await serveCopy(place.copy, (path, bytes) => (path === part ? flipBit(bytes, 99) : bytes));
    assert.is.not((await once(place, data, liar.url)).code, 0, part);
    liar.close();
  }
  const stranger = forgedNote((await newLog()).data, { size: 9, root: leafHash(utf8('x')) });
  const fake = await serveCopy(place.copy, (path, bytes) => (path === 'checkpoint' ? stranger : bytes));
  assert.is((await once(place, data, fake.url)).code, 1);
  fake.close();
  const honest = await serveCopy(place.copy);
  assert.is((JSON.parse(ok(await once(place, data, honest.url))) as { size: number }).size, 700);
  honest.close();
  const mirror = await serveMirror(data, '--vkey', vkeyOf(place));
  ok(await limmat('fsck', '--url', mirror.tiles, '--vkey', vkeyOf(place)));
  const evidence = await fetch(`${gossipOf(mirror)}/evidence`);
  assert.is(await evidence.text(), '');
  await mirror.end('SIGTERM');
});

test('a stale mirror is refused as a source, and a log that goes back is told from one that does not', async () => {
  const place = await newLog();
  await session(place, (server) => add(server, 50));
  backUp(place);
  const old = bytesOf(join(place.copy, 'checkpoint'));
  const stale = await newMirror(place);
  ok(await once(place, stale, (await serveCopy(place.copy)).url));
  await session(place, (server) => add(server, 60));
  restore(place);
  const mirror = await serveMirror(stale, '--vkey', vkeyOf(place));
  const refused = await limmat('recover', '--data', place.data, '--from', mirror.tiles);
  await mirror.end('SIGTERM');
  assert.is(refused.code, 3);
  assert.match(refused.stderr, 'find a newer copy');
  const copy = await serveCopy(place.copy);
  ok(await once(place, stale, copy.url));
  copy.close();
  const back = await serveCopy(place.copy, (path, bytes) => (path === 'checkpoint' ? old : bytes));
  const { code, stderr } = await once(place, stale, back.url);
  back.close();
  assert.is(code, 3);
  assert.match(stderr, 'serves size 50, and signed size 110 before');
});

test.run();
