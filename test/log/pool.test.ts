import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Fault } from '../../src/core/fault.ts';
import { type Outcome, Pool, type Submission } from '../../src/log/pool.ts';

const submission = (name: string, size = 1): Submission => ({
  id: new TextEncoder().encode(name),
  key: name,
  entry: new Uint8Array(size),
  verified: true,
});

/** A pool over a log that is a list of names. */
function setUp(logged: string[] = [], settled = 0) {
  const answers = new Map<number, Outcome>();
  const find = (id: Uint8Array) => {
    const index = logged.indexOf(new TextDecoder().decode(id));
    return index < 0 ? undefined : index;
  };
  const answer = (ticket: number, outcome: Outcome) => {
    assert.not(answers.has(ticket), `ticket ${ticket} was answered twice`);
    answers.set(ticket, outcome);
  };
  const pool = new Pool(answer, find, settled);
  const turn = (count = 1000) => {
    for (const taken of pool.take(count, 1e9)) {
      logged.push(taken.key);
      pool.place(taken, logged.length - 1);
    }
  };
  return { pool, answers, logged, turn };
}

test('the same statement is in the log once, however often and whenever it is sent', () => {
  const { pool, answers, logged, turn } = setUp();
  pool.offer(1, submission('a'));
  pool.offer(2, submission('a'));
  turn();
  pool.offer(3, submission('a')); // committed, not settled
  assert.is(answers.size, 0, 'nothing is promised before it is settled');
  assert.is(pool.locate(submission('a').id, 'a'), 'pending');
  pool.settle(1);
  pool.offer(4, submission('a'));
  assert.equal([...answers.values()], [{ index: 0 }, { index: 0 }, { index: 0 }, { index: 0 }]);
  assert.equal(logged, ['a']);
  assert.is(pool.locate(submission('a').id, 'a'), 0);
  assert.is(pool.locate(submission('b').id, 'b'), undefined);
});

test('after a restart, what was committed and not published is answered once it is', () => {
  const { pool, answers } = setUp(['a', 'b'], 1);
  pool.offer(1, submission('a'));
  pool.offer(2, submission('b'));
  pool.offer(3, submission('b'));
  assert.equal([...answers], [[1, { index: 0 }]]);
  assert.is(pool.size, 0, 'what is in the log is not sequenced again');
  assert.is(pool.locate(submission('b').id, 'b'), 'pending');
  pool.settle(2);
  assert.equal(answers.get(3), { index: 1 });
});

test('a refusal answers everyone who sent it, and leaves room for another try', () => {
  const { pool, answers, turn } = setUp();
  const fault = new Fault('refused', 'no');
  pool.offer(1, submission('a'));
  pool.offer(2, submission('a'));
  for (const taken of pool.take(10, 1e9)) pool.refuse(taken, fault);
  assert.equal([...answers.values()], [{ fault }, { fault }]);
  pool.offer(3, submission('a'));
  turn();
  pool.settle(1);
  assert.equal(answers.get(3), { index: 0 });
});

test('a turn takes no more than its count and about its bytes', () => {
  const { pool } = setUp();
  for (let i = 0; i < 10; i++) pool.offer(i, submission(String(i), 100));
  assert.is(pool.take(3, 1e9).length, 3);
  assert.is(pool.take(100, 250).length, 3);
  assert.is(pool.size, 4);
});

test('abandoning answers everyone exactly once', () => {
  const { pool, answers, turn } = setUp();
  pool.offer(1, submission('a'));
  turn();
  pool.offer(2, submission('b'));
  pool.abandon(new Fault('frozen', 'stop'));
  assert.is(answers.size, 2);
  pool.settle(10);
  assert.is(answers.size, 2);
});

test('any order of offers, turns and settlements answers each ticket once, with its own index', () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant('offer' as const), n: fc.nat(12) }),
    fc.record({ do: fc.constant('turn' as const), n: fc.integer({ min: 1, max: 4 }) }),
    fc.record({ do: fc.constant('settle' as const), n: fc.nat(3) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const { pool, answers, logged, turn } = setUp();
      const sent: string[] = [];
      let settled = 0;
      for (const { do: what, n } of steps) {
        if (what === 'offer') {
          sent.push(`s${n}`);
          pool.offer(sent.length - 1, submission(`s${n}`));
        } else if (what === 'turn') {
          turn(n);
        } else {
          settled = Math.min(logged.length, settled + n);
          pool.settle(settled);
        }
        for (const [, outcome] of answers) assert.ok('index' in outcome && outcome.index < settled);
      }
      turn();
      pool.settle(logged.length);
      assert.is(new Set(logged).size, logged.length);
      sent.forEach((name, ticket) => {
        assert.equal(answers.get(ticket), { index: logged.indexOf(name) });
      });
    }),
  );
});

test('who waits for a turn that failed is answered when the log is abandoned, like everyone else', () => {
  const { pool, answers, turn } = setUp();
  const fault = new Fault('frozen', 'no more');
  pool.offer(1, submission('committed'));
  turn();
  pool.offer(2, submission('taken'));
  assert.is(pool.take(10, 1e9).length, 1);
  pool.offer(3, submission('queued'));
  pool.offer(4, submission('taken'));
  pool.abandon(fault);
  assert.equal([...answers.keys()].sort(), [1, 2, 3, 4]);
  assert.ok([...answers.values()].every((answer) => 'fault' in answer && answer.fault === fault));
  assert.is(pool.size, 0);
});

test('what is promised is told once, and a repeat of it at once; what is beyond still waits', () => {
  const { pool, answers, turn } = setUp();
  for (const [i, name] of ['a', 'b', 'c'].entries()) pool.offer(i, submission(name));
  turn();
  pool.promise(2);
  assert.equal(
    [...answers],
    [
      [0, { promised: true }],
      [1, { promised: true }],
    ],
  );
  pool.offer(10, submission('b'));
  assert.equal(answers.get(10), { promised: true });
  assert.is(pool.locate(submission('b').id, 'b'), 'pending');
  pool.settle(3);
  assert.equal(answers.get(2), { index: 2 });
  pool.offer(11, submission('b'));
  assert.equal(answers.get(11), { index: 1 });
});

test.run();
