/** The slowest lookup there is: it scans all entries for every question, and folds the registry anew. */
import { Chronicle } from '../../src/registry/chronicle.ts';
import type { Interval } from '../../src/registry/interval.ts';
import type { Ledger } from '../../src/registry/ledger.ts';
import { isGovernance, kindOf } from '../../src/registry/names.ts';
import { termsOf } from '../../src/registry/terms.ts';
import type { Entry } from '../../src/registry/view.ts';
import type { World } from './world.ts';

/** `between` tells the checkpoints around an entry; without it no times are known but the log's clock. */
export function ledgerOf({ entries, lookup }: World, between: (index: number) => Interval = () => ({})): Ledger {
  const chronicle = new Chronicle();
  for (const entry of entries) if (isFolded(entry)) chronicle.take(entry, lookup);
  return {
    ...lookup,
    size: entries.length,
    chronicle,
    between,
    find: (terms, from, limit) =>
      entries
        .filter((entry) => entry.index >= from && terms.every((term) => termsOf(entry).includes(term)))
        .slice(0, limit)
        .map(({ index }) => index),
  };
}

export function isFolded({ statement }: Entry): boolean {
  const kind = kindOf(statement.contentType);
  return kind !== undefined && isGovernance(kind);
}

/** Cosigned once for each entry, at a time of its own. */
export function seenAt(time: (index: number) => string, word: 'log' | 'witnesses' = 'log') {
  return (index: number): Interval => ({
    from: { size: index, time: time(index - 1), word, by: ['x'] },
    to: { size: index + 1, time: time(index), word, by: ['x'] },
  });
}
