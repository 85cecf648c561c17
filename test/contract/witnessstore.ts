/** The contract of `WitnessStore`, run by every adapter. */
import { createHash } from 'node:crypto';
import type { Test } from 'uvu';
import * as assert from 'uvu/assert';
import { EMPTY_ROOT } from '../../src/core/hash.ts';
import { formatVkey } from '../../src/core/note.ts';
import type { Evidence } from '../../src/witness/ports.ts';
import { sameBytes } from '../check.ts';
import type { TestStore } from '../witness/memorystore.ts';
import { knownAt, LOG_KEYS, noteOf, ORIGIN, proofTo, rootAt } from '../witness/testlog.ts';

const evidenceOf = (size: number, more: Partial<Evidence> = {}): Evidence => ({
  origin: ORIGIN,
  kind: 'same-size',
  time: 1234,
  known: noteOf(size),
  offered: noteOf(size, { fork: true }),
  old: size,
  proof: [],
  ...more,
});

/** `reopen` closes nothing: it opens the same data again, as another process would. */
export function testWitnessStore(test: Test, name: string, create: () => { open(): TestStore }): void {
  const start = () => {
    const place = create();
    const store = place.open();
    for (const { vkey } of LOG_KEYS) store.addLog(ORIGIN, vkey);
    return { place, store };
  };

  test(`${name}: a new witness knows no log`, () => {
    const store = create().open();
    assert.equal(store.origins(), []);
    assert.is(store.log(ORIGIN), undefined);
    assert.is(store.originOf('0'.repeat(64)), undefined);
    assert.equal([...store.evidence()], []);
  });

  test(`${name}: a log that was added is known, with its keys in order and nothing cosigned`, () => {
    const { place, store } = start();
    assert.is(store.addLog(ORIGIN, LOG_KEYS[0].vkey), false, 'the key is known');
    assert.is(store.addLog('another.example', { ...LOG_KEYS[0].vkey, name: 'another.example' }), true);
    for (const each of [store, place.open()]) {
      const log = each.log(ORIGIN);
      assert.equal(
        log?.vkeys.map(formatVkey),
        LOG_KEYS.map(({ vkey }) => formatVkey(vkey)),
      );
      assert.equal({ ...log?.known, root: undefined }, { size: 0, root: undefined, time: 0, note: undefined });
      sameBytes(log?.known.root, EMPTY_ROOT);
      assert.equal(each.origins(), ['another.example', ORIGIN]);
      assert.is(each.originOf(createHash('sha256').update(ORIGIN).digest('hex')), ORIGIN);
    }
  });

  test(`${name}: what advanced is there, also for others, and the log of another origin is as before`, () => {
    const { place, store } = start();
    store.addLog('z.example', LOG_KEYS[0].vkey);
    const others = place.open();
    assert.ok(store.advance(ORIGIN, knownAt(0, 0), knownAt(5, 10)));
    assert.ok(others.advance(ORIGIN, knownAt(5, 10), knownAt(9, 10)));
    for (const each of [store, others, place.open()]) {
      const known = each.log(ORIGIN)?.known;
      assert.is(known?.size, 9);
      assert.is(known?.time, 10);
      sameBytes(known?.root, rootAt(9));
      sameBytes(known?.note, noteOf(9));
    }
    assert.is(store.log('z.example')?.known.size, 0);
  });

  test(`${name}: of two that start from the same, one wins; wrong size, root or time lose`, () => {
    const { place, store } = start();
    const other = place.open();
    assert.ok(store.advance(ORIGIN, knownAt(0, 0), knownAt(5, 10)));
    assert.is(other.advance(ORIGIN, knownAt(0, 0), knownAt(6, 10)), false);
    for (const from of [knownAt(4, 10), knownAt(5, 9), knownAt(5, 10, true)]) {
      assert.is(store.advance(ORIGIN, from, knownAt(9, 20)), false);
    }
    assert.is(store.advance('nobody.example', knownAt(0, 0), knownAt(5, 10)), false);
    assert.is(other.log(ORIGIN)?.known.size, 5);
    assert.ok(other.advance(ORIGIN, knownAt(5, 10), knownAt(5, 11)), 'the same size with a newer time');
  });

  test(`${name}: neither size nor time decreases, a size keeps its root, and a note is there`, () => {
    const { store } = start();
    assert.ok(store.advance(ORIGIN, knownAt(0, 0), knownAt(5, 10)));
    const worse = [knownAt(4, 10), knownAt(5, 9), knownAt(5, 10, true), { ...knownAt(9, 10), note: undefined }];
    for (const to of worse) assert.throws(() => store.advance(ORIGIN, knownAt(5, 10), to));
    assert.is(store.log(ORIGIN)?.known.size, 5);
  });

  test(`${name}: evidence is kept as it came, once, and not without end`, () => {
    const { place, store } = start();
    const first = evidenceOf(5);
    const second = evidenceOf(6, { kind: 'inconsistent', old: 5, proof: proofTo(5, 9), known: undefined });
    assert.ok(store.keep(first, 2));
    assert.ok(store.keep(second, 2));
    assert.is(store.keep({ ...first, time: 9999 }, 2), false, 'it says the same');
    assert.ok(store.keep(evidenceOf(7), 2));
    assert.is(store.keep(evidenceOf(8), 2), false, 'two of its kind are there');
    assert.ok(store.keep(evidenceOf(8, { kind: 'unproven' }), 2), 'another kind has its own room');
    const kept = [...place.open().evidence()];
    assert.equal(
      kept.map(({ kind }) => kind),
      ['same-size', 'inconsistent', 'same-size', 'unproven'],
    );
    assert.equal({ ...kept[0] }, { ...first });
    assert.equal({ ...kept[1] }, { ...second });
  });
}
