/** The overview: what this log promises, how fresh it is, who vouches for it, what was said last, what is open. @module */
import { type ComponentChildren, h, type JSX } from 'preact';
import { openCheckpoint } from '../core/cosignature.ts';
import type { PageProps } from './app.ts';
import { Growth, type Point } from './charts.ts';
import { type Entry, list, refOf, text } from './entry.ts';
import { after, type Newest, organisationsOf, type WebLog, type Witnessing } from './log.ts';
import { Ago, Card, EntryLink, Nothing, Show, Tag, Time, Timeline, Title, useLoad } from './parts.ts';
import { linkTo } from './route.ts';
import { duration, grouped, inWords } from './words.ts';

/** Entries in the timeline; readings of the clock behind the chart. */
const [LAST, READINGS] = [10, 16];

export function OverviewPage({ log, newest }: PageProps): JSX.Element {
  const size = newest.value?.checkpoint.size;
  const witnesses = useLoad(() => log.witnesses(), [log]);
  const last = useLoad(() => (size === undefined ? Promise.resolve([]) : lastEntries(log, size)), [size]);
  const growth = useLoad(() => (size === undefined ? Promise.resolve([]) : readings(log, size)), [size]);
  const alarms = useLoad(() => openAlarms(log), [size]);
  return h('div', null, [
    h(Title, { title: 'What this log promises' }, h(Show<Witnessing>, { of: witnesses, children: promise })),
    h('div', { class: 'grid' }, [
      h(
        Card,
        { title: 'Newest checkpoint' },
        h(Show<Newest>, {
          of: newest,
          children: (value) => h(Checkpoint, { log, newest: value, witnesses: witnesses.value }),
        }),
      ),
      h(
        Card,
        { title: 'Open alarms' },
        h(Show<Alarms>, { of: alarms, children: (all) => h(AlarmList, { alarms: all }) }),
      ),
      h(
        Card,
        { title: 'Growth' },
        h(Show<Point[]>, { of: growth, children: (points) => h(Growth, { points, size: size ?? 0 }) }),
      ),
      h(
        Card,
        { title: 'Rules' },
        h(Show<Witnessing>, { of: witnesses, children: (value) => h(Rules, { log, witnessing: value }) }),
      ),
    ]),
    h(Card, { title: 'Last entries' }, h(Show<Entry[]>, { of: last, children: (entries) => h(Timeline, { entries }) })),
  ]);
}

function promise({ policy, quorum, vkeys }: Witnessing): ComponentChildren {
  const names = (role: string) =>
    organisationsOf(policy)
      .filter((one) => one.role === role)
      .map(({ name }) => name);
  const [vendors, supervisors, operators] = [names('vendor'), names('supervisor'), names('operator')];
  return [
    `${vendors.join(' and ') || 'Vendors'} ${vendors.length === 1 ? 'writes' : 'write'} here where and with which keys software is built and signed, and where customers’ data is processed. `,
    supervisors.length === 0 ? '' : `${supervisors.join(' and ')} may contradict without asking anybody. `,
    `Every statement is signed, and nothing can be changed or taken back unnoticed${operators.length === 0 ? '' : `, not even by ${operators.join(' and ')}, who runs the log`}. `,
    vkeys.length === 0 ? '' : `${quorum} of ${vkeys.length} independent witnesses must have seen each checkpoint. `,
    'Your browser checks all of it: whatever you see on these pages was proven first.',
  ].join('');
}

function Checkpoint({
  log,
  newest,
  witnesses,
}: {
  log: WebLog;
  newest: Newest;
  witnesses: Witnessing | undefined;
}): JSX.Element {
  const { note, checkpoint } = newest;
  const signed = openCheckpoint(note, log.vkeys).signed;
  const time = Math.max(...signed.map((one) => one.time ?? 0));
  const at = new Date(time * 1000).toISOString();
  const { remembered } = log;
  return h('dl', { class: 'facts' }, [
    h('dt', null, 'Entries'),
    h('dd', { class: 'big' }, grouped(checkpoint.size)),
    h('dt', null, 'Signed'),
    h(
      'dd',
      null,
      time > 0 ? [h(Ago, { at }), ', ', h(Time, { at })] : 'without a time',
      ' ',
      h(Tag, { tone: 'good' }, 'pinned keys'),
    ),
    h('dt', null, 'Witnesses'),
    h('dd', null, witnesses === undefined ? '…' : h(Cosigners, { note, witnesses })),
    h('dt', null, 'History'),
    h(
      'dd',
      null,
      remembered === undefined
        ? h(Tag, { tone: 'quiet' }, 'first seen now')
        : [
            h(Tag, { tone: 'good' }, 'agrees'),
            ` with the ${grouped(remembered.size)} entries seen `,
            h(Ago, { at: remembered.at }),
          ],
    ),
  ]);
}

/** Who of the witnesses cosigned a checkpoint. */
export function cosignersOf(note: Uint8Array, { vkeys }: Witnessing): { name: string; time: number | undefined }[] {
  return vkeys.map((vkey) => {
    try {
      return { name: vkey.name, time: openCheckpoint(note, [vkey]).signed[0]?.time };
    } catch {
      return { name: vkey.name, time: undefined };
    }
  });
}

function Cosigners({ note, witnesses }: { note: Uint8Array; witnesses: Witnessing }): JSX.Element {
  if (witnesses.vkeys.length === 0) return h(Tag, { tone: 'quiet' }, 'none asked for');
  const all = cosignersOf(note, witnesses);
  const there = all.filter(({ time }) => time !== undefined);
  return h('span', null, [
    h(Tag, { tone: there.length >= witnesses.quorum ? 'good' : 'bad' }, `${there.length} of ${all.length}`),
    ' ',
    h('a', { href: linkTo('witnesses') }, there.map(({ name }) => name).join(', ') || 'nobody'),
  ]);
}

async function lastEntries(log: WebLog, size: number): Promise<Entry[]> {
  const { entries } = await log.rows('entries', { ...after(Math.max(0, size - LAST)), limit: LAST });
  return [...entries].reverse();
}

/** How many entries there were when the clock of the log was read, at places spread over the whole log. */
async function readings(log: WebLog, size: number): Promise<Point[]> {
  const places = Array.from({ length: READINGS }, (_, i) => Math.floor((size * i) / READINGS));
  const found = await Promise.all(
    places.map((place) => log.rows('entries', { kind: 'heartbeat', ...after(place), limit: 1 })),
  );
  const points = found.flatMap(({ entries }) =>
    entries.map((entry) => ({ size: entry.index, at: Date.parse(text(entry.fields.at)) })),
  );
  return points.filter(({ size: own }, i) => i === 0 || own !== points[i - 1]?.size);
}

type Promised = {
  readonly relocation: string;
  readonly announced: number;
  readonly due: string;
  readonly secondsLate?: number;
};
type KeyRow = { readonly keyId: string; readonly kid: string; readonly state: string };
type Alarms = {
  readonly contradictions: readonly Entry[];
  readonly overdue: readonly Promised[];
  readonly keys: readonly KeyRow[];
  readonly withdrawn: readonly Entry[];
  readonly corrected: readonly Entry[];
};

async function openAlarms(log: WebLog): Promise<Alarms> {
  const [against, taken, overdue, keys, withdrawn, corrected] = await Promise.all([
    log.rows('attestations', { verdict: 'contradict' }),
    log.rows('attestations', { verdict: 'withdraw' }),
    log.ask<{ promises: Promised[] }>('promises', {
      state: 'overdue',
      asOf: `${new Date().toISOString().slice(0, 19)}Z`,
      proof: 0,
    }),
    log.ask<{ keys: KeyRow[] }>('keys', { limit: 256 }),
    log.rows('withdrawals'),
    log.rows('corrections'),
  ]);
  const back = new Set(taken.entries.flatMap(({ fields }) => list(fields.refs).map(refOf)));
  return {
    contradictions: against.entries.filter(({ index }) => !back.has(index)),
    overdue: overdue.promises,
    keys: keys.keys.filter(({ state }) => state === 'compromised'),
    withdrawn: withdrawn.entries,
    corrected: corrected.entries,
  };
}

function AlarmList({
  alarms: { contradictions, overdue, keys, withdrawn, corrected },
}: {
  alarms: Alarms;
}): JSX.Element {
  const items = [
    ...contradictions.map((entry) =>
      h(
        'li',
        { key: entry.index },
        h(Tag, { tone: 'bad' }, 'contradicted'),
        ' ',
        h(EntryLink, { index: entry.index }, inWords(entry)),
      ),
    ),
    ...overdue.map(({ relocation, announced, due, secondsLate }) =>
      h(
        'li',
        { key: relocation },
        h(Tag, { tone: 'bad' }, 'overdue'),
        ' ',
        h(EntryLink, { index: announced }, relocation),
        ' was promised for ',
        h(Time, { at: due, day: true }),
        secondsLate === undefined ? '' : `, ${duration(secondsLate)} ago`,
      ),
    ),
    ...keys.map(({ keyId, kid }) =>
      h(
        'li',
        { key: kid },
        h(Tag, { tone: 'bad' }, 'compromised'),
        ' ',
        h('a', { href: linkTo('keys', kid) }, `the key ${keyId}`),
      ),
    ),
    ...withdrawn.map((entry) =>
      h(
        'li',
        { key: entry.index },
        h(Tag, { tone: 'warn' }, 'withdrawn'),
        ' ',
        h(EntryLink, { index: entry.index }, inWords(entry)),
      ),
    ),
    ...corrected.map((entry) =>
      h(
        'li',
        { key: entry.index },
        h(Tag, { tone: 'warn' }, 'corrected'),
        ' ',
        h(EntryLink, { index: entry.index }, inWords(entry)),
      ),
    ),
  ];
  return items.length === 0
    ? h(Nothing, null, 'Nothing is contradicted, overdue, compromised or withdrawn.')
    : h('ul', { class: 'alarms' }, items);
}

/** The rules in force, and those that are proposed or announced. */
function Rules({ log, witnessing }: { log: WebLog; witnessing: Witnessing }): JSX.Element {
  const { policy, policies } = witnessing;
  const announced = list(policy.fields.announces);
  const approvals = useLoad(() => log.rows('entries', { kind: 'approval', about: policy.index }), [policy.index]);
  const operator = organisationsOf(policies[0] as Entry).find(({ role }) => role === 'operator');
  const missing =
    policies.length > 1 && approvals.value ? (operator?.threshold ?? 1) - 1 - approvals.value.entries.length : 0;
  return h('div', null, [
    h(
      'ul',
      { class: 'plainlist' },
      organisationsOf(policy).map(({ id, name, role, threshold, rootKeys }) =>
        h(
          'li',
          { key: id },
          h('strong', null, name),
          ` (${id}), ${role}: ${threshold} of ${rootKeys.length} root keys`,
        ),
      ),
    ),
    h('p', null, ['Version ', String(policy.fields.version), ', ', h(EntryLink, { index: policy.index }), '.']),
    missing > 0
      ? h(
          'p',
          null,
          h(Tag, { tone: 'warn' }, 'pending'),
          ` Version ${String(policy.fields.version)} is proposed and waits for ${missing} more root keys of the operator.`,
        )
      : null,
    announced.length > 0
      ? h(
          'p',
          null,
          h(Tag, { tone: 'warn' }, 'announced'),
          ` A change is announced: ${announced.map(String).join(', ')}.`,
        )
      : null,
    missing <= 0 && announced.length === 0 ? h(Nothing, null, 'No change of the rules is pending.') : null,
  ]);
}
