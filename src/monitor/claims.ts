/** What an answer of a lookup claims, beside what the entries say. What was logged later than either knows is no claim. @module */
import { toHex } from '../core/bytes.ts';
import { isSize } from '../core/size.ts';
import type { Json } from '../registry/json.ts';
import { keyAt } from '../registry/keyhistory.ts';
import { type Ledger, MANY } from '../registry/ledger.ts';
import { kindOf } from '../registry/names.ts';
import { toRow } from '../registry/row.ts';
import { type Term, termsOf } from '../registry/terms.ts';
import { VERDICTS, verdictOf } from '../registry/verdict.ts';
import type { Entry } from '../registry/view.ts';

/** An answer as it was parsed: any JSON with the size that it holds for. */
export type Answer = { readonly size: number; readonly [name: string]: unknown };

export type Difference = { readonly at: string; readonly claimed: string; readonly derived: Json };

/** As much as anyone needs to see of a claim. */
const SHOWN = 300;

/** Where a claim differs from what was derived; what it says beyond that is not judged. */
export function differences(claimed: unknown, derived: unknown, at: string): Difference[] {
  if (Array.isArray(derived) && Array.isArray(claimed) && claimed.length === derived.length) {
    return derived.flatMap((item, i) => differences(claimed[i], item, `${at}[${i}]`));
  }
  if (typeof derived === 'object' && derived !== null && !Array.isArray(derived)) {
    return Object.entries(derived).flatMap(([name, value]) => differences(of(claimed, name), value, `${at}.${name}`));
  }
  if (claimed === derived) return [];
  return [{ at, claimed: shown(claimed), derived: (derived ?? null) as Json }];
}

/** The first row is `entry`, and every row is what its entry says, and has the term that was asked for. */
export async function rowDifferences(
  answer: Answer,
  entry: Entry,
  term: Term,
  size: number,
  read: (index: number) => Promise<Entry>,
): Promise<Difference[]> {
  const rows = listOf(answer.rows);
  const found = differences(of(rows[0], 'index'), entry.index, 'rows[0].index');
  for (const [i, row] of rows.entries()) {
    const index = of(row, 'index');
    if (!isSize(index) || index >= answer.size) found.push(...differences(index, null, `rows[${i}].index`));
    else if (index < size) {
      const own = await read(index);
      const derived = toRow(own);
      found.push(...differences(row, derived, `rows[${i}]`));
      // A statement says nothing beyond what its entry says: compared the other way round as well.
      const statement = of(row, 'statement');
      if (differences(derived.statement, statement, '').length > 0) {
        found.push({ at: `rows[${i}].statement`, claimed: shown(statement), derived: derived.statement });
      }
      if (!termsOf(own).includes(term)) found.push(...differences(index, null, `rows[${i}].index`));
    }
  }
  return found;
}

/** The state of a key at an index, and its history as far as both know it. */
export function keyDifferences(
  answer: Answer,
  kid: string,
  at: number,
  { size, chronicle }: Pick<Ledger, 'size' | 'chronicle'>,
): Difference[] {
  const both = Math.min(size, answer.size);
  const steps = chronicle.steps('key', kid);
  const [first] = steps;
  if (first === undefined || first.index >= both) return [];
  const claimed = listOf(answer.keys)[0];
  const { why: _, taintedBy, ...derived } = keyAt(chronicle, steps, at);
  const found = [
    ...differences(claimed, derived, 'keys[0]'),
    ...differences(below(both, of(claimed, 'taintedBy')), below(both, taintedBy), 'keys[0].taintedBy'),
  ];
  if (of(claimed, 'eventsLeftOut') !== undefined) return found;
  const told = listOf(of(claimed, 'history')).filter((event) => below(both, of(event, 'index')) !== undefined);
  const history = steps
    .filter(({ index }) => index < both)
    .map(({ index, by, row }) => ({ index, by, state: row.state, since: row.since }));
  return [...found, ...differences(told, history, 'keys[0].history')];
}

/** The verdict on a build, the first that an answer names; `ledger` finds that build alone. */
export function verdictDifferences(answer: Answer, digest: string, build: Entry, ledger: Ledger): Difference[] {
  const [ours] = verdictOf(ledger, digest, { after: build.index - 1 }).builds;
  const builds = listOf(answer.builds);
  const [claimed] = builds;
  if (ours === undefined) return [];
  const both = Math.min(ledger.size, answer.size);
  const { index, issuer, kid, keyId, names, product, version, madeBy, site, verdict, compromise, stateNow } = ours;
  const claims = of(claimed, 'compromise');
  const reports = [of(claims, 'index'), compromise?.index];
  // A report that one of them cannot know yet decides what neither can judge.
  const later = reports.some((report) => report !== undefined && below(both, report) === undefined);
  const best = VERDICTS.find((name) => builds.some((one) => of(one, 'verdict') === name));
  const derived = { index, issuer, kid, keyId, names, product, version, madeBy, ...(site ? { site } : {}) };
  return [
    ...differences(claimed, derived, 'builds[0]'),
    ...(later ? [] : differences(claimed, { verdict, compromise }, 'builds[0]')),
    ...(answer.size === ledger.size ? differences(claimed, { stateNow }, 'builds[0]') : []),
    ...differences(answer.verdict, best, 'verdict'),
    ...differences(
      answer.withdrawn,
      builds.some((one) => listOf(of(one, 'withdrawals')).length > 0),
      'withdrawn',
    ),
  ];
}

/** What was said about a build is in the verdict on it; not if there is so much that something may be left out. */
export function mentionDifferences(answer: Answer, { index, statement }: Entry): Difference[] {
  const build = listOf(answer.builds)[0];
  const lists = {
    withdrawal: of(build, 'withdrawals'),
    review: of(build, 'reviews'),
    attestation: listOf(of(of(build, 'attested'), 'attestations')).map((one) => of(one, 'index')),
    correction: listOf(answer.corrections).map((one) => of(one, 'correction')),
  };
  const kind = kindOf(statement.contentType) as keyof typeof lists;
  const list = listOf(lists[kind]);
  if (list.length >= MANY || list.includes(index)) return [];
  return [{ at: `the ${kind} at entry ${index}`, claimed: shown(list), derived: toHex(statement.id) }];
}

function below(size: number, index: unknown): number | undefined {
  return isSize(index) && index < size ? index : undefined;
}

/** A field of what was parsed. */
export function of(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as { [name: string]: unknown })[name]
    : undefined;
}

/** A list of what was parsed; empty if it is none. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, SHOWN);
}
