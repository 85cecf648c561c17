import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Ref } from '../../src/registry/common.ts';
import type { Payload } from '../../src/registry/kinds.ts';
import { judgeRows } from './rows.ts';
import {
  BUILD,
  enrol,
  keyEvent,
  ORGANISATIONS,
  phase,
  policyOf,
  REBUILDER,
  SITE,
  say,
  supervised,
  type World,
} from './world.ts';

type Attestation = Payload<'attestation'>;

/** A build, the start of a relocation, and those who look at them. Builds and attestations go without audience. */
const watched = () => supervised().add(phase('started'), say('bld', 'acme', 'build', BUILD, { aud: undefined }));
const buildOf = (w: World) => w.ref(w.entries.findIndex(({ statement }) => statement.sub === 'pkg:generic/kdb@1'));
const moveOf = (w: World) => w.ref(w.entries.findIndex(({ statement }) => statement.sub === 'relocation:samples-eu'));

function attest(refs: Ref[], more: Partial<Attestation> = {}, by = 'sup', iss = 'exam', header = {}) {
  const payload = { claim: 'relocation-verified', verdict: 'confirm', refs, ...more } as const;
  return say(by, iss, 'attestation', payload, { aud: undefined, ...header });
}
const rebuilt = (refs: Ref[], more: Partial<Attestation> = {}) =>
  attest(refs, { claim: 'rebuilt-identically', ...more }, 'reb', 'redo');

/** What was attested last is attested. */
const attested = () => {
  const world = watched();
  return world.add(attest([moveOf(world)]));
};
const lastOf = (w: World) => w.ref(w.last);
const withdraw = (refs: Ref[], more: Partial<Attestation> = {}, by = 'sup', iss = 'exam') =>
  attest(refs, { verdict: 'withdraw', ...more }, by, iss);

/** exam agrees to be a supervisor no more; its key is as it was. */
function supervisorNoMore(): World {
  const world = watched();
  const organisations = { ...ORGANISATIONS, redo: REBUILDER, exam: { ...ORGANISATIONS.exam, role: 'vendor' } };
  world.add(say('op1', 'op', 'policy', policyOf(organisations, { version: 3 })));
  return world.add(world.approve('exam1', 'exam', world.last));
}

/** exam has a key for rebuilds beside the one for supervision, and has attested with that one. */
function twoKeys(): World {
  const world = attested();
  return world.add(enrol('exam1', 'exam', 'ereb', 'rebuild'), keyEvent('exam1', 'exam', 'ereb', 'activate'));
}
const firstAttestation = (w: World) =>
  w.ref(w.entries.findIndex(({ statement }) => statement.contentType.includes('attestation')));

/** The vendor has enrolled a key for supervision. */
const ownSupervisor = () =>
  watched().add(enrol('acme1', 'acme', 'asup', 'supervision'), keyEvent('acme1', 'acme', 'asup', 'activate'));

const period = (from: string, to: string) => ({ period: { from, to } });

judgeRows([
  [
    'subject',
    'not the first of refs',
    watched,
    (w) => attest([moveOf(w), buildOf(w)], {}, 'sup', 'exam', { sub: `entry:${buildOf(w).index}` }),
    (w) => attest([moveOf(w), buildOf(w)], {}, 'sup', 'exam', { sub: `entry:${moveOf(w).index}` }),
  ],
  [
    'audience',
    'another log',
    watched,
    (w) => attest([moveOf(w)], {}, 'sup', 'exam', { aud: 'log.example/other' }),
    (w) => attest([moveOf(w)], {}, 'sup', 'exam', { aud: 'log.example/acme' }),
  ],
  [
    'reference',
    'with another leaf hash',
    watched,
    (w) => attest([{ index: moveOf(w).index, leafHash: buildOf(w).leafHash }]),
    (w) => attest([moveOf(w)]),
  ],
  [
    'key-purpose',
    'an operations key',
    watched,
    (w) => attest([moveOf(w)], {}, 'ops', 'acme'),
    (w) => attest([moveOf(w)]),
  ],
  ['key-purpose', 'a root key', watched, (w) => attest([moveOf(w)], {}, 'exam1'), (w) => attest([moveOf(w)])],
  [
    'key-purpose',
    'a rebuild key that claims something else',
    watched,
    (w) => rebuilt([buildOf(w)], { claim: 'build-equals-source' }),
    (w) => rebuilt([buildOf(w)]),
  ],
  [
    'key-state',
    'a suspended key',
    () => watched().add(keyEvent('exam1', 'exam', 'sup', 'suspend')),
    (w) => attest([moveOf(w)]),
    (w) => rebuilt([buildOf(w)]),
  ],
  [
    'supervisor',
    'a vendor that supervises itself',
    ownSupervisor,
    (w) => attest([moveOf(w)], {}, 'asup', 'acme'),
    (w) => attest([moveOf(w)]),
  ],
  [
    'supervisor',
    'one that is none any more',
    supervisorNoMore,
    (w) => attest([moveOf(w)]),
    (w) => rebuilt([buildOf(w)]),
  ],
  [
    'period',
    'that ends before it begins',
    watched,
    (w) => attest([moveOf(w)], period('2018-11-13T00:00:01Z', '2018-11-13T00:00:00Z')),
    (w) => attest([moveOf(w)], period('2018-11-13T00:00:00Z', '2018-11-13T00:00:00Z')),
  ],
  ['withdraw', 'what is no attestation', attested, (w) => withdraw([moveOf(w)]), (w) => withdraw([lastOf(w)])],
  [
    'withdraw',
    'an own attestation and another entry',
    attested,
    (w) => withdraw([lastOf(w), moveOf(w)]),
    (w) => withdraw([lastOf(w)]),
  ],
  [
    'withdraw',
    'an attestation of another',
    () => {
      const world = watched();
      return world.add(rebuilt([buildOf(world)]));
    },
    (w) => withdraw([lastOf(w)], { claim: 'rebuilt-identically' }),
    (w) => withdraw([lastOf(w)], { claim: 'rebuilt-identically' }, 'reb', 'redo'),
  ],
  [
    'withdraw',
    'another claim',
    attested,
    (w) => withdraw([lastOf(w)], { claim: 'control-effective' }),
    (w) => withdraw([lastOf(w)]),
  ],
  [
    'withdraw',
    'with a key for rebuilds what supervision found',
    twoKeys,
    (w) => withdraw([firstAttestation(w)], { claim: 'rebuilt-identically' }, 'ereb'),
    (w) => withdraw([firstAttestation(w)]),
  ],
  [
    'withdraw',
    'a withdrawal',
    () => {
      const world = attested();
      return world.add(withdraw([lastOf(world)]));
    },
    (w) => withdraw([lastOf(w)]),
    (w) => attest([moveOf(w)], { note: 'after all' }),
  ],
]);

test('attestations speak about entries of anyone, in any state, and change nothing', () => {
  const world = watched().add(say('ops', 'acme', 'site', { ...SITE, event: 'retire' }));
  world.add(keyEvent('acme1', 'acme', 'bld', 'revoke'));
  for (const verdict of ['confirm', 'confirm-with-exceptions', 'cannot-confirm', 'contradict'] as const) {
    const every = world.entries.map((_, index) => world.ref(index));
    assert.equal(world.judge(attest(every, { verdict })), []);
  }
});

test('a supervision key may say that a build was rebuilt identically too', () => {
  const world = watched();
  assert.equal(world.judge(attest([buildOf(world)], { claim: 'rebuilt-identically' })), []);
});

test.run();
