import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { utf8 } from '../../src/core/bytes.ts';
import { Fault } from '../../src/core/fault.ts';
import { Publisher } from '../../src/log/publisher.ts';
import type { Again, Gathered, Witnessing } from '../../src/log/witnessing.ts';
import { TestLog } from './testlog.ts';

// Loop 2 with witnesses that answer what a test says, and timers that ring when it says so.

type Timer = { readonly milliseconds: number; ring(): void };
type Late = (note: Uint8Array) => void;

/** How long a late cosignature waits for others. */
const A_WHILE = 100;
const HALF_AN_HOUR = 30 * 60_000;
const asSigned = (note: Uint8Array): Gathered => ({ note, again: Promise.resolve({ due: HALF_AN_HOUR }) });
const NONE: Gathered = { note: undefined, again: Promise.resolve({ due: 700 }) };

function world(
  gathered: (note: Uint8Array, late: Late, size: number) => Gathered | Promise<Gathered>,
  hasWitnesses = true,
) {
  const log = new TestLog();
  // It is opaque, so nobody would wait for a publication.
  Object.defineProperty(log.log, 'awaited', { value: true });
  const timers = new Set<Timer>();
  /** What happens while a head is shown, and while the loop rests. */
  const meanwhile = { shown: () => {}, rest: () => {}, sign: () => {} };
  const seen = {
    gathers: [] as number[],
    probes: 0,
    signed: 0,
    rests: 0,
    shown: [] as string[],
    troubles: [] as (string | undefined)[],
  };
  const witnessing: Pick<Witnessing, 'probe' | 'gather'> = {
    async probe() {
      seen.probes++;
      assert.is(seen.signed, 0, 'nothing is signed before the witnesses were asked');
    },
    async gather({ size, note }, late) {
      seen.gathers.push(size);
      return gathered(note, late, size);
    },
  };
  const publisher = new Publisher({
    log: log.log,
    signer: {
      keys: log.signer.keys,
      sign(head) {
        assert.is(log.log.guarded(), head.size, 'nothing is signed before its guard line is there');
        meanwhile.sign();
        seen.signed++;
        return log.signer.sign(head);
      },
    },
    publication: log.store,
    witnessing: hasWitnesses ? witnessing : undefined,
    announce({ note }) {
      seen.shown.push(new TextDecoder().decode(note));
      meanwhile.shown();
    },
    settled: () => {},
    signing: (trouble) => seen.troubles.push(trouble),
    async sleep() {
      seen.rests++;
      meanwhile.rest();
    },
    alarm(milliseconds, ring) {
      const timer = { milliseconds, ring };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    observe: () => {},
  });
  /** Lets a timer of a length ring. */
  function ring(milliseconds: number): void {
    const timer = [...timers].find((one) => one.milliseconds === milliseconds);
    assert.ok(timer, `no timer rings after ${milliseconds}: ${[...timers].map((one) => one.milliseconds)}`);
    timers.delete(timer);
    timer.ring();
  }
  /** Submits an entry to the tree, whose publication is awaited as that of a statement. */
  function add(name: string): number {
    const ticket = log.add(utf8(name));
    log.log.turn();
    publisher.wake();
    return ticket;
  }
  const passing = () => new Promise((resolve) => setImmediate(resolve));
  async function until(holds: () => boolean): Promise<void> {
    while (!holds()) await passing();
  }
  return { log, publisher, seen, timers, meanwhile, ring, add, until };
}

test('a quiet log is cosigned again, and what is published then is newer', async () => {
  const { log, publisher, seen, timers, ring, add } = world(asSigned);
  add('a');
  await publisher.idle();
  const first = log.store.published();
  assert.equal(
    [...timers].map(({ milliseconds }) => milliseconds),
    [HALF_AN_HOUR],
  );
  ring(HALF_AN_HOUR);
  await publisher.idle();
  const second = log.store.published();
  assert.equal([seen.gathers, seen.probes, second?.size], [[1, 1], 1, first?.size]);
  assert.ok((second?.timestamp ?? 0) > (first?.timestamp ?? 0));
  await publisher.stop();
  assert.is(timers.size, 0, 'nothing keeps the thread from ending');
});

test('a quiet log that finds no quorum any more keeps what it shows, and a new head is not made to wait for the next try', async () => {
  const answers = [asSigned, () => NONE];
  const { log, publisher, seen, timers, ring, add } = world((note) => (answers.shift() ?? asSigned)(note));
  add('a');
  await publisher.idle();
  ring(HALF_AN_HOUR);
  await publisher.idle();
  const lengths = () => [...timers].map(({ milliseconds }) => milliseconds);
  assert.equal([seen.gathers, seen.shown.length, lengths()], [[1, 1], 1, [3000, 700]]);
  add('b');
  await publisher.idle();
  assert.equal([seen.gathers, log.store.published()?.size], [[1, 1, 2], 2]);
  await publisher.stop();
});

test('a key that was away over a quiet log is forgotten, though no quorum follows: who comes then waits as ever', async () => {
  const answers = [asSigned, () => NONE];
  const { publisher, meanwhile, timers, ring, add, until } = world((note) => (answers.shift() ?? asSigned)(note));
  const waits = (milliseconds: number) => [...timers].some((one) => one.milliseconds === milliseconds);
  add('a');
  await publisher.idle();
  meanwhile.sign = () => {
    throw new Fault('key-away', 'the token is gone');
  };
  ring(HALF_AN_HOUR);
  await until(() => waits(1000));
  meanwhile.sign = () => {};
  ring(1000);
  await publisher.idle();
  const seen: boolean[] = [];
  meanwhile.sign = () => seen.push(waits(3000));
  add('b');
  await publisher.idle();
  assert.equal(seen, [true]);
  await publisher.stop();
});

test('whoever is heard after the quorum was met decides when all are asked again, unless a newer head came', async () => {
  const heard: ((again: Again) => void)[] = [];
  const { publisher, timers, add } = world((note) => ({ note, again: new Promise((resolve) => heard.push(resolve)) }));
  const lengths = () => [...timers].map(({ milliseconds }) => milliseconds);
  add('a');
  await publisher.idle();
  assert.equal(lengths(), []);
  add('b');
  await publisher.idle();
  heard[0]?.({ due: 400 });
  await Promise.resolve();
  assert.equal(lengths(), [], 'the witness that was away is asked for the newer head');
  heard[1]?.({ due: 500 });
  await Promise.resolve();
  assert.equal(lengths(), [500]);
  await publisher.stop();
  assert.equal(lengths(), []);
});

test('who is missing is asked alone for what is shown, which is not signed anew; its cosignature is added', async () => {
  let asked = 0;
  let add = (_: Uint8Array) => {};
  const askMissing = async (): Promise<Again> => {
    if (++asked === 2) add(utf8('complete'));
    return asked === 1 ? { due: 800, askMissing } : { due: HALF_AN_HOUR };
  };
  const { publisher, seen, timers, ring, ...log } = world((note, late) => {
    add = late;
    return { note, again: Promise.resolve({ due: 400, askMissing }) };
  });
  const lengths = () => [...timers].map(({ milliseconds }) => milliseconds);
  log.add('a');
  await publisher.idle();
  ring(400);
  await log.until(() => lengths().includes(800));
  ring(800);
  await log.until(() => lengths().includes(HALF_AN_HOUR));
  ring(A_WHILE);
  assert.equal([seen.gathers, seen.signed, seen.shown.at(-1)], [[1], 1, 'complete']);
  await publisher.stop();
});

test('who is missing is not asked for a head that a newer one has replaced', async () => {
  let asked = 0;
  const askMissing = async (): Promise<Again> => ({ due: HALF_AN_HOUR + asked++ });
  const { publisher, seen, ring, add, log } = world((note, _, size) => {
    // Of the newer head, a witness has not been heard yet.
    return { note, again: size === 1 ? Promise.resolve({ due: 400, askMissing }) : new Promise(() => {}) };
  });
  add('a');
  await publisher.idle();
  add('b');
  await publisher.idle();
  ring(400);
  await publisher.idle();
  assert.equal([asked, seen.gathers, log.store.published()?.size], [0, [1, 2], 2]);
  await publisher.stop();
});

test('without a quorum nothing is shown, and the newest head is tried again until there is one', async () => {
  let there = false;
  const { log, publisher, seen, ring, add, until, timers } = world((note) => (there ? asSigned(note) : NONE));
  add('a');
  await until(() => [...timers].some(({ milliseconds }) => milliseconds === 700));
  assert.equal([log.store.published(), seen.shown.length], [undefined, 0]);
  add('b');
  assert.equal(seen.gathers, [1], 'a turn goes on, and does not hurry the witnesses');
  ring(700);
  await until(() => [...timers].some(({ milliseconds }) => milliseconds === 700));
  there = true;
  ring(700);
  await publisher.idle();
  assert.equal([seen.gathers, log.store.published()?.size], [[1, 2, 2], 2]);
  await publisher.stop();
});

test('a stop without a quorum ends after a last attempt, with all that is certain guarded', async () => {
  const { log, publisher, seen, add, until, timers } = world(() => NONE);
  add('a');
  await until(() => [...timers].some(({ milliseconds }) => milliseconds === 700));
  log.add(utf8('b'));
  log.log.turn();
  await publisher.stop();
  assert.equal([seen.gathers, log.log.guarded(), timers.size], [[1, 2], 2, 0]);
});

test('a stop while the witnesses are asked guards what was committed meanwhile as well', async () => {
  let answer = (_: Gathered) => {};
  const { log, publisher, seen, add, until } = world((_note, _late, size) =>
    size === 1
      ? new Promise((resolve) => {
          answer = resolve;
        })
      : NONE,
  );
  add('a');
  await until(() => seen.gathers.length === 1);
  log.add(utf8('b'));
  log.log.turn();
  const stopped = publisher.stop();
  answer(NONE);
  await stopped;
  assert.equal(seen.gathers, [1, 2]);
});

test('a key that is away keeps heads from being published until it is back, and is tried again ever more rarely', async () => {
  const { log, publisher, seen, meanwhile, timers, ring, add, until } = world(asSigned);
  let isAway = true;
  meanwhile.sign = () => {
    if (isAway) throw new Fault('key-away', 'the token is gone');
  };
  const waits = (milliseconds: number) => until(() => [...timers].some((one) => one.milliseconds === milliseconds));
  add('a');
  await waits(1000);
  add('b');
  ring(1000);
  await waits(2000);
  assert.equal([log.store.published(), seen.gathers, log.log.frozen], [undefined, [], undefined]);
  assert.equal(seen.troubles, ['the token is gone']);
  for (const pause of [2000, 3000]) {
    ring(pause);
    await waits(3000);
  }
  isAway = false;
  ring(3000);
  await publisher.idle();
  assert.equal([log.store.published()?.size, seen.troubles], [2, ['the token is gone', undefined]]);
  isAway = true;
  add('c');
  await waits(1000);
  await publisher.stop();
  assert.equal([log.log.guarded(), log.store.published()?.size, timers.size], [3, 2, 0]);
});

test('a key that signs wrongly freezes the log', async () => {
  const { log, publisher, seen, meanwhile, add } = world(asSigned);
  meanwhile.sign = () => {
    throw new Fault('bad-key', 'a signature does not verify');
  };
  add('a');
  await publisher.idle();
  assert.equal([log.log.frozen?.code, seen.shown], ['frozen', []]);
});

test('a cosignature that comes late is added, unless a newer head is on its way', async () => {
  const lates: Late[] = [];
  const { log, publisher, seen, add, ring, timers } = world((note, late) => {
    lates.push(late);
    return asSigned(note);
  });
  add('a');
  await publisher.idle();
  lates[0]?.(utf8('with one more'));
  lates[0]?.(utf8('with more'));
  assert.is(seen.shown.length, 1, 'others may follow');
  ring(A_WHILE);
  assert.is(new TextDecoder().decode(log.store.published()?.note), 'with more');
  assert.equal([seen.shown.length, seen.shown.at(-1)], [2, 'with more']);
  lates[0]?.(utf8('too late'));
  log.add(utf8('b'));
  log.log.turn();
  ring(A_WHILE);
  assert.is(seen.shown.at(-1), 'with more');
  publisher.wake();
  await publisher.idle();
  assert.is(log.store.published()?.size, 2);
  lates[1]?.(utf8('of this head'));
  lates[0]?.(utf8('of another head'));
  ring(A_WHILE);
  assert.is(seen.shown.at(-1), 'of this head');
  assert.is(log.log.frozen, undefined);
  lates[1]?.(utf8('at the end'));
  await publisher.stop();
  assert.is(timers.size, 0, 'nothing keeps the thread from ending');
  lates[1]?.(utf8('after the end'));
  assert.is(timers.size, 0, 'nothing is shown when the store is closed');
});

for (const [what, growing, rests] of [
  ['rests while more come to share the next head', 2, 3],
  ['rests for four times of what it worked at most', 99, 4],
] as const) {
  test(`a log whose heads are cosigned ${what}`, async () => {
    const { log, publisher, seen, meanwhile, add } = world((note, _, size) => {
      if (size === 1) grow();
      return asSigned(note);
    });
    function grow() {
      log.add(utf8(`entry ${log.log.head.size}`));
      log.log.turn();
    }
    meanwhile.rest = () => {
      if (seen.gathers.length === 1 && seen.rests <= growing) grow();
    };
    add('a');
    await publisher.idle();
    assert.equal([seen.gathers, seen.rests], [[1, 2 + Math.min(growing, rests)], rests]);
    await publisher.stop();
  });
}

test('who waits for a log without witnesses waits for one rest', async () => {
  const { log, publisher, seen, meanwhile, add } = world(asSigned, false);
  const grow = () => {
    log.add(utf8(`entry ${log.log.head.size}`));
    log.log.turn();
  };
  meanwhile.shown = () => {
    if (seen.shown.length === 1) grow();
  };
  meanwhile.rest = () => {
    if (seen.rests === 1) grow();
  };
  add('a');
  await publisher.idle();
  assert.equal([seen.rests, seen.shown.length, log.store.published()?.size], [1, 2, 3]);
  await publisher.stop();
});

test('what freezes the log while witnesses are asked keeps the head from being shown', async () => {
  const frozen: { log?: TestLog } = {};
  const { log, publisher, seen, add } = world((note) => {
    frozen.log?.log.freeze(new Error('a witness shows another history'));
    return asSigned(note);
  });
  frozen.log = log;
  add('a');
  await publisher.idle();
  assert.equal([log.store.published(), seen.shown], [undefined, []]);
});

test.run();
