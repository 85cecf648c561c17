/** Supervision: what others found, contradictions first; reviews; and the periods that audits covered, so that holes show. @module */
import { h, type JSX } from 'preact';
import type { PageProps } from './app.ts';
import { type BarRow, Bars } from './charts.ts';
import { count, type Entry, fields, list, refOf, text, texts } from './entry.ts';
import { readAll, rowsOf, ShowPages, useRows } from './pages.ts';
import { Card, EntryLink, EntryLinks, Nothing, Show, Table, Tag, Time, Title, useLoad } from './parts.ts';
import { CLAIM_WORDS, countryName, findingOf, spoken } from './words.ts';

export function SupervisionPage({ log }: PageProps): JSX.Element {
  const all = useRows(log, 'attestations', {}, [], 128);
  // However long the list is: what contradicts, and what was taken back, is known at once.
  const first = useLoad(
    async () =>
      (
        await Promise.all(
          ['contradict', 'withdraw'].map((verdict) => readAll(rowsOf(log, 'attestations', { verdict }))),
        )
      ).flatMap(({ items }) => items),
    [log],
  );
  const reviews = useRows(log, 'reviews', {}, []);
  const told = useRows(log, 'disclosures', {}, []);
  return h('div', null, [
    h(
      Title,
      { title: 'Supervision' },
      'What outsiders found when they looked: contradictions first. Nobody’s consent is needed for one, and none is left out.',
    ),
    h(
      Card,
      { title: 'Attestations' },
      h(Show<Entry[]>, {
        of: first,
        children: (grave) =>
          h(ShowPages<Entry>, {
            pages: all,
            of: 'attestations',
            children: (entries) => h(Attestations, { entries: together(grave, entries) }),
          }),
      }),
    ),
    h(
      Card,
      { title: 'Audit periods' },
      h(ShowPages<Entry>, {
        pages: all,
        of: 'attestations',
        children: (entries) => h(Periods, { entries: together(first.value ?? [], entries) }),
      }),
    ),
    h(
      Card,
      { title: 'Reviews of source code' },
      h(ShowPages<Entry>, { pages: reviews, of: 'reviews', children: (entries) => h(Reviews, { entries }) }),
    ),
    h(
      Card,
      { title: 'Requests by authorities' },
      h(ShowPages<Entry>, { pages: told, of: 'disclosures', children: (entries) => h(Disclosures, { entries }) }),
    ),
  ]);
}

/** Each entry once. */
const together = (...lists: readonly (readonly Entry[])[]): Entry[] => [
  ...new Map(lists.flat().map((entry) => [entry.index, entry])).values(),
];

const orderOf = ({ fields: said }: Entry) => findingOf(text(said.verdict));

function Attestations({ entries }: { entries: readonly Entry[] }): JSX.Element {
  if (entries.length === 0) return h(Nothing, null, 'Nobody has attested anything yet.');
  const takenBack = new Map(
    entries
      .filter(({ fields: said }) => said.verdict === 'withdraw')
      .flatMap(({ index, fields: said }) => list(said.refs).map((ref) => [refOf(ref), index] as const)),
  );
  const sorted = [...entries].sort((a, b) => orderOf(a)[0] - orderOf(b)[0] || a.index - b.index);
  return h(Table, {
    caption: 'Attestations, contradictions first',
    head: ['Who', 'Finding', 'About', 'How', 'Exceptions', 'Entry'],
    rows: sorted.map((entry) => {
      const { fields: said, index, issuer } = entry;
      const [, tone, word] = orderOf(entry);
      const back = takenBack.get(index);
      return [
        issuer,
        [
          h(Tag, { tone: back === undefined ? tone : 'quiet' }, word),
          ` ${CLAIM_WORDS[text(said.claim)] ?? text(said.claim)}`,
          back === undefined ? null : [', taken back in ', h(EntryLink, { index: back })],
        ],
        h(EntryLinks, { indexes: list(said.refs).flatMap((ref) => refOf(ref) ?? []) }),
        [text(said.method), text(said.standard)].filter(Boolean).join('; ') || '–',
        texts(said.exceptions).join('; ') || '–',
        h(EntryLink, { index }),
      ];
    }),
  });
}

const day = (at: string | number): string => new Date(at).toLocaleDateString('en-GB', { dateStyle: 'medium' });

/** One row for each auditor and standard; where nothing is drawn, nobody looked. */
function Periods({ entries }: { entries: readonly Entry[] }): JSX.Element {
  const covered = entries.filter(({ fields: said }) => said.period !== undefined && said.verdict !== 'withdraw');
  if (covered.length === 0) return h(Nothing, null, 'No attestation names a period that it covers.');
  const rows = new Map<string, BarRow['spans'][number][]>();
  for (const { fields: said, issuer } of covered) {
    const { from, to } = fields(said.period) as { from: string; to: string };
    const name = `${issuer}: ${text(said.standard) || spoken(text(said.claim))}`;
    const style = said.verdict === 'contradict' ? 'compromised' : said.verdict === 'confirm' ? 'active' : 'suspended';
    const says = `${day(from)} to ${day(to)}: ${findingOf(text(said.verdict))[2]}`;
    rows.set(name, [
      ...(rows.get(name) ?? []),
      { from: Date.parse(from), to: Date.parse(to), style, says, word: findingOf(text(said.verdict))[2] },
    ]);
  }
  const all = [...rows.values()].flat();
  const [from, to] = [Math.min(...all.map((one) => one.from)), Math.max(...all.map((one) => one.to))];
  return h('div', null, [
    h(Bars, {
      rows: [...rows].map(([name, spans]) => ({ name, spans })),
      from,
      to,
      ends: [day(from), day(to)],
      label: 'Periods covered by audits',
    }),
    h(
      'ul',
      { class: 'holes' },
      [...rows].flatMap(([name, spans]) =>
        holesOf(spans).map(([lo, hi]) =>
          h(
            'li',
            { key: name + lo },
            h(Tag, { tone: 'warn' }, 'hole'),
            ` ${name}: nobody looked at ${day(lo)} to ${day(hi)}.`,
          ),
        ),
      ),
    ),
  ]);
}

/** Where no span is, between the first and the last, for more than two days. */
export function holesOf(spans: readonly { from: number; to: number }[]): [number, number][] {
  const sorted = [...spans].sort((a, b) => a.from - b.from);
  const holes: [number, number][] = [];
  let covered = sorted[0]?.to ?? 0;
  for (const { from, to } of sorted) {
    if (from - covered > 2 * 86_400_000) holes.push([covered, from]);
    covered = Math.max(covered, to);
  }
  return holes;
}

function Reviews({ entries }: { entries: readonly Entry[] }): JSX.Element {
  if (entries.length === 0) return h(Nothing, null, 'Nobody has read source code on the record yet.');
  return h(Table, {
    caption: 'Reviews of source code',
    head: ['Who', 'Where', 'How much was shown', 'Days', 'Findings', 'Outcome', 'Entry'],
    rows: entries.map(({ index, issuer, fields: said }) => [
      issuer,
      text(said.centre),
      text(said.depth),
      said.days === undefined ? '–' : String(said.days),
      said.findings === undefined ? '–' : String(said.findings),
      text(said.outcome),
      h(EntryLink, { index }),
    ]),
  });
}

function Disclosures({ entries }: { entries: readonly Entry[] }): JSX.Element {
  if (entries.length === 0) return h(Nothing, null, 'Nothing was disclosed about requests by authorities.');
  return h(Table, {
    caption: 'Requests by authorities',
    head: ['Who', 'Country', 'Period', 'Received', 'Rejected', 'Entry'],
    rows: entries.map(({ index, issuer, fields: said }) => {
      const { from, to } = fields(said.period) as { from: string; to: string };
      return [
        issuer,
        countryName(text(said.country)),
        [h(Time, { at: from, day: true }), ' to ', h(Time, { at: to, day: true })],
        String(count(said.received)),
        String(count(said.rejected)),
        h(EntryLink, { index }),
      ];
    }),
  });
}
