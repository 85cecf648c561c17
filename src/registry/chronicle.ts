/**
 * The registry with its past: the same fold over governance entries that admission reads, but every row is kept with
 * the entry that put it. So the view that entry `i` was judged on can be asked for at any `i`, for ever. @module
 */
import { Fault } from '../core/fault.ts';
import { admit } from './admit.ts';
import { kindOf } from './names.ts';
import { readPayload } from './payload.ts';
import { type Change, type Entry, type Lookup, nameOf, type Table, type Tables, type View } from './view.ts';

/** A row since it was put. */
export type Step<T extends Table> = {
  /** The entry by which it took effect. */
  readonly index: number;
  /** The entries that decided it, in order: the event alone, or a proposal with the approvals that completed it. */
  readonly by: readonly number[];
  readonly row: Tables[T];
};

/** A step as a store keeps it: the row that was put, and the entries by which it was. */
export type KeptStep = Change & Pick<Step<Table>, 'index' | 'by'>;

/** A governance entry that the log should not have admitted; it changes nothing. */
export type Breach = { readonly index: number; readonly fault: Fault };

export class Chronicle {
  readonly #steps = new Map<Table, Map<string, unknown[]>>();
  /** Of each open proposal, the approvals so far. */
  readonly #approvals = new Map<number, number[]>();
  /** Of each process and country, the relocations about them. */
  readonly #moves = new Map<string, string[]>();
  readonly breaches: Breach[] = [];
  /** What the next entry is judged on. */
  readonly latest: View = this.at(Number.POSITIVE_INFINITY);

  /** Takes the next governance entry; they come in their order. */
  take(entry: Entry, lookup: Lookup): void {
    try {
      this.keep(entry, admit(this.latest, entry, lookup));
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      this.breaches.push({ index: entry.index, fault: error });
    }
  }

  /** Keeps what an entry changes, in the order of the entries. */
  keep(entry: Entry, changes: readonly Change[]): KeptStep[] {
    const by = this.#decidedBy(entry);
    const steps = changes.map((change) => ({ ...change, index: entry.index, by }));
    for (const step of steps) this.put(step);
    return steps;
  }

  /** Puts a step that was kept; they come in their order. */
  put({ table, id, ...step }: KeptStep): void {
    const [decided, ...approvals] = step.by as [number, ...number[]];
    if (approvals.length > 0) this.#approvals.set(decided, approvals);
    const rows = this.#rowsOf(table);
    const steps = rows.get(id);
    if (steps !== undefined) {
      steps.push(step);
      return;
    }
    rows.set(id, [step]);
    if (table === 'relocation') this.#findable(id, step.row as Tables['relocation']);
  }

  /** What a relocation is about never changes. */
  #findable(id: string, { organisation, scope }: Tables['relocation']): void {
    for (const country of scope.subjectCountries) {
      const key = aboutKey(nameOf(organisation, scope.process), country);
      const known = this.#moves.get(key);
      if (known === undefined) this.#moves.set(key, [id]);
      else known.push(id);
    }
  }

  /** The relocations of a process that are about people in a country, in the order in which they were first told. */
  moves(process: string, country: string): readonly string[] {
    return this.#moves.get(aboutKey(process, country)) ?? [];
  }

  /** What entry `index` was judged on. */
  at(index: number): View {
    return { get: (table, id) => lastBefore(this.steps(table, id), index)?.row };
  }

  /** All rows that an id of a table ever had, in their order. */
  steps<T extends Table>(table: T, id: string): readonly Step<T>[] {
    return (this.#steps.get(table)?.get(id) ?? []) as readonly Step<T>[];
  }

  /** The ids of a table, in the order in which they first had a row. */
  ids(table: Table): Iterable<string> {
    return this.#steps.get(table)?.keys() ?? [];
  }

  #rowsOf(table: Table): Map<string, unknown[]> {
    const known = this.#steps.get(table);
    if (known !== undefined) return known;
    const made = new Map<string, unknown[]>();
    this.#steps.set(table, made);
    return made;
  }

  #decidedBy({ index, statement }: Entry): readonly number[] {
    if (kindOf(statement.contentType) !== 'approval') return [index];
    const proposal = readPayload('approval', statement.payload).value.ref.index;
    return [proposal, ...(this.#approvals.get(proposal) ?? []), index];
  }
}

const aboutKey = (process: string, country: string): string => `${process} ${country}`;

/** The last step that took effect before an index. */
export function lastBefore<T extends Table>(steps: readonly Step<T>[], index: number): Step<T> | undefined {
  let lo = 0;
  let hi = steps.length;
  while (lo < hi) {
    const middle = Math.floor((lo + hi) / 2);
    if ((steps[middle] as Step<T>).index < index) lo = middle + 1;
    else hi = middle;
  }
  return steps[lo - 1];
}
