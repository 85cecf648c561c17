import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { SignedStatement } from '../../src/core/cose.ts';
import { after, attempt, begun, enrol, keyEvent, policyOf, SITE, say, subjectOfKey, type World } from './world.ts';

// Random lives of three keys of acme, whose roots and threshold change, watched by two supervisors, beside a model that
// keeps the history and asks it everything anew, and that knows no transition table.

const KEYS = ['k1', 'k2', 'k3'] as const;
const [MONTH, DAY] = [30 * 86_400, 86_400];
const EVENTS = [
  'enroll',
  'activate',
  'suspend',
  'resume',
  'supersede',
  'retire',
  'revoke',
  'compromise',
  'destroy',
] as const;

type What = { event: (typeof EVENTS)[number]; key: number; successor: number; overlap: number; since: number };
type Act =
  | { do: 'clock'; seconds: number }
  | { do: 'event'; root: number; what: What }
  | { do: 'approve'; who: number; back: number }
  | { do: 'supervise'; who: number; what: What }
  | { do: 'report'; key: number }
  | { do: 'sign'; key: number }
  | { do: 'policy'; roots: number; threshold: number };

const what: fc.Arbitrary<What> = fc.record({
  event: fc.constantFrom(...EVENTS, 'activate', 'activate', 'enroll'),
  key: fc.nat(2),
  successor: fc.nat(2),
  overlap: fc.integer({ min: -1, max: 20 }),
  since: fc.nat(60),
});
const seconds = fc.constantFrom(1, DAY, 5 * DAY, 16 * DAY, MONTH);
const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('clock' as const), seconds }) },
  { weight: 32, arbitrary: fc.record({ do: fc.constant('event' as const), root: fc.nat(3), what }) },
  { weight: 48, arbitrary: fc.record({ do: fc.constant('approve' as const), who: fc.nat(4), back: fc.nat(2) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('supervise' as const), who: fc.nat(1), what }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('report' as const), key: fc.nat(2) }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('sign' as const), key: fc.nat(2) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('policy' as const),
      roots: fc.integer({ min: 1, max: 4 }),
      threshold: fc.integer({ min: 1, max: 3 }),
    }),
  },
);

/** Half of the lives begin with keys that are there, so that they come further. */
const prelude: Act[] = (['enroll', 'activate'] as const).flatMap((event) =>
  KEYS.map((_, key) => ({ do: 'event', root: 0, what: { event, key, successor: 0, overlap: 0, since: 0 } })),
);

type Shares = { roots: number; threshold: number };
/** What took effect. `own` is the index of the event, `said` the clock then, `at` the index of its effect. */
type KeyEffect = { own: number; said: number; at: number; what: What; itself: boolean };
type Effect = KeyEffect | { at: number; shares: Shares };
/** A proposal; `version` is that of a policy. */
type Waiting = {
  own: number;
  now: number;
  of: { what: What } | { shares: Shares; version: number };
  signers: string[];
  done: boolean;
};

class Model {
  now = 0;
  /** The index of the next entry. */
  next = 2;
  readonly effects: Effect[] = [];
  readonly waiting: Waiting[] = [];
  readonly first: Shares;

  constructor(first: Shares) {
    this.first = first;
  }

  policy(): Shares & { since: number; version: number } {
    let found = { ...this.first, since: 0, version: 1 };
    for (const effect of this.effects) {
      if (!('shares' in effect)) continue;
      const { roots, threshold } = effect.shares;
      const same = roots === found.roots && threshold === found.threshold;
      found = { roots, threshold, since: same ? found.since : effect.at, version: found.version + 1 };
    }
    return found;
  }

  isRoot(name: string): boolean {
    return Number(name.slice(1)) < this.policy().roots;
  }

  history(key: number): KeyEffect[] {
    return this.effects.flatMap((effect) => ('what' in effect && effect.what.key === key ? [effect] : []));
  }

  /** Whether an event happened to a key, and none that undoes it after it. */
  has(key: number, event: What['event'], undone?: What['event']): boolean {
    const names = this.history(key).map((effect) => effect.what.event as string);
    return names.lastIndexOf(event) > (undone === undefined ? -1 : names.lastIndexOf(undone));
  }

  since(key: number): number {
    const own = this.history(key).filter((effect) => effect.what.event === 'compromise');
    return Math.min(...own.map((effect) => (effect.itself ? effect.own : effect.what.since)));
  }

  state(key: number): string | undefined {
    if (!this.has(key, 'enroll')) return undefined;
    if (this.has(key, 'destroy', 'compromise')) return 'destroyed';
    if (this.has(key, 'compromise')) return 'compromised';
    if (this.has(key, 'revoke')) return 'revoked';
    if (this.has(key, 'retire')) return 'retired';
    if (this.has(key, 'suspend', 'resume')) return 'suspended';
    if (this.has(key, 'supersede')) return 'superseded';
    return this.has(key, 'activate') ? 'active' : 'enrolled';
  }

  /** Whether an event may take effect now. */
  legal({ event, key, successor, since }: What, own: number, itself = false): boolean {
    const state = this.state(key);
    if (event === 'enroll') return state === undefined;
    if (state === undefined) return false;
    const alive = ['enrolled', 'active', 'suspended', 'superseded'].includes(state);
    if (event === 'activate') return state === 'enrolled';
    if (event === 'suspend') return alive && state !== 'suspended';
    if (event === 'resume') return state === 'suspended';
    if (event === 'supersede') return state === 'active' && successor !== key && this.state(successor) === 'active';
    if (event === 'retire') return alive;
    if (event === 'revoke') return alive || state === 'retired';
    if (event === 'destroy') return !['active', 'suspended', 'destroyed'].includes(state);
    if (itself) return state !== 'destroyed' && own < this.since(key);
    const enrolled = (this.history(key)[0] as KeyEffect).at;
    return enrolled <= since && since <= own && since < this.since(key);
  }

  maySign(key: number): boolean {
    const state = this.state(key);
    if (state !== 'superseded') return state === 'active';
    const { said, what } = this.history(key).findLast((effect) => effect.what.event === 'supersede') as KeyEffect;
    return what.overlap >= 0 && this.now <= said + what.overlap * DAY;
  }

  happen(what: What, itself = false, own = this.next, said = this.now): true {
    this.effects.push({ own, said, at: this.next, what, itself });
    return true;
  }

  event(root: number, what: What): boolean {
    if (!this.isRoot(`a${root}`) || !this.legal(what, this.next)) return false;
    if (this.policy().threshold === 1 || what.event === 'suspend') return this.happen(what);
    this.waiting.push({ own: this.next, now: this.now, of: { what }, signers: [`a${root}`], done: false });
    return true;
  }

  changePolicy(shares: Shares): boolean {
    const { roots, threshold, version } = this.policy();
    if (roots === shares.roots && threshold === shares.threshold) this.effects.push({ at: this.next, shares });
    else {
      const of = { shares, version: version + 1 };
      this.waiting.push({ own: this.next, now: this.now, of, signers: ['op1'], done: false });
    }
    return true;
  }

  approve(signer: string, proposal: Waiting): boolean {
    const { of, signers, own, done } = proposal;
    const { since, threshold, version } = this.policy();
    if (done || signer === 'op1' || !this.isRoot(signer) || signers.includes(signer)) return false;
    if (this.now > proposal.now + MONTH || ('what' in of && since > own)) return false;
    const agreed = [...signers, signer].filter((name) => name.startsWith('a') && this.isRoot(name));
    if (agreed.length > threshold) return false;
    if (agreed.length === threshold) {
      if ('what' in of ? !this.legal(of.what, own) : of.version !== version + 1) return false;
      if ('what' in of) this.happen(of.what, false, own, proposal.now);
      else this.effects.push({ at: this.next, shares: of.shares });
      proposal.done = true;
    }
    signers.push(signer);
    return true;
  }
}

const nameOf = (key: number) => KEYS[key] as string;
const acme = ({ roots, threshold }: Shares) => ({
  op: { role: 'operator', roots: ['op1'], threshold: 1 },
  acme: { role: 'vendor', roots: ['a0', 'a1', 'a2', 'a3'].slice(0, roots), threshold },
  exam: { role: 'supervisor', roots: ['exam1'], threshold: 1 },
});

function statementOf(by: string, iss: string, what: What, model: Model): SignedStatement {
  const name = nameOf(what.key);
  // No two statements of a run are the same.
  const note = `${model.next}`;
  if (what.event === 'enroll') return enrol(by, iss, name, 'operations', { note });
  const overlapUntil = what.overlap < 0 ? undefined : after(what.overlap, model.now);
  const more = {
    supersede: { successor: nameOf(what.successor), overlapUntil },
    compromise: { since: what.since },
  }[what.event as string];
  return keyEvent(by, iss, name, what.event, { ...more, note });
}

/** What an act says, and whether the model admits it; nothing if there is nothing to say it about. */
function perform(act: Act, world: World, model: Model): [SignedStatement, boolean] | undefined {
  switch (act.do) {
    case 'clock':
      model.now += act.seconds;
      return [say('log', 'op', 'heartbeat', { at: after(0, model.now) }), true];
    case 'event':
      return [statementOf(`a${act.root}`, 'acme', act.what, model), model.event(act.root, act.what)];
    case 'supervise': {
      const event = act.what.event === 'enroll' ? 'suspend' : act.what.event;
      const [what, iss] = [{ ...act.what, event }, act.who === 0 ? 'exam' : 'op'];
      const statement = statementOf(`${iss}1`, iss, what, model);
      return [statement, iss === 'exam' && event === 'suspend' && model.legal(what, model.next) && model.happen(what)];
    }
    case 'report': {
      const what: What = { event: 'compromise', key: act.key, successor: 0, overlap: 0, since: 0 };
      const name = nameOf(act.key);
      const statement = keyEvent(name, 'acme', name, 'compromise', { note: `${model.next}` });
      return [statement, model.legal(what, model.next, true) && model.happen(what, true)];
    }
    case 'sign': {
      const payload = { event: 'declare', ...SITE, siteId: `s${model.next}` } as const;
      return [say(nameOf(act.key), 'acme', 'site', payload), model.maySign(act.key)];
    }
    case 'policy': {
      const shares = { roots: act.roots, threshold: Math.min(act.roots, act.threshold) };
      const payload = policyOf(acme(shares), { version: model.policy().version + 1, note: `${model.next}` });
      return [say('op1', 'op', 'policy', payload), model.changePolicy(shares)];
    }
    case 'approve': {
      const proposal = model.waiting.at(-1 - act.back);
      if (proposal === undefined) return undefined;
      const by = act.who === 4 ? 'op1' : `a${act.who}`;
      const payload = { ref: world.ref(proposal.own), note: `${model.next}` };
      const statement = say(by, by === 'op1' ? 'op' : 'acme', 'approval', payload);
      return [statement, model.approve(by, proposal)];
    }
  }
}

/** How often each kind of act was admitted and refused, so that a generator that went blind is noticed. */
const tally = new Map<string, number>();

test('random lives of keys: admitted and refused as the model says, and the states are the same', () => {
  const shares = fc.record({ roots: fc.integer({ min: 3, max: 4 }), threshold: fc.integer({ min: 1, max: 3 }) });
  const lives = fc.array(act, { minLength: 20, maxLength: 80, size: 'max' });
  fc.assert(
    fc.property(shares, fc.boolean(), lives, (given, late, life) => {
      const first = late ? { ...given, threshold: 1 } : given;
      const acts: Act[] = late ? [...prelude, { do: 'policy', ...given }, ...life] : life;
      const world = begun(acme(first));
      const model = new Model(first);
      for (const one of acts) {
        const next = perform(one, world, model);
        if (next === undefined) continue;
        const [statement, expected] = next;
        const refused = attempt(world, statement);
        assert.is(refused === undefined, expected, `${JSON.stringify(one)} at ${model.next}: ${refused?.message}`);
        const name = `${one.do} ${'what' in one ? one.what.event : ''}: ${refused?.rule ?? 'admitted'}`;
        tally.set(name, (tally.get(name) ?? 0) + 1);
        if (refused === undefined) model.next++;
        for (const [i, key] of KEYS.entries()) {
          const record = world.state.get('key', subjectOfKey(key).slice('key:'.length));
          assert.is(record?.state, model.state(i), `${key} after ${JSON.stringify(one)}`);
          assert.is(record?.since ?? Number.POSITIVE_INFINITY, model.since(i), `since of ${key}`);
        }
      }
    }),
    { numRuns: 300 },
  );
});

test('the lives were varied', () => {
  const seen = (name: RegExp) => [...tally].reduce((sum, [key, n]) => sum + (name.test(key) ? n : 0), 0);
  for (const event of EVENTS) assert.ok(seen(new RegExp(`^event ${event}: admitted`)) > 5, event);
  for (const rule of ['approval', 'proposal-void', 'proposal-lapsed', 'transition', 'policy-version']) {
    assert.ok(seen(new RegExp(`^approve : ${rule}$`)) > 0, rule);
  }
  for (const name of ['approve', 'supervise', 'report', 'sign']) {
    assert.ok(seen(new RegExp(`^${name} .*: admitted`)) > 5, name);
  }
});

test.run();
