import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { utf8 } from '../../src/core/bytes.ts';
import type { SignedStatement } from '../../src/core/cose.ts';
import type { Finding } from '../../src/monitor/check.ts';
import { Replay } from '../../src/monitor/replay.ts';
import { flipBit } from '../check.ts';
import * as w from '../registry/world.ts';

// Logs whose operator went around admission: a replay tells the rule and the leaf.

/** A log in which acme builds, and which has everything that a replay has to look up. */
function honest(): w.World {
  const world = w.building({ ...w.ORGANISATIONS, duo: { role: 'vendor', roots: ['duo1', 'duo2'], threshold: 2 } });
  world.add(w.say('bld', 'acme', 'build', w.BUILD));
  world.add(w.say('bld', 'acme', 'build', { ...w.BUILD, version: '2', replaces: world.ref(world.last) }));
  world.add(w.enrol('duo1', 'duo', 'duo-ops', 'operations'));
  world.add(world.approve('duo2', 'duo', world.last));
  world.clock(w.after(1));
  return world;
}

const bytesOf = (world: w.World): Uint8Array[] => world.entries.map(({ statement }) => statement.entry);

/** Replays a log in pieces of a size, as bundles come. */
async function replay(entries: readonly Uint8Array[], piece = 256): Promise<Finding[]> {
  const told = new Replay((index) => entries[index] as Uint8Array);
  const findings: Finding[] = [];
  for (let at = 0; at < entries.length; at += piece) {
    findings.push(...(await told.take(at, entries.slice(at, at + piece))));
  }
  return findings;
}

test('a log that kept its rules: nothing, whatever pieces it comes in', async () => {
  const entries = bytesOf(honest());
  for (const piece of [1, 2, 7, 256]) assert.equal(await replay(entries, piece), []);
});

test('it is told of each statement in its place, and whether it is governance', async () => {
  const world = honest();
  const told: [number, boolean][] = [];
  const entries = bytesOf(world);
  await new Replay(
    (index) => entries[index] as Uint8Array,
    ({ index }, governance) => told.push([index, governance]),
  ).take(0, entries);
  assert.equal(
    told,
    entries.map((_, index) => [index, ![7, 8].includes(index)]),
  );
});

const FORBIDDEN: [string, (world: w.World) => SignedStatement | Uint8Array, RegExp][] = [
  ['a build by a key that nobody enrolled', () => w.say('thief', 'acme', 'build', w.BUILD), /: key-unknown: /],
  ['a build by a key for something else', () => w.say('ops', 'acme', 'build', w.BUILD), /: key-purpose: /],
  ["a build by another organisation's key", () => w.say('bld', 'duo', 'build', w.BUILD), /: key-unknown: |: owner: /],
  [
    'a build at a site that nobody declared',
    () => w.say('bld', 'acme', 'build', { ...w.BUILD, site: 'mow-1' }),
    /should not have admitted this: site: /,
  ],
  [
    'a site whose audience is another log',
    () => w.say('ops', 'acme', 'site', { event: 'declare', ...w.SITE, siteId: 'b' }, { aud: 'log.example/b' }),
    /: audience: /,
  ],
  [
    'a governance statement that was there before',
    (world) => (world.entries[2] as w.World['entries'][number]).statement,
    /: repeated: the same statement is entry 2/,
  ],
  [
    'a reference with another leaf hash',
    (world) =>
      w.say('bld', 'acme', 'build', { ...w.BUILD, replaces: { ...world.ref(7), leafHash: world.ref(6).leafHash } }),
    /: reference: /,
  ],
  [
    'a reference to what does not exist',
    (world) => w.say('bld', 'acme', 'build', { ...w.BUILD, replaces: { ...world.ref(7), index: 500 } }),
    /: reference: /,
  ],
  ['a transition that is not in the table', () => w.keyEvent('acme1', 'acme', 'bld', 'resume'), /: transition: /],
  ['a heartbeat that goes back', () => w.say('log', 'op', 'heartbeat', { at: w.after(0.5) }), /: clock: /],
  ['a second first policy', () => w.say('op1', 'op', 'policy', w.policyOf(w.ORGANISATIONS)), /: policy-version: /],
  [
    'a kind that nobody knows',
    () => w.raw('bld', 'build', w.map({}), { iss: 'acme', contentType: 'text/plain' }),
    /: kind: /,
  ],
  ['bytes that are no statement', () => utf8('hello'), /should not have admitted this: /],
];

for (const [name, make, expected] of FORBIDDEN) {
  test(`told with its leaf and its rule, and what follows is judged on: ${name}`, async () => {
    const world = honest();
    const made = make(world);
    const entry = made instanceof Uint8Array ? made : made.entry;
    const after = w.say('bld', 'acme', 'build', { ...w.BUILD, version: '9' }).entry;
    const before = bytesOf(world);
    const findings = await replay([...before, entry, after]);
    assert.ok(findings.length > 0, 'nothing was found');
    for (const { place } of findings) assert.is(place, `entry ${before.length}`);
    const said = findings.map(({ message }) => message).join('\n');
    assert.match(said, expected);
  });
}

test('a signature by the right key over something else: the rules hold, the signature does not', async () => {
  const world = honest();
  const { entry } = w.say('bld', 'acme', 'build', { ...w.BUILD, version: '3' });
  const forged = flipBit(entry, 8 * (entry.length - 1));
  const index = world.entries.length;
  assert.equal(await replay([...bytesOf(world), forged]), [
    { index, place: `entry ${index}`, message: 'the signature does not verify' },
  ]);
});

test('a log that does not begin with a policy is told once: nothing after it can be judged', async () => {
  const entries = bytesOf(honest());
  for (const first of [entries[1] as Uint8Array, utf8('opaque'), flipBit(entries[0] as Uint8Array, 8 * 200)]) {
    const findings = await replay([first, ...entries.slice(1)]);
    assert.ok(findings.length >= 1);
    for (const { place } of findings) assert.is(place, 'entry 0');
  }
});

test.run();
