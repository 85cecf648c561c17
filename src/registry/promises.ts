/**
 * Promises, VOCABULARY §4: relocations that were announced with a date, and what became of them. Overdue is computed by
 * whoever reads and never entered, and no date that somebody claims decides it. @module
 */
import { type AllAttested, attestationsOf, isContradicted } from './attested.ts';
import { type Corrected, correctionsOf, type Ledger, readEntry, seenBy } from './ledger.ts';
import { TERM } from './terms.ts';
import { secondsBetween } from './time.ts';
import { nameOf } from './view.ts';

/** `late`: kept after the date. `cancelled`: taken back before it; after it, it is overdue all the same. */
export const PROMISE_STATES = ['announced', 'kept', 'late', 'overdue', 'cancelled'] as const;
export type PromiseState = (typeof PROMISE_STATES)[number];

export type Promised = {
  readonly relocation: string;
  readonly state: PromiseState;
  readonly due: string;
  readonly announced: number;
  /** All phases so far, the announcement first. */
  readonly phases: readonly { readonly index: number; readonly phase: string }[];
  /** When the end was seen, and whose word that is; for what is open, the time it was judged at. */
  readonly judgedAt: { readonly time: string; readonly word: 'witnesses' | 'log' | 'asker' };
  /** How much after `due` that was. */
  readonly secondsLate?: number;
  readonly contradicted: boolean;
  readonly attested: AllAttested;
  readonly corrections: readonly Corrected[];
};

/** Announcements from an index on, at most `limit`. `asOf` is the asker's own clock; without it, the log's last word. */
export function promisesOf(ledger: Ledger, from: number, limit: number, asOf?: string): Promised[] {
  const now = asOf === undefined ? lastWord(ledger) : ({ time: asOf, word: 'asker' } as const);
  return ledger
    .find([TERM.kind('relocation'), TERM.phase('announced')], from, limit)
    .map((index) => judge(ledger, index, now));
}

/** The latest time that the log, or its witnesses, told. */
function lastWord(ledger: Ledger): { time: string; word: 'witnesses' | 'log' } {
  const clock = ledger.chronicle.at(ledger.size).get('heartbeat', '')?.at ?? '';
  const seen = seenBy(ledger, ledger.size - 1);
  return seen.time >= clock ? seen : { time: clock, word: 'log' };
}

function judge(ledger: Ledger, announced: number, now: Promised['judgedAt']): Promised {
  const { entry, payload } = readEntry(ledger, announced, 'relocation');
  const relocation = nameOf(entry.statement.iss, payload.relocationId);
  const due = payload.phase === 'announced' ? payload.due : '';
  const phases = phasesOf(ledger, relocation);
  const end = phases.find(({ phase }) => phase === 'completed' || phase === 'cancelled');
  const judgedAt = end === undefined ? now : seenBy(ledger, end.index);
  const isLate = judgedAt.time > due;
  const indexes = phases.map(({ index }) => index);
  const attested = attestationsOf(ledger, indexes);
  return {
    relocation,
    state: stateOf(end?.phase, isLate),
    due,
    announced,
    phases,
    judgedAt,
    ...(isLate ? { secondsLate: secondsBetween(due, judgedAt.time) } : {}),
    contradicted: isContradicted(attested),
    attested,
    corrections: correctionsOf(ledger, indexes),
  };
}

/** SPEC: An announced promise whose `due` has passed without `completed` is overdue. */
function stateOf(end: string | undefined, isLate: boolean): PromiseState {
  if (end === 'completed') return isLate ? 'late' : 'kept';
  if (isLate) return 'overdue';
  return end === 'cancelled' ? 'cancelled' : 'announced';
}

/** The phases of a relocation, `organisation/relocationId`, in their order. */
export function phasesOf(ledger: Ledger, relocation: string): { index: number; phase: string }[] {
  return ledger.chronicle.steps('relocation', relocation).map(({ index, row }) => ({ index, phase: row.phase }));
}
