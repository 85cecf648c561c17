/** Keys: the life of each as a bar, the builds it touches, and the ceremonies with their approvals. @module */
import { h, type JSX } from 'preact';
import { isFlag, isList, isMap, isText, isWord, maybe } from '../client/answer.ts';
import { isIndexes } from '../client/shapes.ts';
import { isSize } from '../core/size.ts';
import type { KeyEventTold, KeyTold } from '../registry/keyhistory.ts';
import type { PageProps } from './app.ts';
import { type BarRow, Bars } from './charts.ts';
import { type Entry, refOf, text } from './entry.ts';
import type { Newest, Rows, WebLog } from './log.ts';
import { ShowPages, usePages, useRows } from './pages.ts';
import {
  Card,
  EntryLink,
  EntryLinks,
  Hash,
  Nothing,
  Show,
  Table,
  Tag,
  Timeline,
  Title,
  type Tone,
  useLoad,
} from './parts.ts';
import { linkTo } from './route.ts';
import { dictionary, grouped, inWords, KEY_EVENTS } from './words.ts';

type Answer = { readonly keys: readonly KeyTold[]; readonly next?: number };

const isAnswer = isMap<Answer>({
  keys: isList(
    isMap<KeyTold>({
      kid: isText,
      keyId: isText,
      purpose: isWord<KeyTold['purpose']>(),
      enrolled: isSize,
      notAfter: maybe(isText),
      site: maybe(isText),
      at: isSize,
      state: isWord<KeyTold['state']>(),
      maySign: isFlag,
      why: maybe(isText),
      taintedBy: maybe(isSize),
      history: isList(
        isMap<KeyEventTold>({
          index: isSize,
          event: isText,
          state: isWord<KeyEventTold['state']>(),
          by: isIndexes,
          since: maybe(isSize),
        }),
      ),
      eventsLeftOut: maybe(isSize),
    }),
  ),
  next: maybe(isSize),
});

const TONE = dictionary<Tone>({
  active: 'good',
  enrolled: 'quiet',
  superseded: 'quiet',
  retired: 'quiet',
  suspended: 'warn',
  revoked: 'bad',
  compromised: 'bad',
  destroyed: 'quiet',
});

export function KeysPage({ log, place, newest }: PageProps): JSX.Element {
  const one = place.id;
  const keys = usePages<KeyTold>(
    async (after) => {
      const { keys: items, next } = await log.ask('keys', { after, limit: 128, key: one }, isAnswer);
      return { items, next };
    },
    [log, one],
  );
  return h('div', null, [
    h(
      Title,
      { title: 'Keys' },
      'Each key has a life: enrolled, put into use, replaced, perhaps compromised, destroyed. What a key signed counts only while it was good. The states are the log’s reading of its entries; open one to check its proof.',
    ),
    h(Show<Newest>, {
      of: newest,
      children: ({ checkpoint }) =>
        h(ShowPages<KeyTold>, {
          pages: keys,
          of: 'keys',
          children: (all) =>
            one === ''
              ? h(AllKeys, { keys: all, size: checkpoint.size, log })
              : h(OneKey, { log, kid: one, told: all.find(({ kid }) => kid === one), size: checkpoint.size }),
        }),
    }),
  ]);
}

/** A span for each state; a reported compromise reaches back over what came before. */
function barOf({ keyId, kid, history }: KeyTold, size: number): BarRow {
  const spans = history.map(({ index, state }, i) => ({
    from: index,
    to: history[i + 1]?.index ?? size,
    style: state,
    says: `${state} from entry ${index} to ${history[i + 1]?.index ?? 'now'}`,
  }));
  const reports = history.flatMap(({ since, index }) =>
    since === undefined
      ? []
      : [{ from: since, to: index, style: 'tainted', says: `tainted from entry ${since} to ${index}` }],
  );
  return { name: keyId, href: linkTo('keys', kid), spans: [...spans, ...reports] };
}

function AllKeys({ keys, size, log }: { keys: readonly KeyTold[]; size: number; log: WebLog }): JSX.Element {
  return h('div', null, [
    h(
      Card,
      { title: 'Lives' },
      keys.length === 0
        ? h(Nothing, null, 'No key is enrolled yet.')
        : [
            h(Bars, {
              rows: keys.map((key) => barOf(key, size)),
              from: 0,
              to: size,
              ends: ['entry 0', 'newest entry'],
              label: 'Lives of the keys',
            }),
            h(Legend, {}),
          ],
    ),
    keys.length === 0 ? null : h(Card, { title: 'All keys' }, h(KeyTable, { keys })),
    h(Ceremonies, { log, keys }),
  ]);
}

const Legend = (): JSX.Element =>
  h(
    'ul',
    { class: 'legend', 'aria-label': 'What the bars mean' },
    ['enrolled', 'active', 'superseded', 'suspended', 'retired', 'compromised', 'tainted', 'destroyed'].map((name) =>
      h('li', { key: name }, h('span', { class: `swatch span ${name}`, 'aria-hidden': 'true' }), name),
    ),
  );

function KeyTable({ keys }: { keys: readonly KeyTold[] }): JSX.Element {
  return h(Table, {
    caption: 'Keys',
    head: ['Key', 'For', 'Now', 'May sign', 'Site', 'Last event', 'Builds'],
    rows: keys.map(({ keyId, kid, purpose, state, maySign, site, history }) => [
      h('a', { href: linkTo('keys', kid) }, keyId),
      purpose,
      h(Tag, { tone: TONE[state] ?? 'quiet' }, state),
      maySign ? 'yes' : 'no',
      site ?? '–',
      [`${KEY_EVENTS[history.at(-1)?.event ?? ''] ?? 'none'}, `, h(EntryLink, { index: history.at(-1)?.index ?? 0 })],
      purpose === 'build' ? h('a', { href: linkTo('builds', '', { key: kid }) }, 'its builds') : '–',
    ]),
  });
}

/** What needed more than one root key, step by step in public. */
function Ceremonies({ log, keys }: { log: WebLog; keys: readonly KeyTold[] }): JSX.Element {
  const approvals = useRows(log, 'entries', { kind: 'approval' }, [], 128);
  return h(
    Card,
    { title: 'Ceremonies' },
    h(ShowPages<Entry>, {
      pages: approvals,
      of: 'approvals',
      children: (entries) => {
        const proposals = [...new Set(entries.flatMap(({ fields }) => refOf(fields.ref) ?? []))];
        if (proposals.length === 0) return h(Nothing, null, 'No event has needed the approval of a second root key.');
        return h(Table, {
          caption: 'Ceremonies',
          head: ['Proposal', 'Approved in', 'What it was'],
          rows: proposals.map((index) => {
            const by = entries.filter(({ fields }) => refOf(fields.ref) === index).map((entry) => entry.index);
            const key = keys.find(({ history }) => history.some((one) => one.by.includes(index)));
            const event = key?.history.find((one) => one.by.includes(index));
            return [
              h(EntryLink, { index }),
              h(EntryLinks, { indexes: by }),
              event && key
                ? `${key.keyId} ${KEY_EVENTS[event.event] ?? event.event}, in force from entry ${grouped(event.index)}`
                : 'see the proposal; not in force, or not about a key',
            ];
          }),
        });
      },
    }),
  );
}

function OneKey({
  log,
  kid,
  told,
  size,
}: {
  log: WebLog;
  kid: string;
  told: KeyTold | undefined;
  size: number;
}): JSX.Element {
  const events = useRows(log, 'entries', { subject: `key:${kid}` }, [kid]);
  const builds = useLoad(() => log.rows('builds', { key: kid, limit: 64 }), [kid]);
  const taint = told?.history.find(({ since }) => since !== undefined);
  return h('div', null, [
    h(Card, { title: told?.keyId ?? 'A key' }, [
      told === undefined
        ? h(
            Nothing,
            null,
            'This is a root key of an organisation or the log’s own key, as the policy names it, or no key of this log.',
          )
        : [
            h('p', null, [
              h(Tag, { tone: TONE[told.state] ?? 'quiet' }, told.state),
              ` for ${told.purpose}`,
              taint
                ? [
                    ', compromised since ',
                    h(EntryLink, { index: taint.since as number }),
                    ': reported in ',
                    h(EntryLink, { index: taint.index }),
                  ]
                : null,
            ]),
            h(Bars, {
              rows: [barOf(told, size)],
              from: 0,
              to: size,
              ends: ['entry 0', 'newest entry'],
              label: 'Life of this key',
            }),
          ],
      h('p', { class: 'hint' }, ['Its name is the hash of the key: ', h(Hash, { of: kid })]),
      h('p', null, h('a', { href: linkTo('keys') }, 'All keys')),
    ]),
    h('div', { class: 'grid two' }, [
      h(
        Card,
        { title: 'What happened to it' },
        h(ShowPages<Entry>, {
          pages: events,
          of: 'events',
          children: (entries) =>
            entries.length === 0 ? h(Nothing, null, 'Nothing is logged about it.') : h(Timeline, { entries }),
        }),
      ),
      h(
        Card,
        { title: 'Builds it signed' },
        h(Show<Rows>, {
          of: builds,
          children: ({ entries, next }) =>
            entries.length === 0
              ? h(Nothing, null, 'It signed no builds.')
              : [
                  h(
                    'ul',
                    { class: 'plainlist' },
                    entries.map((entry) =>
                      h('li', { key: entry.index }, [
                        h(EntryLink, { index: entry.index }, inWords(entry)),
                        isTainted(entry, told) ? [' ', h(Tag, { tone: 'bad' }, 'tainted')] : null,
                      ]),
                    ),
                  ),
                  next === undefined
                    ? null
                    : h('p', null, h('a', { href: linkTo('builds', '', { key: kid }) }, 'All of them')),
                ],
        }),
      ),
    ]),
  ]);
}

function isTainted({ index, fields }: Entry, told: KeyTold | undefined): boolean {
  return (
    text(fields.product) !== '' &&
    (told?.history ?? []).some((one) => one.since !== undefined && one.since <= index && index < one.index)
  );
}
