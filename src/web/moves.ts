/** Relocations phase by phase as bars, what became of promises, and the sites. @module */
import { h, type JSX } from 'preact';
import { isFlag, isList, isMap, isText, isWord, maybe } from '../client/answer.ts';
import { isAttested, isCorrections } from '../client/shapes.ts';
import { isSize } from '../core/size.ts';
import type { Promised } from '../registry/promises.ts';
import { type BarRow, Bars } from './charts.ts';
import { type Entry, isRow, type Row, text } from './entry.ts';
import type { WebLog } from './log.ts';
import { ShowPages, usePages } from './pages.ts';
import { Card, EntryLink, EntryLinks, Nothing, Table, Tag, Time, type Tone } from './parts.ts';
import { linkTo } from './route.ts';
import { countryName, dayInWords, dictionary, duration, spoken } from './words.ts';

export const DAY = 86_400_000;
export const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10);
/** Ids belong to those who issue them. */
export const ownedBy = ({ issuer }: Entry, id: string): string => `${issuer}/${id}`;

const PHASE_STYLE = dictionary({
  announced: 'enrolled',
  started: 'suspended',
  partial: 'suspended',
  paused: 'suspended',
  cutover: 'superseded',
  drained: 'superseded',
  completed: 'active',
  cancelled: 'destroyed',
  'rolled-back': 'compromised',
});

/** Each relocation as a row of phases; the day that is looked at is marked. */
export function Moves({ own, at }: { own: readonly Entry[]; at: number }): JSX.Element {
  if (own.length === 0) return h(Nothing, null, 'Nothing has moved.');
  const ids = [...new Set(own.map(({ fields }) => text(fields.relocationId)))];
  const now = Date.now();
  const from = Math.min(...own.map(({ fields }) => Date.parse(text(fields.effectiveAt)))) - 10 * DAY;
  const rows = ids.map((id): BarRow => {
    const phases = own.filter(({ fields }) => fields.relocationId === id);
    return {
      name: id,
      href: linkTo('entry', String(phases[0]?.index)),
      spans: phases.map(({ fields: said }, i) => {
        const begin = Date.parse(text(said.effectiveAt));
        const next = phases[i + 1];
        return {
          from: begin,
          to: next ? Math.max(begin, Date.parse(text(next.fields.effectiveAt))) : now,
          style: PHASE_STYLE[text(said.phase)] ?? 'enrolled',
          says: `${spoken(text(said.phase))} from ${dayInWords(begin)}`,
          word: spoken(text(said.phase)),
        };
      }),
    };
  });
  return h(Bars, {
    rows,
    from,
    to: now,
    mark: at,
    ends: [dayInWords(from), 'today'],
    label: 'Relocations, phase by phase',
  });
}

type Answer = { readonly promises: readonly Promised[]; readonly entries: readonly Row[]; readonly next?: number };

const isAnswer = isMap<Answer>({
  promises: isList(
    isMap<Promised>({
      relocation: isText,
      state: isWord<Promised['state']>(),
      due: isText,
      announced: isSize,
      phases: isList(isMap({ index: isSize, phase: isText })),
      judgedAt: isMap({ time: isText, word: isWord<Promised['judgedAt']['word']>() }),
      secondsLate: maybe(isSize),
      contradicted: isFlag,
      attested: isAttested,
      corrections: isCorrections,
    }),
  ),
  entries: isList(isRow),
  next: maybe(isSize),
});

const STATES = dictionary<readonly [Tone, string]>({
  announced: ['quiet', 'open'],
  kept: ['good', 'kept'],
  late: ['warn', 'kept late'],
  overdue: ['bad', 'overdue'],
  cancelled: ['quiet', 'taken back'],
});

export function Promises({ log }: { log: WebLog }): JSX.Element {
  const found = usePages<Promised>(
    async (after) => {
      const asOf = `${new Date().toISOString().slice(0, 19)}Z`;
      const answer = await log.ask('promises', { asOf, after, limit: 64, proof: 1 }, isAnswer);
      await log.prove(answer.entries);
      return { items: answer.promises, next: answer.next };
    },
    [log],
  );
  return h(
    Card,
    { title: 'Promises' },
    h(ShowPages<Promised>, {
      pages: found,
      of: 'promises',
      children: (promises) =>
        promises.length === 0
          ? h(Nothing, null, 'Nothing was promised with a date.')
          : h(Table, {
              caption: 'Promises',
              head: ['Relocation', 'Due', 'State', 'Corrected', 'Entries'],
              rows: promises.map(({ relocation, due, state, secondsLate, phases, corrections, contradicted }) => [
                relocation,
                h(Time, { at: due, day: true }),
                [
                  h(Tag, { tone: STATES[state]?.[0] ?? 'quiet' }, STATES[state]?.[1] ?? state),
                  secondsLate === undefined ? '' : ` by ${duration(secondsLate)}`,
                  contradicted ? [' ', h(Tag, { tone: 'bad' }, 'contradicted')] : null,
                ],
                corrections.length === 0
                  ? 'no'
                  : h(EntryLinks, { indexes: corrections.map(({ correction }) => correction) }),
                h(EntryLinks, { indexes: phases.map(({ index }) => index) }),
              ]),
            }),
    }),
  );
}

export function Sites({ sites }: { sites: readonly Entry[] }): JSX.Element {
  const retired = new Set(
    sites.filter(({ fields }) => fields.event === 'retire').map((entry) => ownedBy(entry, text(entry.fields.siteId))),
  );
  const declared = sites.filter(({ fields }) => fields.event === 'declare');
  if (declared.length === 0) return h(Nothing, null, 'No site is declared.');
  return h(Table, {
    caption: 'Sites',
    head: ['Site', 'Country', 'Run by', 'State', 'Builds', 'Entry'],
    rows: declared.map((entry) => {
      const name = ownedBy(entry, text(entry.fields.siteId));
      return [
        name,
        countryName(text(entry.fields.country)),
        text(entry.fields.operator),
        retired.has(name) ? h(Tag, { tone: 'quiet' }, 'closed') : h(Tag, { tone: 'good' }, 'in use'),
        h('a', { href: linkTo('builds', '', { site: name }) }, 'built there'),
        h(EntryLink, { index: entry.index }),
      ];
    }),
  });
}
