import { appendFileSync, copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { utf8 } from '../../src/core/bytes.ts';
import type { Fault } from '../../src/core/fault.ts';
import type { Log } from '../../src/log/log.ts';
import { opaqueRules } from '../../src/log/rules.ts';
import { openGuardFile } from '../../src/store/guardfile.ts';
import { faults } from '../check.ts';
import { EFFECTS, TestLog } from './testlog.ts';

const entry = (name: string | number) => utf8(`entry ${name} ${'.'.repeat(50)}`);

/** Each size at which the crash happens puts other tiles at the edge. */
for (const before of [0, 1, 255, 256, 300, 511]) {
  for (const effect of EFFECTS) {
    for (const kept of [false, true]) {
      test(`${effect} fails at size ${before}, write ${kept ? 'kept' : 'lost'}`, async () => {
        const log = new TestLog();
        for (let i = 0; i < before; i++) log.add(entry(i));
        if (before > 0) await log.round();
        await log.check();

        log.failAt = { effect, kept };
        const tickets = [log.add(entry('a')), log.add(entry('b')), log.add(entry('c'))];
        await log.round().catch(() => {});
        log.open();
        await log.publish();
        assert.is(log.log.frozen, undefined, log.log.frozen?.message);
        await log.check();

        // The same three again, as a client that heard nothing would, and one more.
        const again = [log.add(entry('a')), log.add(entry('b')), log.add(entry('c')), log.add(entry('d'))];
        await log.round();
        await log.check();
        const indexes = again.map((ticket) => log.answers.get(ticket));
        assert.equal(
          indexes,
          [before, before + 1, before + 2, before + 3].map((index) => ({ index })),
        );
        for (const [i, ticket] of tickets.entries()) {
          const told = log.answers.get(ticket);
          if (told && 'index' in told) assert.is(told.index, before + i, 'what was acknowledged is still so');
        }
        log.close();
      });
    }
  }
}

test('a torn guard line, as of a power loss, is cut off and written again', async () => {
  const log = new TestLog();
  log.add(entry(1));
  await log.round();
  log.close();
  appendFileSync(log.guard, '2 AAAA');
  log.open();
  assert.is(log.log.frozen, undefined);
  log.add(entry(2));
  await log.round();
  await log.check();
});

/** A log with three published entries, and a copy of its database when it had two. */
async function withBackup(): Promise<{ log: TestLog; backup: string }> {
  const log = new TestLog();
  log.add(entry(0));
  log.add(entry(1));
  await log.round();
  log.close();
  const backup = `${log.database}.backup`;
  copyFileSync(log.database, backup);
  log.open();
  log.add(entry(2));
  await log.round();
  log.close();
  return { log, backup };
}

test('a restored database under a newer guard: the log refuses to sign and says why, and reads go on', async () => {
  const { log, backup } = await withBackup();
  for (const suffix of ['-wal', '-shm']) rmSync(log.database + suffix, { force: true });
  copyFileSync(backup, log.database);
  log.open();
  assert.match(log.log.frozen?.message ?? '', /has 2 entries and size 3 was signed: a restored backup/);
  log.free.data = 0;
  log.log.checkOpen();
  const ticket = log.add(entry('other'));
  await log.round();
  assert.equal(log.told, [], 'one that is frozen is not called read-only too');
  const told = log.answers.get(ticket);
  assert.ok(told && 'fault' in told && told.fault.code === 'frozen');
  assert.is(log.store.head().size, 2, 'nothing was sequenced');
  assert.is(log.store.published()?.size, 2, 'what it holds is still served');
});

test('a guard that is lost, older than the database, damaged or of another log: nothing is signed', async () => {
  for (const [damage, why] of [
    [() => '', /behind the published/],
    [(text: string) => `${text.split('\n').slice(0, 1).join('\n')}\n`, /behind the published/],
    [(text: string) => text.replace('3 ', '4 '), /guard is damaged: line 2/],
    [(text: string) => text.replace(/^2/, '1'), /guard is damaged: line 1/],
  ] as const) {
    const { log } = await withBackup();
    writeFileSync(log.guard, damage(readFileSync(log.guard, 'utf8')));
    log.open();
    assert.match(log.log.frozen?.message ?? '', why);
    const before = log.seen.length;
    await log.publish();
    assert.is(log.seen.length, before);
    faults('frozen', () => log.log.guardHead());
  }
});

test('low disk space makes the log read-only before SQLite can fail; it opens again when there is room', async () => {
  const log = new TestLog();
  log.add(entry(1));
  await log.round();
  for (const place of ['data', 'guard'] as const) {
    log.free[place] = 1000;
    const refused = log.add(entry(2));
    await log.round();
    const told = log.answers.get(refused);
    assert.ok(told && 'fault' in told && told.fault.code === 'read-only' && told.fault.retryAfter);
    assert.match(told.fault.message, `less than 1 MiB are free on the disk of its ${place}`);
    log.log.checkOpen();
    assert.equal(log.told, ['read-only'], 'once');
    log.free[place] = 2 ** 40;
    log.log.checkOpen();
    assert.equal(log.told.splice(0), ['read-only', undefined], 'without a turn');
  }
  const taken = log.add(entry(2));
  await log.round();
  assert.equal(log.answers.get(taken), { index: 1 });
  await log.check();
});

test('a turn is judged at the time for which it was found open, though the clock goes on, or back, meanwhile', async () => {
  const log = new TestLog();
  const times: number[] = [];
  let now = 0;
  log.clock = () => new Date(++now);
  log.rules = {
    ...opaqueRules,
    closed(at) {
      times.push(at.getTime());
      return undefined;
    },
    judge(submissions, first, at) {
      times.push(at.getTime());
      return opaqueRules.judge(submissions, first, at);
    },
  };
  log.open();
  log.add(entry(1));
  log.log.turn();
  assert.equal(times, [1, 1]);
  await log.publish();
  await log.check();
  log.close();
});

for (const [when, look] of [
  ['in a turn', (log: Log) => log.turn()],
  ['while none runs', (log: Log) => log.checkOpen()],
] as const) {
  test(`a disk that cannot be asked for its room ${when} freezes the log`, () => {
    const log = new TestLog();
    const ticket = log.add(entry(0));
    Object.defineProperty(log, 'free', {
      get() {
        throw new Error('EIO');
      },
    });
    look(log.log);
    assert.is(log.log.frozen?.code, 'frozen');
    log.log.turn();
    assert.is((log.answers.get(ticket) as { fault: Fault }).fault.code, 'frozen');
    log.close();
  });
}

test('a bit that flips between the commit and the signature stops the log', async () => {
  const log = new TestLog();
  log.add(entry(1));
  await log.round();
  const { store } = log;
  const entries = store.entries.bind(store);
  store.entries = (lo, hi) => {
    const bytes = entries(lo, hi);
    if (hi > 1) bytes[10] = (bytes[10] as number) ^ 1;
    return bytes;
  };
  const ticket = log.add(entry(2));
  await log.round();
  assert.match(log.log.frozen?.message ?? '', /do not hash to the root of size 2/);
  const told = log.answers.get(ticket);
  assert.ok(told && 'fault' in told, 'nothing was acknowledged');
  assert.is(log.seen.at(-1)?.size, 1, 'nothing was signed');
});

test('a log that is open cannot be opened a second time', () => {
  const log = new TestLog();
  faults('bad-request', () => openGuardFile(log.guard));
  log.close();
  openGuardFile(log.guard).close();
});

test.run();
