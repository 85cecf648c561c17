import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Fault } from '../../src/core/fault.ts';
import { kidOf } from '../../src/core/signature.ts';
import type { KeyRecord } from '../../src/registry/keystates.ts';
import { after, building, enrol, key, keyEvent, SITE, say, subjectOfKey, type World } from './world.ts';

// The table of VOCABULARY §3, copied from there.
const TABLE = `
| from \\ event | activate | suspend | resume | supersede | retire | revoke | compromise | destroy |
|---|---|---|---|---|---|---|---|---|
| enrolled | active | suspended | | | retired | revoked | compromised | destroyed |
| active | | suspended | | superseded | retired | revoked | compromised | |
| suspended | | | the state before | | retired | revoked | compromised | |
| superseded | | suspended | | | retired | revoked | compromised | destroyed |
| retired | | | | | | revoked | compromised | destroyed |
| revoked | | | | | | | compromised | destroyed |
| compromised | | | | | | | earlier \`since\` only | destroyed |
| destroyed | | | | | | | compromised | |
`;

const lines = TABLE.trim()
  .split('\n')
  .map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
const [[, ...events], , ...rows] = lines as [string[], string[], ...string[][]];

const EXTRA: Record<string, object> = { supersede: { successor: 'next' }, compromise: { since: 20 } };
const event = (name: string, what: string, more: object = {}) =>
  keyEvent('acme1', 'acme', name, what, { ...EXTRA[what], note: `${what} ${Math.random()}`, ...more });

const recordOf = (world: World): KeyRecord =>
  world.state.get('key', subjectOfKey('k').slice('key:'.length)) as KeyRecord;

/** The key `k` for operations, enrolled before entry 20, after some events that `next` is there for; now entry 20 is. */
function after20(...happened: string[]): World {
  const world = building();
  world.add(
    enrol('acme1', 'acme', 'next', 'operations'),
    event('next', 'activate'),
    enrol('acme1', 'acme', 'k', 'operations'),
  );
  for (const what of happened) world.add(event('k', what, what === 'compromise' ? { since: world.last } : {}));
  while (world.last < 24) world.clock(after(world.last));
  return world;
}

/** How a key gets into each state; of the last two states there is more than one sort. */
const WAYS: Record<string, readonly (readonly string[])[]> = {
  enrolled: [[], ['suspend', 'resume']],
  active: [['activate'], ['activate', 'suspend', 'resume']],
  suspended: [['activate', 'suspend']],
  superseded: [
    ['activate', 'supersede'],
    ['activate', 'supersede', 'suspend', 'resume'],
  ],
  retired: [['retire'], ['activate', 'retire'], ['activate', 'suspend', 'retire']],
  revoked: [['revoke'], ['retire', 'revoke'], ['suspend', 'revoke']],
  compromised: [['compromise'], ['revoke', 'compromise'], ['retire', 'destroy', 'compromise']],
  destroyed: [['destroy'], ['activate', 'retire', 'destroy'], ['activate', 'supersede', 'destroy']],
};

function outcome(world: World, what: string, more: object = {}): string {
  try {
    world.add(event('k', what, more));
    return recordOf(world).state;
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== 'refused') throw error;
    return error.rule as string;
  }
}

test('the table was read', () => {
  assert.equal(events, ['activate', 'suspend', 'resume', 'supersede', 'retire', 'revoke', 'compromise', 'destroy']);
  assert.is(rows.length, 8);
});

for (const [state, ...cells] of rows as [string, ...string[]][]) {
  test(`from ${state}, however it came to be so`, () => {
    for (const way of WAYS[state] ?? []) {
      assert.is(recordOf(after20(...way)).state, state, way.join());
      for (const [i, cell] of cells.entries()) {
        const what = events[i] as string;
        const expected =
          { '': 'transition', 'the state before': 'active', 'earlier `since` only': 'since' }[cell] ?? cell;
        assert.is(outcome(after20(...way), what), expected, `${[...way, what].join()}`);
      }
    }
  });
}

test('a compromised key is only ever compromised earlier', () => {
  const world = after20();
  const { enrolled } = recordOf(world);
  assert.is(outcome(world, 'compromise', { since: 20 }), 'compromised');
  assert.is(outcome(world, 'compromise', { since: 20 }), 'since');
  assert.is(outcome(world, 'compromise', { since: 19 }), 'compromised');
  assert.is(recordOf(world).since, 19);
  assert.is(outcome(world, 'compromise', { since: enrolled - 1 }), 'since');
  assert.is(outcome(world, 'compromise', { since: enrolled }), 'compromised');
});

test('resume leads back to where suspend was', () => {
  assert.is(recordOf(after20('suspend', 'resume')).state, 'enrolled');
  assert.is(recordOf(after20('activate', 'suspend', 'resume')).state, 'active');
  assert.is(recordOf(after20('activate', 'supersede', 'suspend', 'resume')).state, 'superseded');
});

test('a key may sign when it is active, and may report itself unless it is destroyed', () => {
  for (const [state, ways] of Object.entries(WAYS)) {
    for (const way of ways) {
      const name = `${state}: ${way.join()}`;
      const signs = attempt(after20(...way), (w) =>
        w.add(say('k', 'acme', 'site', { event: 'declare', ...SITE, siteId: 'x' })),
      );
      assert.is(signs, state === 'active' ? undefined : 'key-state', name);
      const reports = attempt(after20(...way), (w) => w.add(keyEvent('k', 'acme', 'k', 'compromise')));
      assert.is(reports, { compromised: 'since', destroyed: 'transition' }[state], name);
    }
  }
});

test('what a key reports of itself counts from the report', () => {
  const world = after20('activate').add(keyEvent('k', 'acme', 'k', 'compromise'));
  assert.is(recordOf(world).since, world.last);
  assert.is(recordOf(world).state, 'compromised');
});

test('a key for builds, or for anything, may report itself too', () => {
  const world = building().add(enrol('acme1', 'acme', 'k', 'rebuild'), keyEvent('k', 'acme', 'k', 'compromise'));
  assert.is(recordOf(world).state, 'compromised');
});

test('the record says what enrolment and supersession said', () => {
  const world = building().add(enrol('acme1', 'acme', 'next', 'build'), event('next', 'activate'));
  world.add(enrol('acme1', 'acme', 'k', 'build', { notAfter: after(300), site: 'zrh-1' }), event('k', 'activate'));
  const enrolled = world.last - 1;
  world.add(event('k', 'supersede', { overlapUntil: after(10) }));
  assert.equal(recordOf(world), {
    kid: Buffer.from(kidOf(key('k').key)).toString('hex'),
    organisation: 'acme',
    keyId: 'k',
    purpose: 'build',
    notAfter: after(300),
    site: 'zrh-1',
    enrolled,
    state: 'superseded',
    successor: 'next',
    overlapUntil: after(10),
  });
});

/** The rule that refuses, if one does. */
function attempt(world: World, act: (world: World) => unknown): string | undefined {
  try {
    act(world);
    return undefined;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return error.rule;
  }
}

test.run();
