import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { SignedStatement } from '../../src/core/cose.ts';
import { after, attempt, begun, enrol, keyEvent, policyOf, say, subjectOfKey, type World } from './world.ts';

// Random ceremonies of three organisations whose thresholds are 2 and 3 for the most part, beside a model that keeps
// each signature and counts anew. Policies change roots and thresholds of several at once, so that several have to agree.

const ORGS = ['op', 'acme', 'exam'] as const;
type Org = (typeof ORGS)[number];
const ROLES = { op: 'operator', acme: 'vendor', exam: 'supervisor' } as const;
const [DAY, LAPSE] = [86_400, 30 * 86_400];

type Share = { roots: string[]; threshold: number };
type Shares = Record<Org, Share>;
type KeyAct = { event: 'enroll' | 'activate' | 'retire'; key: number };
type Act =
  | { do: 'clock'; seconds: number }
  | { do: 'key'; org: Org; root: number; what: KeyAct }
  | { do: 'policy'; root: number; change: Partial<Shares>; stale: boolean }
  | { do: 'approve'; who: number; root: number; back: number };

// The fourth is a root key of nobody at first.
const root = fc.oneof({ weight: 9, arbitrary: fc.nat(2) }, { weight: 1, arbitrary: fc.constant(3) });
const shareOf = (name: Org): fc.Arbitrary<Share> =>
  fc.tuple(fc.uniqueArray(root, { minLength: 2, maxLength: 4 }), fc.integer({ min: 1, max: 3 })).map(([roots, n]) => ({
    roots: roots.map((i) => `${name}${i}`),
    threshold: Math.min(n, roots.length),
  }));
/** New roots or thresholds of some; mostly not of the operator, since that ends all that it has proposed. */
const change = fc
  .tuple(fc.nat(7), shareOf('op'), shareOf('acme'), shareOf('exam'))
  .map(([which, op, acme, exam]): Partial<Shares> => {
    if (which < 3) return {};
    if (which < 5) return { acme };
    return which === 5 ? { acme, exam } : which === 6 ? { op } : { op, acme };
  });

const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('clock' as const),
      seconds: fc.constantFrom(1, DAY, DAY, DAY, 14 * DAY, 30 * DAY),
    }),
  },
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant('key' as const),
      org: fc.constantFrom<Org>('acme', 'acme', 'acme', 'exam', 'op'),
      root,
      what: fc.record({ event: fc.constantFrom<KeyAct['event']>('enroll', 'activate', 'retire'), key: fc.nat(1) }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('policy' as const),
      root,
      change,
      stale: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
    }),
  },
  { weight: 40, arbitrary: fc.record({ do: fc.constant('approve' as const), who: fc.nat(11), root, back: fc.nat(2) }) },
);

type Proposal = {
  own: number;
  now: number;
  org: Org;
  of: { key: KeyAct } | { shares: Shares; version: number };
  needs: Org[];
  signers: string[];
  done: boolean;
};

class Model {
  now = 0;
  /** The index of the next entry. */
  next = 2;
  readonly proposals: Proposal[] = [];
  /** Every policy that took effect, and where. */
  readonly policies: { at: number; shares: Shares }[];
  /** Every key event that took effect. */
  readonly keys: { org: Org; what: KeyAct }[] = [];

  constructor(first: Shares) {
    this.policies = [{ at: 0, shares: first }];
  }

  get shares(): Shares {
    return (this.policies.at(-1) as { shares: Shares }).shares;
  }

  state(key: number): string | undefined {
    const events = this.keys.filter(({ what }) => what.key === key).map(({ what }) => what.event);
    return { enroll: 'enrolled', activate: 'active', retire: 'retired', none: undefined }[events.at(-1) ?? 'none'];
  }

  legal(org: Org, { event, key }: KeyAct): boolean {
    const state = this.state(key);
    // A public key is used once in a log, whoever enrolls it.
    if (event === 'enroll') return state === undefined;
    if (this.keys.find(({ what }) => what.key === key)?.org !== org) return false;
    return event === 'activate' ? state === 'enrolled' : state === 'enrolled' || state === 'active';
  }

  isLegal({ org, of }: Pick<Proposal, 'org' | 'of'>): boolean {
    return 'key' in of ? this.legal(org, of.key) : of.version === this.policies.length + 1;
  }

  /** Whether roots or threshold of an organisation have changed since an entry. */
  changedSince(org: Org, own: number): boolean {
    return this.policies.some(({ at, shares }, i) => {
      const before = this.policies[i - 1]?.shares ?? shares;
      return at > own && differs(before[org], shares[org]);
    });
  }

  agreed(org: Org, signers: readonly string[]): number {
    return signers.filter((name) => this.shares[org].roots.includes(name)).length;
  }

  isComplete({ needs, signers }: Proposal): boolean {
    return needs.every((org) => this.agreed(org, signers) >= this.shares[org].threshold);
  }

  propose(org: Org, name: string, of: Proposal['of']): boolean {
    if (!this.shares[org].roots.includes(name) || !this.isLegal({ org, of })) return false;
    const touched = (other: Org) => 'shares' in of && differs(this.shares[other], of.shares[other]);
    const needs = ORGS.filter((other) => other === org || touched(other));
    const proposal = { own: this.next, now: this.now, org, of, needs, signers: [name], done: false };
    if (this.isComplete(proposal)) this.happen(proposal);
    else this.proposals.push(proposal);
    return true;
  }

  approve(org: Org, name: string, proposal: Proposal): boolean {
    const { own, now, needs, signers, done } = proposal;
    if (!this.shares[org].roots.includes(name) || !needs.includes(org) || signers.includes(name)) return false;
    if (done || this.now > now + LAPSE || this.changedSince(proposal.org, own)) return false;
    if (this.agreed(org, signers) >= this.shares[org].threshold) return false;
    const next = { ...proposal, signers: [...signers, name] };
    if (this.isComplete(next)) {
      if (!this.isLegal(proposal)) return false;
      this.happen(proposal);
    }
    signers.push(name);
    return true;
  }

  happen(proposal: Proposal): void {
    const { org, of } = proposal;
    if ('key' in of) this.keys.push({ org, what: of.key });
    else this.policies.push({ at: this.next, shares: of.shares });
    proposal.done = true;
  }
}

function differs(a: Share, b: Share): boolean {
  return a.threshold !== b.threshold || [...a.roots].sort().join() !== [...b.roots].sort().join();
}

const policyFields = (shares: Shares) =>
  Object.fromEntries(ORGS.map((name) => [name, { role: ROLES[name], ...shares[name] }]));

/** What an act says, and whether the model admits it; nothing if there is nothing to say it about. */
function perform(act: Act, world: World, model: Model): [SignedStatement, boolean] | undefined {
  // No two statements of a run are the same.
  const note = `${model.next}`;
  switch (act.do) {
    case 'clock':
      model.now += act.seconds;
      return [say('log', 'op', 'heartbeat', { at: after(0, model.now) }), true];
    case 'key': {
      const [by, name] = [`${act.org}${act.root}`, `k${act.what.key}`];
      const isNew = act.what.event === 'enroll';
      const statement = isNew
        ? enrol(by, act.org, name, 'build', { note })
        : keyEvent(by, act.org, name, act.what.event, { note });
      return [statement, model.propose(act.org, by, { key: act.what })];
    }
    case 'policy': {
      const shares = { ...model.shares, ...act.change };
      const version = model.policies.length + (act.stale ? 2 : 1);
      const payload = policyOf(policyFields(shares), { version, note });
      const by = `op${act.root}`;
      return [say(by, 'op', 'policy', payload), model.propose('op', by, { shares, version })];
    }
    case 'approve': {
      const proposal = model.proposals.at(-1 - act.back);
      if (proposal === undefined) return undefined;
      // Mostly one that is asked.
      const asked = act.who < 9 ? proposal.needs : ORGS;
      const org = asked[act.who % asked.length] as Org;
      const by = `${org}${act.root}`;
      const statement = say(by, org, 'approval', { ref: world.ref(proposal.own), note });
      return [statement, model.approve(org, by, proposal)];
    }
  }
}

const tally = new Map<string, number>();
const count = (name: string) => tally.set(name, (tally.get(name) ?? 0) + 1);

test('random ceremonies: as the model says', () => {
  const ceremonies = fc.array(act, { minLength: 25, maxLength: 90, size: 'max' });
  const thresholds = fc.tuple(fc.constantFrom(2, 3), fc.constantFrom(2, 3), fc.constantFrom(1, 2, 3));
  fc.assert(
    fc.property(thresholds, ceremonies, (given, acts) => {
      const first = Object.fromEntries(
        ORGS.map((name, i) => [name, { roots: [0, 1, 2].map((n) => `${name}${n}`), threshold: given[i] as number }]),
      ) as Shares;
      const [world, model] = [begun(policyFields(first) as never), new Model(first)];
      for (const one of acts) {
        const open = model.proposals.filter(({ done }) => !done).length;
        const next = perform(one, world, model);
        if (next === undefined) continue;
        const [statement, expected] = next;
        const refused = attempt(world, statement);
        assert.is(refused === undefined, expected, `${JSON.stringify(one)} at ${model.next}: ${refused?.message}`);
        const completed = one.do === 'approve' && model.proposals.filter(({ done }) => !done).length < open;
        count(`${one.do}: ${refused?.rule ?? (completed ? 'completed' : 'admitted')}`);
        if (refused === undefined) model.next++;
        compare(world, model);
      }
    }),
    { numRuns: 300 },
  );
});

function compare({ state }: World, model: Model): void {
  assert.is(state.get('policy', '')?.policy.version, model.policies.length);
  for (const name of ORGS) assert.is(state.get('organisation', name)?.threshold, model.shares[name].threshold, name);
  for (const key of [0, 1]) {
    const record = state.get('key', subjectOfKey(`k${key}`).slice('key:'.length));
    assert.is(record?.state, model.state(key), `k${key}`);
  }
  for (const { own, signers, needs, done } of model.proposals) {
    const row = state.get('proposal', String(own));
    const kids = signers.map((name) => subjectOfKey(name).slice('key:'.length));
    assert.equal(
      [row?.signers, [...(row?.needs ?? [])].sort(), row?.done !== undefined],
      [kids, [...needs].sort(), done],
    );
    if (done && needs.length > 1) count('done: by several');
    if (done && signers.length >= 3) count('done: by three');
  }
}

test('the ceremonies were varied', () => {
  const seen = (name: string) => tally.get(name) ?? 0;
  const names = [
    'completed',
    'admitted',
    'approval',
    'proposal-void',
    'proposal-lapsed',
    'key-state',
    'policy-version',
  ];
  for (const name of [...names, 'taken', 'transition']) {
    assert.ok(seen(`approve: ${name}`) > 0, `${name}: ${JSON.stringify([...tally])}`);
  }
  assert.ok(seen('done: by several') > 5 && seen('done: by three') > 5);
});

test.run();
