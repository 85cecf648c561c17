import { deserialize, serialize } from 'node:v8';
import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Fault } from '../../src/core/fault.ts';
import { admit } from '../../src/registry/admit.ts';
import { Chronicle, type KeptStep } from '../../src/registry/chronicle.ts';
import type { Table } from '../../src/registry/view.ts';
import { act, play } from './histories.ts';
import { isFolded, ledgerOf } from './ledger.ts';
import { begun, enrol, ORGANISATIONS, type World } from './world.ts';

// A registry that is kept and opened again goes on as if it had never been closed.

const TABLES = ['policy', 'heartbeat', 'organisation', 'key', 'keyId', 'site', 'process', 'proposal', 'seen'] as const;

const told = (chronicle: Chronicle) =>
  TABLES.map((table: Table) => [...chronicle.ids(table)].map((id) => [table, id, chronicle.steps(table, id)]));

/** Folds a log, and at each of these sizes writes down what was kept and goes on from that. */
function foldWithStops({ entries, lookup }: World, stops: readonly number[]): Chronicle {
  let chronicle = new Chronicle();
  const kept: KeptStep[] = [];
  for (const entry of entries) {
    if (stops.includes(entry.index)) {
      chronicle = new Chronicle();
      for (const step of deserialize(serialize(kept)) as KeptStep[]) chronicle.put(step);
    }
    if (!isFolded(entry)) continue;
    try {
      kept.push(...chronicle.keep(entry, admit(chronicle.latest, entry, lookup)));
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
    }
  }
  return chronicle;
}

test('random histories with approvals: kept and opened anywhere, every row has the entries that decided it', () => {
  let decidedByMany = 0;
  fc.assert(
    fc.property(
      fc.array(act, { minLength: 10, maxLength: 40 }),
      fc.array(fc.nat(60), { maxLength: 3 }),
      (acts, stops) => {
        const world = play([{ do: 'threshold', threshold: 2 }, ...acts]);
        const straight = told(ledgerOf(world).chronicle);
        assert.equal(told(foldWithStops(world, stops)), straight);
        decidedByMany += straight
          .flat()
          .filter(([, , steps]) => (steps as KeptStep[]).some(({ by }) => by.length > 1)).length;
      },
    ),
    { numRuns: 40 },
  );
  assert.ok(decidedByMany > 0, 'there were approvals');
});

test('what three have to agree to, opened again between any two of them', () => {
  const acme = { role: 'vendor', roots: ['acme1', 'acme2', 'acme3'], threshold: 3 } as const;
  const world = begun({ ...ORGANISATIONS, acme }).add(enrol('acme1', 'acme', 'bld', 'build'));
  const proposed = world.last;
  world.add(world.approve('acme2', 'acme', proposed), world.approve('acme3', 'acme', proposed));
  for (let stop = 0; stop <= world.entries.length; stop++) {
    const [kid] = foldWithStops(world, [stop]).ids('key');
    const [step] = foldWithStops(world, [stop]).steps('key', kid as string);
    assert.equal(step?.by, [proposed, proposed + 1, proposed + 2], `opened at ${stop}`);
  }
});

test.run();
