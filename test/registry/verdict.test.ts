import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { toHex } from '../../src/core/bytes.ts';
import { Fault } from '../../src/core/fault.ts';
import { admit } from '../../src/registry/admit.ts';
import { keysOf } from '../../src/registry/keyhistory.ts';
import { kindOf } from '../../src/registry/names.ts';
import { readPayload } from '../../src/registry/payload.ts';
import { citedBy, verdictOf } from '../../src/registry/verdict.ts';
import { State, type Table } from '../../src/registry/view.ts';
import { act, buildAt, digestOf, FILES, KEYS, nameOfDigest, play } from './histories.ts';
import { isFolded, ledgerOf } from './ledger.ts';
import {
  after,
  BUILD,
  building,
  key,
  keyEvent,
  ORGANISATIONS,
  policyOf,
  say,
  supervised,
  type World,
} from './world.ts';

// What the log says about a file, in every case that there is; then random histories beside a model that folds each
// prefix of the log anew and scans it for every question.

const DIGEST = `sha256:${'01'.repeat(32)}`;
const build = (more: object = {}, by = 'bld') => say(by, 'acme', 'build', { ...BUILD, ...more });
const verdict = (world: World, digest = DIGEST) => verdictOf(ledgerOf(world), digest);
const says = (list: readonly { says: string }[], pattern: RegExp) => list.some((one) => pattern.test(one.says));

test('valid: the key was active, and what shows it is proven', () => {
  const world = building().add(build());
  const { verdict: name, builds, proven, asserted, size } = verdict(world);
  assert.is(name, 'valid');
  assert.is(size, world.entries.length);
  const [only] = builds;
  assert.is(only?.index, world.last);
  assert.is(only?.keyId, 'acme/bld');
  assert.equal(only?.names, ['kdb.cab']);
  assert.equal(only?.site, { site: 'acme/zrh-1', country: 'CH', declaredBy: 6 });
  assert.equal(only?.madeBy, [4, 5], 'enrolled, activated');
  assert.ok(proven.every(({ entries }) => entries.length > 0));
  assert.ok(says(asserted, /no compromise/) && says(asserted, /no event but those shown/));
  assert.ok(asserted.every((one) => one.size === size));
});

test('unlogged: nothing is proven, and the absence holds for a size', () => {
  const world = building().add(build());
  const { verdict: name, builds, proven, asserted } = verdict(world, `sha256:${'02'.repeat(32)}`);
  assert.is(name, 'unlogged');
  assert.equal([builds, proven], [[], []]);
  assert.is(asserted.length, 1);
  assert.is(asserted[0]?.size, world.entries.length);
});

test('tainted: a later compromise reaches back to the build, and not to the one before', () => {
  const world = building().add(build());
  const first = world.last;
  world.add(build({ version: '2', artifacts: [{ name: 'x', digests: { sha256: digestOf(1) } }] }));
  world.add(keyEvent('acme1', 'acme', 'bld', 'compromise', { since: first + 1 }));
  assert.is(verdict(world).verdict, 'valid');
  const { verdict: name, builds, proven } = verdict(world, nameOfDigest(1));
  assert.is(name, 'tainted');
  assert.equal(builds[0]?.compromise, { index: world.last, by: [world.last], since: first + 1 });
  assert.ok(says(proven, /in other hands since/));
  // It reaches further back when more is known, and never less.
  world.add(keyEvent('acme1', 'acme', 'bld', 'compromise', { since: first, note: 'earlier' }));
  assert.is(verdict(world).verdict, 'tainted');
});

test('a key that reports itself taints nothing that came before', () => {
  const world = building()
    .add(build())
    .add(keyEvent('bld', 'acme', 'bld', 'compromise'));
  assert.is(verdict(world).verdict, 'valid');
});

test('refused: a build after the compromise is the fault of the log, also if a later event repeats since', () => {
  const world = building().add(keyEvent('acme1', 'acme', 'bld', 'compromise', { since: 5 }));
  world.entries.push(world.entryOf(build()));
  world.add(keyEvent('acme1', 'acme', 'bld', 'destroy'));
  const { verdict: name, builds } = verdict(world);
  assert.is(name, 'refused');
  assert.match(builds[0]?.why ?? '', /should not have admitted it: key-state/);
  assert.is(builds[0]?.stateNow, 'destroyed');
});

test('refused: a signature that does not verify, a key that nobody knows', () => {
  const world = building();
  const good = build();
  const bad = { ...good, signature: key('bld').sign(new Uint8Array(3)) };
  world.entries.push(world.entryOf(bad));
  assert.match(verdict(world).builds[0]?.why ?? '', /signature/);
  const other = building();
  other.entries.push(other.entryOf(build({}, 'nobody')));
  assert.match(verdict(other).builds[0]?.why ?? '', /key-unknown/);
});

test('the best build of a file counts, and the bad one is shown', () => {
  const world = building().add(build());
  world.add(keyEvent('acme1', 'acme', 'bld', 'suspend'));
  world.entries.push(world.entryOf(build({ version: 'stolen' })));
  const { verdict: name, builds } = verdict(world);
  assert.is(name, 'valid');
  assert.equal(
    builds.map((one) => one.verdict),
    ['valid', 'refused'],
  );
});

test('withdrawn, contradicted, corrected, replaced, reviewed: nothing of it is left out', () => {
  const source = [{ uri: 'git+https://acme.example/kdb', digests: { gitCommit: new Uint8Array(20).fill(7) } }];
  const world = supervised().add(build({ source }));
  const ref = world.ref(world.last);
  const attest = (v: 'confirm' | 'contradict', by = 'sup', iss = 'exam') =>
    say(by, iss, 'attestation', { claim: 'rebuilt-identically', verdict: v, refs: [ref] });
  world.add(attest('confirm', 'reb', 'redo'), attest('contradict'));
  const [confirm, contradict] = [world.last - 1, world.last];
  world.add(say('bld', 'acme', 'withdrawal', { ref, reason: 'defect' }));
  world.add(say('ops', 'acme', 'correction', { ref, what: 'w', knownSince: after(0), cause: 'c' }));
  world.add(build({ version: '2', artifacts: [{ name: 'x', digests: { sha256: digestOf(1) } }], replaces: ref }));
  world.add(say('sup', 'exam', 'review', { centre: 'acme/zrh-1', depth: 'd', outcome: 'o', source }));
  const [withdrawal, correction, replacement, review] = [-3, -2, -1, 0].map((back) => world.last + back);
  const { withdrawn, contradicted, corrections, builds, asserted } = verdict(world);
  assert.ok(withdrawn && contradicted);
  assert.equal(corrections, [{ wrong: ref.index, correction }]);
  const [only] = builds;
  assert.equal(
    [only?.withdrawals, only?.replacedBy, only?.source[0]?.reviews],
    [[withdrawal], [replacement], [review]],
  );
  assert.equal(
    only?.attested.attestations.map(({ index }) => index),
    [contradict, confirm],
    'contradictions first',
  );
  assert.not.ok(says(asserted, /no entry withdraws|no attestation contradicts/));
  // A contradiction that was taken back is still shown.
  world.add(
    say('sup', 'exam', 'attestation', {
      claim: 'rebuilt-identically',
      verdict: 'withdraw',
      refs: [world.ref(contradict)],
    }),
  );
  const again = verdict(world);
  assert.is(again.contradicted, false);
  assert.is(again.builds[0]?.attested.attestations[0]?.withdrawnBy, world.last);
});

test('of one issuer alone, and from an index on', () => {
  const world = building().add(build());
  assert.is(verdictOf(ledgerOf(world), DIGEST, { issuer: 'exam' }).verdict, 'unlogged');
  assert.is(verdictOf(ledgerOf(world), DIGEST, { after: world.last }).verdict, 'unlogged');
  assert.is(verdictOf(ledgerOf(world), DIGEST, { after: world.last - 1, issuer: 'acme' }).verdict, 'valid');
});

// ---- random histories ----

/** The state after the governance entries below an index, as a log itself would fold it. */
function stateAt({ entries, lookup }: World, index: number): State {
  const state = new State();
  for (const entry of entries.slice(0, index)) if (isFolded(entry)) state.merge(admit(state, entry, lookup));
  return state;
}

/** `since` of each key after each entry. */
function sinces(world: World): Map<string, number | undefined>[] {
  const state = new State();
  return world.entries.map((entry) => {
    if (isFolded(entry)) state.merge(admit(state, entry, world.lookup));
    return new Map([...state.rows('key')].map(([kid, row]) => [kid, row.since]));
  });
}

function slowVerdict(
  world: World,
  index: number,
  told: readonly Map<string, number | undefined>[],
): 'valid' | 'tainted' | 'refused' {
  const entry = world.entries[index] as World['entries'][number];
  const kid = toHex(entry.statement.kid);
  let since = told[index]?.get(kid);
  for (let later = index + 1; later < world.entries.length; later++) {
    const now = told[later]?.get(kid);
    if (now !== since && now !== undefined && now <= index) return 'tainted';
    since = now;
  }
  try {
    admit(stateAt(world, index), entry, world.lookup);
    return 'valid';
  } catch (error) {
    if (error instanceof Fault) return 'refused';
    throw error;
  }
}

/** What all entries of a kind that speak of an entry are, found by reading every one. */
function slowAbout(
  world: World,
  kind: 'withdrawal' | 'correction' | 'attestation' | 'review',
  index: number,
): number[] {
  return world.entries.flatMap(({ index: own, statement }) => {
    if (kindOf(statement.contentType) !== kind) return [];
    const value = readPayload(kind, statement.payload).value as {
      readonly ref?: { readonly index: number };
      readonly refs?: readonly { readonly index: number }[];
    };
    const refs = value.refs ?? (value.ref ? [value.ref] : []);
    return refs.some((ref) => ref.index === index) ? [own] : [];
  });
}

test('random histories: the same verdicts as a fold of every prefix, and all that is said about a build', () => {
  const tally: Record<string, number> = {};
  fc.assert(
    fc.property(fc.array(act, { minLength: 5, maxLength: 45 }), (acts) => {
      const world = play(acts);
      const [ledger, told] = [ledgerOf(world), sinces(world)];
      for (let file = 0; file < FILES; file++) {
        const slow = world.entries.filter(({ index }) =>
          buildAt(world, index)?.artifacts.some(({ digests }) => digests.sha256?.[0] === file + 1),
        );
        const found = verdictOf(ledger, nameOfDigest(file));
        assert.equal(
          found.builds.map(({ index }) => index),
          slow.map(({ index }) => index),
        );
        for (const one of found.builds) {
          const expected = slowVerdict(world, one.index, told);
          assert.is(one.verdict, expected, `entry ${one.index}: ${one.why}`);
          tally[expected] = (tally[expected] ?? 0) + 1;
          assert.equal(one.withdrawals, slowAbout(world, 'withdrawal', one.index));
          assert.equal(one.reviews, slowAbout(world, 'review', one.index));
          assert.equal(
            one.attested.attestations.map(({ index }) => index).sort((a, b) => a - b),
            slowAbout(world, 'attestation', one.index),
          );
        }
        // What the answer rests on may have been wrong as well: an attestation, or the build that replaces this one.
        const decisive = new Set(found.builds.flatMap(citedBy));
        const wrong = [...new Set([...decisive].flatMap((index) => slowAbout(world, 'correction', index)))];
        assert.equal(
          [...new Set(found.corrections.map(({ correction }) => correction))].sort((a, b) => a - b),
          wrong.sort((a, b) => a - b),
        );
        if (slow.length === 0) tally.unlogged = (tally.unlogged ?? 0) + 1;
      }
    }),
    { numRuns: 200 },
  );
  for (const name of ['valid', 'tainted', 'refused', 'unlogged'])
    assert.ok((tally[name] ?? 0) >= 5, JSON.stringify(tally));
});

test('random histories: the past of the registry is what a fold of each prefix gives, and keys tell it', () => {
  const tables: Table[] = [
    'policy',
    'heartbeat',
    'organisation',
    'knownKey',
    'key',
    'keyId',
    'site',
    'proposal',
    'seen',
  ];
  fc.assert(
    fc.property(fc.array(act, { maxLength: 30 }), fc.nat(50), (acts, at) => {
      const world = play(acts);
      const index = at % (world.entries.length + 1);
      const [ledger, slow] = [ledgerOf(world), stateAt(world, index)];
      const view = ledger.chronicle.at(index);
      for (const table of tables) {
        for (const [id, row] of world.state.rows(table)) {
          assert.equal(view.get(table, id), slow.get(table, id), `${table} ${id} at ${index} of ${row}`);
        }
      }
      for (const told of keysOf(ledger, {}, 0, 100, index)) {
        assert.is(told.state, slow.get('key', told.kid)?.state ?? 'unknown');
        const last = told.history.filter((step) => step.index < index).at(-1);
        assert.is(last?.state ?? 'unknown', told.state);
        assert.ok(told.history.every(({ by, index: own }) => by.at(-1) === own));
      }
      assert.ok(KEYS.length <= world.entries.length);
    }),
    { numRuns: 60 },
  );
});

test('a compromise that waits for a further root is told, decides nothing, and is gone once it is approved', () => {
  const two = { role: 'vendor', roots: ['acme1', 'acme2'], threshold: 2 } as const;
  const world = building().add(say('op1', 'op', 'policy', policyOf({ ...ORGANISATIONS, acme: two }, { version: 2 })));
  world.add(world.approve('acme1', 'acme', world.last)).add(build());
  const at = world.last;
  world.add(keyEvent('acme1', 'acme', 'bld', 'compromise', { since: at + 1 }));
  assert.equal(verdict(world).builds[0]?.reportsProposed, [], 'it does not reach back to the build');
  world.add(keyEvent('acme1', 'acme', 'bld', 'compromise', { since: at }));
  const proposed = world.last;
  const told = verdict(world);
  assert.equal([told.verdict, told.builds[0]?.reportsProposed], ['valid', [proposed]]);
  assert.ok(told.proven.some(({ says: words, entries }) => /is proposed/.test(words) && entries[0] === proposed));
  world.add(world.approve('acme2', 'acme', proposed));
  const later = verdict(world);
  assert.equal([later.verdict, later.builds[0]?.reportsProposed], ['tainted', []]);
});

test('a key whose owner suspends and resumes it for ever: the last events are told, and how many were left out', () => {
  const world = building();
  for (let n = 0; n < 130; n++)
    world.add(keyEvent('acme1', 'acme', 'bld', n % 2 ? 'resume' : 'suspend', { note: `${n}` }));
  const [told] = keysOf(ledgerOf(world), { keyId: 'acme/bld' }, 0, 1);
  assert.equal([told?.history.length, told?.eventsLeftOut, told?.state], [128, 4, 'active']);
  assert.is(told?.history.at(-1)?.index, world.last);
  const [other] = keysOf(ledgerOf(world), { keyId: 'acme/ops' }, 0, 1);
  assert.equal([other?.history.length, other?.eventsLeftOut], [2, undefined]);
});

test.run();
