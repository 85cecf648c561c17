import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { packBundle } from '../../src/core/bundle.ts';
import { concat, type Hash } from '../../src/core/bytes.ts';
import type { Head } from '../../src/core/checkpoint.ts';
import { Fault } from '../../src/core/fault.ts';
import { levelsOf, TILE_WIDTH, tilePath, widthIn } from '../../src/core/tile.ts';
import { type CheckParts, checkTree, type Finding } from '../../src/monitor/check.ts';
import { flipBit } from '../check.ts';
import * as oracle from '../oracle.ts';

const SIZE = 66_000;
const leaves = oracle.leaves(SIZE);
const headOf = (size: number): Head => ({ size, root: oracle.mth(leaves, 0, size) });

type Change = (path: string, bytes: Uint8Array) => Uint8Array;

/** The bytes of a tree from the definition; `change` alters what is read. */
function sourceOf(size: number, change: Change = (_, bytes) => bytes): CheckParts['source'] {
  return {
    bundle(n, width) {
      assert.is(width, widthIn(size, 'entries', n));
      const entries = Array.from({ length: width }, (_, i) => oracle.entry(n * TILE_WIDTH + i));
      return change(tilePath({ level: 'entries', n, width }), packBundle(entries));
    },
    tile(level, n, width) {
      const span = TILE_WIDTH ** level;
      const hashes = Array.from({ length: width }, (_, i) => {
        const at = (n * TILE_WIDTH + i) * span;
        return oracle.mth(leaves, at, at + span);
      });
      return change(tilePath({ level, n, width }), concat(...hashes));
    },
  };
}

const check = (size: number, change?: Change, more: Partial<CheckParts> = {}): Promise<Finding[]> =>
  checkTree({ head: headOf(size), heads: [], source: sourceOf(size, change), ...more });

const placesOf = (findings: readonly Finding[]): string[] => findings.map(({ place }) => place);

test('a tree of any size is as it should be', async () => {
  for (const size of [0, 1, 2, 255, 256, 257, 511, 512, 600, 65_535, 65_536, SIZE]) {
    assert.equal(await check(size), [], `size ${size}`);
  }
});

test('a bit flipped in any tile or bundle of a tree of 600 is found, and its place is named', async () => {
  const paths: [string, number][] = [];
  for (const [level, rows] of [
    ['entries', 600],
    ...Array.from({ length: levelsOf(600) }, (_, l) => [l, Math.floor(600 / 256 ** l)]),
  ] as [number | 'entries', number][]) {
    for (let n = 0; n * TILE_WIDTH < rows; n++) paths.push([tilePath({ level, n, width: widthIn(600, level, n) }), n]);
  }
  assert.is(paths.length, 7, 'three bundles, three tiles, one above');
  for (const [path, n] of paths) {
    const findings = await check(600, (asked, bytes) => (asked === path ? flipBit(bytes, 8 * 40) : bytes));
    if (!path.includes('entries')) {
      assert.equal(placesOf(findings), [path]);
      continue;
    }
    // An entry that was changed is seen where its hash was kept, and in the root.
    const tile = path.replace('entries', '0');
    assert.ok(
      findings.some(
        ({ place, message }) => place === tile && Math.floor(Number(/of entry (\d+)/.exec(message)?.[1]) / 256) === n,
      ),
    );
    assert.ok(placesOf(findings).includes('size 600'));
  }
});

test('earlier heads are held against the tree, all of them in one run', async () => {
  const earlier = [0, 1, 5, 256, 300, 511, 512, 599, 600];
  const heads = earlier.map((size) => ({ ...headOf(size), said: `someone at ${size}` }));
  assert.equal(await check(600, undefined, { heads }), []);
  const forks = heads.map((head, i) => (i % 2 === 0 ? head : { ...head, root: flipBit(head.root) as Hash }));
  assert.equal(
    await check(600, undefined, { heads: forks }),
    [1, 256, 511, 599].map((size) => ({
      place: `size ${size}`,
      message: `the root that someone at ${size} names is not that of the entries`,
    })),
  );
  const wrong = { size: 600, root: flipBit(headOf(600).root) as Hash };
  assert.equal(await check(600, undefined, { head: wrong }), [
    { place: 'size 600', message: 'the root that the newest head names is not that of the entries' },
  ]);
});

test('it goes on after a finding; without a bundle it cannot, and says so', async () => {
  const broken = (path: string) => path === 'tile/0/000' || path === 'tile/0/002.p/88';
  const two = await check(600, (path, bytes) => (broken(path) ? flipBit(bytes) : bytes));
  assert.equal(placesOf(two), ['tile/0/000', 'tile/0/002.p/88']);
  const gone = await check(600, (path, bytes) => {
    if (path === 'tile/entries/001') throw new Fault('unknown-resource', 'it is not there');
    return path === 'tile/0/000' ? flipBit(bytes) : bytes;
  });
  assert.equal(
    gone.map(({ place, message }) => `${place}: ${message}`),
    ['tile/0/000: hash 0, of entry 0, is not what the entries hash to', 'tile/entries/001: it is not there'],
  );
  const cut = await check(600, (path, bytes) => (path === 'tile/entries/000' ? bytes.subarray(0, -1) : bytes));
  assert.match(cut[0]?.message ?? '', /entry 255 is cut off/);
});

test('a tile of another length is a finding, one that is not kept is none', async () => {
  const [short] = await check(600, (path, bytes) => (path === 'tile/0/001' ? bytes.subarray(0, 4096) : bytes));
  assert.is(short?.place, 'tile/0/001');
  const source = { ...sourceOf(600), tile: () => undefined };
  assert.equal(await checkTree({ head: headOf(600), heads: [], source }), []);
});

test('entries are told in order, and progress of each bundle', async () => {
  const [told, progress] = [[] as number[], [] as number[]];
  await check(600, undefined, {
    entries: (first, entries) => void told.push(first, entries.length),
    progress: (size) => progress.push(size),
  });
  assert.equal(told, [0, 256, 256, 256, 512, 88]);
  assert.equal(progress, [256, 512, 600]);
});

test.run();
