import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { promisesOf } from '../../src/registry/promises.ts';
import { residencyOf } from '../../src/registry/residency.ts';
import { ledgerOf, seenAt } from './ledger.ts';
import { after, phase, processing, say, supervised, type World } from './world.ts';

// Where data were on a day, before, during and after a move; who could reach them; and when it was said, whatever dates
// the owner gives. Then promises: kept, late, overdue, cancelled.

const START = 20; // days after the start of the log at which the move is announced
const day = (days: number) => after(days).slice(0, 10);
const MOVES = [
  ['announced', 20, { due: after(60) }],
  ['started', 25, {}],
  ['partial', 30, { percent: 40 }],
  ['cutover', 35, {}],
  ['drained', 40, {}],
  ['completed', 45, {}],
] as const;

const ACCESS = {
  before: [{ country: 'RU', class: 'routine' }],
  after: [
    { country: 'CH', class: 'routine' },
    { country: 'RU', class: 'break-glass' },
  ],
} as const;

/** Phases as they happen; each is seen on the day after its index below. */
function moving(upTo: number, more: object = {}): { world: World; days: Map<number, number> } {
  const world = processing();
  const days = new Map<number, number>();
  for (const [name, at, own] of MOVES.slice(0, upTo)) {
    world.add(phase(name, { effectiveAt: after(at), accessFrom: ACCESS, ...own, ...more }));
    days.set(world.last, at);
  }
  return { world, days };
}

/** Seen `late` days after the phase took effect. */
const seen = (days: Map<number, number>, late = 0) => seenAt((index) => after((days.get(index) ?? 0) + late, 60));
const where = (world: World, days: Map<number, number>, on: number, late = 0) =>
  residencyOf(ledgerOf(world, seen(days, late)), 'acme/samples', 'CH', day(on));
const places = (of: ReturnType<typeof where>) => of.places.map(({ site, presence }) => `${site} ${presence}`);
const access = (of: ReturnType<typeof where>) =>
  of.relocations.flatMap((one) => one.access.map(({ country, class: kind }) => `${country} ${kind}`));

test('before, during and after a cutover', () => {
  const { world, days } = moving(6);
  const table: [on: number, places: string[], phase: string | undefined][] = [
    [10, ['acme/mow-1 all'], undefined],
    [22, ['acme/mow-1 all'], 'announced'],
    [27, ['acme/mow-1 all', 'acme/zrh-1 part'], 'started'],
    [32, ['acme/mow-1 part', 'acme/zrh-1 part'], 'partial'],
    [37, ['acme/mow-1 remains', 'acme/zrh-1 all'], 'cutover'],
    [42, ['acme/zrh-1 all'], 'drained'],
    [50, ['acme/zrh-1 all'], 'completed'],
  ];
  for (const [on, expected, name] of table) {
    const found = where(world, days, on);
    assert.equal(places(found), expected, `day ${on}`);
    assert.is(found.relocations[0]?.phase, name, `day ${on}`);
    assert.is(found.size, world.entries.length);
  }
  assert.equal(where(world, days, 32).relocations[0]?.percent, 40);
});

test('an answer goes through the relocations that are about the process and the country, and no others', () => {
  const { world, days } = moving(6);
  world.add(phase('started', { relocationId: 'other', subjectCountries: ['DE'], effectiveAt: after(21) }));
  const ledger = ledgerOf(world, seen(days));
  const { chronicle } = ledger;
  assert.equal(chronicle.moves('acme/samples', 'CH'), ['acme/samples-eu']);
  assert.equal(chronicle.moves('acme/samples', 'DE'), ['acme/samples-eu', 'acme/other']);
  assert.equal(chronicle.moves('acme/samples', 'JP'), []);
  chronicle.ids = () => {
    throw new Error('it walks all of a table');
  };
  assert.equal(residencyOf(ledger, 'acme/samples', 'DE', day(50)).relocations.length, 2);
});

test('on the day of a change both sides count', () => {
  const { world, days } = moving(6, { note: 'x' });
  const noon = processing();
  noon.add(phase('started', { effectiveAt: after(25) }), phase('cutover', { effectiveAt: after(35, 43_200) }));
  assert.equal(places(where(noon, new Map(), 35)), ['acme/mow-1 all', 'acme/zrh-1 all']);
  assert.equal(places(where(world, days, 40)), ['acme/zrh-1 all'], 'in effect from midnight on');
});

test('rolled back, cancelled, and of another country or process', () => {
  const world = processing();
  world.add(phase('started', { effectiveAt: after(25) }), phase('rolled-back', { effectiveAt: after(30) }));
  assert.equal(places(where(world, new Map(), 31)), ['acme/mow-1 all', 'acme/zrh-1 remains']);
  const other = residencyOf(ledgerOf(world), 'acme/samples', 'US', day(31));
  assert.equal([other.places, other.relocations, other.proven], [[], [], []]);
  assert.ok(other.asserted.every(({ size }) => size === world.entries.length));
  const gone = processing();
  gone.add(phase('announced', { effectiveAt: after(20) }), phase('cancelled', { effectiveAt: after(22) }));
  assert.equal(places(where(gone, new Map(), 30)), ['acme/mow-1 all']);
});

test('who could reach the data, from where', () => {
  const { world, days } = moving(6);
  assert.equal(access(where(world, days, 10)), ['RU routine']);
  assert.equal(access(where(world, days, 32)), ['RU routine', 'CH routine']);
  assert.equal(access(where(world, days, 50)), ['CH routine', 'RU break-glass']);
});

test('data that moved on are where the last move brought them, and never where one only begins', () => {
  const { world, days } = moving(6);
  world.add(say('ops', 'acme', 'site', { event: 'declare', siteId: 'gva-1', country: 'CH', operator: 'acme' }));
  const next = { relocationId: 'on', from: ['zrh-1'], to: ['gva-1'] };
  world.add(phase('announced', { ...next, effectiveAt: after(46), due: after(90) }));
  assert.equal(places(where(world, days, 10)), ['acme/mow-1 all'], 'the second one says nothing of that day');
  assert.equal(places(where(world, days, 50)), ['acme/zrh-1 all']);
  world.add(
    phase('started', { ...next, effectiveAt: after(55) }),
    phase('cutover', { ...next, effectiveAt: after(60) }),
  );
  world.add(phase('completed', { ...next, effectiveAt: after(65) }));
  assert.equal(places(where(world, days, 50)), ['acme/zrh-1 all']);
  assert.equal(places(where(world, days, 57)), ['acme/gva-1 part', 'acme/zrh-1 all']);
  assert.equal(places(where(world, days, 70)), ['acme/gva-1 all']);
});

test('said at the time, or later: the checkpoints decide and not what it says', () => {
  const { world, days } = moving(4, { at: after(35) });
  const said = (late: number, on = 36) => where(world, days, on, late).relocations[0]?.decidedBy.at(-1);
  assert.is(said(0)?.said, 'at the time');
  assert.is(said(2)?.secondsLate, undefined, 'within 72 hours');
  assert.is(said(10)?.said, 'later');
  assert.is(said(10)?.secondsLate, 10 * 86_400 + 60);
  // What was late for its own date may be in time for a day long after it.
  assert.is(said(10, 100)?.said, 'at the time');
  assert.is(said(10, 100)?.secondsLate, 10 * 86_400 + 60);
  // The clock of the log is enough to be late, where no checkpoint has a time.
  world.clock(after(80));
  world.add(phase('drained', { effectiveAt: after(40), at: after(40) }));
  const found = residencyOf(ledgerOf(world), 'acme/samples', 'CH', day(41)).relocations[0]?.decidedBy.at(-1);
  assert.equal([found?.said, found?.seen], ['later', { time: after(80), word: 'log' }]);
});

test('history that is told later says so, and is not believed to be older', () => {
  const { world, days } = moving(4, { retrospective: true, at: after(35) });
  assert.is(where(world, days, 36, 1).relocations[0]?.decidedBy.at(-1)?.said, 'at the time', 'told by then');
  assert.is(
    where(world, days, 35, 1).relocations[0]?.decidedBy.at(-1)?.said,
    'later',
    'within 72 hours, and not denied',
  );
});

test('who attested it: contradictions first, withdrawn ones shown', () => {
  const world = supervised();
  world.add(phase('started', { effectiveAt: after(25) }), phase('cutover', { effectiveAt: after(35) }));
  const ref = world.ref(world.last);
  const attest = (verdict: 'confirm' | 'contradict' | 'withdraw', refs = [ref]) =>
    say('sup', 'exam', 'attestation', { claim: 'relocation-verified', verdict, refs });
  world.add(attest('confirm'), attest('contradict'));
  const [relocation] = where(world, new Map(), 36).relocations;
  assert.is(relocation?.contradicted, true);
  assert.equal(
    relocation?.attested.attestations.map(({ verdict }) => verdict),
    ['contradict', 'confirm'],
  );
  world.add(attest('withdraw', [world.ref(world.last)]));
  const [again] = where(world, new Map(), 36).relocations;
  assert.is(again?.contradicted, false);
  assert.is(again?.attested.attestations[0]?.withdrawnBy, world.last);
  world.add(say('ops', 'acme', 'correction', { ref, what: 'not so', knownSince: after(30), cause: 'c' }));
  assert.equal(where(world, new Map(), 36).corrections, [{ wrong: ref.index, correction: world.last }]);
});

// ---- promises ----

const due = after(60);
const promise = (world: World, days: Map<number, number>, asOf?: string) =>
  promisesOf(ledgerOf(world, seen(days)), 0, 10, asOf)[0];

test('announced and open, overdue by the clock of the log or of the asker', () => {
  const { world, days } = moving(1);
  assert.is(promise(world, days)?.state, 'announced');
  assert.is(promise(world, days, after(60))?.state, 'announced', 'due is the last moment');
  const asked = promise(world, days, after(61));
  assert.equal([asked?.state, asked?.secondsLate, asked?.judgedAt.word], ['overdue', 86_400, 'asker']);
  world.clock(after(70));
  const found = promise(world, days);
  assert.equal([found?.state, found?.due, found?.judgedAt], ['overdue', due, { time: after(70), word: 'log' }]);
});

test('kept or late: when the end was seen, and not the date that it gives itself', () => {
  const { world, days } = moving(6);
  assert.is(promise(world, days)?.state, 'kept');
  days.set(world.last, START + 80);
  const late = promise(world, days);
  assert.is(late?.state, 'late');
  assert.is(late?.secondsLate, 40 * 86_400 + 60);
  assert.equal(
    late?.phases.map(({ phase: name }) => name),
    MOVES.map(([name]) => name),
  );
});

test('a promise that was taken back before its date is cancelled, after it overdue', () => {
  const { world, days } = moving(2);
  world.add(phase('cancelled', { effectiveAt: after(50) }));
  days.set(world.last, 50);
  assert.is(promise(world, days)?.state, 'cancelled');
  days.set(world.last, 70);
  assert.is(promise(world, days)?.state, 'overdue');
});

test('a move that nobody announced is no promise', () => {
  const world = processing().add(phase('started', { effectiveAt: after(25) }));
  assert.equal(promisesOf(ledgerOf(world), 0, 10), []);
});

test.run();
