/** The contract of `LogStore` and `Publication`, run by every adapter. */
import type { Test } from 'uvu';
import * as assert from 'uvu/assert';
import { packBundle } from '../../src/core/bundle.ts';
import { concat, type Hash } from '../../src/core/bytes.ts';
import { toStored } from '../../src/core/expanded.ts';
import { EMPTY_ROOT } from '../../src/core/hash.ts';
import { append, EMPTY_EDGE, rootOf } from '../../src/core/tree.ts';
import type { Batch, LogStore, Publication, PublishedNote } from '../../src/log/ports.ts';
import { sequence } from '../../src/log/sequence.ts';
import { sameBytes } from '../check.ts';
import * as oracle from '../oracle.ts';

export type Opened = LogStore & Publication & { close(): void };

const id = (n: number) => oracle.leaf(oracle.entry(n + 1_000_000));

/** The batch that takes the tree of the oracle from one size to another. */
export function batchOf(from: number, to: number, governance: number[] = []): Batch {
  const leaves = oracle.leaves(to);
  const before = append(EMPTY_EDGE, concat(...leaves.slice(0, from))).edge;
  const { edge, full } = append(before, concat(...leaves.slice(from)));
  const submissions = Array.from({ length: to - from }, (_, i) => ({
    id: id(from + i),
    key: '',
    entry: oracle.entry(from + i),
    verified: true,
  }));
  return {
    from: { size: from, root: rootOf(before) },
    to: { size: to, root: rootOf(edge) },
    runs: sequence(submissions, from, true),
    tiles: full.map(({ level, n, tile }) => ({ level, n, nodes: toStored(tile) })),
    governance,
  };
}

/** A published checkpoint in which every field differs from the others, and with its text. */
export function publishedOf(size: number, text: string): PublishedNote {
  const bytes = (name: string) => new TextEncoder().encode(`${name} ${text}`);
  return {
    size,
    note: bytes('note'),
    receiptHeader: bytes('header'),
    receiptSignature: bytes('receipt'),
    timestamp: 1_700_000_000_000 + text.length,
    treeHeadSignature: bytes('tree head'),
  };
}

/** `reopen` closes nothing: it opens the same data again, as a new process would. */
export function testLogStore(test: Test, name: string, create: () => { open(): Opened }): void {
  test(`${name}: a new log has size 0 and nothing published`, () => {
    const store = create().open();
    assert.is(store.head().size, 0);
    sameBytes(store.head().root, EMPTY_ROOT);
    assert.is(store.published(), undefined);
    assert.equal([...store.ids()], []);
    store.close();
  });

  test(`${name}: what is committed is there, also when opened again`, () => {
    const place = create();
    const store = place.open();
    for (const [from, to] of [
      [0, 1],
      [1, 3],
      [3, 255],
      [255, 260],
      [260, 1000],
    ] as const)
      store.commit(batchOf(from, to, [from]));
    store.close();
    const again = place.open();
    assert.is(again.head().size, 1000);
    sameBytes(again.head().root, oracle.mth(oracle.leaves(1000)));
    assert.equal(again.governance(), [0, 1, 3, 255, 260]);
    const ids = [...again.ids()];
    assert.is(
      ids.reduce((sum, run) => sum + run.ids.length / 32, 0),
      1000,
    );
    for (const index of [0, 1, 2, 254, 255, 256, 259, 260, 999]) sameBytes(again.idAt(index), id(index));
    again.close();
  });

  test(`${name}: entries of any range within a bundle, whatever turns wrote them`, () => {
    const store = create().open();
    for (const [from, to] of [
      [0, 1],
      [1, 3],
      [3, 255],
      [255, 260],
      [260, 700],
    ] as const)
      store.commit(batchOf(from, to));
    for (const [lo, hi] of [
      [0, 1],
      [0, 256],
      [1, 2],
      [2, 200],
      [254, 256],
      [256, 257],
      [256, 512],
      [259, 261],
      [300, 301],
      [512, 700],
    ] as const) {
      const expected = packBundle(Array.from({ length: hi - lo }, (_, i) => oracle.entry(lo + i)));
      sameBytes(store.entries(lo, hi), expected, `[${lo}, ${hi})`);
    }
    assert.throws(() => store.entries(699, 701), /entry 700 is missing/);
    store.close();
  });

  test(`${name}: full tiles, and no others`, () => {
    const store = create().open();
    store.commit(batchOf(0, 600));
    const leaves = oracle.leaves(600);
    for (const n of [0, 1]) {
      const tile = store.tile(0, n) as Uint8Array;
      sameBytes(tile.subarray(0, 8192), concat(...leaves.slice(256 * n, 256 * (n + 1))));
      sameBytes(tile.subarray(-32), oracle.mth(leaves, 256 * n, 256 * (n + 1)));
    }
    assert.is(store.tile(0, 2), undefined);
    assert.is(store.tile(1, 0), undefined);
    store.close();
  });

  test(`${name}: a commit from another head throws and changes nothing`, () => {
    const store = create().open();
    store.commit(batchOf(0, 5));
    const before = store.head();
    assert.throws(() => store.commit(batchOf(0, 7)));
    assert.throws(() => store.commit(batchOf(4, 7)));
    assert.throws(() => store.commit({ ...batchOf(5, 7), from: { size: 5, root: EMPTY_ROOT as Hash } }));
    assert.throws(() => store.commit(batchOf(6, 7)));
    assert.equal(store.head(), before);
    assert.throws(() => store.entries(5, 6));
    store.commit(batchOf(5, 7));
    store.close();
  });

  test(`${name}: the published note is the last one, also when opened again, and never an older one`, () => {
    const place = create();
    const store = place.open();
    store.publish(publishedOf(0, 'zero'));
    store.publish(publishedOf(4, 'four'));
    store.publish(publishedOf(4, 'four, cosigned'));
    assert.throws(() => store.publish(publishedOf(3, 'three')));
    store.close();
    const again = place.open();
    assert.equal(again.published(), publishedOf(4, 'four, cosigned'));
    again.close();
  });

  test(`${name}: entries of a bundle that one turn wrote, the first time and again`, () => {
    const store = create().open();
    store.commit(batchOf(0, 600));
    for (let again = 0; again < 2; again++) {
      for (const [lo, hi] of [
        [256, 257],
        [511, 512],
        [300, 310],
        [256, 512],
        [0, 1],
        [255, 256],
        [599, 600],
      ] as const) {
        const expected = packBundle(Array.from({ length: hi - lo }, (_, i) => oracle.entry(lo + i)));
        sameBytes(store.entries(lo, hi), expected, `[${lo}, ${hi})`);
      }
    }
    assert.throws(() => store.entries(599, 601), /entry 600 is missing/);
    store.close();
  });

  test(`${name}: bytes that were handed out are the caller's own`, () => {
    const store = create().open();
    store.commit(batchOf(0, 300));
    store.tile(0, 0)?.fill(0);
    store.entries(0, 1).fill(0);
    store.head().root.fill(0);
    sameBytes(store.head().root, oracle.mth(oracle.leaves(300)));
    sameBytes(store.entries(0, 1), packBundle([oracle.entry(0)]));
    sameBytes(store.tile(0, 0)?.subarray(0, 32), oracle.leaf(oracle.entry(0)));
    store.close();
  });
}
