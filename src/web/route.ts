/** Which page is shown, as the part of the address behind `#`: a permalink that any static server can serve. @module */

export const PAGES = ['overview', 'where', 'builds', 'keys', 'supervision', 'witnesses', 'entry'] as const;
export type PageName = (typeof PAGES)[number];
export type Place = { readonly page: PageName; readonly id: string; readonly params: URLSearchParams };

export const OVERVIEW: Place = { page: 'overview', id: '', params: new URLSearchParams() };

/** Reads `#/entry/12`, `#/builds?product=kdb`. What is unknown leads to the overview. */
export function parsePlace(hash: string): Place {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?');
  const [name = '', ...rest] = path.split('/');
  const page = PAGES.find((one) => one === name) ?? 'overview';
  return { page, id: rest.join('/'), params: new URLSearchParams(query) };
}

/** The inverse of `parsePlace`. */
export function linkTo(page: PageName, id = '', params: Readonly<Record<string, string | undefined>> = {}): string {
  const given = Object.entries(params).filter((pair): pair is [string, string] => Boolean(pair[1]));
  const query = new URLSearchParams(given).toString();
  return `#/${page}${id === '' ? '' : `/${id}`}${query === '' ? '' : `?${query}`}`;
}

export const entryLink = (index: number): string => linkTo('entry', String(index));

/** The index that a place is about; undefined if it is none. */
export const indexOf = (id: string): number | undefined =>
  /^(?:0|[1-9][0-9]{0,14})$/.test(id) ? Number(id) : undefined;
