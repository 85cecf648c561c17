/** What the watch list asks for: entries by any of the terms that they can be found by. @module */
import { TERM, type Term, termsOf } from '../../registry/terms.ts';
import { type EntryRule, kindIn, type Seen } from './seen.ts';

export const watched: EntryRule = (seen) => {
  const { entry, watch } = seen;
  if (watch.terms.size === 0) return [];
  const own = termsOf(entry);
  const terms = [...own, ...countriesOf(own, seen)];
  const lists = [...new Set(terms.flatMap((term) => watch.terms.get(term) ?? []))];
  if (lists.length === 0) return [];
  const { iss, sub } = entry.statement;
  return [
    {
      kind: 'match',
      rule: 'watch-list',
      subject: String(entry.index),
      index: entry.index,
      summary: `entry ${entry.index}, ${kindIn(seen) ?? 'of no known kind'} of ${iss} about ${sub}, is on the watch list (${lists.join('; ')})`,
      detail: { lists, issuer: iss, subject: sub },
    },
  ];
};

/** A build or a review happens in the country of its site, which it does not name itself. */
function countriesOf(terms: readonly Term[], { view }: Seen): Term[] {
  return terms.flatMap((term) => {
    const [name, site] = term.split(' ');
    const country = name === 'site' && site !== undefined ? view.get('site', site)?.country : undefined;
    return country === undefined ? [] : [TERM.country(country)];
  });
}
