import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { LogClient } from '../../src/client/logclient.ts';
import { packBundle } from '../../src/core/bundle.ts';
import { concat, utf8 } from '../../src/core/bytes.ts';
import { leafHash } from '../../src/core/hash.ts';
import { append, EMPTY_EDGE, rootOf } from '../../src/core/tree.ts';
import { formatGuard } from '../../src/log/guard.ts';
import { fileExport } from '../../src/store/files.ts';
import { openStore } from '../../src/store/sqlite.ts';
import type { Build } from '../../tools/demo/builds.ts';
import { buildStatement, governance, openWorld, policyFields, ORIGIN as WORLD_ORIGIN } from '../../tools/vendor.ts';
import { flipBit } from '../check.ts';
import { folder } from '../folder.ts';
import {
  add,
  backUp,
  bytesOf,
  copyOf,
  forgedNote,
  fsck,
  newPlace,
  ORIGIN,
  ok,
  type Place,
  restore,
  restoredLog,
  serveCopy,
  session,
  size,
} from './restored.ts';
import { limmat, type Ran, serve } from './server.ts';

// A restored backup is completed from a copy, and from nothing but the tree that was signed.

const MAIN = join(import.meta.dirname, '../../dist/cli/main.js');
const recover = (data: string, from: string, ...args: string[]): Promise<Ran> =>
  limmat('recover', '--data', data, '--from', from, ...args);

/** Restored logs that several tests begin with: each is made once, and every test has copies of its own. */
const made = new Map<string, Promise<Place>>();
async function copied(which: 'long' | 'short' | 'other short'): Promise<Place> {
  const making = made.get(which) ?? (which === 'long' ? restoredLog(300, 700) : restoredLog(10, 20));
  made.set(which, making);
  return copyOf(await making);
}

test('a restored log is frozen, is completed from its export, and signs on', async () => {
  const { data, copy } = await copied('long');
  const frozen = await serve(data);
  assert.is((await fetch(`${frozen.url}/healthz`)).status, 503);
  const locked = await recover(data, copy);
  assert.is(locked.code, 2);
  assert.match(locked.stderr, 'another process has this log open');
  await frozen.end('SIGTERM');
  const said = JSON.parse(ok(await recover(data, copy, '--json'))) as { recovered: number; size: number; next: string };
  assert.is(said.recovered, 700);
  assert.is(said.size, 1000);
  assert.is(said.next, `limmat serve --data ${data}`);
  await fsck(data);
  assert.is((JSON.parse(ok(await recover(data, copy, '--json'))) as { recovered: number }).recovered, 0);
  const server = await serve(data);
  assert.is(await size(server.url), 1000);
  await add(server, 5);
  assert.is(await size(server.url), 1005);
  assert.is(await server.end('SIGTERM'), 0);
  await fsck(data);
});

const build = (n: number): Build => ({
  packageUrl: `pkg:generic/app@${n}`,
  product: 'app',
  version: `${n}`,
  artifact: { name: 'app', size: 1, digests: { sha256: new Uint8Array(32).fill(n) } },
});

test('database and guard that were rolled back together look whole: recover says what to do, and that works', async () => {
  const { data, guard, copy, root } = await copied('short');
  const heads = readFileSync(guard, 'utf8').match(/[^\n]*\n/g) as string[];
  writeFileSync(guard, heads.filter((line) => Number(line.split(' ')[0]) <= 10).join(''));
  const { code, stderr } = await recover(data, copy);
  assert.is(code, 3, stderr);
  assert.match(stderr, /the guard ends at 10: the guard is not the newest\. Move it aside, and use --head/);
  renameSync(guard, join(root, 'aside'));
  const head = join(copy, 'checkpoint');
  const said = JSON.parse(ok(await recover(data, copy, '--head', head, '--json'))) as { recovered: number };
  assert.is(said.recovered, 20);
  ok(await limmat('guard', 'rebuild', '--data', data, '--head', head));
  await fsck(data);
});

test('a log of statements gets its ids and its registry back', async () => {
  const place = newPlace();
  const world = openWorld(join(place.root, 'keys'));
  const policy = join(place.root, 'policy.json');
  writeFileSync(policy, JSON.stringify(policyFields(world)));
  ok(await limmat('init', '--data', place.data, '--origin', WORLD_ORIGIN, '--policy', policy));
  const [enrol, ...rest] = governance(world) as [Uint8Array, ...Uint8Array[]];
  const submit = async (url: string, statements: readonly Uint8Array[]): Promise<void> => {
    for (const outcome of await new LogClient(url, fetch).submitBatch(statements)) assert.ok('receipt' in outcome);
  };
  await session(place, ({ url }) => submit(url, [enrol]));
  backUp(place);
  await session(place, ({ url }) => submit(url, rest));
  await session(place, ({ url }) =>
    submit(
      url,
      [1, 2, 3].map((n) => buildStatement(world, build(n))),
    ),
  );
  const proof = bytesOf(join(place.copy, 'checkpoint'));
  restore(place);
  const copy = await serveCopy(place.copy);
  ok(await recover(place.data, copy.url));
  copy.close();
  await fsck(place.data);
  await session(place, async ({ url }) => {
    const before = await size(url);
    assert.is(before, Number(new TextDecoder().decode(proof).split('\n')[1]));
    await submit(url, [enrol, ...rest, buildStatement(world, build(2))]);
    assert.is(await size(url), before, 'what was logged before is found again');
    await submit(url, [buildStatement(world, build(4))]);
    assert.is(await size(url), before + 1, 'the keys that were enrolled after the backup sign');
  });
  await fsck(place.data);
});

test('a copy that lies about any of the tiles and bundles it is asked for is not believed, and adds nothing wrong', async () => {
  const place = await copied('long');
  const asked: string[] = [];
  const honest = await serveCopy(place.copy, (path, bytes) => {
    asked.push(path);
    return bytes;
  });
  ok(await recover(place.data, honest.url));
  honest.close();
  assert.ok(asked.length > 6, asked.join());
  restore(place);
  for (const target of new Set(asked.filter((path) => path !== 'checkpoint'))) {
    const liar = await serveCopy(place.copy, (path, bytes) => (path === target ? flipBit(bytes, 99) : bytes));
    const { code, stderr } = await recover(place.data, liar.url);
    liar.close();
    // A length that was changed makes a bundle that cannot be read at all.
    assert.ok(code === 1 || code === 2, `${target}: ${code} ${stderr}`);
    // What came before the lie may stay: it was authenticated.
  }
  await fsck(place.data, /the guard names more entries/);
  ok(await recover(place.data, place.copy));
  await fsck(place.data);
});

test('a stale copy, a copy of another log, a copy that is gone: each is refused by name', async () => {
  const place = await copied('short');
  const other = await copied('other short');
  const stale = newPlace();
  ok(await limmat('init', '--data', stale.data, '--origin', ORIGIN, '--entries', 'opaque'));
  const elsewhere = await recover(place.data, other.copy);
  assert.is(elsewhere.code, 1, elsewhere.stderr);
  const gone = await recover(place.data, join(place.root, 'nowhere'));
  assert.is(gone.code, 2, gone.stderr);
  const vkeys = await recover(place.data, place.copy, '--vkey', join(other.data, 'log.vkey'));
  assert.is(vkeys.code, 1, vkeys.stderr);
  const edge = append(EMPTY_EDGE, leafHash(utf8('x'))).edge;
  for (const [head, says] of [
    [{ size: 1, root: rootOf(edge) }, /find a newer copy/],
    [{ size: 30, root: rootOf(edge) }, /two trees were signed/],
    [{ size: 31, root: rootOf(edge) }, /the guard is not the newest/],
  ] as const) {
    const note = forgedNote(place.data, head);
    const copy = await serveCopy(place.copy, (path, bytes) => (path === 'checkpoint' ? note : bytes));
    const { code, stderr } = await recover(place.data, copy.url);
    copy.close();
    assert.is.not(code, 0);
    assert.match(stderr, says);
  }
  const store = openStore(join(place.data, 'log.db'), { readonly: true });
  assert.is(store.head().size, 10);
  store.close();
});

test('a database that never was a state of the log is not completed', async () => {
  const place = await copied('short');
  const other = await copied('other short');
  // The same log by its name and keys, with other entries.
  const { code, stderr } = await recover(
    other.data,
    place.copy,
    '--guard',
    place.guard,
    '--vkey',
    join(place.data, 'log.vkey'),
  );
  assert.is(code, 1);
  assert.match(stderr, 'is not the beginning of the tree');
});

test('killed whenever it has asked for anything more, recover goes on where it was', async () => {
  const place = await restoredLog(100, 5000);
  let left = 0;
  let child: ChildProcess | undefined;
  const copy = await serveCopy(place.copy, (_, bytes) => {
    if (left-- === 0) child?.kill('SIGKILL');
    return bytes;
  });
  let kills = 0;
  for (let after = 0; ; after += 12) {
    left = after;
    const running = spawn(process.execPath, [MAIN, 'recover', '--data', place.data, '--from', copy.url], {
      stdio: 'ignore',
    });
    child = running;
    const code = await new Promise<number | null>((resolve) => running.once('exit', resolve));
    if (code === 0) break;
    assert.is(code, null);
    kills++;
  }
  copy.close();
  assert.ok(kills > 3, `${kills} kills`);
  await fsck(place.data);
});

test('an entry that the rules forbid is refused by its number, though it was signed', async () => {
  const place = newPlace();
  ok(await limmat('init', '--data', place.data, '--origin', ORIGIN));
  backUp(place);
  const store = openStore(join(place.data, 'log.db'), { readonly: true });
  const genesis = [0, 1].map((index) => store.entries(index, index + 1).slice(2));
  store.close();
  const world = openWorld(join(folder(), 'keys'));
  for (const [bad, says] of [
    [buildStatement(world, build(1)), /entry 2 is not one that the rules admit/],
    [utf8('no statement'), /entry 2 is not a statement/],
  ] as const) {
    const entries = [...genesis, bad];
    const leaves = concat(...entries.map(leafHash));
    const head = { size: 3, root: rootOf(append(EMPTY_EDGE, leaves).edge) };
    const copy = join(folder(), 'copy');
    await fileExport(copy, ORIGIN).follow(head, forgedNote(place.data, head), ({ level }) =>
      level === 'entries' ? packBundle(entries) : leaves,
    );
    writeFileSync(place.guard, formatGuard([head], ORIGIN));
    const { code, stderr } = await recover(place.data, copy);
    assert.is(code, 3, stderr);
    assert.match(stderr, says);
  }
});

test.run();
