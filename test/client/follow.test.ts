import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { follow, type Seen } from '../../src/client/follow.ts';
import { type Hash, utf8 } from '../../src/core/bytes.ts';
import { Fault } from '../../src/core/fault.ts';
import type { Get } from '../../src/core/reader.ts';
import { parseTilePath } from '../../src/core/tile.ts';
import { faultsLater } from '../check.ts';
import * as oracle from '../oracle.ts';

// Checkpoints of a log that grows, that serves an older one from a cache, and that shows two histories.

const seen = (size: number, leaves = oracle.leaves(size), origin = 'log.example/f'): Seen => {
  const root = oracle.mth(leaves, 0, size);
  return { note: utf8(`note ${size} ${origin}`), origin, size, root };
};

/** Level-0 tiles of a tree of up to 256 leaves. */
const tilesOf =
  (leaves: readonly Hash[]): Get =>
  async (path) => {
    const { level, n, width } = parseTilePath(path);
    if (level !== 0 || n !== 0) throw new Fault('unknown-resource', path);
    return Uint8Array.from(leaves.slice(0, width).flatMap((leaf) => [...leaf]));
  };

/** Follows heads in their order; ends after the last. */
async function sizes(heads: readonly Seen[], get: Get = tilesOf(oracle.leaves(200)), from?: Seen): Promise<number[]> {
  const queue = [...heads];
  const found: number[] = [];
  const stop = new AbortController();
  const read = async () => {
    const head = queue.shift() as Seen;
    if (queue.length === 0) stop.abort();
    return head;
  };
  const sleep = async () => {};
  for await (const one of follow({ read, get, sleep, signal: stop.signal, ...(from ? { from } : {}) })) {
    found.push(one.size);
  }
  return found;
}

test('each new checkpoint comes once, and an older one from a cache is passed over', async () => {
  assert.equal(await sizes([seen(0), seen(1), seen(1), seen(7), seen(3), seen(7), seen(200)]), [0, 1, 7, 200]);
  assert.equal(await sizes([seen(9), seen(12)], undefined, seen(9)), [12], 'goes on from where it was');
});

test('what is no checkpoint to go on from accuses nobody', async () => {
  const good = seen(9);
  for (const wrong of [
    JSON.parse(JSON.stringify(good)) as Seen,
    { ...good, root: 'ab' as unknown as Hash },
    { ...good, root: new Uint8Array(31) as Hash },
    { ...good, size: '9' as unknown as number },
    { ...good, size: 0.5 },
    { ...good, origin: undefined as unknown as string },
  ]) {
    await faultsLater('bad-request', () => sizes([seen(9), seen(12)], undefined, wrong));
  }
  const read = async () => good;
  const never = follow({ read, get: tilesOf([]), every: -5 });
  await faultsLater('bad-request', () => never.next());
});

test('every pair of sizes is checked from the tiles of the greater', async () => {
  for (let first = 1; first < 40; first++) {
    for (let second = first + 1; second < 41; second++) {
      assert.equal(await sizes([seen(first), seen(second)]), [first, second]);
    }
  }
});

test('two histories end it, and the fault has both checkpoints', async () => {
  const other = oracle.leaves(200).with(2, oracle.leaf(utf8('changed')));
  const forks: [string, Seen, Seen, Get][] = [
    ['another root of the same size', seen(5), seen(5, other), tilesOf(other)],
    ['a tree that grew out of another', seen(5), seen(9, other), tilesOf(other)],
    ['an older tree that is of another', seen(9), seen(5, other), tilesOf(oracle.leaves(200))],
    ['another origin', seen(5), seen(9, undefined, 'other.example'), tilesOf(oracle.leaves(200))],
  ];
  for (const [what, first, second, get] of forks) {
    const fault = await faultsLater('bad-proof', () => sizes([first, second], get), what);
    assert.equal(fault.cause, { first: first.note, second: second.note });
  }
});

test('tiles that are not those of the checkpoint prove nothing against the log', async () => {
  const other = oracle.leaves(200).with(2, oracle.leaf(utf8('changed')));
  await faultsLater('bad-tile', () => sizes([seen(5), seen(9)], tilesOf(other)));
});

test('it ends when it is told to, without waiting for the next look', async () => {
  const stop = new AbortController();
  const found: number[] = [];
  for await (const { size } of follow({
    read: async () => seen(4),
    get: tilesOf([]),
    every: 1e6,
    signal: stop.signal,
  })) {
    found.push(size);
    setImmediate(() => stop.abort());
  }
  assert.equal(found, [4]);
});

test.run();
