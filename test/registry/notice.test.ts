import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Hash, utf8 } from '../../src/core/bytes.ts';
import { formatCheckpoint } from '../../src/core/checkpoint.ts';
import type { SignedStatement } from '../../src/core/cose.ts';
import { signedMessage, toNoteSignature } from '../../src/core/cosignature.ts';
import { COSIGNATURE_ED25519, formatNote, formatVkey, type NoteSignature, vkeyOf } from '../../src/core/note.ts';
import { Replay } from '../../src/monitor/replay.ts';
import type { Announcement, Policy } from '../../src/registry/kinds/policy.ts';
import { KIND_NAMES } from '../../src/registry/names.ts';
import { faults, flipBit } from '../check.ts';
import * as w from './world.ts';

// The notice rule: each way to give notice, and each way around it.

const DAY = 86_400;
const T0 = 1_540_000_000;
const WITNESSES = ['w1', 'w2', 'w3'];
const vkey = (name: string) => vkeyOf(name, COSIGNATURE_ED25519, w.key(name).key);
const witnesses = WITNESSES.map((name) => formatVkey(vkey(name)));
const WITNESSED = { witnesses, witnessQuorum: 2 };
/** Where the announcement took effect. */
const ANNOUNCED = 2;

const THREE = w.ORGANISATIONS;
const withoutExam = { op: THREE.op, acme: THREE.acme };
const examChanged = { ...THREE, exam: { ...THREE.exam, roots: ['exam2'] } };
const memberOf = (organisations: Parameters<typeof w.policyOf>[0], id: string) =>
  w.policyOf(organisations).organisations.find((one) => one.id === id) as Policy['organisations'][number];
const without = (...kinds: string[]) => KIND_NAMES.filter((kind) => !kinds.includes(kind));

type Signing = { by?: readonly string[]; at?: number; root?: Hash; origin?: string; more?: NoteSignature[] };

/** A note of the log at a size, cosigned at a time in seconds. */
function noteOf(
  world: w.World,
  size: number,
  { by = ['w1', 'w2'], at = T0, root, origin = w.ORIGIN, more = [] }: Signing = {},
) {
  const text = formatCheckpoint({ origin, size, root: root ?? (world.lookup.rootAt(size) as Hash) });
  const lines = by.map((name) =>
    toNoteSignature(vkey(name), w.key(name).sign(signedMessage(vkey(name), text, at)), at),
  );
  return utf8(formatNote({ text, signatures: [...lines, ...more] }));
}

const policy = (version: number, more: Partial<Policy> = {}, organisations: Parameters<typeof w.policyOf>[0] = THREE) =>
  w.say('op1', 'op', 'policy', w.policyOf(organisations, { version, ...WITNESSED, maxEntryBytes: 65_535, ...more }));

/** A log whose policy in force, entry 2, announces something, and which went on from there. */
function announcing(announces: Announcement[], more: Partial<Policy> = {}): w.World {
  const world = w.begun(THREE, { ...WITNESSED, maxEntryBytes: 65_535, ...more });
  world.add(policy(2, { announces, ...more }));
  return world.clock(w.after(1)).clock(w.after(40));
}

/** Notice as it should be. */
const good = (world: w.World) => [noteOf(world, 3), noteOf(world, 5, { at: T0 + 30 * DAY })];

const CHANGES: [string, Announcement, Partial<Policy>, Parameters<typeof w.policyOf>[0]?][] = [
  ['a supervisor is removed', { removes: 'exam' }, {}, withoutExam],
  ['a supervisor gets other keys', { organisation: memberOf(examChanged, 'exam') }, {}, examChanged],
  ['a kind is dropped', { dropsKinds: ['review'] }, { kinds: without('review') }],
  ['the notice becomes shorter', { supervisorNoticeDays: 7 }, { supervisorNoticeDays: 7 }],
  [
    'there are other witnesses',
    { witnesses: witnesses.slice(0, 2), witnessQuorum: 1 },
    { witnesses: witnesses.slice(0, 2), witnessQuorum: 1 },
  ],
  ['the quorum is smaller', { witnesses, witnessQuorum: 1 }, { witnessQuorum: 1 }],
  ['a vendor is removed without its consent', { removes: 'acme' }, {}, { op: THREE.op, exam: THREE.exam }],
];

for (const [what, announcement, more, organisations] of CHANGES) {
  test(`${what}: after notice, and in a replay; not before`, async () => {
    const world = announcing([announcement]);
    // Without notice, whoever it touches may agree; the removal of a supervisor always waits.
    const bySayingYes = announcement.organisation !== undefined || announcement.removes === 'acme';
    if (bySayingYes) assert.ok(world.judge(policy(3, more, organisations)).some(({ table }) => table === 'proposal'));
    else refused(world, policy(3, more, organisations));
    world.add(policy(3, { ...more, notice: good(world) }, organisations));
    assert.is(world.state.get('policy', '')?.index, world.last, 'it took effect at once');
    const entries = world.entries.map(({ statement }) => statement.entry);
    assert.equal(await new Replay((index) => entries[index] as Uint8Array).take(0, entries), []);
    const other = announcing([{ dropsKinds: ['attestation'] }]); // something else
    if (!bySayingYes) refused(other, policy(3, { ...more, notice: good(other) }, organisations));
  });
}

function refused(world: w.World, statement: SignedStatement, why = /./): void {
  const fault = faults('refused', () => world.judge(statement));
  assert.is(fault.rule, 'notice', fault.message);
  assert.match(fault.message, why);
}

const REVIEWS: Announcement = { dropsKinds: ['review'] };
const drop = (notice: Uint8Array[]) => policy(3, { kinds: without('review'), notice });
const [first, later] = [T0, T0 + 30 * DAY];

const WAYS_AROUND: [string, (world: w.World) => Uint8Array[], RegExp][] = [
  [
    'a second short of the days',
    (at) => [noteOf(at, 3), noteOf(at, 5, { at: later - 1 })],
    /0 of 2 witnesses .* 30 days apart/,
  ],
  ['the later note first', (at) => good(at).reverse(), /0 of 2/],
  ['one note twice', (at) => [noteOf(at, 3), noteOf(at, 3)], /0 of 2/],
  [
    'one cosignature where two are needed',
    (at) => [noteOf(at, 3, { by: ['w1'] }), noteOf(at, 5, { at: later })],
    /notice\[0\] has 1 of 2/,
  ],
  [
    'one of them on the later note',
    (at) => [noteOf(at, 3), noteOf(at, 5, { by: ['w3'], at: later })],
    /notice\[1\] has 1 of 2/,
  ],
  [
    'other witnesses each time',
    (at) => [noteOf(at, 3), noteOf(at, 5, { by: ['w2', 'w3'], at: later })],
    /1 of 2 witnesses cosigned both/,
  ],
  [
    'a witness that cosigned twice counts once, and by its worse time',
    (at) => [noteOf(at, 3), noteOf(at, 5, { at: later, more: lineAt(at, 5, 'w2', first + DAY) })],
    /1 of 2/,
  ],
  [
    'twice the same witness',
    (at) => [noteOf(at, 3, { by: ['w1', 'w1'] }), noteOf(at, 5, { by: ['w1', 'w1'], at: later })],
    /has 1 of 2/,
  ],
  [
    'nobody of the witnesses',
    (at) => [noteOf(at, 3, { by: ['x1', 'x2'] }), noteOf(at, 5, { at: later })],
    /no signature/,
  ],
  [
    'a note of before the announcement',
    (at) => [noteOf(at, ANNOUNCED), noteOf(at, 5, { at: later })],
    /size 2, and the announcement took effect at entry 2/,
  ],
  [
    'another tree',
    (at) => [noteOf(at, 3), noteOf(at, 5, { at: later, root: flipBit(at.lookup.rootAt(5) as Hash, 1) as Hash })],
    /another tree/,
  ],
  [
    'a tree that is yet to come',
    (at) => [noteOf(at, 3), noteOf(at, 6, { at: later, root: at.lookup.rootAt(5) as Hash })],
    /the log was smaller/,
  ],
  [
    'another log',
    (at) => [noteOf(at, 3), noteOf(at, 5, { at: later, origin: 'log.example/other' })],
    /a checkpoint of log\.example\/other/,
  ],
  [
    'a bit changed',
    (at) => [noteOf(at, 3), flipBit(noteOf(at, 5, { at: later }), 8 * (noteOf(at, 5, { at: later }).length - 20))],
    /notice\[1\]: /,
  ],
  ['no note at all', () => [utf8('seen\n'), utf8('seen\n')], /notice\[0\]: /],
];

function lineAt(world: w.World, size: number, name: string, at: number): NoteSignature[] {
  const text = formatCheckpoint({ origin: w.ORIGIN, size, root: world.lookup.rootAt(size) as Hash });
  return [toNoteSignature(vkey(name), w.key(name).sign(signedMessage(vkey(name), text, at)), at)];
}

for (const [what, notice, why] of WAYS_AROUND) {
  test(`refused: ${what}`, async () => {
    const world = announcing([REVIEWS]);
    refused(world, drop(notice(world)), why);
    world.judge(drop(good(world)));
    // What a log admitted all the same, a replay finds.
    const entries = [...world.entries.map(({ statement }) => statement), drop(notice(world))].map(({ entry }) => entry);
    const [finding] = await new Replay((index) => entries[index] as Uint8Array).take(0, entries);
    assert.equal([finding?.index, finding?.rule], [5, 'notice']);
  });
}

test('a policy in between that does not announce again takes it back; one that does begins the days anew', () => {
  const world = announcing([REVIEWS]);
  const before = good(world);
  world.add(policy(3));
  refused(world, policy(4, { kinds: without('review'), notice: before }), /announces nothing/);
  const again = announcing([REVIEWS]);
  again.add(policy(3, { announces: [REVIEWS] }));
  refused(again, policy(4, { kinds: without('review'), notice: good(again) }), /took effect at entry 5/);
});

test('nothing can be given notice of without witnesses, or by the first policy; what was announced is all that may be done', () => {
  const bare = w.begun(THREE, { maxEntryBytes: 65_535, announces: [REVIEWS] });
  const amend = w.policyOf(THREE, {
    version: 2,
    kinds: without('review'),
    maxEntryBytes: 65_535,
    notice: [noteOf(bare, 1), noteOf(bare, 2)],
  });
  refused(bare, w.say('op1', 'op', 'policy', amend), /has no witnesses/);
  refused(new w.World(), policy(1, { notice: [utf8('a'), utf8('b')] }), /first policy/);
  const world = announcing([REVIEWS]);
  const both = { kinds: without('review', 'attestation'), notice: good(world) };
  refused(world, policy(3, both), /dropping attestation/);
  refused(world, policy(3, { notice: good(world) }, withoutExam), /removing the supervisor exam/);
  const twoKeys = { ...THREE, exam: { ...THREE.exam, roots: ['exam3'] } };
  const other = announcing([{ organisation: memberOf(examChanged, 'exam') }]);
  const changes = other.judge(policy(3, { notice: good(other) }, twoKeys));
  assert.ok(
    changes.some(({ table }) => table === 'proposal'),
    'other keys than announced still need consent',
  );
});

test('no policy lowers what an entry may have, which would silence whoever signs with larger keys', () => {
  const world = w.begun(THREE, { ...WITNESSED, maxEntryBytes: 8192 });
  const next = (maxEntryBytes: number) => policy(2, { maxEntryBytes });
  const { rule, message } = faults('refused', () => world.judge(next(8191)));
  assert.is(rule, 'size');
  assert.match(message, /maxEntryBytes is 8192 and is not lowered to 8191/);
  world.add(next(8192));
  world.add(policy(3, { maxEntryBytes: 8193 }));
  assert.is(world.state.get('policy', '')?.policy.maxEntryBytes, 8193);
});

test('an announcement counts from the approval that made it take effect', () => {
  const two = { ...THREE, op: { ...THREE.op, roots: ['op1', 'op2'], threshold: 2 } };
  const world = w.begun(two, { ...WITNESSED, maxEntryBytes: 65_535 });
  world.add(policy(2, { announces: [REVIEWS] }, two)).clock(w.after(1)); // entry 2 is a proposal
  world.add(world.approve('op2', 'op', 2)).clock(w.after(40)); // entry 4 completes it
  const next = (notice: Uint8Array[]) => policy(3, { kinds: without('review'), notice }, two);
  refused(world, next([noteOf(world, 4), noteOf(world, 6, { at: later })]), /took effect at entry 4/);
  world.add(next([noteOf(world, 5), noteOf(world, 6, { at: later })]));
  world.add(world.approve('op2', 'op', world.last));
  assert.not.ok(world.state.get('policy', '')?.policy.kinds.includes('review'));
});

test.run();
