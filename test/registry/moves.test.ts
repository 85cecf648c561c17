import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { SignedStatement } from '../../src/core/cose.ts';
import { attempt, begun, enrol, keyEvent, PROCESS, RELOCATION, say, type World } from './world.ts';

// Random lives of sites, processes and relocations of two organisations that use the same ids, beside a model that
// keeps all that was said and asks it everything anew. It knows what may come next, and not what may follow what.

const OWNERS = ['acme', 'op'] as const;
type Owner = (typeof OWNERS)[number];
const SITES = ['s1', 's2', 's3'] as const;
const PROCESSES = ['p1', 'p2'] as const;
const MOVES = ['r1', 'r2'] as const;

type Said =
  | { what: 'site' | 'process'; event: 'declare' | 'retire'; id: string; other: boolean }
  | { what: 'move'; id: string; phase: string; percent: number; process: string; from: string[]; to: string[] };
type Act = { owner: Owner; said: Said };

const of = (all: readonly string[]): fc.Arbitrary<string> => fc.constantFrom(...all);
const declaration = (what: 'site' | 'process', ids: readonly string[]) =>
  fc.record({
    what: fc.constant(what),
    event: fc.constantFrom<'declare' | 'retire'>('declare', 'declare', 'retire'),
    id: of(ids),
    // Says another operator, or title.
    other: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
  });

/** Where it may go from each phase, read off the page column by column. */
const NEXT: Record<string, string> = {
  '': 'announced started',
  announced: 'started cancelled',
  started: 'partial paused cutover rolled-back cancelled',
  partial: 'partial paused cutover rolled-back cancelled',
  paused: 'started rolled-back cancelled',
  cutover: 'rolled-back drained completed',
  drained: 'completed',
  'rolled-back': '',
  cancelled: '',
  completed: '',
};
const PHASES = Object.keys(NEXT).slice(1);

const few = fc.uniqueArray(of(SITES), { minLength: 1, maxLength: 2 });
const move: fc.Arbitrary<Said> = fc.record({
  what: fc.constant('move' as const),
  id: of(MOVES),
  // A digit is one of those that may come next, so that lives come to their end.
  phase: fc.oneof(
    fc.constantFrom(...PHASES, 'partial', 'partial', 'partial', 'paused'),
    fc.constantFrom('0', '1', '2', '3', '4'),
  ),
  percent: fc.integer({ min: 1, max: 4 }),
  process: fc.oneof({ weight: 5, arbitrary: fc.constant('p1') }, { weight: 1, arbitrary: of(PROCESSES) }),
  from: fc.oneof({ weight: 8, arbitrary: fc.constant<string[]>(['s1']) }, { weight: 1, arbitrary: few }),
  to: fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom<string[]>(['s2', 's3'], ['s3', 's2']) },
    { weight: 1, arbitrary: few },
  ),
});
const act: fc.Arbitrary<Act> = fc.record({
  owner: fc.constantFrom<Owner>('acme', 'acme', 'acme', 'op'),
  said: fc.oneof(
    { weight: 2, arbitrary: declaration('site', SITES) as fc.Arbitrary<Said> },
    { weight: 2, arbitrary: declaration('process', PROCESSES) as fc.Arbitrary<Said> },
    { weight: 20, arbitrary: move },
  ),
});

class Model {
  readonly acts: Act[] = [];

  own<W extends Said['what']>(owner: Owner, what: W, id: string): Extract<Said, { what: W }>[] {
    const own = this.acts.filter((one) => one.owner === owner && one.said.what === what && one.said.id === id);
    return own.map(({ said }) => said) as Extract<Said, { what: W }>[];
  }

  /** How often it was declared and retired: 0 is unknown, 1 in use, 2 retired. */
  uses(owner: Owner, what: 'site' | 'process', id: string): number {
    return this.own(owner, what, id).length;
  }

  phase(owner: Owner, id: string): string {
    return this.own(owner, 'move', id).at(-1)?.phase ?? '';
  }

  percent(owner: Owner, id: string): number {
    const all = this.own(owner, 'move', id).filter(({ phase }) => phase === 'partial');
    return Math.max(0, ...all.map(({ percent }) => percent));
  }

  legal({ owner, said }: Act): boolean {
    if (said.what !== 'move') {
      const earlier = this.own(owner, said.what, said.id);
      if (said.event === 'declare') return earlier.length === 0;
      return earlier.length === 1 && earlier[0]?.other === said.other;
    }
    const earlier = this.own(owner, 'move', said.id);
    if (!(NEXT[this.phase(owner, said.id)] as string).split(' ').includes(said.phase)) return false;
    if (said.phase === 'partial' && said.percent <= this.percent(owner, said.id)) return false;
    const about = ({ process, from, to }: typeof said) => JSON.stringify([process, [...from].sort(), [...to].sort()]);
    if (earlier.length > 0 && about(earlier[0] as typeof said) !== about(said)) return false;
    const parts = [
      { what: 'process', ids: [said.process], endsBefore: ['rolled-back', 'cancelled', 'drained', 'completed'] },
      { what: 'site', ids: said.from, endsBefore: ['cancelled', 'drained', 'completed'] },
      { what: 'site', ids: said.to, endsBefore: ['rolled-back', 'cancelled'] },
    ] as const;
    return parts.every(({ what, ids, endsBefore }) => {
      const mayBeRetired = (endsBefore as readonly string[]).includes(said.phase);
      return ids.every((id) => this.uses(owner, what, id) === 1 || (mayBeRetired && this.uses(owner, what, id) === 2));
    });
  }
}

/** The act with the phase that a digit stands for. */
function resolved(act: Act, model: Model): Act {
  const { owner, said } = act;
  if (said.what !== 'move' || !/\d/.test(said.phase)) return act;
  const next = (NEXT[model.phase(owner, said.id)] as string).split(' ').filter((phase) => phase !== '');
  return { owner, said: { ...said, phase: next[Number(said.phase) % next.length] ?? 'started' } };
}

function statementOf({ owner, said }: Act, n: number): SignedStatement {
  // No two statements of a run are the same.
  const [by, note] = [`${owner}-ops`, `${n}`];
  if (said.what !== 'move') {
    const { what, event, id, other } = said;
    const operator = other ? 'NTS' : 'Interxion';
    if (what === 'site') return say(by, owner, what, { event, siteId: id, country: 'CH', operator, note });
    const title = other ? 'Something else' : PROCESS.title;
    return say(by, owner, what, { ...PROCESS, event, processId: id, title, note });
  }
  const { id, phase, percent, process, from, to } = said;
  const more = phase === 'announced' ? { due: RELOCATION.effectiveAt } : phase === 'partial' ? { percent } : {};
  const payload = { ...RELOCATION, phase, relocationId: id, process, from, to, note, ...more };
  return say(by, owner, 'relocation', payload as never);
}

function started(): World {
  const world = begun();
  for (const owner of OWNERS) {
    const [root, name] = [`${owner}1`, `${owner}-ops`];
    world.add(enrol(root, owner, name, 'operations'), keyEvent(root, owner, name, 'activate'));
  }
  return world;
}

/** What most lives begin with, so that they come further. */
const prelude = OWNERS.flatMap((owner): Act[] => [
  ...SITES.map((id): Act => ({ owner, said: { what: 'site', event: 'declare', id, other: false } })),
  { owner, said: { what: 'process', event: 'declare', id: 'p1', other: false } },
]);

const tally = new Map<string, number>();

test('random lives of sites, processes and relocations: as the model says', () => {
  const lives = fc.tuple(fc.integer({ min: 0, max: 4 }), fc.array(act, { minLength: 20, maxLength: 70, size: 'max' }));
  fc.assert(
    fc.property(lives, ([bare, life]) => {
      const [world, model] = [started(), new Model()];
      for (const [n, given] of [...(bare === 0 ? [] : prelude), ...life].entries()) {
        const one = resolved(given, model);
        const refused = attempt(world, statementOf(one, n));
        assert.is(refused === undefined, model.legal(one), `${JSON.stringify(one)}: ${refused?.message}`);
        if (refused === undefined) model.acts.push(one);
        const { what } = one.said;
        const name = one.said.what === 'move' ? one.said.phase : one.said.event;
        const key = `${what} ${name}: ${refused?.rule ?? 'admitted'}`;
        tally.set(key, (tally.get(key) ?? 0) + 1);
        compare(world, model);
      }
    }),
    { numRuns: 300 },
  );
});

function compare({ state }: World, model: Model): void {
  for (const owner of OWNERS) {
    for (const what of ['site', 'process'] as const) {
      for (const id of what === 'site' ? SITES : PROCESSES) {
        const row = state.get(what, `${owner}/${id}`);
        const uses = row === undefined ? 0 : row.retired === undefined ? 1 : 2;
        assert.is(uses, model.uses(owner, what, id), `${what} ${owner}/${id}`);
      }
    }
    for (const id of MOVES) {
      const row = state.get('relocation', `${owner}/${id}`);
      assert.is(row?.phase ?? '', model.phase(owner, id), `${owner}/${id}`);
      assert.is(row?.percent ?? 0, model.percent(owner, id), `percent of ${owner}/${id}`);
    }
  }
}

test('the lives were varied', () => {
  const seen = (name: RegExp) => [...tally].reduce((sum, [key, n]) => sum + (name.test(key) ? n : 0), 0);
  for (const phase of PHASES) {
    assert.ok(seen(new RegExp(`^move ${phase}: admitted`)) > 2, `${phase}: ${JSON.stringify([...tally])}`);
    assert.ok(seen(new RegExp(`^move ${phase}: transition`)) > 5, phase);
  }
  for (const rule of ['scope', 'percent', 'site', 'process'])
    assert.ok(seen(new RegExp(`^move .*: ${rule}$`)) > 2, rule);
  for (const what of ['site', 'process']) {
    for (const rule of [
      'declare: admitted',
      'retire: admitted',
      'declare: taken',
      `retire: ${what}`,
      'retire: transition',
    ])
      assert.ok(seen(new RegExp(`^${what} ${rule}$`)) > 2, `${what} ${rule}`);
  }
});

test.run();
