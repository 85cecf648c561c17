/** What is open: contradictions, overdue promises, compromised keys, withdrawn builds, corrections. @module */
import { h, type JSX } from 'preact';
import { type Entry, list, refOf } from './entry.ts';
import type { WebLog } from './log.ts';
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
export type Alarms = {
  readonly contradictions: readonly Entry[];
  readonly overdue: readonly Promised[];
  readonly keys: readonly KeyRow[];
  readonly withdrawn: readonly Entry[];
  readonly corrected: readonly Entry[];
};

/** Reads all that a reader should know before anything else. */
export async function openAlarms(log: WebLog): Promise<Alarms> {
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

export function AlarmList({
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
