/** Random histories of a log of builds: keys that come and go, builds of few files, and what is said about them. */
import * as fc from 'fast-check';
import { toHex } from '../../src/core/bytes.ts';
import type { SignedStatement } from '../../src/core/cose.ts';
import { Fault } from '../../src/core/fault.ts';
import type { Attestation } from '../../src/registry/kinds/attestation.ts';
import { kindOf } from '../../src/registry/names.ts';
import { readPayload } from '../../src/registry/payload.ts';
import type { Entry } from '../../src/registry/view.ts';
import {
  after,
  BUILD,
  enrol,
  keyEvent,
  ORGANISATIONS,
  policyOf,
  REBUILDER,
  say,
  subjectOfKey,
  supervised,
  type World,
} from './world.ts';

export const KEYS = ['bld', 'b2', 'b3'] as const;
export const FILES = 3;

export const digestOf = (file: number): Uint8Array => new Uint8Array(32).fill(file + 1);
export const nameOfDigest = (file: number): string => `sha256:${Buffer.from(digestOf(file)).toString('hex')}`;
const SOURCE = [{ uri: 'git+https://acme.example/kdb', digests: { gitCommit: new Uint8Array(20).fill(7) } }];

const EVENTS = ['activate', 'suspend', 'resume', 'supersede', 'retire', 'revoke', 'compromise', 'destroy'] as const;
const VERDICTS = ['confirm', 'confirm-with-exceptions', 'cannot-confirm', 'contradict', 'withdraw'] as const;

type Act =
  | { do: 'build'; key: number; file: number; forced: boolean }
  | { do: 'enrol'; key: number }
  | { do: 'event'; key: number; event: (typeof EVENTS)[number]; since: number; other: number }
  | { do: 'withdraw' | 'correct' | 'review' | 'replace' | 'breach'; back: number }
  | { do: 'attest'; back: number; verdict: (typeof VERDICTS)[number]; redo: boolean }
  | { do: 'clock' | 'report'; key: number }
  | { do: 'threshold'; threshold: number };

const key = fc.nat(KEYS.length - 1);
const back = fc.nat(12);
export const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({ do: fc.constant('build' as const), key, file: fc.nat(FILES - 1), forced: fc.boolean() }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('enrol' as const), key }) },
  {
    weight: 7,
    arbitrary: fc.record({
      do: fc.constant('event' as const),
      key,
      event: fc.constantFrom(...EVENTS, 'activate' as const, 'compromise' as const),
      since: fc.nat(12),
      other: key,
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constantFrom('withdraw', 'correct', 'review', 'replace', 'breach'), back }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('attest' as const),
      back,
      verdict: fc.constantFrom(...VERDICTS),
      redo: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('clock', 'report'), key }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('threshold' as const), threshold: fc.integer({ min: 1, max: 2 }) }),
  },
);

/** Plays a history; what the rules refuse does not happen, but for forced builds, which a bad log lets in. */
export function play(acts: readonly Act[]): World {
  const world = supervised();
  for (const [n, one] of acts.entries()) {
    for (const statement of statementsOf(world, one, n)) {
      const forced = one.do === 'build' && one.forced;
      try {
        world.add(statement);
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        if (forced) world.entries.push(world.entryOf(statement));
      }
    }
  }
  return world;
}

/** One after the other: each is made when those before it are in, or refused. */
function* statementsOf(world: World, act: Act, n: number): Generator<SignedStatement> {
  const name = KEYS['key' in act ? act.key : 0] as string;
  const note = `n${n}`;
  const target =
    'back' in act ? pick(world, act.back, act.do === 'attest' ? ['build', 'attestation'] : ['build']) : undefined;
  const ref = target === undefined ? undefined : world.ref(target);
  switch (act.do) {
    case 'build': {
      const artifacts = [{ name: `f${act.file}`, digests: { sha256: digestOf(act.file) } }];
      yield say(name, 'acme', 'build', { ...BUILD, version: note, artifacts, source: SOURCE, note });
      return;
    }
    case 'enrol':
      yield enrol('acme1', 'acme', name, 'build');
      yield agreed(world);
      yield keyEvent('acme1', 'acme', name, 'activate', { note });
      yield agreed(world);
      return;
    case 'event': {
      const more =
        act.event === 'compromise'
          ? { since: Math.max(0, world.entries.length - act.since) }
          : act.event === 'supersede'
            ? { successor: KEYS[act.other] }
            : {};
      yield keyEvent('acme1', 'acme', name, act.event, { ...more, note });
      yield agreed(world);
      return;
    }
    case 'report':
      yield keyEvent(name, 'acme', name, 'compromise', { note });
      return;
    case 'clock':
      yield say('log', 'op', 'heartbeat', { at: after(1 + n) });
      return;
    case 'threshold': {
      const acme = { role: 'vendor', roots: ['acme1', 'acme2'], threshold: act.threshold } as const;
      const version = (world.state.get('policy', '')?.policy.version ?? 0) + 1;
      yield say('op1', 'op', 'policy', policyOf({ ...ORGANISATIONS, redo: REBUILDER, acme }, { version }));
      yield world.approve('acme1', 'acme', world.last);
      yield agreed(world);
      return;
    }
    case 'breach': {
      const kid = ref && toHex((world.entries[ref.index] as Entry).statement.kid);
      const signer = KEYS.find((one) => subjectOfKey(one) === `key:${kid}`);
      if (!ref || !signer) return;
      yield keyEvent('acme1', 'acme', signer, 'compromise', { since: ref.index, note });
      yield agreed(world);
      return;
    }
    case 'withdraw':
      if (ref) yield say('bld', 'acme', 'withdrawal', { ref, reason: 'defect', note });
      return;
    case 'correct':
      if (ref) yield say('ops', 'acme', 'correction', { ref, what: 'x', knownSince: after(0), cause: 'y', note });
      return;
    case 'replace':
      if (ref) yield say('bld', 'acme', 'build', { ...BUILD, version: note, replaces: ref });
      return;
    case 'review':
      yield say('sup', 'exam', 'review', {
        centre: 'acme/zrh-1',
        depth: 'd',
        outcome: 'o',
        source: SOURCE,
        ...(ref ? { refs: [ref] } : {}),
        note,
      });
      return;
    case 'attest': {
      const { verdict } = act;
      const claim: Attestation['claim'] = 'rebuilt-identically';
      const [by, iss] = act.redo ? ['reb', 'redo'] : ['sup', 'exam'];
      if (ref) yield say(by as string, iss as string, 'attestation', { claim, verdict, refs: [ref], note });
    }
  }
}

/** The second root agrees to what was just proposed; where nothing was, that is refused. */
const agreed = (world: World) => world.approve('acme2', 'acme', world.last);

/** The `back`-th last entry of some kinds. */
function pick({ entries }: World, back: number, kinds: readonly string[]): number | undefined {
  const found = entries.filter(({ statement }) => kinds.includes(kindOf(statement.contentType) ?? ''));
  return found.at(-1 - (back % Math.max(1, found.length)))?.index;
}

/** The payload of a build of a history, if an entry is one. */
export function buildAt(world: World, index: number) {
  const { statement } = world.entries[index] as World['entries'][number];
  return kindOf(statement.contentType) === 'build' ? readPayload('build', statement.payload).value : undefined;
}
