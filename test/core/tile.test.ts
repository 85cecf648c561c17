import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { bundlePrefix, packBundle, readBundle } from '../../src/core/bundle.ts';
import { bitLength, onesIn, parseSize, splitPoint } from '../../src/core/size.ts';
import {
  coverNodes,
  levelsOf,
  parseTilePath,
  partialTiles,
  type Tile,
  tileOf,
  tilePath,
  widthIn,
} from '../../src/core/tile.ts';
import { faults, flipBit, sameBytes } from '../check.ts';

test('paths of the examples in tlog-tiles', () => {
  assert.is(tilePath({ level: 0, n: 1234067, width: 256 }), 'tile/0/x001/x234/067');
  assert.is(tilePath({ level: 1, n: 0, width: 17 }), 'tile/1/000.p/17');
  assert.is(tilePath({ level: 'entries', n: 5, width: 256 }), 'tile/entries/005');
});

test('a tree of 70,000 has the tiles that tlog-tiles lists', () => {
  assert.is(widthIn(70_000, 0, 272), 256);
  assert.equal(partialTiles(70_000), [
    { level: 0, n: 273, width: 112 },
    { level: 1, n: 1, width: 17 },
    { level: 2, n: 0, width: 1 },
  ]);
  assert.equal(partialTiles(256), [{ level: 1, n: 0, width: 1 }]);
  assert.equal(partialTiles(0), []);
  assert.is(levelsOf(0), 0);
  assert.is(levelsOf(255), 1);
  assert.is(levelsOf(256), 2);
});

const tiles: fc.Arbitrary<Tile> = fc.record({
  level: fc.oneof(fc.constant('entries' as const), fc.integer({ min: 0, max: 63 })),
  n: fc.oneof(fc.integer({ min: 0, max: 2000 }), fc.maxSafeNat()),
  width: fc.integer({ min: 1, max: 256 }),
});

test('every path parses to its tile', () => {
  fc.assert(fc.property(tiles, (tile) => assert.equal(parseTilePath(tilePath(tile)), { ...tile })));
});

test('no other text is a path', () => {
  const bad = ['', 'tile/0', 'tile/0/', 'tile/0/1', 'tile/0/x001', 'tile/0/001/x002', 'tile/0/x001/2', 'tile/00/001'];
  bad.push('tile/64/001', 'tile/-1/001', 'tile/0/000.p/0', 'tile/0/000.p/256', 'tile/0/000.p/01', 'tile/0/000.p/');
  bad.push('tile/0/x000/001', 'tile/entry/000', 'tile/0/001/', '/tile/0/001', 'tile/0/x999/x999/x999/x999/x999/999');
  bad.push('tile/0/000.p/1/2', 'tile/0/٠٠١', 'tile/0/%30%30%30');
  for (const path of bad) faults('bad-path', () => parseTilePath(path), path);
});

test('a path with one character changed is another tile or none', () => {
  fc.assert(
    fc.property(tiles, fc.nat(), fc.string({ minLength: 1, maxLength: 1 }), (tile, at, char) => {
      const path = tilePath(tile);
      const changed = path.slice(0, at % path.length) + char + path.slice((at % path.length) + 1);
      try {
        assert.is(tilePath(parseTilePath(changed)), changed);
      } catch (error) {
        assert.is((error as { code?: string }).code, 'bad-path');
      }
    }),
  );
});

test('the cover of any prefix is its binary digits, and every node lies in one tile', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (size) => {
      if (size === 0) return;
      const nodes = coverNodes(0, size);
      assert.is(nodes.length, onesIn(size));
      let next = 0;
      for (const node of nodes) {
        assert.is(node.index * 2 ** node.height, next);
        next += 2 ** node.height;
        const { level, n, height, index } = tileOf(node);
        assert.is(level * 8 + height, node.height);
        assert.is((n * 256) / 2 ** height + index, node.index);
        assert.ok(widthIn(size, level, n) < 256, 'the peaks lie in partial tiles');
      }
      assert.is(next, size);
    }),
  );
});

test('sizes beyond 32 bits: digits, ones, split points, text', () => {
  for (const n of [1, 2, 3, 255, 256, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 40 + 1, 2 ** 53 - 1]) {
    const digits = n.toString(2);
    assert.is(bitLength(n), digits.length);
    assert.is(onesIn(n), digits.replaceAll('0', '').length);
    if (n >= 2) assert.is(splitPoint(n), 2 ** ((n - 1).toString(2).length - 1));
    assert.is(parseSize(String(n), 'bad-checkpoint'), n);
  }
  assert.is(bitLength(0), 0);
  for (const text of ['', '-1', '+1', '01', '1.0', '1e3', ' 1', '9007199254740992', '99999999999999999999', '0x1']) {
    faults('bad-checkpoint', () => parseSize(text, 'bad-checkpoint'), text);
  }
});

test('bundles: packed entries come back, prefixes are found', () => {
  const entry = fc.uint8Array({ maxLength: 400 });
  fc.assert(
    fc.property(fc.array(entry, { minLength: 1, maxLength: 256 }), (entries) => {
      const bundle = packBundle(entries);
      const read = readBundle(bundle, entries.length);
      read.forEach((bytes, i) => {
        sameBytes(bytes, entries[i] as Uint8Array);
      });
      for (const count of [0, 1, entries.length]) {
        sameBytes(bundle.subarray(0, bundlePrefix(bundle, count)), packBundle(entries.slice(0, count)));
      }
    }),
  );
});

test('bundles: cut off, too few, too many, trailing bytes', () => {
  const bundle = packBundle([Uint8Array.of(1, 2, 3), new Uint8Array(0), new Uint8Array(65_535)]);
  assert.is(readBundle(bundle, 3).length, 3);
  faults('bad-bundle', () => readBundle(bundle, 2));
  faults('bad-bundle', () => readBundle(bundle, 4));
  faults('bad-bundle', () => readBundle(bundle.subarray(0, -1), 3));
  faults('bad-bundle', () => readBundle(bundle.subarray(0, 4), 1));
  faults('bad-bundle', () => readBundle(Uint8Array.of(0), 1));
  faults('bad-bundle', () => readBundle(flipBit(bundle, 8), 3));
  faults('bad-bundle', () => readBundle(packBundle(Array(257).fill(Uint8Array.of(1))), 257));
  faults('bad-bundle', () => bundlePrefix(bundle, 4));
});

test.run();
