/**
 * Tables of refusals: a statement that a rule refuses and, beside it, the nearest one that passes. `rules.test.ts` checks
 * that no rule is without one.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { SignedStatement } from '../../src/core/cose.ts';
import type { Rule } from '../../src/registry/rule.ts';
import { faults } from '../check.ts';
import type { World } from './world.ts';

export type Row = [
  rule: Rule,
  what: string,
  world: () => World,
  refused: (world: World) => SignedStatement,
  passes: (world: World) => SignedStatement,
];

/** A test for each row. */
export function judgeRows(rows: readonly Row[]): void {
  for (const [rule, what, world, refused, passes] of rows) {
    test(`${rule}: ${what}`, () => {
      const here = world();
      const { message, rule: named } = faults('refused', () => here.judge(refused(here)));
      assert.is(named, rule, message);
      assert.match(message, /^[^\n]{10,420}$/);
      const there = world();
      there.add(passes(there));
    });
  }
}
