/** What is open: contradictions, overdue promises, compromised keys, withdrawn builds, corrections. @module */
import { h, type JSX } from 'preact';
import { useState } from 'preact/hooks';
import { isList, isMap, isText, maybe } from '../client/answer.ts';
import { isSize } from '../core/size.ts';
import { type Entry, list, refOf } from './entry.ts';
import type { WebLog } from './log.ts';
import { readAll, rowsOf } from './pages.ts';
import { EntryLink, Nothing, Tag, Time } from './parts.ts';
import { linkTo } from './route.ts';
import { duration, inWords } from './words.ts';

type Promised = {
  readonly relocation: string;
  readonly announced: number;
  readonly due: string;
  readonly secondsLate?: number;
};
type KeyRow = { readonly keyId: string; readonly kid: string; readonly state: string };

const isOverdue = isMap<{ promises: readonly Promised[]; next?: number }>({
  promises: isList(isMap<Promised>({ relocation: isText, announced: isSize, due: isText, secondsLate: maybe(isSize) })),
  next: maybe(isSize),
});
const isKeys = isMap<{ keys: readonly KeyRow[]; next?: number }>({
  keys: isList(isMap<KeyRow>({ keyId: isText, kid: isText, state: isText })),
  next: maybe(isSize),
});

export type Alarms = {
  readonly contradictions: readonly Entry[];
  readonly overdue: readonly Promised[];
  readonly keys: readonly KeyRow[];
  readonly withdrawn: readonly Entry[];
  readonly corrected: readonly Entry[];
  /** Whether there is more of any of them than was read. */
  readonly isCut: boolean;
};

/** Reads all that a reader should know before anything else. */
export async function openAlarms(log: WebLog): Promise<Alarms> {
  const asOf = `${new Date().toISOString().slice(0, 19)}Z`;
  const overduePage = async (after: number | undefined) => {
    const params = { state: 'overdue', asOf, proof: 0, after, limit: 256 };
    const { promises: items, next } = await log.ask('promises', params, isOverdue);
    return { items, next };
  };
  const keyPage = async (after: number | undefined) => {
    const { keys: items, next } = await log.ask('keys', { after, limit: 256 }, isKeys);
    return { items, next };
  };
  const entries = (question: string, params = {}) => readAll(rowsOf(log, question, params));
  const [against, taken, overdue, keys, withdrawn, corrected] = await Promise.all([
    entries('attestations', { verdict: 'contradict' }),
    entries('attestations', { verdict: 'withdraw' }),
    readAll<Promised>(overduePage),
    readAll<KeyRow>(keyPage),
    entries('withdrawals'),
    entries('corrections'),
  ]);
  const back = new Set(taken.items.flatMap(({ fields }) => list(fields.refs).map(refOf)));
  return {
    contradictions: against.items.filter(({ index }) => !back.has(index)),
    overdue: overdue.items,
    keys: keys.items.filter(({ state }) => state === 'compromised'),
    withdrawn: withdrawn.items,
    corrected: corrected.items,
    isCut: [against, taken, overdue, keys, withdrawn, corrected].some((one) => one.isCut),
  };
}

/** Alarms that are shown before somebody asks for more. */
const SHOWN = 12;

/** What the log concludes from its entries comes without a proof; its entries have theirs. */
const LogsWord = (): JSX.Element =>
  h(
    'span',
    { class: 'hint word', title: 'Concluded by the log from its entries, and not proven here' },
    'the log’s word',
  );

export function AlarmList({
  alarms: { contradictions, overdue, keys, withdrawn, corrected, isCut },
}: {
  alarms: Alarms;
}): JSX.Element {
  const [shown, setShown] = useState(SHOWN);
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
        secondsLate === undefined ? ' ' : `, ${duration(secondsLate)} ago `,
        h(LogsWord, {}),
      ),
    ),
    ...keys.map(({ keyId, kid }) =>
      h(
        'li',
        { key: kid },
        h(Tag, { tone: 'bad' }, 'compromised'),
        ' ',
        h('a', { href: linkTo('keys', kid) }, `the key ${keyId}`),
        ' ',
        h(LogsWord, {}),
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
  if (items.length === 0) return h(Nothing, null, 'Nothing is contradicted, overdue, compromised or withdrawn.');
  return h('div', null, [
    h('ul', { class: 'alarms' }, items.slice(0, shown)),
    items.length <= shown
      ? null
      : h('p', { class: 'pager' }, [
          h(
            'button',
            { type: 'button', class: 'small', onClick: () => setShown(shown + 4 * SHOWN) },
            'Show more alarms',
          ),
          h('span', { class: 'hint', role: 'status' }, `${shown} of ${items.length} are shown, the gravest first.`),
        ]),
    isCut ? h('p', { class: 'hint' }, 'There are more than this page can show.') : null,
  ]);
}
