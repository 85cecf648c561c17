/** The contract of `MirrorStore`, for every adapter. `open` gives the same store again, as a new process would find it. */
import type { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { utf8 } from '../../src/core/bytes.ts';
import type { KnownCheckpoint, MirrorStore } from '../../src/monitor/ports.ts';
import * as oracle from '../oracle.ts';

const leaves = oracle.leaves(40);
const checkpoint = (size: number): KnownCheckpoint => ({
  size,
  root: oracle.mth(leaves, 0, size),
  note: utf8(`the note of ${size}`),
});

export function mirrorStoreContract(test: ReturnType<typeof suite>, create: () => { open: () => MirrorStore }): void {
  test('a new store knows nothing', () => {
    const store = create().open();
    assert.equal(store.pending(), []);
    assert.is(store.mirrored(), undefined);
  });

  test('pending checkpoints are kept over a restart, newest first, and the oldest are forgotten', () => {
    const { open } = create();
    const store = open();
    for (let size = 1; size <= 5; size++) store.addPending(checkpoint(size), 3);
    assert.equal(open().pending(), [5, 4, 3].map(checkpoint));
  });

  test('pending checkpoints only grow', () => {
    const store = create().open();
    store.addPending(checkpoint(5), 3);
    assert.throws(() => store.addPending(checkpoint(4), 3));
    assert.throws(() => store.addPending({ ...checkpoint(5), root: checkpoint(4).root }, 3));
    assert.equal(store.pending(), [checkpoint(5)]);
  });

  test('the mirrored checkpoint is replaced by one that is not smaller, not older, and not another', () => {
    const { open } = create();
    const store = open();
    store.setMirrored({ ...checkpoint(5), time: 100 });
    assert.throws(() => store.setMirrored({ ...checkpoint(4), time: 100 }));
    assert.throws(() => store.setMirrored({ ...checkpoint(6), time: 99 }));
    assert.throws(() => store.setMirrored({ ...checkpoint(5), root: checkpoint(4).root, time: 100 }));
    assert.equal(open().mirrored(), { ...checkpoint(5), time: 100 });
    store.setMirrored({ ...checkpoint(5), time: 101 });
    store.setMirrored({ ...checkpoint(9), time: 101 });
    assert.equal(open().mirrored(), { ...checkpoint(9), time: 101 });
  });

  test('evidence is kept once, and not without end', () => {
    const store = create().open();
    assert.is(store.keepEvidence(utf8('a'), 2), true);
    assert.is(store.keepEvidence(utf8('a'), 2), false);
    assert.is(store.keepEvidence(utf8('b'), 2), true);
    assert.is(store.keepEvidence(utf8('c'), 2), false);
  });
}
