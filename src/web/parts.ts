/** The small parts that every page is made of: times, links to entries, hashes, states of loading, tables. @module */
import { type ComponentChildren, h, type JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { messageOf } from '../core/fault.ts';
import type { Entry } from './entry.ts';
import { isUnreached } from './line.ts';
import { entryLink } from './route.ts';
import { claimedTime, duration, grouped, inWords, sentence } from './words.ts';

type Children = { readonly children?: ComponentChildren };

/** A time in the reader's zone; in UTC on hover. */
export function Time({ at, day = false }: { at: string; day?: boolean }): JSX.Element {
  const date = new Date(at);
  const words = day
    ? date.toLocaleDateString('en-GB', { dateStyle: 'medium' })
    : date.toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'short' });
  return h('time', { dateTime: at, title: `${at.replace('T', ' ').replace('Z', '')} UTC` }, words);
}

/** How long ago, kept up to date. */
export function Ago({ at }: { at: string }): JSX.Element {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 10_000);
    return () => clearInterval(timer);
  }, []);
  const seconds = (now - Date.parse(at)) / 1000;
  return h('time', { dateTime: at, title: `${at} UTC` }, seconds < 0 ? 'just now' : `${duration(seconds)} ago`);
}

export const EntryLink = ({ index, children }: { index: number } & Children): JSX.Element =>
  h('a', { href: entryLink(index), class: 'entry-link' }, children ?? `entry ${grouped(index)}`);

export const EntryLinks = ({ indexes }: { indexes: readonly number[] }): JSX.Element =>
  h(
    'span',
    { class: 'links' },
    indexes.map((index) => h(EntryLink, { index, key: index }, String(index))),
  );

/** Bytes that the page has, as a file to keep. */
export function FileLink({ bytes, name, children }: { bytes: Uint8Array; name: string } & Children): JSX.Element {
  const [url, setUrl] = useState('');
  useEffect(() => {
    const made = URL.createObjectURL(new Blob([bytes as BlobPart], { type: 'text/plain' }));
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [bytes]);
  return h('a', { href: url, download: name }, children ?? name);
}

/** A signed note as a file. */
export const NoteLink = ({ note, name, children }: { note: Uint8Array; name: string } & Children): JSX.Element =>
  h(FileLink, { bytes: note, name: `${name}.checkpoint` }, children);

/** A hash, of which the middle is hidden to the eye and not to a search or a copy. */
export const Hash = ({ of }: { of: string }): JSX.Element => h('code', { class: 'hash', title: of }, of);

export type Tone = 'good' | 'bad' | 'warn' | 'quiet' | 'plain';
const MARKS: Record<Tone, string> = { good: '✓', bad: '✕', warn: '!', quiet: '○', plain: '•' };

/** A state as a word with a mark: never by colour alone. */
export const Tag = ({ tone, children }: { tone: Tone } & Children): JSX.Element =>
  h('span', { class: `tag ${tone}` }, h('span', { 'aria-hidden': 'true', class: 'mark' }, MARKS[tone]), children);

export const Card = ({
  title,
  children,
  tone,
  id,
}: { title: string; tone?: Tone; id?: string } & Children): JSX.Element =>
  h('section', { class: `card ${tone ?? ''}`, id, 'aria-label': title }, h('h2', null, title), children);

export const Nothing = ({ children }: Children): JSX.Element => h('p', { class: 'nothing' }, children);

/** A table that scrolls by itself on a narrow screen. */
export function Table({
  head,
  rows,
  caption,
}: {
  head: readonly string[];
  rows: readonly (readonly ComponentChildren[])[];
  caption: string;
}): JSX.Element {
  const cells = (row: readonly ComponentChildren[]) =>
    row.map((cell, i) => h('td', { key: i, 'data-label': head[i] }, h('div', null, cell)));
  return h(
    'table',
    null,
    h('caption', { class: 'hidden' }, caption),
    h(
      'thead',
      null,
      h(
        'tr',
        null,
        head.map((name) => h('th', { scope: 'col', key: name }, name)),
      ),
    ),
    h(
      'tbody',
      null,
      rows.map((row, i) => h('tr', { key: i }, cells(row))),
    ),
  );
}

export type Loaded<T> = { readonly value?: T; readonly error?: unknown; readonly again: () => void };

/** Loads when the dependencies change; an answer that comes too late is dropped. */
export function useLoad<T>(load: () => Promise<T>, on: readonly unknown[]): Loaded<T> {
  const [state, setState] = useState<{ value?: T; error?: unknown }>({});
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    let current = true;
    setState({});
    load().then(
      (value) => current && setState({ value }),
      (error: unknown) => current && setState({ error }),
    );
    return () => {
      current = false;
    };
  }, [...on, attempt]);
  return { ...state, again: () => setAttempt(attempt + 1) };
}

/** What was loaded, or that it still is, or why it is not. */
export function Show<T>({ of, children }: { of: Loaded<T>; children: (value: T) => ComponentChildren }): JSX.Element {
  if (of.error !== undefined) return h(Failure, { error: of.error, again: of.again });
  if (of.value === undefined) return h('p', { class: 'loading', role: 'status' }, 'Fetching and checking proofs…');
  return h('div', { class: 'loaded' }, children(of.value));
}

export function Failure({ error, again }: { error: unknown; again: () => void }): JSX.Element {
  if (isUnreached(error)) {
    return h('div', { class: 'unreached' }, [
      h('p', null, 'Not fetched: the log cannot be reached.'),
      h('p', { class: 'hint' }, sentence(messageOf(error))),
      h('button', { type: 'button', class: 'small', onClick: again }, 'Try again'),
    ]);
  }
  return h(
    'div',
    { class: 'failure', role: 'alert' },
    h('p', null, h('strong', null, 'This could not be shown. '), sentence(messageOf(error))),
    h('button', { type: 'button', onClick: again }, 'Try again'),
  );
}

/** Entries as a timeline, newest first if they are given so. */
export const Timeline = ({ entries }: { entries: readonly Entry[] }): JSX.Element =>
  h(
    'ol',
    { class: 'timeline', role: 'list' },
    entries.map((entry) => h(Moment, { entry, key: entry.index })),
  );

function Moment({ entry }: { entry: Entry }): JSX.Element {
  const { from, to } = entry.between;
  const seen = to?.time ?? from?.time;
  return h(
    'li',
    { class: `kind-${entry.kind ?? 'other'}` },
    h('p', { class: 'said' }, h(EntryLink, { index: entry.index }, inWords(entry))),
    h(
      'p',
      { class: 'when' },
      `entry ${grouped(entry.index)}`,
      seen === undefined ? null : [' · ', h(Time, { at: seen }), lag(entry, seen)],
    ),
  );
}

/** How long after it was made it was logged. */
function lag(entry: Entry, seen: string): string {
  const claimed = claimedTime(entry);
  if (claimed === undefined) return '';
  const seconds = (Date.parse(seen) - Date.parse(claimed)) / 1000;
  return seconds < 0 ? '' : ` · logged ${duration(seconds)} later`;
}

/** Says what a page is about, and is where the focus goes when it opens. */
export const Title = ({ title, children }: { title: string } & Children): JSX.Element =>
  h('div', { class: 'title' }, h('h1', { tabIndex: -1 }, title), h('p', { class: 'lead' }, children));
