import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { addEntries } from '../../src/monitor/upload.ts';
import { faultsLater, sameBytes } from '../check.ts';
import * as oracle from '../oracle.ts';
import { checkpointOf, getOf, noteOf, TestMirror, uploadOf } from './testmirror.ts';

// What a mirror does when it pulls, step by step.

const from =
  (size: number, fork = false) =>
  (path: string) =>
    getOf(size, path, fork);

test('it follows from checkpoint to checkpoint, and opens as it was left', async () => {
  const mirror = new TestMirror();
  for (const size of [1, 255, 256, 257, 700, 3000]) {
    await mirror.mirror.follow(noteOf(size), from(size));
    mirror.open();
    assert.is(mirror.mirror.mirrored()?.size, size);
    assert.is(mirror.mirror.tree.head.size, size);
    sameBytes(mirror.copy.entries(size - 1, size).subarray(2), oracle.entry(size - 1));
  }
});

test('what is pushed while it pulls is stored once', async () => {
  const mirror = new TestMirror();
  let pushed = false;
  await mirror.mirror.follow(noteOf(3000), async (path) => {
    if (path.startsWith('tile/entries/005') && !pushed) {
      pushed = true;
      assert.is(addEntries(mirror.mirror, uploadOf(0, 3000)).status, 200);
    }
    return getOf(3000, path);
  });
  assert.ok(pushed);
  assert.is(mirror.mirror.tree.head.size, 3000);
  assert.is(mirror.mirror.mirrored()?.size, 3000);
});

test('a checkpoint that comes by add-checkpoint while another is compared is compared too', async () => {
  const mirror = new TestMirror();
  await mirror.mirror.follow(noteOf(300), from(300));
  let sent = false;
  await mirror.mirror.follow(noteOf(700), async (path) => {
    if (!sent) {
      sent = true;
      await mirror.mirror.addCheckpoint(checkpointOf(300, 600));
    }
    return getOf(700, path);
  });
  assert.equal(
    mirror.mirror.pending().map(({ size }) => size),
    [700, 600, 300],
  );
});

test('a fork is refused and kept as proof, in every order of sizes, and the mirror goes on with its own history', async () => {
  const mirror = new TestMirror();
  await mirror.mirror.follow(noteOf(300), from(300));
  for (const size of [300, 700, 200, 4]) {
    await faultsLater('bad-proof', () => mirror.mirror.follow(noteOf(size, true), from(size, true)), `${size}`);
  }
  assert.equal(
    mirror.alarms.map(({ kind }) => kind),
    ['same-size', 'inconsistent', 'inconsistent', 'inconsistent'],
  );
  // Sizes before the fork begins are the same in both.
  await mirror.mirror.follow(noteOf(3, true), from(3, true));
  await mirror.mirror.follow(noteOf(600), from(600));
  assert.is(mirror.mirror.mirrored()?.size, 600);
});

test('tiles of another tree than was signed are no evidence', async () => {
  const mirror = new TestMirror();
  await mirror.mirror.follow(noteOf(300), from(300));
  await faultsLater('bad-tile', () => mirror.mirror.follow(noteOf(700), from(700, true)));
  assert.is(mirror.alarms.length, 0);
  assert.is(mirror.mirror.pending()[0]?.size, 300);
});

test('a quiet log gets a fresh cosignature once an hour', async () => {
  const mirror = new TestMirror();
  await mirror.mirror.follow(noteOf(9), from(9));
  const first = mirror.mirror.mirrored()?.time ?? 0;
  mirror.now = new Date(1000 * (first + 3599));
  await mirror.mirror.follow(noteOf(9), from(9));
  assert.is(mirror.mirror.mirrored()?.time, first);
  mirror.now = new Date(1000 * (first + 3600));
  await mirror.mirror.follow(noteOf(9), from(9));
  assert.is(mirror.mirror.mirrored()?.time, first + 3600);
});

test.run();
