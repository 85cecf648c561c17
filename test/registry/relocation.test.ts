import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Cbor } from '../../src/core/cbor.ts';
import { PHASES, phasesAfter } from '../../src/registry/phases.ts';
import { judgeRows, type Row } from './rows.ts';
import {
  enrol,
  keyEvent,
  MOSCOW,
  map,
  PROCESS,
  phase,
  processing,
  RELOCATION,
  raw,
  SITE,
  say,
  type World,
} from './world.ts';

const after = (...phases: string[]) => processing().add(...phases.map((name) => phase(name)));
const retireSite = (site: { siteId: string; country: string; operator: string }) =>
  say('ops', 'acme', 'site', { ...site, event: 'retire' });
const retireProcess = () => say('ops', 'acme', 'process', { ...PROCESS, event: 'retire' });
const GENEVA = { event: 'declare', siteId: 'gva-1', country: 'CH', operator: 'NTS' } as const;

function rawPhase(more: Record<string, Cbor>) {
  const fields = { phase: 'started', ...RELOCATION, ...more };
  return raw('ops', 'relocation', map(fields), { iss: 'acme', sub: 'relocation:samples-eu' });
}

/** The operator has a site and a process of its own, under other ids. */
function operatorToo(): World {
  const world = processing().add(enrol('op1', 'op', 'opops', 'operations'), keyEvent('op1', 'op', 'opops', 'activate'));
  world.add(say('opops', 'op', 'site', GENEVA));
  return world.add(say('opops', 'op', 'process', { ...PROCESS, processId: 'rules' }));
}

const access = (country: string, kind: string) => ({ country, class: kind });
const accessFrom = (...who: object[]) => phase('started', { accessFrom: { before: [], after: who } });

const scopes: Row[] = Object.entries({
  process: 'rules',
  dataCategories: ['file-sample', 'hash'],
  subjectCountries: ['CH', 'DE'],
  from: ['mow-1', 'gva-1'],
  to: ['gva-1'],
}).map(([field, value]) => [
  'scope',
  `another ${field}`,
  () =>
    processing().add(
      say('ops', 'acme', 'process', { ...PROCESS, processId: 'rules' }),
      say('ops', 'acme', 'site', GENEVA),
      phase('started'),
    ),
  () => phase('cutover', { [field]: value }),
  () => phase('started', { [field]: value, relocationId: 'samples-2' }),
]);

judgeRows([
  [
    'subject',
    'another relocation',
    processing,
    () => say('ops', 'acme', 'relocation', { phase: 'started', ...RELOCATION }, { sub: 'relocation:samples' }),
    () => phase('started'),
  ],
  ['key-purpose', 'a build key', processing, () => phase('started', {}, 'bld'), () => phase('started')],
  ['owner', 'a key of another', processing, () => phase('started', {}, 'ops', 'op'), () => phase('started')],
  [
    'reference',
    'previous, though there is none',
    processing,
    (w) => phase('started', { previous: w.ref(w.last) }),
    () => phase('started'),
  ],
  [
    'reference',
    'previous, and not the last phase',
    () => after('announced', 'started'),
    (w) => phase('cutover', { previous: w.ref(w.last - 1) }),
    (w) => phase('cutover', { previous: w.ref(w.last) }),
  ],
  [
    'percent',
    'the same',
    () => after('started', 'partial'),
    () => phase('partial', { percent: 40, note: 'again' }),
    () => phase('partial', { percent: 41 }),
  ],
  [
    'percent',
    'less, after a pause',
    () => after('started', 'partial', 'paused').add(phase('started', { note: 'again' })),
    () => phase('partial', { percent: 39 }),
    () => phase('partial', { percent: 41 }),
  ],
  ...scopes,
  ['process', 'unknown', processing, () => phase('started', { process: 'rules' }), () => phase('started')],
  ['process', 'of another', operatorToo, () => phase('started', { process: 'rules' }), () => phase('started')],
  ['site', 'to, unknown', processing, () => phase('started', { to: ['zrh-1', 'gva-1'] }), () => phase('started')],
  ['site', 'from, unknown', processing, () => phase('started', { from: ['gva-1'] }), () => phase('started')],
  ['site', 'of another', operatorToo, () => phase('started', { to: ['gva-1'] }), () => phase('started')],
  [
    'country',
    'Europe is none',
    processing,
    () => rawPhase({ subjectCountries: ['CH', 'EU'] }),
    () => rawPhase({ subjectCountries: ['CH', 'DE'] }),
  ],
  [
    'country',
    'one with two kinds of access',
    processing,
    () => accessFrom(access('CH', 'routine'), access('RU', 'none'), access('CH', 'break-glass')),
    () => accessFrom(access('CH', 'routine'), access('RU', 'none')),
  ],
  [
    'schema',
    'a country twice',
    processing,
    () => rawPhase({ subjectCountries: ['CH', 'CH'] }),
    () => rawPhase({ subjectCountries: ['CH'] }),
  ],
  ['schema', 'a promise without a date', processing, () => rawPhase({ phase: 'announced' }), () => phase('announced')],
  [
    'schema',
    'a date that is no promise',
    processing,
    () => rawPhase({ due: '2018-12-31T00:00:00Z' }),
    () => rawPhase({ phase: 'announced', due: '2018-12-31T00:00:00Z' }),
  ],
  [
    'schema',
    'part of it, and not how much',
    () => after('started'),
    () => rawPhase({ phase: 'partial' }),
    () => rawPhase({ phase: 'partial', percent: 1 }),
  ],
  [
    'schema',
    'more than all of it',
    () => after('started'),
    () => rawPhase({ phase: 'partial', percent: 101 }),
    () => rawPhase({ phase: 'partial', percent: 100 }),
  ],
]);

// The table of VOCABULARY §4, copied from there.
const TABLE = `
| phase | may follow |
|---|---|
| \`announced\` (with \`due\`) | nothing |
| \`started\` | nothing, announced, paused |
| \`partial\` (\`percent\` grows) | started, partial |
| \`paused\` | started, partial |
| \`cutover\` | started, partial |
| \`rolled-back\` | started, partial, paused, cutover |
| \`cancelled\` | announced, started, partial, paused |
| \`drained\` | cutover |
| \`completed\` | drained, cutover |
`;

/** A way to each phase. */
const WAYS: Record<string, string[]> = {
  nothing: [],
  announced: ['announced'],
  started: ['started'],
  partial: ['started', 'partial'],
  paused: ['started', 'paused'],
  cutover: ['started', 'cutover'],
  'rolled-back': ['started', 'rolled-back'],
  cancelled: ['announced', 'cancelled'],
  drained: ['started', 'cutover', 'drained'],
  completed: ['started', 'cutover', 'completed'],
};

const follows = new Map(
  [...TABLE.matchAll(/^\| `([\w-]+)`[^|]*\| (.*) \|$/gm)].map(([, name, list]) => [
    name as string,
    (list as string).split(', '),
  ]),
);

/** Every pair of phases, as the table has it. */
const pairs: Row[] = Object.entries(WAYS).flatMap(([before, way]) =>
  PHASES.filter((name) => !follows.get(name)?.includes(before)).map((name): Row => {
    const passes = [...follows].find(([, list]) => list.includes(before))?.[0];
    return [
      'transition',
      `${name} after ${before}`,
      () => after(...way),
      () => phase(name, { percent: name === 'partial' ? 90 : undefined, note: 'next' }),
      // Nothing follows the last phases of a relocation, and another relocation may begin.
      () =>
        passes === undefined
          ? phase('started', { relocationId: 'next' })
          : phase(passes, { ...percentOf(passes), note: 'next' }),
    ];
  }),
);
const percentOf = (name: string) => (name === 'partial' ? { percent: 90 } : {});
judgeRows(pairs);

test('the table of phases is the one of VOCABULARY', () => {
  assert.equal([...follows.keys()], [...PHASES]);
  for (const before of Object.keys(WAYS)) {
    const expected = PHASES.filter((name) => follows.get(name)?.includes(before));
    assert.equal(phasesAfter(before === 'nothing' ? undefined : (before as (typeof PHASES)[number])), expected, before);
    for (const name of expected)
      after(...(WAYS[before] as string[])).add(phase(name, { ...percentOf(name), note: 'next' }));
  }
});

// What has been retired, and the phases that are refused then, each after a phase that it may follow.
const BEFORE: Record<string, string[]> = {
  announced: [],
  started: [],
  partial: ['started'],
  paused: ['started'],
  cutover: ['started'],
  'rolled-back': ['started'],
  cancelled: ['started'],
  drained: ['started', 'cutover'],
  completed: ['started', 'cutover'],
};
const MOVING = ['announced', 'started', 'partial', 'paused', 'cutover'];
const RETIRED: [Row[0], string, (w: World) => World, string[]][] = [
  ['process', 'the process', (w) => w.add(retireProcess()), MOVING],
  ['site', 'the site that the data leave', (w) => w.add(retireSite(MOSCOW)), [...MOVING, 'rolled-back']],
  ['site', 'the site that the data go to', (w) => w.add(retireSite(SITE)), [...MOVING, 'drained', 'completed']],
];

judgeRows(
  RETIRED.flatMap(([rule, what, retire, refused]) =>
    refused.map((name): Row => {
      const way = BEFORE[name] as string[];
      return [
        rule,
        `${name} after ${what} was retired`,
        () => after(...way),
        (w) => retire(w) && phase(name),
        () => phase(name),
      ];
    }),
  ),
);

test('what ends a relocation can be said after what was left is retired', () => {
  for (const [, what, retire, refused] of RETIRED) {
    for (const name of PHASES.filter((one) => !refused.includes(one))) {
      retire(after(...(BEFORE[name] as string[]))).add(phase(name));
      assert.ok(true, `${name} after ${what}`);
    }
  }
});

test('the order in a list says nothing, and the record keeps what was said first', () => {
  const world = processing().add(phase('announced', { subjectCountries: ['CH', 'DE', 'FR'] }));
  world.add(phase('started', { subjectCountries: ['FR', 'CH', 'DE'], previous: world.ref(world.last) }));
  world.add(phase('partial', { percent: 7 }), phase('paused'));
  const { process, dataCategories, subjectCountries, from, to } = RELOCATION;
  assert.equal(world.state.get('relocation', 'acme/samples-eu'), {
    organisation: 'acme',
    relocationId: 'samples-eu',
    phase: 'paused',
    index: world.last,
    percent: 7,
    scope: { process, dataCategories, subjectCountries, from, to },
  });
});

test('the same relocationId of another organisation is another relocation', () => {
  const world = operatorToo().add(phase('started'));
  const own = { process: 'rules', from: ['gva-1'], to: ['gva-1'] };
  world.add(phase('announced', own, 'opops', 'op'));
  assert.is(world.state.get('relocation', 'acme/samples-eu')?.phase, 'started');
  assert.is(world.state.get('relocation', 'op/samples-eu')?.phase, 'announced');
});

test.run();
