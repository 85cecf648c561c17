import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { toHex } from '../../src/core/bytes.ts';
import { kidOf } from '../../src/core/signature.ts';
import { alertOf, CLEAN, exitCodeOf, type Finding, MATCHED, MISBEHAVED, UNVERIFIED } from '../../src/monitor/alert.ts';
import { ALERT_KINDS } from '../../src/monitor/memory.ts';
import { Replay } from '../../src/monitor/replay.ts';
import { ENTRY_RULES } from '../../src/monitor/rules/all.ts';
import { loosened } from '../../src/monitor/rules/governance.ts';
import { unreviewed, WAITING } from '../../src/monitor/rules/reviews.ts';
import type { Bounds } from '../../src/monitor/rules/seen.ts';
import { overdue, silent } from '../../src/monitor/rules/time.ts';
import { readWatch } from '../../src/monitor/watch.ts';
import type { Json } from '../../src/registry/json.ts';
import { faults } from '../check.ts';
import * as w from '../registry/world.ts';

// The rules that VOCABULARY.md leaves to monitors, over logs made of real statements.

type Judged = { findings: Finding[]; facts: Map<string, string> };

/** Puts every entry of a log before every rule. */
async function judge(world: w.World, watch: Json = {}, bounds: Bounds = { now: w.after(9999) }): Promise<Judged> {
  const findings: Finding[] = [];
  const facts = new Map<string, string>();
  const entries = world.entries.map(({ statement }) => statement.entry);
  const list = readWatch(watch);
  const memory = {
    get: (name: string) => facts.get(name),
    set: (name: string, value: string) => void facts.set(name, value),
  };
  const replay = new Replay(
    (index) => entries[index] as Uint8Array,
    () => {},
    (entry, view, changes) => {
      for (const rule of ENTRY_RULES) findings.push(...rule({ entry, view, changes, watch: list, bounds, memory }));
    },
  );
  assert.equal(await replay.take(0, entries), []);
  return { findings, facts };
}

const rules = ({ findings }: Judged): string[] => findings.map(({ rule, index }) => `${rule} ${index}`);
const build = (more: object) => w.say('bld', 'acme', 'build', { ...w.BUILD, ...more });
const digest = (fill: number) => ({ sha256: new Uint8Array(32).fill(fill) });
const file = (fill: number, name = 'kdb.cab') => ({ name, digests: digest(fill), size: 1 });

/** Facts as the store tells them: those that are not over. */
const open = (facts: ReadonlyMap<string, string>, prefix: string) =>
  new Map([...facts].filter(([name, value]) => name.startsWith(prefix) && value !== ''));

test('an ordinary log: nothing is told', async () => {
  const world = w.processing().add(build({}), w.phase('announced'), w.phase('started'));
  assert.equal(rules(await judge(world)), []);
});

test('one version with two digests, beside a model that compares all pairs', async () => {
  const one = fc.record({
    version: fc.integer({ min: 1, max: 3 }),
    name: fc.constantFrom('a', 'b'),
    fill: fc.integer({ min: 1, max: 2 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(one, { maxLength: 8 }), async (builds) => {
      const world = w.building();
      const first = world.entries.length;
      for (const [i, { version, name, fill }] of builds.entries()) {
        world.add(build({ version: String(version), artifacts: [file(fill, name)], note: `build ${i}` }));
      }
      // Told of each build that has another digest than the first of its version and name.
      const expected = builds.flatMap((later, i) => {
        const earlier = builds.find(({ version, name }) => version === later.version && name === later.name);
        return earlier?.fill === later.fill ? [] : [`two-digests ${first + i}`];
      });
      assert.equal(rules(await judge(world)), expected);
    }),
    { numRuns: 40 },
  );
});

test('a site outside the promised jurisdiction, for all products or for some', async () => {
  const world = w
    .processing()
    .add(build({}), build({ site: 'mow-1', version: '2' }), build({ site: 'mow-1', product: 'b' }));
  const last = world.last;
  const promise = (more: object) => ({ jurisdictions: [{ organisation: 'acme', countries: ['CH'], ...more }] });
  assert.equal(rules(await judge(world, promise({}))), [`jurisdiction ${last - 1}`, `jurisdiction ${last}`]);
  assert.equal(rules(await judge(world, promise({ products: ['b'] }))), [`jurisdiction ${last}`]);
  assert.equal(rules(await judge(world, promise({ organisation: 'other' }))), []);
  assert.equal(rules(await judge(world, promise({ countries: ['CH', 'RU'] }))), []);
});

test('the watch list matches by each of its lists, and by the country of a site', async () => {
  const world = w.processing().add(build({}), build({ site: 'mow-1', version: '2' }), w.phase('announced'));
  const [zrh, mow, moved] = [world.last - 2, world.last - 1, world.last];
  const kid = toHex(kidOf(w.key('bld').key));
  const matches = async (watch: Json) =>
    rules(await judge(world, watch))
      .filter((rule) => rule.startsWith('watch-list'))
      .map((rule) => Number(rule.split(' ')[1]));
  assert.equal(await matches({ products: ['kdb'] }), [zrh, mow]);
  assert.equal(await matches({ sites: ['acme/mow-1'] }), [world.last - 3, mow, moved]);
  assert.equal(await matches({ countries: ['RU'] }), [world.last - 3, mow, moved]);
  assert.equal(await matches({ countries: ['FR'] }), [moved]);
  assert.equal(await matches({ processes: ['acme/samples'] }), [world.last - 4, moved]);
  assert.equal(await matches({ builders: [w.BUILD.builder] }), [zrh, mow]);
  assert.ok((await matches({ keys: [kid] })).includes(mow));
  assert.equal(await matches({ organisations: ['exam'] }), []);
});

test('keys nobody expected: enrolled or used; events of keys that are watched', async () => {
  const world = w.building().add(build({}));
  const kids = ['acme1', 'ops', 'bld'].map((name) => toHex(kidOf(w.key(name).key)));
  const expecting = (keys: string[]) => ({ expectedKeys: [{ organisation: 'acme', keys }] });
  assert.equal(rules(await judge(world, expecting(kids))), []);
  const strange = await judge(world, expecting(kids.slice(0, 2)));
  assert.ok(strange.findings.every(({ detail }) => detail?.kid === kids[2]));
  assert.is(strange.findings.at(-1)?.index, world.last, 'the build that it signed');
  const events = (await judge(world, { keys: [kids[2] as string] })).findings.filter(
    ({ rule }) => rule === 'watched-key',
  );
  assert.equal(
    events.map(({ detail }) => detail?.state),
    ['enrolled', 'active'],
  );
});

test('a build that its vendor does not know', async () => {
  const world = w.building().add(build({}), build({ version: '2', artifacts: [file(1), file(2, 'b')] }));
  const known = (...fills: number[]) => ({
    knownBuilds: [{ organisation: 'acme', sha256: fills.map((fill) => toHex(digest(fill).sha256)) }],
  });
  assert.equal(rules(await judge(world, known(1, 2))), []);
  assert.equal(rules(await judge(world, known(1))), [`unknown-build ${world.last}`]);
  assert.equal(rules(await judge(world, known())).length, 2);
});

test('a policy that was loosened is told with each reason; one that was tightened is not', () => {
  const before = w.policyOf(w.ORGANISATIONS, { witnesses: ['a', 'b'], witnessQuorum: 2 });
  const change = (more: object) => loosened(before, { ...before, ...more });
  assert.equal(change({}), []);
  assert.equal(change({ supervisorNoticeDays: 31, witnessQuorum: 3 }), []);
  assert.is(change({ supervisorNoticeDays: 29 }).length, 1);
  assert.is(change({ witnessQuorum: 1 }).length, 1);
  assert.is(change({ witnesses: ['a', 'c'] }).length, 1);
  assert.is(change({ kinds: before.kinds.filter((kind) => kind !== 'review') }).length, 1);
  assert.is(change({ organisations: before.organisations.filter(({ id }) => id !== 'exam') }).length, 1);
  assert.is(
    change({ organisations: before.organisations.filter(({ id }) => id !== 'acme') }).length,
    0,
    'a vendor may leave',
  );
  const rooted = before.organisations.map((one) => ({ ...one, rootKeys: [w.publicBytes('new')] }));
  assert.is(change({ organisations: rooted }).length, 1, 'of the supervisor alone');
});

test('a clock that lies: five minutes before or beyond what was witnessed, at each boundary', async () => {
  const at = w.after(3);
  const world = w.building().clock(at);
  const told = async (bounds: Partial<Bounds>) =>
    rules(await judge(world, {}, { now: w.after(9999), ...bounds })).filter((rule) => rule === `clock ${world.last}`)
      .length;
  assert.is(await told({ after: w.after(3, 300) }), 0);
  assert.is(await told({ after: w.after(3, 301) }), 1);
  assert.is(await told({ before: w.after(3, -300) }), 0);
  assert.is(await told({ before: w.after(3, -301) }), 1);
  assert.is(await told({ now: w.after(3, -301) }), 1, "the monitor's own clock");
});

test('a late report: 72 hours after it took effect, by the clock of the log or of witnesses', async () => {
  const late = async (days: number, seconds: number, bounds: Partial<Bounds> = {}) => {
    const world = w
      .processing()
      .clock(w.after(days, seconds))
      .add(w.phase('started', { effectiveAt: w.after(10) }));
    return rules(await judge(world, {}, { now: w.after(9999), ...bounds })).includes(`late-report ${world.last}`);
  };
  assert.is(await late(13, 0), false);
  assert.is(await late(13, 1), true);
  assert.is(await late(11, 0, { after: w.after(13, 1) }), true);
});

test('promises are overdue once their day has passed, until they are completed or taken back', async () => {
  const world = w.processing().add(w.phase('announced'));
  const { facts } = await judge(world);
  const promises = () => open(facts, 'promise/');
  assert.equal(overdue(promises(), '2018-12-31T00:00:00Z'), []);
  assert.equal(
    overdue(promises(), '2018-12-31T00:00:01Z').map(({ index }) => index),
    [world.last],
  );
  world.add(w.phase('cancelled'));
  const closed = await judge(world);
  assert.equal(overdue(open(closed.facts, 'promise/'), '2030-01-01T00:00:00Z'), []);
});

test('a promise that is completed is kept, however late anyone looks', async () => {
  const world = w.processing();
  for (const name of ['announced', 'started', 'cutover', 'completed']) world.add(w.phase(name));
  const { facts } = await judge(world);
  assert.equal(overdue(open(facts, 'promise/'), '2030-01-01T00:00:00Z'), []);
});

test('a policy that asks for less than the one before is told where it takes effect, one that asks for more is not', async () => {
  const tighter = w.policyOf(w.ORGANISATIONS, { version: 2, supervisorNoticeDays: 31 });
  const world = w.building().add(w.say('op1', 'op', 'policy', tighter));
  assert.equal(rules(await judge(world)), []);
  const looser = { ...w.ORGANISATIONS, acme: { role: 'vendor', roots: ['acme1', 'acme2'], threshold: 2 } } as const;
  world.add(w.say('op1', 'op', 'policy', w.policyOf(looser, { version: 3, supervisorNoticeDays: 31 })));
  world.add(world.approve('acme1', 'acme', world.last));
  const back = w.policyOf(w.ORGANISATIONS, { version: 4, supervisorNoticeDays: 31 });
  world.add(w.say('op1', 'op', 'policy', back));
  const proposed = world.last;
  world.add(world.approve('acme1', 'acme', proposed));
  assert.equal(rules(await judge(world)), [], 'it is proposed, and not yet in force');
  world.add(world.approve('acme2', 'acme', proposed));
  assert.equal(rules(await judge(world)), [`policy-loosened ${world.last}`]);
});

const GIT = { gitCommit: new Uint8Array(20).fill(7) };
const source = (digests: object = GIT) => ({ source: [{ uri: 'git+https://acme.example/kdb', digests }] });
const reviewOf = (more: object) =>
  w.say('sup', 'exam', 'review', { centre: 'acme/zrh-1', depth: 'd', outcome: 'o', ...more } as never);

test('a build from source nobody reviewed: once its days are over, and not if somebody did', async () => {
  const watch = { reviewed: [{ organisation: 'acme', days: 2 }] };
  const told = async (world: w.World, now: string, list: Json = watch) => {
    const { facts } = await judge(world, list);
    const { findings, facts: decided } = unreviewed(open(facts, WAITING), (name) => facts.get(name), now);
    assert.ok([...decided.values()].every((value) => value === ''));
    return findings.map(({ rule, index }) => `${rule} ${index}`);
  };
  const world = w.supervised().add(build(source()));
  const first = world.last;
  assert.equal(await told(world, w.after(2)), []);
  assert.equal(await told(world, w.after(2, 1)), [`unreviewed ${first}`]);
  assert.equal(await told(world, w.after(9), { reviewed: [{ organisation: 'other' }] }), []);
  assert.equal(await told(world, w.after(9), { reviewed: [{ organisation: 'acme', products: ['x'] }] }), []);
  assert.equal(await told(world, w.after(0, 1), { reviewed: [...watch.reviewed, { organisation: 'acme' }] }), [
    `unreviewed ${first}`,
  ]);
  world.add(reviewOf(source({ gitCommit: new Uint8Array(20).fill(8) })));
  assert.equal((await told(world, w.after(9))).length, 1, 'other source was reviewed');
  world.add(reviewOf(source()));
  assert.equal(await told(world, w.after(9)), [], 'the source was reviewed, after it was built');
  world.add(build({ ...source(), version: '2' }));
  assert.equal(await told(world, w.after(9)), [], 'and before');
  const two = [...source().source, ...source({ gitCommit: new Uint8Array(20).fill(9) }).source];
  world.add(build({ source: two, version: '3' }), build({ version: '4' }));
  assert.equal(await told(world, w.after(9)), [`unreviewed ${world.last - 1}`, `unreviewed ${world.last}`]);
  const refs = [world.ref(world.last), world.ref(world.last - 1)];
  world.add(reviewOf({ refs }));
  assert.equal(await told(world, w.after(9)), [], 'the builds themselves were reviewed');
});

test('a build or an attestation that is logged twice is a warning', async () => {
  const world = w.supervised().add(build({}), build({ version: '2' }));
  assert.equal(rules(await judge(world)), []);
  const confirmed = { claim: 'rebuilt-identically', verdict: 'confirm', refs: [world.ref(world.last)] } as const;
  world.add(build({}), w.say('sup', 'exam', 'attestation', confirmed));
  const first = world.last - 1;
  world.add(w.say('sup', 'exam', 'attestation', confirmed));
  assert.equal(rules(await judge(world)), [`repeat ${first}`, `repeat ${world.last}`]);
});

test('silence is told once for each last build, and of a stream that never began', async () => {
  const watch = {
    streams: [
      { organisation: 'acme', product: 'kdb', hours: 2 },
      { organisation: 'acme', product: 'other', hours: 2 },
    ],
  };
  const { facts } = await judge(w.building().add(build({})), watch);
  const told = (now: string) => silent(readWatch(watch), facts, now).map(({ subject }) => subject);
  assert.equal(told(w.after(0, 7200)), ['acme other never']);
  assert.equal(told(w.after(0, 7201)).length, 2);
  assert.equal(told(w.after(1)), told(w.after(2)), 'the same silence has one name');
});

test('a watch list with a field that nobody knows, or a wrong one, is refused by its path', () => {
  assert.match(faults('bad-request', () => readWatch({ product: ['x'] })).message, 'product');
  assert.match(faults('bad-request', () => readWatch({ countries: ['CH', 'Europe'] })).message, 'countries[1]');
  assert.match(faults('bad-request', () => readWatch({ keys: ['ab'] })).message, 'keys[0]');
});

test('ids are the same for the same thing and differ for another; codes count what is open', () => {
  const finding = { kind: 'match', rule: 'r', subject: 's', summary: 'x' } as const;
  const id = alertOf('a', 'now', finding).id;
  assert.is(alertOf('a', 'later', { ...finding, summary: 'y' }).id, id);
  for (const other of [{ rule: 'q' }, { subject: 't' }, { kind: 'stale' as const }]) {
    assert.is.not(alertOf('a', 'now', { ...finding, ...other }).id, id);
  }
  assert.is.not(alertOf('b', 'now', finding).id, id);
  assert.is(exitCodeOf([], false), CLEAN);
  assert.is(exitCodeOf([{ kind: 'stale' }, { kind: 'health' }], false), CLEAN, 'it was so in another round');
  assert.is(exitCodeOf([{ kind: 'match' }], false), MATCHED);
  assert.is(exitCodeOf([{ kind: 'match' }], true), UNVERIFIED);
  assert.is(
    exitCodeOf(
      ALERT_KINDS.map((kind) => ({ kind })),
      true,
    ),
    MISBEHAVED,
  );
});

test.run();
