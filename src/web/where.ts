/** Where is the data? A process, a country and a day: at which site, who can reach it, who attested it, what is overdue. @module */
import { h, type JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { PageProps } from './app.ts';
import { type Entry, text, texts } from './entry.ts';
import type { WebLog } from './log.ts';
import { WorldMapView } from './map.ts';
import { DAY, dayOf, Moves, ownedBy, Promises, Sites } from './moves.ts';
import { readAll, rowsOf } from './pages.ts';
import { Card, EntryLink, Nothing, Show, Table, Tag, Time, Title, type Tone, useLoad } from './parts.ts';
import { isResidency, type ProvenResidency } from './residency.ts';
import { linkTo } from './route.ts';
import { countryName, dayInWords, dictionary, duration, findingOf, grouped, spoken } from './words.ts';

type All = Awaited<ReturnType<typeof readAll<Entry>>>;
type Choice = {
  readonly processes: All;
  readonly sites: All;
  /** The first relocation of all: its process is one to begin with. */
  readonly first: Entry | undefined;
};

export function WherePage({ log, place }: PageProps): JSX.Element {
  const choice = useLoad(async (): Promise<Choice> => {
    const [processes, sites, moved] = await Promise.all([
      readAll(rowsOf(log, 'processes')),
      readAll(rowsOf(log, 'sites')),
      log.rows('relocations', { limit: 1 }),
    ]);
    return { processes, sites, first: moved.entries[0] };
  }, [log]);
  return h('div', null, [
    h(
      Title,
      { title: 'Where is the data?' },
      'Pick what is done with the data, whose data it is, and a day: see where it was, and who could reach it from where.',
    ),
    h(Show<Choice>, { of: choice, children: (value) => h(Pick, { log, choice: value, params: place.params }) }),
  ]);
}

function Pick({ log, choice, params }: { log: WebLog; choice: Choice; params: URLSearchParams }): JSX.Element {
  const { processes, sites, first } = choice;
  const names = new Map(
    processes.items.map((entry) => [ownedBy(entry, text(entry.fields.processId)), text(entry.fields.title)]),
  );
  const moved = first && ownedBy(first, text(first.fields.process));
  const [process, setProcess] = useState(params.get('process') ?? moved ?? [...names.keys()][0] ?? '');
  const relocations = useLoad(
    () => (process === '' ? Promise.resolve(NONE) : readAll(rowsOf(log, 'relocations', { process }))),
    [log, process],
  );
  const own = relocations.value?.items ?? [];
  const countries = [...new Set(own.flatMap(({ fields }) => texts(fields.subjectCountries)))].sort((a, b) =>
    countryName(a).localeCompare(countryName(b)),
  );
  const [wanted, setCountry] = useState(params.get('country') ?? '');
  const country = countries.includes(wanted) ? wanted : (countries[0] ?? '');
  const times = own
    .flatMap(({ fields }) => [text(fields.effectiveAt), text(fields.due)])
    .filter(Boolean)
    .map((at) => Date.parse(at));
  const [begin, last] = [Math.min(Date.now(), ...times) - 30 * DAY, Date.now()];
  const [at, setAt] = useState(Date.parse(params.get('on') ?? '') || last);
  const on = dayOf(at);
  useEffect(
    () => history.replaceState(null, '', linkTo('where', '', { process, country, on })),
    [process, country, on],
  );
  if (names.size === 0)
    return h(
      Card,
      { title: 'Processes' },
      h(Nothing, null, 'No process is declared in this log, so it cannot say where data is.'),
    );
  return h('div', null, [
    h(
      'form',
      { class: 'card pick', 'aria-label': 'What to show', onSubmit: (event: Event) => event.preventDefault() },
      [
        h(
          'div',
          null,
          h('label', { for: 'process' }, 'Process'),
          h(
            'select',
            {
              id: 'process',
              value: process,
              onChange: (event: Event) => setProcess((event.target as HTMLSelectElement).value),
            },
            [...names].map(([id, title]) => h('option', { value: id, key: id }, `${title} (${id})`)),
          ),
        ),
        h(
          'div',
          null,
          h('label', { for: 'country' }, 'Data of people in'),
          h(
            'select',
            {
              id: 'country',
              value: country,
              onChange: (event: Event) => setCountry((event.target as HTMLSelectElement).value),
            },
            countries.map((code) => h('option', { value: code, key: code }, countryName(code))),
          ),
        ),
        h(
          'div',
          { class: 'slider' },
          h('label', { for: 'day' }, 'On ', h('output', { for: 'day' }, h(Time, { at: `${on}T12:00:00Z`, day: true }))),
          h('input', {
            id: 'day',
            type: 'range',
            min: Math.floor(begin / DAY),
            max: Math.floor(last / DAY),
            value: Math.floor(at / DAY),
            'aria-valuetext': dayInWords(`${on}T12:00:00Z`),
            onInput: (event: Event) => setAt(Number((event.target as HTMLInputElement).value) * DAY),
          }),
        ),
      ],
    ),
    h(Show<All>, {
      of: relocations,
      children: ({ items, isCut }) => [
        country === ''
          ? h(Nothing, null, 'No relocation of this process is logged.')
          : h(Answered, { log, process, country, on }),
        h(Card, { title: 'Relocations over time' }, h(Moves, { own: items, at }), h(Cut, { isCut })),
      ],
    }),
    h(Promises, { log }),
    h(Card, { title: 'Sites' }, h(Sites, { sites: sites.items }), h(Cut, { isCut: sites.isCut })),
  ]);
}

const NONE: All = { items: [], isCut: false };

const Cut = ({ isCut }: { isCut: boolean }): JSX.Element | null =>
  isCut
    ? h('p', { class: 'hint' }, 'There are more than this page can show. The log lists all of them below v1/.')
    : null;

function Answered({
  log,
  process,
  country,
  on,
}: {
  log: WebLog;
  process: string;
  country: string;
  on: string;
}): JSX.Element {
  const [asked, setAsked] = useState({ process, country, on });
  useEffect(() => {
    // While the slider moves, not every day on the way is asked about.
    const timer = setTimeout(() => setAsked({ process, country, on }), 150);
    return () => clearTimeout(timer);
  }, [process, country, on]);
  const found = useLoad(async () => {
    const answer = await log.ask('residency', { ...asked, proof: 1 }, isResidency);
    await log.prove(answer.entries);
    return answer;
  }, [asked]);
  return h(Show<ProvenResidency>, { of: found, children: (answer) => h(Result, { answer }) });
}

const PRESENCE = dictionary<readonly [Tone, string]>({
  all: ['good', 'the data'],
  part: ['warn', 'a part of it, while it moves'],
  remains: ['warn', 'copies that are not yet removed'],
});
const ACCESS = dictionary<readonly [Tone, string]>({
  none: ['good', 'nobody'],
  'break-glass': ['warn', 'in emergencies'],
  routine: ['plain', 'in daily work'],
});

function Result({ answer }: { answer: ProvenResidency }): JSX.Element {
  const { places, relocations, country, corrections, asserted } = answer;
  const access = relocations.flatMap((one) => one.access);
  return h('div', { class: 'grid two map-first', 'data-on': answer.on }, [
    h(Card, { title: 'Map' }, h(WorldMapView, { sites: places, subject: country, access })),
    h(Card, { title: `On ${dayInWords(`${answer.on}T12:00:00Z`)}` }, [
      places.length === 0
        ? h(Nothing, null, 'Nobody has said in this log where the data was on this day.')
        : h(Table, {
            caption: 'Where the data was',
            head: ['Site', 'Country', 'Holds'],
            rows: places.map(({ site, country: code, presence }) => [
              site,
              countryName(code),
              h(Tag, { tone: PRESENCE[presence]?.[0] ?? 'quiet' }, PRESENCE[presence]?.[1]),
            ]),
          }),
      access.length === 0
        ? h('p', null, 'From where it could be reached was not said.')
        : h(Table, {
            caption: 'Who could reach it from where',
            head: ['From', 'Reached'],
            rows: access.map((one) => [
              countryName(one.country),
              h(Tag, { tone: ACCESS[one.class]?.[0] ?? 'quiet' }, ACCESS[one.class]?.[1]),
            ]),
          }),
      relocations.map(({ relocation, phase, percent, decidedBy, contradicted, attested }) =>
        h('div', { class: 'decided', key: relocation }, [
          h('h3', null, relocation, ' ', contradicted ? h(Tag, { tone: 'bad' }, 'contradicted') : null),
          h('p', null, [
            phase === undefined ? 'had not begun' : spoken(phase),
            percent === undefined ? '' : ` (${percent} %)`,
            '. Decided by ',
            decidedBy.map(({ index, said, secondsLate }) => [
              h(EntryLink, { index }),
              said === 'later' ? ', told later' : '',
              secondsLate === undefined
                ? ' '
                : [' ', h(Tag, { tone: 'warn' }, `reported ${duration(secondsLate)} late`), ' '],
            ]),
          ]),
          attested.attestations.length === 0
            ? h('p', null, 'Nobody has attested it.')
            : h(
                'p',
                null,
                attested.attestations.map(({ index, issuer, verdict, withdrawnBy }) => [
                  h(Tag, { tone: findingOf(verdict)[1] }, `${issuer} ${findingOf(verdict)[2]}`),
                  ' ',
                  h(EntryLink, { index }),
                  withdrawnBy === undefined ? ' ' : ' (taken back) ',
                ]),
              ),
        ]),
      ),
      corrections.length === 0
        ? null
        : h('p', null, [
            h(Tag, { tone: 'warn' }, 'corrected'),
            ' ',
            corrections.map(({ wrong, correction }) => [
              'entry ',
              h(EntryLink, { index: wrong }, grouped(wrong)),
              ' by ',
              h(EntryLink, { index: correction }),
              ' ',
            ]),
          ]),
      h(
        'details',
        null,
        h('summary', null, 'What is only the log’s word'),
        h(
          'ul',
          null,
          asserted.map(({ says }) => h('li', { key: says }, says)),
        ),
      ),
    ]),
  ]);
}
