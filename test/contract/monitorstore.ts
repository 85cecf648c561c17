/** The contract of `MonitorStore`, run by every adapter. */
import type { Test } from 'uvu';
import * as assert from 'uvu/assert';
import { concat, utf8 } from '../../src/core/bytes.ts';
import { hashAt, leafHash } from '../../src/core/hash.ts';
import { append, EMPTY_EDGE, rootOf } from '../../src/core/tree.ts';
import { alertOf } from '../../src/monitor/alert.ts';
import type { Alert, Known, MonitorStore, SeenHead } from '../../src/monitor/memory.ts';
import { edgeLeaves, edgeOf } from '../../src/monitor/tree.ts';
import { put } from '../../src/registry/view.ts';
import { faults, sameBytes } from '../check.ts';

const [A, B] = ['log.example/a', 'log.example/b'];

export const grown = (size: number) =>
  append(EMPTY_EDGE, concat(...Array.from({ length: size }, (_, n) => leafHash(utf8(`entry ${n}`)))));

export function knownOf(size: number, looked = 0): Known {
  const { edge } = grown(size);
  return { size, root: rootOf(edge), edge: edgeLeaves(edge), note: utf8(`note ${size}`), looked };
}

const alertNamed = (name: string): Alert =>
  alertOf(A, '2026-01-01T00:00:00Z', { kind: 'match', rule: 'r', subject: name, summary: name });

/** `open` opens the same data again, as another process would. */
export function testMonitorStore(test: Test, name: string, create: () => { open(): MonitorStore }): void {
  test(`${name}: what is committed is there for others, all of it, and what is not is not`, () => {
    const place = create();
    const store = place.open();
    assert.is(store.known(A).size, 0);
    const step = (index: number) => ({
      ...put('heartbeat', '', { index, at: `2026-01-0${index}T00:00:00Z` }),
      index,
      by: [index],
    });
    const alerts = [alertNamed('x')];
    store.commit(
      A,
      { size: 0, looked: 0 },
      { known: knownOf(700), steps: [step(1), step(2)], facts: new Map([['f', 'v']]), alerts },
    );
    const again = place.open();
    const known = again.known(A);
    sameBytes(rootOf(edgeOf(known)), knownOf(700).root);
    sameBytes(known.note, utf8('note 700'));
    assert.equal([...again.steps(A)], [step(1), step(2)]);
    assert.is(again.fact(A, 'f'), 'v');
    assert.equal(
      [...again.alerts()].map(({ id }) => id),
      alerts.map(({ id }) => id),
    );
    assert.is(again.known(B).size, 0, 'another log knows nothing of it');
    assert.equal([...again.steps(B)], []);
  });

  test(`${name}: whoever was overtaken commits nothing`, () => {
    const store = create().open();
    store.commit(A, { size: 0, looked: 0 }, { known: knownOf(5) });
    const late = { known: knownOf(9), facts: new Map([['f', 'late']]), alerts: [alertNamed('late')] };
    faults('bad-request', () => store.commit(A, { size: 0, looked: 0 }, late));
    assert.is(store.known(A).size, 5);
    assert.is(store.fact(A, 'f'), undefined);
    assert.equal([...store.alerts()], []);
    assert.throws(() => store.commit(A, { size: 5, looked: 0 }, { known: knownOf(4) }), 'only grows');
  });

  test(`${name}: tiles are found again, and may be put twice`, () => {
    const store = create().open();
    const { full } = grown(600);
    store.putTiles(A, full);
    store.putTiles(A, full);
    assert.is(full.length, 2);
    const tile = store.tile(A, 0, 1) as Uint8Array;
    sameBytes(hashAt(tile, 3), leafHash(utf8('entry 259')));
    assert.is(store.tile(A, 0, 2), undefined);
    assert.is(store.tile(B, 0, 1), undefined);
  });

  test(`${name}: facts by the beginning of their names, and no others`, () => {
    const store = create().open();
    const facts = new Map([
      ['p/a', '1'],
      ['p/b', '2'],
      ['q/a', '3'],
      ['p', '4'],
    ]);
    store.commit(A, store.known(A), { facts });
    assert.equal([...store.facts(A, 'p/')], [...facts].slice(0, 2));
    store.commit(A, store.known(A), { facts: new Map([['p/a', '']]) });
    assert.is(store.fact(A, 'p/a'), '');
    assert.equal([...store.facts(A, 'p/')], [['p/b', '2']], 'an empty one is over');
  });

  test(`${name}: an alert is told once by each channel, until someone acknowledges it`, () => {
    const store = create().open();
    const [x, y] = [alertNamed('x'), alertNamed('y')];
    assert.equal(store.raise([x, y, x]).length, 2);
    assert.equal(store.raise([y]), []);
    assert.equal(store.unsent('c', 1), [x]);
    store.sent(x.id, 'c');
    store.sent(x.id, 'c');
    assert.equal(store.unsent('c', 9), [y]);
    assert.equal(store.unsent('d', 9), [x, y]);
    assert.ok(store.acknowledge(y.id, 'now'));
    assert.ok(store.acknowledge(y.id, 'later'));
    assert.is(store.acknowledge('nobody', 'now'), false);
    assert.equal(store.unsent('c', 9), []);
    assert.equal(
      [...store.alerts()].map(({ acknowledged }) => acknowledged),
      [undefined, 'now'],
    );
  });

  test(`${name}: heads are kept once each, numbered as they came, and found by size and status`, () => {
    const store = create().open();
    const head = (size: number, status: SeenHead['status'], note = `n${size}`) =>
      store.putHead(A, {
        size,
        root: knownOf(size).root,
        note: utf8(note),
        status,
        source: 's',
        firstSeen: 7,
      });
    head(5, 'pending');
    head(9, 'pending');
    head(5, 'verified', 'newer');
    assert.equal(
      store.headsAfter(A, 0, 9).map(({ size, seq }) => [size, seq]),
      [
        [5, 1],
        [9, 2],
      ],
    );
    assert.equal(
      store.headsAfter(A, 1, 9).map(({ size }) => size),
      [9],
    );
    assert.equal(store.headsAfter(A, 0, 1).length, 1);
    assert.equal(
      store.heads(A, { status: 'pending' }).map(({ size }) => size),
      [9],
    );
    sameBytes(store.heads(A, { size: 5 })[0]?.note, utf8('newer'));
    assert.equal(store.heads(B, {}), []);
    store.markHead(A, knownOf(9), 'verified');
    store.markHead(A, { size: 5, root: knownOf(9).root }, 'conflict');
    store.markHead(B, knownOf(5), 'conflict');
    assert.equal(
      store.heads(A, {}).map(({ size, status }) => [size, status]),
      [
        [9, 'verified'],
        [5, 'verified'],
      ],
    );
    sameBytes(store.heads(A, { size: 9 })[0]?.note, utf8('n9'));
  });

  test(`${name}: evidence is kept once, and a witness's latest head alone`, () => {
    const store = create().open();
    store.putEvidence(A, 'id', utf8('file'));
    store.putEvidence(A, 'id', utf8('file'));
    assert.equal(store.evidence(A), ['id']);
    sameBytes(store.evidenceFile(A, 'id'), utf8('file'));
    assert.is(store.evidenceFile(B, 'id'), undefined);
    const seen = () => store.witnessed(A, 'w')?.note;
    assert.is(seen(), undefined);
    store.putWitnessed(A, 'w', 5, 100, utf8('a'));
    store.putWitnessed(A, 'w', 4, 200, utf8('smaller'));
    store.putWitnessed(A, 'w', 5, 99, utf8('older'));
    sameBytes(seen(), utf8('a'));
    store.putWitnessed(A, 'w', 6, 50, utf8('b'));
    sameBytes(seen(), utf8('b'));
  });

  test(`${name}: old heads are thinned to the last of each interval; what is no verified head, or is to be kept, stays`, () => {
    const store = create().open();
    const head = (size: number, firstSeen: number, status: SeenHead['status'] = 'verified', origin = A) =>
      store.putHead(origin, { size, root: knownOf(size).root, note: utf8('n'), status, source: 's', firstSeen });
    for (const [size, seen] of [1, 9, 11, 12, 25, 31, 32].entries()) head(size + 1, seen);
    head(20, 2, 'conflict');
    head(21, 2, 'pending');
    head(22, 2, 'unverifiable');
    head(1, 1, 'verified', B);
    store.thinHeads(A, 32, 10, new Set([3]));
    const left = store.headsAfter(A, 0, 99).map(({ size }) => size);
    assert.equal(left, [2, 3, 4, 5, 6, 7, 20, 21, 22]);
    assert.is(store.heads(B, {}).length, 1);
    store.thinHeads(A, 32, 10, new Set());
    assert.equal(
      store.headsAfter(A, 0, 99).map(({ size }) => size),
      left.filter((size) => size !== 3),
    );
  });
}
