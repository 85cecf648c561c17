/** A log with a history, for pages to show: keys, sites, a stream of rules, relocations, audits with a hole, a compromise. */
import { createHash } from 'node:crypto';
import { utf8 } from '../../src/core/bytes.ts';
import { parseCheckpoint } from '../../src/core/checkpoint.ts';
import { signedMessage, toNoteSignature } from '../../src/core/cosignature.ts';
import { COSIGNATURE_ED25519, formatNote, formatVkey, parseNote, vkeyOf } from '../../src/core/note.ts';
import type { Policy } from '../../src/registry/kinds/policy.ts';
import type { Payload } from '../../src/registry/kinds.ts';
import { after, begun, enrol, key, keyEvent, policyOf, REBUILDER, say, World } from '../registry/world.ts';

const ROLES = {
  op: { role: 'operator', roots: ['op1'], threshold: 1 },
  acme: { role: 'vendor', roots: ['acme1', 'acme2', 'acme3'], threshold: 2 },
  exam: { role: 'supervisor', roots: ['exam1'], threshold: 1 },
  redo: REBUILDER,
} as const;
const NAMES: Record<string, string> = {
  op: 'Limmat Registry',
  acme: 'Acme Security',
  exam: 'Examplaris Audit',
  redo: 'Rebuild Lab',
};

const WITNESSES = ['witness.example/aare', 'witness.example/reuss', 'witness.example/rhone'].map((name) => ({
  signer: key(name),
  vkey: vkeyOf(name, COSIGNATURE_ED25519, key(name).key),
}));

/** From this size on the third witness sleeps. */
const ASLEEP = 170;

/** Those of the three witnesses that are awake cosign a note at a time in seconds. */
export function cosignedBy(note: Uint8Array, time: number): Uint8Array {
  const { text, signatures } = parseNote(note);
  const awake = WITNESSES.slice(0, parseCheckpoint(text).size < ASLEEP ? 3 : 2);
  const more = awake.map(({ signer, vkey }) =>
    toNoteSignature(vkey, signer.sign(signedMessage(vkey, text, time)), time),
  );
  return utf8(formatNote({ text, signatures: [...signatures, ...more] }));
}

/** The bytes of the file that a build of the stream lists. */
export const rulesFile = (n: number): Uint8Array => utf8(`detection rules, number ${n}\n`);
export const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest());

const RULES = 72;
/** The last rules before the key fell into other hands. */
export const LAST_GOOD = 44;
const EUROPE = ['AT', 'BE', 'CH', 'DE', 'FR', 'IT', 'NL', 'PL', 'SE'];
const EVIDENCE = {
  mediaType: 'application/pdf',
  digest: { alg: 'sha256' as const, value: new Uint8Array(32).fill(7) },
  salted: true,
};

/** Tells the story; each heartbeat moves its clock. */
export function tellStory(): World {
  const policy = policyOf(ROLES);
  const organisations: Policy['organisations'] = policy.organisations.map((one) => ({
    ...one,
    name: NAMES[one.id] ?? one.id,
  }));
  const world = begun(ROLES, {
    organisations,
    witnesses: WITNESSES.map(({ vkey }) => formatVkey(vkey)),
    witnessQuorum: 2,
  });
  const ceremony = (statement: Parameters<World['add']>[0]) => {
    world.add(statement);
    world.add(world.approve('acme2', 'acme', world.last));
  };
  const found = (more: Partial<Payload<'attestation'>> & Pick<Payload<'attestation'>, 'claim' | 'verdict' | 'refs'>) =>
    world.add(say('sup', 'exam', 'attestation', more as Payload<'attestation'>));
  const activate = (owner: 'acme' | 'exam' | 'redo', name: string, purpose: Parameters<typeof enrol>[3]) => {
    const [root] = ROLES[owner].roots;
    if (owner === 'acme') {
      ceremony(enrol(root, owner, name, purpose, { protection: 'HSM, FIPS 140-2 level 3' } as object));
      ceremony(keyEvent(root, owner, name, 'activate'));
    } else world.add(enrol(root, owner, name, purpose), keyEvent(root, owner, name, 'activate'));
  };

  activate('acme', 'ops-1', 'operations');
  activate('acme', 'rules-moscow', 'build');
  activate('exam', 'sup', 'supervision');
  activate('redo', 'reb', 'rebuild');
  const site = (siteId: string, country: string, operator: string, more: object = {}) =>
    world.add(say('ops-1', 'acme', 'site', { event: 'declare', siteId, country, operator, ...more }));
  site('mow-1', 'RU', 'Acme Security');
  site('zrh-1', 'CH', 'Limmatquai Colocation AG', { locode: 'CHZRH' });
  site('mad-1', 'ES', 'Acme Security Iberia');
  for (const [processId, title, dataCategories] of [
    ['samples', 'Analysis of suspicious files', ['file-sample', 'file-metadata']],
    ['statistics', 'Threat statistics', ['detection-statistics']],
  ] as const) {
    world.add(
      say('ops-1', 'acme', 'process', { event: 'declare', processId, title, dataCategories: [...dataCategories] }),
    );
  }

  world.clock(after(11, 3600 * 8));
  const access = (before: string, later: string) => ({
    before: [{ country: 'RU', class: before }],
    after: [
      { country: 'CH', class: 'routine' },
      { country: 'RU', class: later },
    ],
  });
  const move = (relocationId: string, phase: string, day: number, more: object = {}) =>
    world.add(
      say('ops-1', 'acme', 'relocation', {
        relocationId,
        phase,
        process: 'samples',
        dataCategories: ['file-sample'],
        subjectCountries: EUROPE,
        from: ['mow-1'],
        to: ['zrh-1'],
        effectiveAt: after(day),
        ...more,
      } as unknown as Payload<'relocation'>),
    );
  const firstPromise = world.last + 1;
  move('samples-eu', 'announced', 11, { due: after(180), accessFrom: access('routine', 'break-glass') });
  world.clock(after(12, 3600 * 9));
  move('samples-eu', 'started', 12);
  world.clock(after(60, 3600));
  move('samples-eu', 'partial', 59, { percent: 40 });
  activate('acme', 'rules-zurich', 'build');
  ceremony(keyEvent('acme1', 'acme', 'rules-moscow', 'supersede', { successor: 'rules-zurich' }));
  found({
    claim: 'ceremony-witnessed',
    verdict: 'confirm',
    refs: [world.ref(world.last)],
    method: 'present at the ceremony',
  });

  const rules = (n: number, by: string, at: string, more: object = {}) =>
    world.add(
      say(
        by,
        'acme',
        'build',
        {
          product: 'detection-rules',
          version: `2019.${String(1 + Math.floor(n / 24)).padStart(2, '0')}.${String(n % 24).padStart(2, '0')}`,
          artifactKind: 'detection-rules',
          artifacts: [{ name: `rules-${n}.cab`, digests: { sha256: sha256(rulesFile(n)) }, size: rulesFile(n).length }],
          builder: 'https://acme.example/builders/zrh',
          site: 'zrh-1',
          channel: 'stable',
          finishedOn: at,
          source: [{ uri: 'git+https://code.acme.example/rules', digests: { gitCommit: new Uint8Array(20).fill(n) } }],
          ...(n % 24 === 0
            ? {}
            : { deltaOf: { digests: { sha256: sha256(rulesFile(n - 1)) }, name: `rules-${n - 1}.cab` } }),
          ...more,
        },
        { aud: undefined, sub: `pkg:generic/acme/detection-rules@${n}` },
      ),
    );
  let sinceFall = 0;
  for (let n = 0; n < RULES; n++) {
    const [day, second] = [75 + Math.floor(n / 3) * 4, (n % 3) * 7200];
    world.clock(after(day, second));
    if (n === LAST_GOOD + 1) sinceFall = world.last + 1;
    rules(n, 'rules-zurich', after(day, second + 560));
    if (n === 12) move('samples-eu', 'cutover', day - 3);
    if (n === 20) {
      world.add(
        say('sup', 'exam', 'review', {
          centre: 'acme/zrh-1',
          depth: 'rules and their build scripts',
          outcome: 'nothing that sends data elsewhere',
          source: [{ uri: 'git+https://code.acme.example/rules', digests: { gitCommit: new Uint8Array(20).fill(20) } }],
          days: 5,
          findings: 2,
          reviewerKind: 'two auditors',
        }),
      );
      world.add(
        say('reb', 'redo', 'attestation', {
          claim: 'rebuilt-identically',
          verdict: 'confirm',
          refs: [world.ref(world.last - 1)],
          method: 'built on other machines',
        }),
      );
    }
    if (n === 30) {
      move('samples-eu', 'completed', day - 1);
      found({
        claim: 'relocation-verified',
        verdict: 'confirm-with-exceptions',
        refs: [world.ref(world.last)],
        method: 'sampled 40 of 1200 disks',
        exceptions: ['backups of two weeks were still at the old site'],
        period: { from: after(60), to: after(day) },
        standard: 'ISAE 3000',
      });
    }
  }
  ceremony(
    keyEvent('acme1', 'acme', 'rules-zurich', 'compromise', {
      since: sinceFall,
      reason: 'a copy of the key was found on another machine',
    }),
  );
  activate('acme', 'rules-zurich-2', 'build');
  ceremony(
    keyEvent('acme1', 'acme', 'rules-moscow', 'destroy', { method: 'shredded before witnesses', evidence: EVIDENCE }),
  );

  world.clock(after(430, 600));
  const bad = [...world.entries].findLast(({ statement }) => statement.sub.endsWith(`@${RULES - 1}`))?.index as number;
  world.add(
    say('rules-zurich-2', 'acme', 'withdrawal', { ref: world.ref(bad), reason: 'key', safeVersion: '2019.04.00' }),
  );
  const american = { relocationId: 'samples-na', subjectCountries: ['CA', 'MX', 'US'] };
  move('samples-na', 'announced', 430, { ...american, due: after(730), accessFrom: access('routine', 'none') });
  world.clock(after(560, 7200));
  move('samples-na', 'started', 559, american);
  move('statistics-eu', 'announced', 560, {
    process: 'statistics',
    dataCategories: ['detection-statistics'],
    due: after(900),
  });
  for (const [from, to, verdict, told] of [
    [200, 400, 'confirm', 565],
    [401, 560, 'confirm', 590],
    [700, 880, 'confirm-with-exceptions', 900],
  ] as const) {
    world.clock(after(told, 4000));
    found({
      claim: 'control-effective',
      verdict,
      refs: [world.ref(firstPromise)],
      period: { from: after(from), to: after(to) },
      standard: 'SOC 2 Type II',
      ...(verdict === 'confirm' ? {} : { exceptions: ['access logs of nine days are missing'] }),
    });
  }
  world.clock(after(1000, 5000));
  move('samples-na', 'cutover', 990, american);
  found({
    claim: 'relocation-verified',
    verdict: 'contradict',
    refs: [world.ref(world.last)],
    method: 'traffic of three customers was seen to reach mow-1',
  });
  world.add(
    say('ops-1', 'acme', 'correction', {
      ref: world.ref(firstPromise),
      what: 'file metadata stayed in Moscow until day 190',
      knownSince: after(800),
      cause: 'a queue that nobody had listed',
    }),
  );
  world.add(
    say('ops-1', 'acme', 'disclosure', {
      period: { from: after(365), to: after(730) },
      country: 'CH',
      received: 9,
      rejected: 7,
    }),
  );
  world.clock(after(1400, 100));
  rules(96, 'rules-zurich-2', after(1400), {
    version: '2019.04.00',
    artifactKind: 'software',
    product: 'endpoint',
    deltaOf: undefined,
  });
  return world;
}

/** The same log without one of its last entries. */
export function forkOf({ entries }: World): World {
  const world = new World();
  const gone = entries.findLastIndex(({ statement }) => statement.contentType.includes('disclosure'));
  world.entries.push(...entries.filter((_, i) => i !== gone).map((entry, index) => ({ ...entry, index })));
  return world;
}
