import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Fault } from '../../src/core/fault.ts';
import { EMPTY_ROOT } from '../../src/core/hash.ts';
import { makeHeartbeat, StatementRules, submissionOf } from '../../src/log/statements.ts';
import { BUILD, key, ORGANISATIONS, ORIGIN, policyOf, START, say } from '../registry/world.ts';

// Heartbeats of a log whose key is in a token that is away for a while.

const HOUR = 3600_000;
const at = (milliseconds: number) => new Date(Date.parse(START) + milliseconds);

test('while a heartbeat is due and its key is away nothing is taken in; when it is back, the heartbeat comes first', () => {
  let [isAway, tries] = [false, 0];
  const never = (): never => {
    throw new Error('nothing is stored');
  };
  const store = { head: () => ({ size: 0, root: EMPTY_ROOT }), entries: never, tile: never, governance: () => [] };
  const sign = (message: Uint8Array) => {
    tries++;
    if (isAway) throw new Fault('key-away', 'the token is gone');
    return key('log').sign(message);
  };
  const statementKey = { key: key('log').key, sign };
  const rules = new StatementRules({ store, statementKey, acceptClockStep: false, rootAt: never, learn: () => {} });
  const build = submissionOf(say('bld', 'acme', 'build', BUILD).entry);
  const first = [
    submissionOf(say('op1', 'op', 'policy', policyOf(ORGANISATIONS)).entry),
    submissionOf(makeHeartbeat(key('log'), ORIGIN, 'op', at(0))),
  ];
  rules.judge(first, 0, at(0)).keep();
  isAway = true;
  assert.is(
    rules.judge([build], 2, at(HOUR - 1000)).refused[0]?.fault.rule,
    'key-unknown',
    'none is due, so it is judged',
  );
  for (const late of [0, 9000]) {
    const { admitted, refused } = rules.judge([build], 2, at(HOUR + late));
    assert.equal([admitted, refused.map(({ fault }) => [fault.code, fault.retryAfter])], [[], [['read-only', 10]]]);
  }
  assert.is(tries, 1, 'the token is left alone meanwhile');
  isAway = false;
  const { admitted, refused } = rules.judge([build], 2, at(HOUR + 10_000));
  assert.equal([admitted.length, tries, refused[0]?.fault.rule], [1, 2, 'key-unknown']);
});

test.run();
