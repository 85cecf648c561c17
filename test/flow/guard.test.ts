import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { concat, utf8 } from '../../src/core/bytes.ts';
import { leafHash } from '../../src/core/hash.ts';
import { parseGuard } from '../../src/log/guard.ts';
import { flipBit } from '../check.ts';
import { add, bytesOf, forgedNote, fsck, ORIGIN, ok, restore, restoredLog, session, size, write } from './restored.ts';
import { limmat, type Ran, serve } from './server.ts';

// A guard that was lost is made anew from what others kept, and from nothing that the database does not have.

const rebuild = (data: string, ...heads: string[]): Promise<Ran> =>
  limmat('guard', 'rebuild', '--data', data, '--json', '--head', ...heads);
const headsOf = (guard: string) => parseGuard(bytesOf(guard), ORIGIN).heads.map(({ size: entries }) => entries);

test('guard and newest entries lost: recover by a collected checkpoint, rebuild, serve on', async () => {
  const place = await restoredLog(20, 30);
  const [newest, earlier] = [write(join(place.root, 'newest'), place.note), join(place.root, 'earlier')];
  rmSync(place.guard);
  const behind = await rebuild(place.data, newest);
  assert.is(behind.code, 3);
  assert.match(behind.stderr, 'complete it first with');
  assert.is((await limmat('recover', '--data', place.data, '--from', place.copy)).code, 2, 'there is nothing to go by');
  const said = ok(await limmat('recover', '--data', place.data, '--from', place.copy, '--head', newest));
  assert.match(said, 'limmat guard rebuild');
  write(earlier, bytesOf(newest));
  const made = JSON.parse(ok(await rebuild(place.data, earlier, newest))) as { size: number; heads: number };
  assert.is(made.size, 50);
  assert.equal(headsOf(place.guard).at(-1), 50);
  await fsck(place.data);
  await session(place, async (server) => {
    assert.is(await size(server.url), 50);
    await add(server, 3);
    assert.is(await size(server.url), 53);
  });
  await fsck(place.data);
});

test('guard damaged and newest entries lost: what is told to do brings the log back', async () => {
  const place = await restoredLog(20, 30);
  const newest = write(join(place.root, 'newest'), place.note);
  writeFileSync(place.guard, flipBit(bytesOf(place.guard), 8 * 30));
  const behind = await rebuild(place.data, newest);
  assert.is(behind.code, 3);
  assert.match(behind.stderr, `move ${place.guard} aside, and complete it first with`);
  const recover = ['recover', '--data', place.data, '--from', place.copy, '--head', newest];
  const inTheWay = await limmat(...recover);
  assert.is(inTheWay.code, 2);
  assert.match(inTheWay.stderr, 'is there: leave out --head, or move that aside if it is damaged or not the newest');
  renameSync(place.guard, `${place.guard}.damaged`);
  ok(await limmat(...recover));
  ok(await rebuild(place.data, newest));
  await fsck(place.data);
});

test('a note of another log, a fork, and a note that nobody signed make no guard', async () => {
  const place = await restoredLog(20, 30);
  restore(place);
  const kept = `${place.guard}.kept`;
  renameSync(place.guard, kept);
  const other = forgedNote(place.data, { size: 7, root: leafHash(utf8('x')) }, 'log.example/other');
  const fork = forgedNote(place.data, { size: 7, root: leafHash(utf8('x')) });
  const text = new TextDecoder().decode(place.note);
  for (const [note, code, says] of [
    [other, 1, /no signature of this checkpoint .* is by a given key/],
    [fork, 1, /this log signed another tree of size 7/],
    [utf8(text.replace('\n50\n', '\n19\n')), 1, /does not verify/],
    [utf8('nothing'), 2, /empty line/],
  ] as const) {
    const ran = await rebuild(place.data, write(join(place.root, 'bad'), note));
    assert.is(ran.code, code, ran.stderr);
    assert.match(ran.stderr, says);
    assert.is(bytesOf(place.guard).length, 0);
  }
  assert.is((await limmat('guard', 'rebuild', '--data', place.data)).code, 2);
});

test('a guard that is whole and the newest is kept; one that is damaged or behind is set aside', async () => {
  const place = await restoredLog(20, 30);
  const newest = write(join(place.root, 'newest'), place.note);
  ok(await limmat('recover', '--data', place.data, '--from', place.copy));
  const whole = bytesOf(place.guard);
  const needless = await rebuild(place.data, newest);
  assert.is(needless.code, 2);
  assert.match(needless.stderr, 'keep it');
  const lines = new TextDecoder().decode(whole).split('\n');
  const behind = utf8(`${lines.slice(0, 2).join('\n')}\n`);
  for (const bad of [flipBit(whole, 8 * 30), behind, new Uint8Array(0), concat(whole, utf8('x'))]) {
    writeFileSync(place.guard, bad);
    const { oldGuard } = JSON.parse(ok(await rebuild(place.data, newest))) as { oldGuard: string };
    assert.equal(bytesOf(oldGuard), bad);
    assert.is(headsOf(place.guard).at(-1), 50);
    const again = await rebuild(place.data, newest);
    assert.is(again.code, 2);
    rmSync(oldGuard);
  }
  const server = await serve(place.data);
  rmSync(place.guard);
  const served = await rebuild(place.data, newest);
  assert.is(served.code, 2);
  assert.match(served.stderr, 'another process has this log open');
  await server.end('SIGTERM');
});

test.run();
