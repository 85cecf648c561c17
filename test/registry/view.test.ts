import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { SignedStatement } from '../../src/core/cose.ts';
import type { Fault } from '../../src/core/fault.ts';
import { admit } from '../../src/registry/admit.ts';
import { EMPTY, Overlay, put, type Site, State, type Table } from '../../src/registry/view.ts';
import {
  after,
  BUILD,
  begun,
  building,
  enrol,
  keyEvent,
  MOSCOW,
  ORGANISATIONS,
  PROCESS,
  phase,
  policyOf,
  SITE,
  say,
  type World,
} from './world.ts';

const TABLES: readonly Table[] = [
  'policy',
  'heartbeat',
  'organisation',
  'knownKey',
  'key',
  'keyId',
  'site',
  'process',
  'relocation',
  'proposal',
  'seen',
];

/** All that a state holds. */
const contents = (state: State) => TABLES.map((table) => [table, [...state.rows(table)]]);

/** A log that uses every table; all of it is admitted, entry by entry. */
function story(): World {
  const roots = { ...ORGANISATIONS, acme: { role: 'vendor', roots: ['a1', 'a2', 'a3'], threshold: 2 } } as const;
  const world = begun(roots);
  const ceremony = (statement: SignedStatement) => {
    world.add(statement);
    world.add(world.approve('a2', 'acme', world.last));
  };
  for (const [name, purpose] of [
    ['ops', 'operations'],
    ['bld', 'build'],
    ['bld2', 'build'],
  ] as const) {
    ceremony(enrol('a1', 'acme', name, purpose));
    ceremony(keyEvent('a3', 'acme', name, 'activate'));
  }
  world.add(say('ops', 'acme', 'site', { event: 'declare', ...SITE }), say('bld', 'acme', 'build', BUILD));
  world.clock(after(1)).add(keyEvent('exam1', 'exam', 'bld', 'suspend'), keyEvent('a1', 'acme', 'bld', 'resume'));
  world.add(world.approve('a3', 'acme', world.last), say('bld', 'acme', 'build', { ...BUILD, version: '2' }));
  ceremony(keyEvent('a1', 'acme', 'bld', 'supersede', { successor: 'bld2', overlapUntil: after(3) }));
  world.add(
    say(
      'op1',
      'op',
      'policy',
      policyOf({ ...roots, late: { role: 'rebuilder', roots: ['l1'], threshold: 1 } }, { version: 2 }),
    ),
  );
  world.add(say('op1', 'op', 'policy', policyOf(roots, { version: 3 })));
  world.add(world.approve('l1', 'late', world.last), say('bld', 'acme', 'build', { ...BUILD, version: '3' }));
  world.add(say('ops', 'acme', 'process', PROCESS), say('ops', 'acme', 'site', MOSCOW));
  world.add(phase('announced'), phase('started'), phase('cutover'), phase('completed'));
  return world.clock(after(2)).add(say('ops', 'acme', 'site', { event: 'retire', ...SITE }));
}

const whole = story();

/** Folds the entries again, cut into batches, each of which is judged on an overlay and then merged. */
function fold(sizes: readonly number[]): State {
  const state = new State();
  let next = 0;
  for (let batch = 0; next < whole.entries.length; batch++) {
    const overlay = new Overlay(state);
    for (const entry of whole.entries.slice(next, next + (sizes[batch % sizes.length] as number))) {
      overlay.put(admit(overlay, entry, whole.lookup));
      next++;
    }
    state.merge(overlay.changes);
  }
  return state;
}

test('the story fills every table', () => {
  for (const table of TABLES) assert.ok(whole.state.rows(table).size > 0, table);
});

test('folded in batches of any sizes it is the same as entry by entry', () => {
  assert.equal(contents(fold([1])), contents(whole.state));
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 8 }), (sizes) => {
      assert.equal(contents(fold(sizes)), contents(whole.state));
    }),
    { numRuns: 30 },
  );
});

test('overlays stack, and one that is dropped leaves no trace', () => {
  const world = building();
  const before = structuredClone(contents(world.state));
  const lower = new Overlay(world.state);
  const site = say('ops', 'acme', 'site', { event: 'declare', ...SITE, siteId: 'gva-1' });
  lower.put(admit(lower, world.entryOf(site), world.lookup));
  const upper = new Overlay(lower);
  const build = say('bld', 'acme', 'build', { ...BUILD, site: 'gva-1' });
  assert.equal(admit(upper, world.entryOf(build), world.lookup), []);
  const declared = lower.get('site', 'acme/gva-1') as Site;
  upper.put([put('site', 'acme/gva-1', { ...declared, retired: 9 })]);
  assert.is(upper.get('site', 'acme/gva-1')?.retired, 9);
  assert.is(lower.get('site', 'acme/gva-1')?.retired, undefined);
  assert.is(world.state.get('site', 'acme/gva-1'), undefined);
  assert.throws(
    () => world.judge(build),
    (error: Fault) => error.rule === 'site',
  );
  assert.equal(contents(world.state), before);
});

test('admission mutates nothing', () => {
  const state = new State();
  for (const entry of whole.entries) {
    const before = structuredClone(contents(state));
    const changes = admit(state, entry, whole.lookup);
    assert.equal(contents(state), before);
    state.merge(changes);
  }
});

test('nothing is in the empty view', () => {
  for (const table of TABLES) assert.is(EMPTY.get(table, ''), undefined);
});

test('changes are plain data: they survive a structured clone', () => {
  const state = new State();
  for (const entry of whole.entries) state.merge(structuredClone(admit(state, entry, whole.lookup)));
  assert.equal(contents(state), contents(whole.state));
});

test.run();
