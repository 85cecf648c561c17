/** The overview: what this log promises, how fresh it is, who vouches for it, what was said last, what is open. @module */
import { type ComponentChildren, h, type JSX } from 'preact';
import { openCheckpoint } from '../core/cosignature.ts';
import { AlarmList, type Alarms, openAlarms } from './alarms.ts';
import type { PageProps } from './app.ts';
import { Growth, type Point } from './charts.ts';
import { type Entry, list, text } from './entry.ts';
import { after, cosignersOf, type Newest, organisationsOf, type WebLog, type Witnessing } from './log.ts';
import { type Page, ShowPages, usePages } from './pages.ts';
import { Ago, Card, EntryLink, type Loaded, Nothing, Show, Tag, Time, Timeline, Title, useLoad } from './parts.ts';
import { linkTo } from './route.ts';
import { grouped } from './words.ts';

/** Entries read for a page of the timeline; readings of the clock behind the chart. */
const [READ, READINGS] = [16, 12];

export function OverviewPage({ log, newest }: PageProps): JSX.Element {
  const size = newest.value?.checkpoint.size;
  const witnesses = useLoad(() => log.witnesses(), [log]);
  const alarms = useLoad(() => (size === undefined ? Promise.resolve(undefined) : openAlarms(log)), [size]);
  const last = usePages<Entry>(
    (before) => (size === undefined ? new Promise(() => {}) : lastEntries(log, before ?? size)),
    [log, size],
  );
  const head = newest.value;
  // The curve needs the most proofs and says the least: it waits for the others.
  const isFirst = size === undefined || last.items === undefined || alarms.value === undefined;
  const growth = useLoad(
    () => (head === undefined || isFirst ? Promise.resolve(undefined) : readings(log, head)),
    [size, isFirst],
  );
  /** What rests on the newest checkpoint is not there without it. */
  const resting = <T>(of: Loaded<T | undefined>): Loaded<T> => (newest.error === undefined ? of : newest) as Loaded<T>;
  return h('div', null, [
    h(Title, { title: 'What this log promises' }, h(Show<Witnessing>, { of: witnesses, children: promise })),
    h('div', { class: 'grid two' }, [
      h('div', null, [
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
          { title: 'Growth' },
          h(Show<Point[]>, {
            of: resting(growth),
            children: (points) => h(Growth, { points, size: size ?? 0 }),
          }),
        ),
      ]),
      h('div', null, [
        h(
          Card,
          { title: 'Open alarms' },
          h(Show<Alarms>, { of: resting(alarms), children: (all) => h(AlarmList, { alarms: all }) }),
        ),
        h(
          Card,
          { title: 'Rules' },
          h(Show<Witnessing>, { of: witnesses, children: (value) => h(Rules, { log, witnessing: value }) }),
        ),
      ]),
    ]),
    h(
      Card,
      { title: 'Last entries' },
      h(ShowPages<Entry>, {
        pages: newest.error === undefined ? last : { ...last, error: newest.error, more: newest.again },
        of: 'of the earlier entries',
        children: (entries) => h(Timeline, { entries }),
      }),
    ),
  ]);
}

function promise({ policy, quorum, vkeys }: Witnessing): ComponentChildren {
  const names = (role: string) =>
    organisationsOf(policy)
      .filter((one) => one.role === role)
      .map(({ name }) => name);
  const [vendors, supervisors] = [names('vendor'), names('supervisor')];
  // Some operators are called just that.
  const operators = names('operator').filter((name) => name !== 'operator');
  return [
    `${vendors.join(' and ') || 'Vendors'} ${vendors.length === 1 ? 'writes' : 'write'} here where and with which keys software is built and signed, and where customers’ data is processed. `,
    supervisors.length === 0 ? '' : `${supervisors.join(' and ')} may contradict without asking anybody. `,
    `Every statement is signed, and nothing can be changed or taken back unnoticed, not even by ${operators.join(' and ') || 'the operator'}, who runs the log. `,
    vkeys.length === 0 ? '' : `${quorum} of ${vkeys.length} independent witnesses must have seen each checkpoint. `,
    'Your browser checks the proofs itself, and these pages say where something is only the log’s word.',
  ].join('');
}

export function Checkpoint({
  log,
  newest,
  witnesses,
}: {
  log: WebLog;
  newest: Newest;
  witnesses: Witnessing | undefined;
}): JSX.Element {
  const { note, checkpoint } = newest;
  const time = signedAt(log, note);
  const at = time === undefined ? undefined : new Date(time * 1000).toISOString();
  const { remembered } = log;
  return h('div', null, [
    h(
      'p',
      { class: 'hint' },
      'A checkpoint is the log’s signature under all of its entries at once: whoever keeps one can show later if any of them was changed.',
    ),
    h('dl', { class: 'facts' }, [
      h('dt', null, 'Entries'),
      h('dd', { class: 'big' }, grouped(checkpoint.size)),
      h('dt', null, 'Signed'),
      h(
        'dd',
        null,
        at ? [h(Ago, { at }), ', ', h(Time, { at })] : 'without a time',
        ' ',
        h(Tag, { tone: 'good' }, 'pinned keys'),
      ),
      log.isOpaque
        ? null
        : [
            h('dt', null, 'Witnesses'),
            h('dd', null, witnesses === undefined ? '…' : h(Cosigners, { note, witnesses })),
          ],
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
    ]),
  ]);
}

function Cosigners({ note, witnesses }: { note: Uint8Array; witnesses: Witnessing }): JSX.Element {
  if (witnesses.vkeys.length === 0) return h(Tag, { tone: 'quiet' }, 'none asked for');
  const all = cosignersOf(note, witnesses.vkeys);
  const there = all.filter(({ time }) => time !== undefined);
  return h('span', null, [
    h(Tag, { tone: there.length >= witnesses.quorum ? 'good' : 'bad' }, `${there.length} of ${all.length}`),
    ' ',
    h('a', { href: linkTo('witnesses') }, there.map(({ name }) => name).join(', ') || 'nobody'),
  ]);
}

/** Entries before an index, newest first; readings of the clock only if there is nothing else. */
async function lastEntries(log: WebLog, before: number): Promise<Page<Entry>> {
  const begin = Math.max(0, before - READ);
  const { entries } = await log.rows('entries', { ...after(begin), limit: before - begin });
  const said = entries.filter(({ kind }) => kind !== 'heartbeat');
  return { items: (said.length > 0 ? said : [...entries]).reverse(), next: begin === 0 ? undefined : begin };
}

/** How many entries there were when the clock of the log was read, at places spread over the whole log. */
async function readings(log: WebLog, { note, checkpoint: { size } }: Newest): Promise<Point[]> {
  const places = Array.from({ length: READINGS }, (_, i) => Math.floor((size * i) / READINGS));
  const found = await Promise.all(
    places.map((place) => log.rows('entries', { kind: 'heartbeat', ...after(place), limit: 1 })),
  );
  const points = found.flatMap(({ entries }) =>
    entries.map((entry) => ({ size: entry.index, at: Date.parse(text(entry.fields.at)) })),
  );
  const each = points.filter(({ size: own }, i) => i === 0 || own !== points[i - 1]?.size);
  const signed = signedAt(log, note);
  return signed === undefined ? each : [...each, { size, at: signed * 1000 }];
}

/** The latest time in the log's own signatures, in seconds. */
function signedAt({ vkeys }: WebLog, note: Uint8Array): number | undefined {
  const times = openCheckpoint(note, vkeys).signed.flatMap(({ time }) => (time === undefined ? [] : [time]));
  return times.length === 0 ? undefined : Math.max(...times);
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
          `${name === id ? '' : ` (${id})`}${name === role ? '' : `, ${role}`}: ${rootKeys.length === 1 ? 'one root key' : `any ${threshold} of ${rootKeys.length} root keys together`}`,
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
