import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Fault } from '../../src/core/fault.ts';
import { EMPTY_ROOT } from '../../src/core/hash.ts';
import { healthHandler } from '../../src/http/health.ts';
import type { Ask, Watch } from '../../src/http/route.ts';
import type { FromLog } from '../../src/log/channel.ts';
import { LogHandle, type Published } from '../../src/log/handle.ts';
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
  const troubles: (string | undefined)[] = [];
  const signing = (trouble: string | undefined) => troubles.push(trouble);
  const parts = { store, statementKey, acceptClockStep: false, rootAt: never, learn: () => {}, signing };
  const rules = new StatementRules(parts);
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
  assert.equal([troubles, rules.hasOwn(at(HOUR + 9000))], [['the token is gone'], true]);
  isAway = false;
  const { admitted, refused } = rules.judge([build], 2, at(HOUR + 10_000));
  assert.equal([admitted.length, tries, refused[0]?.fault.rule], [1, 2, 'key-unknown']);
  assert.equal([troubles, rules.hasOwn(at(HOUR + 10_000))], [['the token is gone', undefined], false]);
});

test('a clock that is behind the last heartbeat, or more than 48 hours beyond it unless that is accepted, closes the log', () => {
  const never = (): never => {
    throw new Error('nothing is stored');
  };
  const store = { head: () => ({ size: 0, root: EMPTY_ROOT }), entries: never, tile: never, governance: () => [] };
  for (const acceptClockStep of [false, true]) {
    const ours = { store, statementKey: key('log'), acceptClockStep, rootAt: never };
    const rules = new StatementRules({ ...ours, learn: () => {}, signing: () => {} });
    assert.is(rules.closed(at(1000 * HOUR)), undefined, 'no heartbeat was said yet');
    const first = [
      submissionOf(say('op1', 'op', 'policy', policyOf(ORGANISATIONS)).entry),
      submissionOf(makeHeartbeat(key('log'), ORIGIN, 'op', at(0))),
    ];
    rules.judge(first, 0, at(0)).keep();
    for (const fine of [0, 1, 48 * HOUR]) assert.is(rules.closed(at(fine)), undefined, String(fine));
    for (const off of [-1, 48 * HOUR + 1]) {
      const code = acceptClockStep && off > 0 ? undefined : 'read-only';
      assert.equal([rules.closed(at(off))?.code, rules.hasOwn(at(off))], [code, off > 0 && acceptClockStep]);
    }
  }
});

test('a log that takes nothing in for want of a heartbeat is unhealthy, and degraded while only checkpoints wait', async () => {
  let tell = (_: FromLog) => {};
  const port = {
    postMessage: () => {},
    on(_: 'message', listener: (message: unknown) => void) {
      tell = listener;
    },
  };
  const published = { head: { size: 2 } } as Published;
  const nothing = () => {};
  const openTree = () => published.tree;
  const log = new LogHandle({ port, published, committed: 2, openTree, observe: nothing, trouble: nothing });
  const health = healthHandler({ log, origin: ORIGIN, stopping: () => false });
  const said = async () => {
    const { status, body } = (await health({} as Ask, new Uint8Array(0), {} as Watch)) as {
      status: number;
      body: string;
    };
    return [status, JSON.parse(body).problem, log.keyAwaySince];
  };
  const since = Date.parse(START);
  assert.equal(await said(), [200, undefined, undefined]);
  tell({ type: 'signing', what: 'checkpoint', awaySince: since });
  assert.match(String(await said()), /^200,the key that signs checkpoints cannot be reached since .*answered 202/);
  tell({ type: 'signing', what: 'heartbeat', awaySince: since });
  assert.match(String(await said()), /^503,nothing is taken in: a heartbeat is due, .* since 2/);
  tell({ type: 'signing', what: 'checkpoint', awaySince: undefined });
  assert.equal(
    (await said()).filter((one) => typeof one === 'number'),
    [503, since],
  );
  tell({ type: 'signing', what: 'heartbeat', awaySince: undefined });
  assert.equal(await said(), [200, undefined, undefined]);
});

test.run();
