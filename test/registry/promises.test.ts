import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Fault } from '../../src/core/fault.ts';
import { PHASES, type Phase, phasesAfter } from '../../src/registry/phases.ts';
import { promisesOf } from '../../src/registry/promises.ts';
import { residencyOf } from '../../src/registry/residency.ts';
import { ledgerOf, seenAt } from './ledger.ts';
import { after, phase, processing } from './world.ts';

// Random lives of two relocations beside a model that keeps what was admitted in a list and looks at nothing else.

type Said = { index: number; name: string; phase: string; day: number; due: number };

const NAMES = ['samples-eu', 'metadata-eu'];
const CATEGORIES = ['file-sample', 'file-metadata'];
/** What a move comes to its end by. */
const ENDING = ['started', 'cutover', 'completed'].map((name) => fc.constant(name));
const day = fc.nat(60);
const step = fc.record({
  which: fc.nat(1),
  phase: fc.oneof(fc.constantFrom(...PHASES), fc.nat(8), ...ENDING),
  day,
  due: day,
  percent: fc.integer({ min: 1, max: 100 }),
});
/** Any phase, or by its number one of those that may follow; most moves begin. */
const lives = fc
  .tuple(fc.array(step, { minLength: 12, maxLength: 24 }), fc.boolean(), day, day)
  .map(([steps, announced, at, due]) => {
    const first = announced ? 'announced' : 'started';
    return [0, 1]
      .map((which) => ({ which, phase: first, day: at, due, percent: 1 }) as (typeof steps)[number])
      .concat(steps);
  });

function live(steps: readonly { which: number; phase: string | number; day: number; due: number; percent: number }[]) {
  const world = processing();
  const said: Said[] = [];
  for (const { which, phase: wanted, day: on, due, percent } of steps) {
    const next = phasesAfter(said.findLast((one) => one.name === `acme/${NAMES[which]}`)?.phase as Phase | undefined);
    const name = typeof wanted === 'string' ? wanted : (next[wanted % Math.max(1, next.length)] ?? 'completed');
    const own = {
      ...{
        relocationId: NAMES[which],
        dataCategories: [CATEGORIES[which]],
        effectiveAt: after(on),
        note: `${said.length}`,
      },
      ...(name === 'announced' ? { due: after(due) } : {}),
      ...(name === 'partial' ? { percent } : {}),
    };
    try {
      world.add(phase(name, own));
      said.push({ index: world.last, name: `acme/${NAMES[which]}`, phase: name, day: on, due });
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
    }
  }
  return { world, said };
}

/** Where the data are in a phase: at the old site, and at the new one. */
const AT: Record<string, string> = {
  'announced cancelled': 'mow-1 all',
  started: 'mow-1 all, zrh-1 part',
  'partial paused': 'mow-1 part, zrh-1 part',
  cutover: 'mow-1 remains, zrh-1 all',
  'rolled-back': 'mow-1 all, zrh-1 remains',
  'drained completed': 'zrh-1 all',
};
const placesIn = (name: string) => Object.entries(AT).find(([names]) => names.split(' ').includes(name))?.[1];

const states: Record<string, number> = {};

test('random lives of promises: each is what the list says, seen when the checkpoints say', () => {
  fc.assert(
    fc.property(lives, fc.integer({ min: 1, max: 9 }), (steps, pace) => {
      const { world, said } = live(steps);
      const seen = (index: number) => after(Math.max(0, index - 8) * pace);
      const found = promisesOf(ledgerOf(world, seenAt(seen)), 0, 10);
      const announced = said.filter((one) => one.phase === 'announced');
      assert.equal(
        found.map((one) => one.announced),
        announced.map(({ index }) => index),
      );
      for (const [i, { name, due }] of announced.entries()) {
        const end = said.find((one) => one.name === name && ['completed', 'cancelled'].includes(one.phase));
        const isLate = seen(end?.index ?? world.last) > after(due);
        const ended = { completed: isLate ? 'late' : 'kept', cancelled: isLate ? 'overdue' : 'cancelled' };
        const state = end ? ended[end.phase as keyof typeof ended] : isLate ? 'overdue' : 'announced';
        assert.is(found[i]?.state, state);
        states[state] = (states[state] ?? 0) + 1;
      }
    }),
    { numRuns: 100 },
  );
});

test('random lives of relocations: the data are where the last phase in effect on that day puts them', () => {
  fc.assert(
    fc.property(lives, fc.nat(61), (steps, on) => {
      const { world, said } = live(steps);
      const date = after(on).slice(0, 10);
      const { relocations } = residencyOf(ledgerOf(world), 'acme/samples', 'DE', date);
      for (const { relocation, places, phase: told } of relocations) {
        const last = said.findLast((one) => one.name === relocation && one.day <= on);
        assert.is(told, last?.phase);
        const text = places.map(({ site, presence }) => `${site.split('/')[1]} ${presence}`).join(', ');
        assert.is(text, placesIn(last?.phase ?? 'announced'));
      }
      assert.equal(
        relocations.map(({ relocation }) => relocation).sort(),
        [...new Set(said.map(({ name }) => name))].sort(),
      );
    }),
    { numRuns: 100 },
  );
});

test('the lives were varied', () => {
  for (const state of ['announced', 'kept', 'late', 'overdue', 'cancelled'])
    assert.ok((states[state] ?? 0) >= 1, JSON.stringify(states));
});

test.run();
