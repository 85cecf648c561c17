/** The frame of all pages: navigation, what is wrong with the log as a whole, and how far it is trusted. @module */
import { type FunctionComponent, h, type JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { messageOf } from '../core/fault.ts';
import { formatVkey } from '../core/note.ts';
import type { AlarmProps } from './accusation.ts';
import { isUnreached, type Line } from './line.ts';
import type { Newest, WebLog } from './log.ts';
import { Lost } from './lost.ts';
import { OverviewPage } from './overview.ts';
import { type Loaded, Show, Time, useLoad } from './parts.ts';
import { linkTo, OVERVIEW, type PageName, type Place, parsePlace } from './route.ts';
import { grouped, sentence } from './words.ts';

export type PageProps = { readonly log: WebLog; readonly place: Place; readonly newest: Loaded<Newest> };

type Page = FunctionComponent<PageProps>;

/** Each page but the first comes when it is opened. */
const PAGE: Record<PageName, readonly [title: string, load: () => Promise<Page>]> = {
  overview: ['Overview', async () => OverviewPage],
  where: ['Where is the data?', async () => (await import('./where.ts')).WherePage],
  builds: ['Builds', async () => (await import('./builds.ts')).BuildsPage],
  keys: ['Keys', async () => (await import('./keys.ts')).KeysPage],
  supervision: ['Supervision', async () => (await import('./supervision.ts')).SupervisionPage],
  witnesses: ['Witnesses', async () => (await import('./witnesses.ts')).WitnessesPage],
  entry: ['Entry', async () => (await import('./entrypage.ts')).EntryPage],
};
const IN_MENU = ['overview', 'where', 'builds', 'keys', 'supervision', 'witnesses'] as const;
/** Of a log whose entries mean nothing here. */
const OPAQUE_MENU = ['overview', 'entry', 'witnesses'] as const;
const OPAQUE: Partial<Record<PageName, () => Promise<Page>>> = {
  overview: async () => (await import('./opaque.ts')).OpaqueOverview,
  entry: async () => (await import('./opaque.ts')).OpaqueEntry,
};

type AppProps = { readonly log: WebLog; readonly line: Line };

export function App({ log, line, trouble }: AppProps & { readonly trouble: string | undefined }): JSX.Element {
  const asked = usePlace();
  const place = log.isOpaque && !OPAQUE_MENU.some((name) => name === asked.page) ? OVERVIEW : asked;
  const newest = useLoad(() => log.head(), [log]);
  const isAway = useLost(line) || isUnreached(newest.error);
  const main = useRef<HTMLElement>(null);
  useEffect(() => {
    document.title = `${PAGE[place.page][0]}${place.id === '' ? '' : ` ${place.id}`} · ${log.origin}`;
  }, [place.page, place.id]);
  return h('div', { class: 'frame' }, [
    h(
      'a',
      { class: 'skip', href: '#main', onClick: (event: Event) => skip(event, main.current) },
      'Skip to the content',
    ),
    h(
      'header',
      { class: 'top' },
      h('div', { class: 'wide' }, [
        h('a', { class: 'name', href: linkTo('overview') }, h(Logo, {}), h('span', null, log.origin)),
        h(
          'nav',
          { 'aria-label': 'Pages' },
          (log.isOpaque ? OPAQUE_MENU : IN_MENU).map((name) =>
            h(
              'a',
              { href: linkTo(name), 'aria-current': name === place.page ? 'page' : undefined, key: name },
              PAGE[name][0],
            ),
          ),
        ),
      ]),
    ),
    isAway ? h(Lost, { line, base: log.base, remembered: log.remembered, isShown: newest.value !== undefined }) : null,
    trouble === undefined ? null : h(Trouble, { says: trouble }),
    h(Doubt, { log, newest }),
    h(
      'main',
      { id: 'main', ref: main, class: 'wide' },
      h(Opened, { log, line, place, newest, key: `${place.page}/${place.id}` }),
    ),
    h(Trust, { log, newest }),
  ]);
}

/** Whether a page was shown before: a reader of the screen hears where a link led to; the first page is heard anyway. */
let isLater = false;

function Opened({ line, ...props }: PageProps & AppProps): JSX.Element {
  const { log, place } = props;
  const page = useLoad(() => line.load((log.isOpaque && OPAQUE[place.page]) || PAGE[place.page][1]), []);
  const here = useRef<HTMLDivElement>(null);
  const isThere = page.value !== undefined;
  useEffect(() => {
    if (isThere && isLater) here.current?.querySelector<HTMLElement>('h1')?.focus();
    isLater ||= isThere;
  }, [isThere]);
  return h('div', { ref: here }, h(Show<Page>, { of: page, children: (shown) => h(shown, props) }));
}

function skip(event: Event, main: HTMLElement | null): void {
  event.preventDefault();
  main?.querySelector<HTMLElement>('h1')?.focus();
}

const Logo = (): JSX.Element =>
  h(
    'svg',
    { viewBox: '0 0 32 32', width: 26, height: 26, 'aria-hidden': 'true' },
    h('path', {
      d: 'M16 8v5M16 13l-7 5v6M16 13l7 5v6',
      fill: 'none',
      stroke: 'currentColor',
      'stroke-width': 2.6,
      'stroke-linecap': 'round',
    }),
    [
      [16, 7],
      [9, 25],
      [23, 25],
    ].map(([cx, cy]) => h('circle', { cx, cy, r: 3, fill: 'currentColor' })),
  );

/** What the log says of its own state: that it is behind, or lacks its witnesses, is no reason to doubt what is shown. */
const Trouble = ({ says }: { says: string }): JSX.Element =>
  h('div', { class: 'lost', role: 'status' }, [
    h(
      'div',
      { class: 'wide' },
      h('h2', null, 'The log says that something keeps it from working as it should'),
      h('p', null, sentence(says)),
      h('p', { class: 'hint' }, 'What you see here was checked by this browser all the same.'),
    ),
  ]);

/** What makes everything else doubtful is said above everything else: at once in few words, and then how to prove it. */
function Doubt({ log, newest }: Pick<PageProps, 'log' | 'newest'>): JSX.Element | null {
  const { value: served } = useLoad(() => log.evidence(), [log]);
  const failed = isUnreached(newest.error) ? undefined : newest.error;
  const isDoubtful =
    failed !== undefined || log.otherKeys !== undefined || served?.files.some((one) => 'conviction' in one) === true;
  const alarm = useLoad(
    async () => (isDoubtful ? (await import('./accusation.ts')).Alarm : undefined) as FunctionComponent<AlarmProps>,
    [isDoubtful],
  );
  if (!isDoubtful) return null;
  if (alarm.value !== undefined) return h(alarm.value, { log, failed, again: newest.again, served });
  return h('div', { class: 'alarm', role: 'alert' }, [
    h(
      'div',
      { class: 'wide' },
      h('h2', null, 'Something is wrong with this log'),
      failed === undefined ? null : h('p', null, sentence(messageOf(failed))),
    ),
  ]);
}

function Trust({ log, newest }: { log: WebLog; newest: Loaded<Newest> }): JSX.Element {
  const forget = () => {
    log.forget();
    location.reload();
  };
  const size = newest.value?.checkpoint.size;
  return h(
    'footer',
    { class: 'trust' },
    h('div', { class: 'wide' }, [
      h('p', null, [
        h('strong', null, log.isFirstVisit ? 'First visit: ' : 'Pinned: '),
        log.isFirstVisit
          ? 'this browser now holds the keys below, and will notice if the log ever uses others. Compare them with what the operator publishes elsewhere.'
          : ['this browser trusts the keys it pinned ', h(Time, { at: log.pinnedSince }), ' and nothing else.'],
        size === undefined ? null : ` It remembers the tree of ${grouped(size)} entries.`,
      ]),
      h('details', null, [
        h('summary', null, 'The pinned keys'),
        log.vkeys.map((vkey) => h('p', { key: vkey.id }, h('code', { class: 'vkey' }, formatVkey(vkey)))),
        h('p', null, [
          'Read from ',
          h('code', null, log.base),
          '. ',
          h('button', { type: 'button', class: 'small', onClick: forget }, 'Forget keys and checkpoint of this log'),
        ]),
      ]),
    ]),
  );
}

/** Whether the last request got no answer. */
function useLost(line: Line): boolean {
  const [isLost, setLost] = useState(line.isLost);
  useEffect(() => {
    line.changed = () => setLost(line.isLost);
  }, [line]);
  return isLost;
}

function usePlace(): Place {
  const [place, setPlace] = useState(parsePlace(location.hash));
  useEffect(() => {
    const changed = () => setPlace(parsePlace(location.hash));
    addEventListener('hashchange', changed);
    return () => removeEventListener('hashchange', changed);
  }, []);
  return place;
}

/** A static site without a log of its own asks for one. */
export function AskLog(): JSX.Element {
  const read = (event: SubmitEvent) => {
    event.preventDefault();
    const url = new FormData(event.target as HTMLFormElement).get('log');
    location.search = `?log=${encodeURIComponent(String(url))}`;
  };
  return h(
    'main',
    { class: 'plain' },
    h('h1', null, 'Which log?'),
    h('form', { onSubmit: read }, [
      h('label', { for: 'log' }, 'The address of a Limmat log'),
      h(
        'div',
        { class: 'row' },
        h('input', { id: 'log', name: 'log', type: 'url', required: true, placeholder: 'https://log.example/' }),
        h('button', null, 'Read it'),
      ),
    ]),
  );
}
