/** Lists that come page by page: what is there so far, and a button for more. @module */
import { type ComponentChildren, h, type JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Entry } from './entry.ts';
import type { Params, WebLog } from './log.ts';
import { Failure } from './parts.ts';
import { grouped } from './words.ts';

/** `next` is where the page after this one begins. */
export type Page<T> = { readonly items: readonly T[]; readonly next: number | undefined };
export type ReadPage<T> = (after: number | undefined) => Promise<Page<T>>;

export type Pages<T> = {
  /** Undefined until the first page is there. */
  readonly items: readonly T[] | undefined;
  readonly error: unknown;
  readonly isBusy: boolean;
  /** Reads the next page, or the one that failed; undefined after the last. */
  readonly more: (() => void) | undefined;
};

type State<T> = Omit<Pages<T>, 'more'> & { readonly next: number | undefined; readonly isLast: boolean };
const NOTHING = { items: undefined, error: undefined, isBusy: true, next: undefined, isLast: false };

/** Reads the first page when the dependencies change; an answer that comes too late is dropped. */
export function usePages<T>(read: ReadPage<T>, on: readonly unknown[]): Pages<T> {
  const [state, setState] = useState<State<T>>(NOTHING);
  const run = useRef(0);
  const load = (before: State<T>) => {
    const mine = ++run.current;
    const set = (found: State<T>) => mine === run.current && setState(found);
    setState({ ...before, error: undefined, isBusy: true });
    read(before.next).then(
      ({ items, next }) =>
        set({
          items: [...(before.items ?? []), ...items],
          error: undefined,
          isBusy: false,
          next,
          isLast: next === undefined,
        }),
      (error: unknown) => set({ ...before, error, isBusy: false }),
    );
  };
  useEffect(() => {
    load(NOTHING);
    return () => {
      run.current++;
    };
  }, on);
  return { ...state, more: state.isLast ? undefined : () => load(state) };
}

/** Proven entries of a question, page by page. */
export function useRows(
  log: WebLog,
  question: string,
  params: Params,
  on: readonly unknown[],
  limit = 64,
): Pages<Entry> {
  return usePages(rowsOf(log, question, params, limit), [log, ...on]);
}

export const rowsOf =
  (log: WebLog, question: string, params: Params = {}, limit = 256): ReadPage<Entry> =>
  async (after) => {
    const { entries, next } = await log.rows(question, { ...params, after, limit });
    return { items: entries, next };
  };

/** What is there so far, why there is no more, or a button that brings it. `of` names the items in the plural. */
export function ShowPages<T>({
  pages: { items, error, isBusy, more },
  of,
  children,
}: {
  pages: Pages<T>;
  of: string;
  children: (items: readonly T[]) => ComponentChildren;
}): JSX.Element {
  if (items === undefined && error === undefined)
    return h('p', { class: 'loading', role: 'status' }, 'Fetching and checking proofs…');
  return h('div', { class: 'loaded' }, [
    items === undefined ? null : children(items),
    error === undefined ? null : h(Failure, { error, again: more ?? (() => {}) }),
    more === undefined || error !== undefined
      ? null
      : h('p', { class: 'pager' }, [
          h(
            'button',
            { type: 'button', class: 'small', onClick: more, disabled: isBusy },
            isBusy ? 'Fetching…' : `Show more ${of}`,
          ),
          h('span', { class: 'hint', role: 'status' }, `${grouped(items?.length ?? 0)} are shown, and there are more.`),
        ]),
  ]);
}

/** Pages that are read at one time before a list is called too long. */
const MOST_PAGES = 16;

/** All items, page after page; `isCut` if there are more than a page can show. */
export async function readAll<T>(read: ReadPage<T>): Promise<{ readonly items: T[]; readonly isCut: boolean }> {
  const items: T[] = [];
  let next: number | undefined;
  for (let page = 0; page < MOST_PAGES; page++) {
    const found = await read(next);
    items.push(...found.items);
    next = found.next;
    if (next === undefined) return { items, isCut: false };
  }
  return { items, isCut: true };
}
