import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { LogClient } from '../../src/client/logclient.ts';
import { verifyProof } from '../../src/client/offline.ts';
import { decodeStatement, entryIdOf } from '../../src/core/cose.ts';
import { openCheckpoint } from '../../src/core/cosignature.ts';
import { parseVkeys } from '../../src/core/note.ts';
import { faultsLater, sameBytes } from '../check.ts';
import { type BuiltLog, buildOf, builtLog, copyOf } from '../flow/builtlog.ts';
import { limmat, type Server, serve } from '../flow/server.ts';
import { says } from '../flow/until.ts';
import { ends, run } from './world.ts';

// The guard against what an operator may do in good faith: put back yesterday's database.

const OLD = 20;
const NEW = 24;
const backup = await builtLog(OLD);

/** The same log with four more builds, and its guard. */
const newer = await (async () => {
  const log = copyOf(backup);
  const server = await serve(log.data);
  const client = new LogClient(server.url, fetch);
  for (let n = OLD - 7; n < NEW - 7; n++) await client.submit(buildOf(log.world, n));
  assert.is(await server.end('SIGTERM'), 0, server.stderr());
  return log;
})();

const vkeys = parseVkeys(readFileSync(newer.vkey, 'utf8'));

async function publishedSize({ url }: Server): Promise<number> {
  return openCheckpoint(await new LogClient(url, fetch).get('checkpoint'), vkeys).checkpoint.size;
}

async function health({ url }: Server): Promise<{ status: number; problem?: string; publishedSize: number }> {
  const response = await fetch(`${url}/healthz`);
  return { ...((await response.json()) as { problem?: string; publishedSize: number }), status: response.status };
}

/** The server refuses what it would have to sign, and goes on to serve what was published. */
async function isFrozen(log: BuiltLog, size: number, why: RegExp): Promise<void> {
  const server = await serve(log.data);
  const { status, problem, publishedSize: told } = await health(server);
  assert.is(status, 503);
  assert.match(problem ?? '', why);
  assert.is(told, size);
  await says(server, why);

  const client = new LogClient(server.url, fetch);
  const refused = await faultsLater('frozen', () => client.submit(buildOf(log.world, 500)));
  assert.match(refused.message, why);
  assert.is(await publishedSize(server), size, 'the old checkpoint, and no other');
  const old = buildOf(log.world, 3);
  const proven = verifyProof(await client.proof(entryIdOf(decodeStatement(old).id)), vkeys);
  sameBytes(proven.entry, old);
  assert.is(proven.size, size);
  assert.is(verifyProof(await client.submit(old), vkeys).index, proven.index, 'a repeat is no new entry');
  assert.is((await run('fsck', '--url', server.url, '--vkey', log.vkey)).size, size);
  assert.match(await (await fetch(`${server.url}/metrics`)).text(), /^limmat_frozen 1$/m);
  const guard = readFileSync(log.guard);
  assert.is(await server.end('SIGTERM'), 0, server.stderr());
  assert.equal(readFileSync(log.guard), guard, 'the guard is as it was');
}

async function isSound(log: BuiltLog, size: number): Promise<void> {
  const server = await serve(log.data);
  assert.is((await health(server)).status, 200);
  assert.is(await publishedSize(server), size);
  await new LogClient(server.url, fetch).submit(buildOf(log.world, 600));
  assert.is(await publishedSize(server), size + 1);
  assert.is(await server.end('SIGTERM'), 0, server.stderr());
  assert.equal((await run('fsck', '--data', log.data)).findings, []);
}

/** Puts the database of one log where that of another is. */
function restore(log: BuiltLog, from: BuiltLog): void {
  for (const suffix of ['', '-wal', '-shm']) {
    rmSync(log.database + suffix, { force: true });
    if (existsSync(from.database + suffix)) cpSync(from.database + suffix, log.database + suffix);
  }
}

async function fsckTells(log: BuiltLog, expected: RegExp): Promise<void> {
  const { code, stdout } = await limmat('fsck', '--data', log.data);
  assert.is(code, 1);
  assert.match(stdout, expected);
}

test('an older database under a newer guard: frozen, says why, reads go on; the newer one thaws it', async () => {
  const log = copyOf(newer);
  restore(log, backup);
  await isFrozen(
    log,
    OLD,
    /the database has 20 entries and size 24 was signed: a restored backup\? .*`limmat recover --data/,
  );
  await fsckTells(log, /^size 24: the guard names more entries than the 20 of the database$/m);
  restore(log, newer);
  await isSound(log, NEW);
});

const GUARDS: [string, (guard: string) => string, RegExp, RegExp | undefined][] = [
  [
    'of another log',
    () => '20 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n',
    /the guard is damaged: line 1.*run `limmat guard rebuild --data DIR/,
    /log\.guard: the guard is damaged: line 1/,
  ],
  ['with a line that was changed', (guard) => guard.replace('24 ', '25 '), /the guard is damaged: line \d/, /damaged/],
  ['with bytes after its end', (guard) => `${guard}???`, /damaged: line \d+ is not the beginning/, /damaged/],
  [
    'behind the published checkpoint',
    (guard) => guard.replace(/.*\n$/, ''),
    /the guard is behind the published checkpoint of size 24: is it the right file\?.*run `limmat guard rebuild/,
    /log\.guard: it does not have the published checkpoint of size 24/,
  ],
  ['that is empty', () => '', /behind the published checkpoint of size 24/, /size 24/],
];

for (const [name, edit, why, told] of GUARDS) {
  test(`a guard ${name}: frozen, says why, reads go on; the right one thaws it`, async () => {
    const log = copyOf(newer);
    const right = readFileSync(log.guard, 'utf8');
    writeFileSync(log.guard, edit(right));
    await isFrozen(log, NEW, why);
    if (told) await fsckTells(log, told);
    writeFileSync(log.guard, right);
    await isSound(log, NEW);
  });
}

test('a guard whose last line was cut in the middle: nothing was signed for it, so it is written again', async () => {
  const log = copyOf(newer);
  const right = readFileSync(log.guard, 'utf8');
  writeFileSync(log.guard, `${right}25 AbC`);
  await isSound(log, NEW);
  assert.ok(readFileSync(log.guard, 'utf8').startsWith(right));
});

test('no guard: serve refuses to start and makes none; fsck tells it', async () => {
  const log = copyOf(newer);
  rmSync(log.guard);
  assert.match(
    await ends(2, 'serve', '--data', log.data, '--listen', '127.0.0.1:0'),
    /there is no guard at .*--guard.*`limmat guard rebuild`/,
  );
  assert.not.ok(existsSync(log.guard));
  await fsckTells(log, /log\.guard: there is no guard/);
});

test('a guard and a database of logs with the same keys that grew apart: frozen', async () => {
  const [log, other] = [copyOf(backup), copyOf(backup)];
  for (const [each, first] of [
    [log, 100],
    [other, 200],
  ] as const) {
    const server = await serve(each.data);
    const client = new LogClient(server.url, fetch);
    for (const n of [first, first + 1]) await client.submit(buildOf(each.world, n));
    await server.end('SIGTERM');
  }
  cpSync(other.guard, log.guard);
  await isFrozen(log, OLD + 2, /the tree does not extend the head of size 22 that was guarded/);
  await fsckTells(log, /^size 22: the root that the guard names is not that of the entries$/m);
});

test.run();
