import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { packBundle } from '../../src/core/bundle.ts';
import { concat, type Hash, toHex } from '../../src/core/bytes.ts';
import type { Head } from '../../src/core/checkpoint.ts';
import { Fault } from '../../src/core/fault.ts';
import { nodeHash } from '../../src/core/hash.ts';
import { verifyConsistency, verifyInclusion } from '../../src/core/proof.ts';
import { Reader } from '../../src/core/reader.ts';
import { parseTilePath, tilePath, widthIn } from '../../src/core/tile.ts';
import { faultsLater, flipBit, sameBytes } from '../check.ts';
import * as oracle from '../oracle.ts';

const leaves = oracle.leaves(70_000);
const head = (size: number): Head => ({ size, root: oracle.mth(leaves, 0, size) });

/** Serves every tile of a tree straight from the definition; `change` may alter what is sent. */
function serve(size: number, change: (path: string, bytes: Uint8Array) => Uint8Array = (_, bytes) => bytes) {
  const asked: string[] = [];
  const get = async (path: string) => {
    asked.push(path);
    const { level, n, width } = parseTilePath(path);
    if (widthIn(size, level, n) < width) throw new Fault('unknown-resource', path);
    const from = n * 256;
    if (level === 'entries') {
      const entries = Array.from({ length: width }, (_, i) => oracle.entry(from + i));
      return change(path, packBundle(entries));
    }
    const span = 256 ** level;
    const hashes = Array.from({ length: width }, (_, i) =>
      oracle.mth(leaves, (from + i) * span, (from + i + 1) * span),
    );
    return change(path, concat(...hashes));
  };
  return { get, asked };
}

test('inclusion and consistency read through tiles are those of the definition', async () => {
  for (const size of [1, 2, 255, 256, 257, 511, 65_536, 65_537, 70_000]) {
    const { root } = head(size);
    const reader = new Reader(serve(size).get, head(size));
    for (const index of new Set([0, 1, 254, 255, 256, size - 2, size - 1].filter((i) => 0 <= i && i < size))) {
      const { leaf, path } = await reader.inclusion(index);
      sameBytes(leaf, leaves[index] as Hash);
      verifyInclusion(index, size, leaf, path, root);
      assert.is(path.map(toHex).join(), oracle.path(index, leaves, 0, size).map(toHex).join());
    }
    for (const first of new Set([1, 2, 200, 256, 300, size - 1, size].filter((m) => 0 < m && m <= size))) {
      verifyConsistency(first, size, head(first).root, root, await reader.consistency(first));
    }
  }
});

test('entries come back, of full and partial bundles', async () => {
  const reader = new Reader(serve(600).get, head(600));
  const entries = [...(await reader.entries(0)), ...(await reader.entries(1)), ...(await reader.entries(2))];
  assert.is(entries.length, 600);
  entries.forEach((entry, i) => {
    sameBytes(entry, oracle.entry(i));
  });
});

test('bundles come in order from anywhere on, and a bad one is told in its turn', async () => {
  const numbers: number[] = [];
  for await (const { first, entries } of new Reader(serve(5000).get, head(5000)).bundles(3)) {
    entries.forEach((entry, i) => {
      sameBytes(entry, oracle.entry(first + i));
      numbers.push(first + i);
    });
  }
  assert.equal(
    numbers,
    Array.from({ length: 5000 - 768 }, (_, i) => 768 + i),
  );
  for await (const _ of new Reader(serve(512).get, head(512)).bundles(2)) assert.unreachable();
  const name = tilePath({ level: 'entries', n: 12, width: 256 });
  const bad = serve(5000, (path, bytes) => (path === name ? flipBit(bytes, 8 * 40) : bytes));
  let seen = 0;
  await faultsLater('bad-tile', async () => {
    for await (const { first } of new Reader(bad.get, head(5000)).bundles(0)) seen = first;
  });
  assert.is(seen, 11 * 256);
});

test('a tile is fetched once', async () => {
  const { get, asked } = serve(70_000);
  const reader = new Reader(get, head(70_000));
  await Promise.all([reader.inclusion(5), reader.inclusion(6), reader.inclusion(7)]);
  assert.is(new Set(asked).size, asked.length);
});

test('a partial tile that is gone is read from the full one', async () => {
  const later = serve(70_000);
  const get = async (path: string) => {
    if (path.includes('.p/')) throw new Fault('unknown-resource', path);
    return later.get(path);
  };
  const reader = new Reader(get, head(500));
  assert.is((await reader.entries(1)).length, 244);
  await faultsLater('unknown-resource', () => new Reader(serve(200).get, head(300)).tile(0, 0));
});

test('a bit changed in any tile or bundle that a proof needs is found', async () => {
  const size = 70_000;
  const { get, asked } = serve(size);
  await new Reader(get, head(size)).inclusion(300);
  assert.ok(asked.length >= 4);
  for (const path of new Set(asked)) {
    for (const bit of [0, 8 * 31, 8 * 32 - 1]) {
      const bad = serve(size, (name, bytes) => (name === path ? flipBit(bytes, bit) : bytes));
      await faultsLater('bad-tile', () => new Reader(bad.get, head(size)).inclusion(300), `${path} ${bit}`);
    }
    const short = serve(size, (name, bytes) => (name === path ? bytes.subarray(32) : bytes));
    await faultsLater('bad-tile', () => new Reader(short.get, head(size)).inclusion(300), path);
  }
  const bundle = tilePath({ level: 'entries', n: 1, width: 256 });
  const bad = serve(size, (name, bytes) => (name === bundle ? flipBit(bytes, 8 * 40) : bytes));
  await faultsLater('bad-tile', () => new Reader(bad.get, head(size)).entries(1));
});

test('a tile that failed is asked for again', async () => {
  let broken = true;
  const bad = serve(600, (_, bytes) => (broken ? flipBit(bytes) : bytes));
  const reader = new Reader(bad.get, head(600));
  await faultsLater('bad-tile', () => reader.inclusion(3));
  broken = false;
  await reader.inclusion(3);
});

test('another root fits no tile', async () => {
  const wrong = { size: 600, root: nodeHash(leaves[0] as Hash, leaves[1] as Hash) };
  await faultsLater('bad-tile', () => new Reader(serve(600).get, wrong).inclusion(599));
});

test.run();
