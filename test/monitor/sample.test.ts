import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { utf8 } from '../../src/core/bytes.ts';
import { Fault } from '../../src/core/fault.ts';
import { answer } from '../../src/lookup/answers.ts';
import { type QuestionName, readParams } from '../../src/lookup/questions.ts';
import type { Finding } from '../../src/monitor/alert.ts';
import { NoCopy } from '../../src/monitor/copies.ts';
import { Sampler } from '../../src/monitor/sample.ts';
import type { Entry } from '../../src/registry/view.ts';
import { cover, freshFile, proofsOf } from '../lookup/parts.ts';
import { act, play } from '../registry/histories.ts';
import { ledgerOf } from '../registry/ledger.ts';
import { after, BUILD, keyEvent, phase, processing, say, supervised, World } from '../registry/world.ts';

// What a lookup answers, held against the entries: the true one over random histories, ahead and behind; then lies.

type Body = { [name: string]: unknown };
type Lie = (body: Body, question: string) => void;

/** The first entries of a log, as a monitor has looked at them. */
function firstOf(world: World, size: number): World {
  const first = new World();
  first.entries.push(...world.entries.slice(0, size));
  return first;
}

/** Asks a lookup that covers `covered` entries, for a monitor that has looked at `looked`; answers what it found. */
async function sample(
  world: World,
  {
    covered = world.entries.length,
    looked = world.entries.length,
    rounds = 20,
    lie = (() => {}) as Lie,
    now = '1970-01-01T00:00:00Z',
  } = {},
): Promise<{ found: Finding[]; failed: string[]; asked: string[] }> {
  const { catalogue, postings } = cover(world, freshFile(), covered);
  const { chronicle } = ledgerOf(firstOf(world, looked));
  const [found, failed, asked]: [Finding[], string[], string[]] = [[], [], []];
  let random = 1;
  const sampler = new Sampler({
    origin: 'log.example/acme',
    url: 'http://log',
    async ask(url) {
      const { pathname, searchParams, search } = new URL(url);
      asked.push(pathname + search);
      const name = pathname.slice('/v1/'.length) as QuestionName;
      try {
        const body = answer(catalogue, proofsOf(world), name, readParams(name, searchParams));
        const sent = JSON.parse(JSON.stringify(body)) as Body;
        lie(sent, name);
        return { status: 200, body: utf8(JSON.stringify(sent)) };
      } catch (error) {
        if (error instanceof Fault) return { status: 400, body: utf8(error.message) };
        throw error;
      }
    },
    clock: () => new Date(now),
    pick(below) {
      random = (random * 48_271) % 2_147_483_647;
      return random % below;
    },
    tell: (finding) => found.push(finding),
    failed: (_, why) => failed.push(why),
  });
  const log = { size: looked, chronicle, entry: async (index: number) => ({ ...(world.entries[index] as Entry) }) };
  for (let round = 0; round < rounds; round++) await sampler.sample(log, Math.max(0, looked - 3));
  postings.close();
  return { found, failed, asked };
}

test('random histories: a true lookup is found true, whether it lags or the monitor does', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(act, { maxLength: 40 }), fc.nat(9), fc.nat(9), async (acts, behind, lag) => {
      const world = play(acts);
      const size = world.entries.length;
      const { found, failed } = await sample(world, { covered: size - lag, looked: size - behind });
      assert.equal(found, []);
      assert.equal(failed, []);
    }),
    { numRuns: 25 },
  );
});

/** A promise that was kept in time, and others of the same data that were not. */
function moving(): World {
  const world = processing();
  world.add(phase('announced', { effectiveAt: after(20), due: after(60), accessFrom: ACCESS }));
  world.add(phase('started', { effectiveAt: after(25) }), phase('partial', { effectiveAt: after(30), percent: 40 }));
  world.clock(after(31, 60));
  const back = { relocationId: 'back', from: ['zrh-1'], to: ['mow-1'] };
  world.add(phase('announced', { effectiveAt: after(31), due: after(33), ...back }));
  world.add(
    phase('cutover', { effectiveAt: after(35), accessFrom: ACCESS }),
    phase('drained', { effectiveAt: after(40) }),
  );
  world.clock(after(45, 60));
  return world.add(phase('completed', { effectiveAt: after(45) }));
}
const ACCESS = {
  before: [{ country: 'RU', class: 'routine' }],
  after: [{ country: 'CH', class: 'routine' }],
} as const;

test('moves: a true lookup is found true, whether it lags or the monitor does', async () => {
  const world = moving();
  const size = world.entries.length;
  for (let behind = 0; behind < 10; behind++) {
    for (let lag = 0; lag < 10; lag++) {
      const { found, failed } = await sample(world, { covered: size - lag, looked: size - behind, now: after(50) });
      assert.equal(
        found.filter(({ kind }) => kind === 'index-mismatch'),
        [],
        `${behind} behind ${lag}`,
      );
      assert.equal(failed, []);
    }
  }
});

test('a lookup that never covers what was logged an hour ago is told, and one that will yet is not', async () => {
  const world = moving();
  const covered = world.entries.length - 2; // the last heartbeat, and what came after it
  const told = async (now: string, upTo = covered) => (await sample(world, { covered: upTo, now })).found;
  const [lag] = await told(after(45, 60 + 3600));
  assert.equal([lag?.kind, lag?.rule], ['stale', 'lookup']);
  assert.match(lag?.summary ?? '', new RegExp(`answers for ${covered} of ${covered + 2} entries`));
  assert.equal(await told(after(45, 60 + 3599)), []);
  assert.equal(await told(after(200), covered + 1), [], 'it has the last heartbeat');
});

/** Two builds, one of them tainted, withdrawn, contradicted, corrected and reviewed. */
function eventful(): World {
  const world = supervised();
  const build = (n: number) => {
    const digests = { sha256: new Uint8Array(32).fill(n) };
    return say('bld', 'acme', 'build', { ...BUILD, version: `${n}`, artifacts: [{ name: `f${n}`, digests }] });
  };
  world.add(build(1), build(2));
  const ref = world.ref(world.last);
  const about = { claim: 'rebuilt-identically', verdict: 'contradict', refs: [ref] } as const;
  return world.add(
    say('bld', 'acme', 'withdrawal', { ref, reason: 'defect' }),
    say('sup', 'exam', 'attestation', about),
    say('sup', 'exam', 'review', { centre: 'acme/zrh-1', depth: 'd', outcome: 'o', refs: [ref] }),
    say('ops', 'acme', 'correction', { ref, what: 'x', knownSince: '2018-11-01T00:00:00Z', cause: 'y' }),
    keyEvent('acme1', 'acme', 'bld', 'compromise', { since: ref.index }),
  );
}

test('every sort of question is asked', async () => {
  const { found, asked } = await sample(eventful(), { rounds: 200 });
  assert.equal(found, []);
  const questions = new Set(asked.map((one) => one.replace(/=.*/, '')));
  const builds = [
    'builds?digest',
    'builds?product',
    'builds?version',
    'builds?builder',
    'builds?site',
    'verdict?digest',
  ];
  const said = ['attestations?verdict', 'reviews?about', 'withdrawals?about', 'corrections?about', 'sites?country'];
  for (const one of [...builds, ...said, 'entries?subject', 'entries?key', 'entries?kind', 'keys?key']) {
    assert.ok(questions.has(`/v1/${one}`), `${one} is among ${[...questions].join(' ')}`);
  }
});

type Rows = { index: number; leafHash: string; statement: Body }[];
type Built = {
  verdict: string;
  madeBy: number[];
  withdrawals: number[];
  attested: Body;
  keyId: string;
  stateNow: string;
};
type Key = { state: string; history: { state: string }[]; enrolled: number };

/** What is changed of an answer that has it; nothing of one that has not. */
const ofBuild =
  (change: (build: Built, body: Body) => void): Lie =>
  (body) => {
    const [build] = (body.builds ?? []) as Built[];
    if (build) change(build, body);
  };
const ofRow =
  (change: (row: Rows[number]) => void): Lie =>
  (body) => {
    const [row] = (body.rows ?? []) as Rows;
    if (row) change(row);
  };
const ofKey =
  (change: (key: Key) => void): Lie =>
  (body) => {
    const [key] = (body.keys ?? []) as Key[];
    if (key) change(key);
  };

const LIES: Record<string, [rule: string, lie: Lie]> = {
  'an entry is left out': ['rows', (body) => void (body.rows as Rows | undefined)?.shift()],
  'a row names another leaf': ['rows', ofRow((row) => Object.assign(row, { leafHash: '0'.repeat(64) }))],
  'a row says something else': ['rows', ofRow(({ statement }) => Object.assign(statement, { note: 'nothing of it' }))],
  'a row is invented': ['rows', (body) => void (body.rows as Rows | undefined)?.push({ index: 999 } as Rows[number])],
  'a build is left out': ['verdict', (body) => void (body.builds as Built[] | undefined)?.shift()],
  'what is tainted is called valid': [
    'verdict',
    ofBuild((build, body) => {
      if (build.verdict !== 'tainted') return;
      Object.assign(build, { verdict: 'valid', compromise: undefined });
      body.verdict = 'valid';
    }),
  ],
  'what is valid is called refused': [
    'verdict',
    ofBuild((build, body) => {
      if (build.verdict === 'valid') body.verdict = build.verdict = 'refused';
    }),
  ],
  'the verdict is better than that of its builds': [
    'verdict',
    (body) => void (body.verdict && Object.assign(body, { verdict: 'unlogged' })),
  ],
  'another key': ['verdict', ofBuild((build) => Object.assign(build, { keyId: 'acme/other' }))],
  'an event of the key is left out': ['verdict', ofBuild(({ madeBy }) => void madeBy.pop())],
  'what became of the key': ['verdict', ofBuild((build) => Object.assign(build, { stateNow: 'enrolled' }))],
  'a withdrawal is left out': [
    'verdict',
    ofBuild((build, body) => {
      build.withdrawals = [];
      body.withdrawn = false;
    }),
  ],
  'a contradiction is left out': ['verdict', ofBuild(({ attested }) => Object.assign(attested, { attestations: [] }))],
  'a correction is left out': ['verdict', ofBuild((_, body) => Object.assign(body, { corrections: [] }))],
  'a key is called what it is not': ['keys', ofKey((key) => Object.assign(key, { state: 'superseded' }))],
  'a key is not told of': ['keys', (body) => void (body.keys as Key[] | undefined)?.shift()],
  'the past of a key is another': ['keys', ofKey(({ history }) => void history.shift())],
};

type Move = { places: Body[]; phase: string; percent: number; access: Body[]; decidedBy: { index: number }[] };
const ofMove =
  (change: (move: Move, body: Body) => void): Lie =>
  (body, question) => {
    const [move] = question === 'residency' ? (body.relocations as Move[]) : [];
    if (move) change(move, body);
  };
const ofPromise =
  (change: (promise: Body) => void): Lie =>
  (body, question) => {
    const [promise] = question === 'promises' ? (body.promises as Body[]) : [];
    if (promise) change(promise);
  };
const MOVE_LIES: typeof LIES = {
  'data were elsewhere': [
    'residency',
    (body, name) => void (name === 'residency' && Object.assign(body, { places: [] })),
  ],
  'copies that remain are not told': ['residency', ofMove((move) => void move.places.pop())],
  'a relocation is left out': ['residency', ofMove((_, body) => void (body.relocations as Body[]).shift())],
  'a phase is another': ['residency', ofMove((move) => Object.assign(move, { phase: 'completed' }))],
  'who could reach them is not told': ['residency', ofMove((move) => Object.assign(move, { access: [] }))],
  'another entry decides it': ['residency', ofMove((move) => Object.assign(move.decidedBy[0] as object, { index: 0 }))],
  'overdue is called kept': ['promises', ofPromise((promise) => Object.assign(promise, { state: 'kept' }))],
  'a promise is left out': [
    'promises',
    (body, name) => void (name === 'promises' && (body.promises as Body[]).shift()),
  ],
  'a promise was for another day': ['promises', ofPromise((promise) => Object.assign(promise, { due: after(90) }))],
  'how late it is': ['promises', ofPromise((promise) => void delete promise.secondsLate)],
  'a phase of a promise is left out': ['promises', ofPromise((promise) => void (promise.phases as Body[]).pop())],
};

for (const [name, [rule, lie]] of [...Object.entries(LIES), ...Object.entries(MOVE_LIES)]) {
  test(`a lie is found: ${name}`, async () => {
    const world = rule === 'residency' || rule === 'promises' ? moving() : eventful();
    const { found } = await sample(world, { lie, rounds: 40, now: after(50) });
    assert.ok(found.length > 0, 'it was asked about');
    assert.equal([...new Set(found.map((one) => `${one.kind}/${one.rule}`))], [`index-mismatch/${rule}`]);
    const { differences, question } = (found[0] as Finding).detail as { differences: Body[]; question: string };
    assert.ok(differences.length > 0 && question.startsWith('http://log/v1/'));
  });
}

test('a lookup that is not there, fails, or answers what is no answer is no finding', async () => {
  const world = eventful();
  for (const [status, body, says] of [
    [404, '', undefined],
    [503, '', 'it answers 503'],
    [400, '', undefined],
    [200, '<html>', 'the answer is not JSON'],
    [200, '{"size":-1}', 'the answer names no size that it holds for'],
    [200, 'null', 'the answer names no size that it holds for'],
  ] as const) {
    const failed: string[] = [];
    const sampler = new Sampler({
      origin: '',
      url: '',
      ask: async () => ({ status, body: utf8(body) }),
      clock: () => new Date(0),
      pick: (below) => below - 1,
      tell: () => assert.unreachable(`${status} ${body}`),
      failed: (_, why) => failed.push(why),
    });
    const { chronicle } = ledgerOf(world);
    const size = world.entries.length;
    const entry = async (index: number) => world.entries[index] as Entry;
    await sampler.sample({ size, chronicle, entry }, 0);
    assert.equal(failed, says === undefined ? [] : [says]);
    await sampler.sample({ size, chronicle, entry: () => Promise.reject(new NoCopy([])) }, 0);
  }
});

test.run();
