import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { utf8 } from '../../src/core/bytes.ts';
import { formatCheckpoint, type Head } from '../../src/core/checkpoint.ts';
import { openCheckpoint, toNoteSignature } from '../../src/core/cosignature.ts';
import { Fault } from '../../src/core/fault.ts';
import { formatNote, NOTE_ED25519, vkeyOf } from '../../src/core/note.ts';
import { type Get, Reader } from '../../src/core/reader.ts';
import { signerOf } from '../../src/core/signature.ts';
import { parseTilePath, TILE_WIDTH, type Tile, tilePath } from '../../src/core/tile.ts';
import { PublishedTree } from '../../src/log/published.ts';
import { checkTree } from '../../src/monitor/check.ts';
import { fileExport } from '../../src/store/files.ts';
import { createStore, openStore } from '../../src/store/sqlite.ts';
import { faults, faultsLater } from '../check.ts';
import { batchOf } from '../contract/logstore.ts';
import { folder } from '../folder.ts';
import * as oracle from '../oracle.ts';

const ORIGIN = 'log.example/copy';
const signer = signerOf('ed25519', new Uint8Array(32).fill(5));
const vkey = vkeyOf(ORIGIN, NOTE_ED25519, signer.key);

function noteOf(head: Head): Uint8Array {
  const text = formatCheckpoint({ origin: ORIGIN, ...head });
  return utf8(formatNote({ text, signatures: [toNoteSignature(vkey, signer.sign(utf8(text)), 0)] }));
}

const SIZE = 70_000;
const leaves = oracle.leaves(SIZE);
const headOf = (size: number): Head => ({ size, root: oracle.mth(leaves, 0, size) });

/** One tree of 70,000 leaves, so that there are three levels of tiles; read at any size below. */
const store = (() => {
  const path = join(folder(), 'log.db');
  createStore(path, { origin: ORIGIN, entries: 'opaque' });
  const opened = openStore(path);
  opened.commit(batchOf(0, SIZE));
  return opened;
})();

const readAt = (size: number) => {
  const tree = new PublishedTree(store, headOf(size));
  return (tile: Tile) => tree.tile(tile);
};

class PowerLoss extends Error {}

/** Follows a head; loses power when the tile number `failAt` is about to be read. */
async function follow(copy: string, size: number, failAt = Number.POSITIVE_INFINITY): Promise<number> {
  const read = readAt(size);
  let done = 0;
  await fileExport(copy, ORIGIN).follow(headOf(size), noteOf(headOf(size)), (tile) => {
    if (done === failAt) throw new PowerLoss();
    done++;
    return read(tile);
  });
  return done;
}

const filesOf = (copy: string): string[] =>
  readdirSync(copy, { recursive: true, encoding: 'utf8' }).filter((name) => statSync(join(copy, name)).isFile());

/** The copy is a whole log at its checkpoint. */
async function isWhole(copy: string, size: number): Promise<void> {
  const file = (path: string) => Uint8Array.from(readFileSync(join(copy, path)));
  assert.equal(readFileSync(join(copy, 'checkpoint')), Buffer.from(noteOf(headOf(size))));
  const findings = await checkTree({
    head: headOf(size),
    heads: [],
    source: {
      bundle: (n, width) => file(tilePath({ level: 'entries', n, width })),
      tile: (level, n, width) => file(tilePath({ level, n, width })),
    },
  });
  assert.equal(findings, []);
}

/** The copy is whole, and has no partial tile beside a full one. */
async function check(copy: string, size: number): Promise<void> {
  await isWhole(copy, size);
  for (const name of filesOf(copy).filter((each) => each.startsWith('tile/'))) {
    assert.not.match(name, /\.new$/, 'no file is left half written');
    const tile = parseTilePath(name);
    if (tile.width === TILE_WIDTH) continue;
    assert.not.ok(existsSync(join(copy, tilePath({ ...tile, width: TILE_WIDTH }))), `${name} beside its full tile`);
  }
}

test('a copy that follows every head is a whole log at each', async () => {
  const copy = join(folder(), 'copy');
  for (const size of [0, 1, 2, 255, 256, 257, 300, 511, 512, 65_535, 65_536, 65_537, SIZE]) {
    await follow(copy, size);
    await check(copy, size);
  }
});

test('a copy that lags is caught up at once, and the same head again writes no tile', async () => {
  const copy = join(folder(), 'copy');
  await follow(copy, 300);
  await follow(copy, 1000);
  await check(copy, 1000);
  assert.is(await follow(copy, 1000), 0);
});

test('a copy that is removed, or replaced by an older one, between two heads is whole again at the next', async () => {
  const [copy, older] = [join(folder(), 'copy'), join(folder(), 'older')];
  const target = fileExport(copy, ORIGIN);
  const next = (size: number) => target.follow(headOf(size), noteOf(headOf(size)), readAt(size));
  await next(600);
  rmSync(copy, { recursive: true });
  await next(601);
  await check(copy, 601);
  await follow(older, 300);
  await next(1000);
  rmSync(copy, { recursive: true });
  renameSync(older, copy);
  await next(1001);
  await check(copy, 1001);
});

// The places where an export can be cut: before each tile, and with all tiles there but not the checkpoint.
for (const [from, to] of [
  [0, 1],
  [255, 256],
  [256, 300],
  [300, 700],
  [500, 512],
] as const) {
  test(`killed anywhere in the export from ${from} to ${to}: the old copy is whole, and a restart completes it`, async () => {
    const steps = await (async () => {
      const whole = join(folder(), 'copy');
      await follow(whole, from);
      return follow(whole, to);
    })();
    assert.ok(steps >= 2, 'a bundle and a tile at least');
    for (let failAt = 0; failAt < steps; failAt++) {
      const copy = join(folder(), 'copy');
      await follow(copy, from);
      await assertThrows(() => follow(copy, to, failAt));
      await isWhole(copy, from);
      await follow(copy, to + 300); // the restarted log may be further
      await check(copy, to + 300);
    }
  });
}

test('killed between the last tile and the checkpoint: readers of the old one fall back to full tiles', async () => {
  const copy = join(folder(), 'copy');
  await follow(copy, 500);
  mkdirSync(join(copy, 'checkpoint.new')); // where the new checkpoint cannot be written
  await assertThrows(() => follow(copy, 512), Error);
  assert.not.ok(existsSync(join(copy, 'tile/0/001.p')), 'the partial tiles of the old checkpoint are gone');
  const get: Get = async (path) => {
    if (!existsSync(join(copy, path))) throw new Fault('unknown-resource', path);
    return Uint8Array.from(readFileSync(join(copy, path)));
  };
  const { checkpoint } = openCheckpoint(await get('checkpoint'), [vkey]);
  assert.is(checkpoint.size, 500);
  assert.is((await new Reader(get, checkpoint).entries(1)).length, 244);
  rmdirSync(join(copy, 'checkpoint.new'));
  await follow(copy, 512);
  await check(copy, 512);
});

async function assertThrows(call: () => Promise<unknown>, expected: new () => Error = PowerLoss): Promise<void> {
  const thrown = await call().catch((error: unknown) => error);
  assert.instance(thrown, expected);
}

test('a copy of another log, or one that is ahead, is refused and left as it is', async () => {
  const copy = join(folder(), 'copy');
  await follow(copy, 300);
  assert.match(faults('bad-request', () => fileExport(copy, 'log.example/other')).message, /of log\.example\/copy/);
  await faultsLater('bad-request', () => follow(copy, 299));
  await check(copy, 300);
  writeFileSync(join(copy, 'checkpoint'), 'not a note');
  assert.match(faults('bad-request', () => fileExport(copy, ORIGIN)).message, /checkpoint is damaged/);
});

test('the exported tree takes at most 40 bytes per entry beyond the entries', async () => {
  const copy = join(folder(), 'copy');
  for (let size = 10_000; size <= SIZE; size += 10_000) await follow(copy, size);
  const bytes = filesOf(copy).reduce((sum, name) => sum + statSync(join(copy, name)).size, 0);
  const entries = Array.from({ length: SIZE }, (_, n) => oracle.entry(n).length).reduce((sum, n) => sum + n, 0);
  const overhead = (bytes - entries) / SIZE;
  console.log(`${overhead.toFixed(2)} bytes per entry beyond the entry, at ${SIZE} entries`);
  assert.ok(overhead <= 40, `${overhead}`);
});

test.run();
