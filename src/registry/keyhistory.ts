/** Keys with all that happened to them, and what each was at any index: VOCABULARY §3, asked of the past. @module */
import type { Chronicle, Step } from './chronicle.ts';
import { lastBefore } from './chronicle.ts';
import { type KeyState, whyItMayNotSign } from './keystates.ts';
import type { Purpose } from './kinds/key.ts';
import { type Ledger, readEntry } from './ledger.ts';
import { nameOf } from './view.ts';

export type KeyEventTold = {
  /** Where it took effect. */
  readonly index: number;
  readonly event: string;
  /** What the key was after it. */
  readonly state: KeyState;
  /** The event, and the approvals that completed it. */
  readonly by: readonly number[];
  /** From where on the key is said to be in other hands. */
  readonly since?: number;
};

/** A key as an entry at `at` is judged on it. */
export type KeyAt = {
  readonly kid: string;
  /** organisation/keyId */
  readonly keyId: string;
  readonly purpose: Purpose;
  readonly enrolled: number;
  readonly notAfter?: string;
  readonly site?: string;
  /** The index that `state` is about: what an entry there would be judged on. */
  readonly at: number;
  readonly state: KeyState | 'unknown';
  readonly maySign: boolean;
  readonly why?: string;
  /** The later compromise that reaches back to `at`. */
  readonly taintedBy?: number;
};

export type KeyTold = KeyAt & {
  /** Oldest first; the last ones, if there are more than one answer should have. */
  readonly history: readonly KeyEventTold[];
  /** How many events came before those. */
  readonly eventsLeftOut?: number;
};

/** Whoever owns a key can suspend and resume it for ever. */
const MOST_EVENTS = 128;

export type KeyFilter = {
  readonly kid?: string | undefined;
  readonly keyId?: string | undefined;
  readonly issuer?: string | undefined;
  readonly purpose?: string | undefined;
};

/** The keys enrolled at an index from `from` on, at most `limit`, as they are at `at`. */
export function keysOf(ledger: Ledger, filter: KeyFilter, from: number, limit: number, at = ledger.size): KeyTold[] {
  const { chronicle } = ledger;
  const kids = filter.kid === undefined ? chronicle.ids('key') : [filter.kid];
  const found: KeyTold[] = [];
  for (const kid of kids) {
    const steps = chronicle.steps('key', kid);
    if (steps[0] === undefined || steps[0].index < from || !isWanted(steps[0], filter)) continue;
    if (found.push(tellKey(ledger, steps, at)) === limit) break;
  }
  return found;
}

function isWanted({ row }: Step<'key'>, { keyId, issuer, purpose }: KeyFilter): boolean {
  return (
    (keyId === undefined || nameOf(row.organisation, row.keyId) === keyId) &&
    (issuer === undefined || row.organisation === issuer) &&
    (purpose === undefined || row.purpose === purpose)
  );
}

function tellKey(ledger: Ledger, steps: readonly Step<'key'>[], at: number): KeyTold {
  return {
    ...keyAt(ledger.chronicle, steps, at),
    history: steps.slice(-MOST_EVENTS).map((step) => tellEvent(ledger, step)),
    ...(steps.length > MOST_EVENTS ? { eventsLeftOut: steps.length - MOST_EVENTS } : {}),
  };
}

/** `steps` are those of one key, at least one. */
export function keyAt(chronicle: Chronicle, steps: readonly Step<'key'>[], at: number): KeyAt {
  const [first] = steps as [Step<'key'>];
  const { kid, organisation, keyId, purpose, notAfter, site } = first.row;
  const now = lastBefore(steps, at);
  const why = now === undefined ? 'is not enrolled yet' : whyItMayNotSign(now.row, clockAt(chronicle, at));
  const report = steps.find((step, i) => step.index > at && isReport(step, steps[i - 1], at));
  return {
    kid,
    keyId: nameOf(organisation, keyId),
    purpose,
    enrolled: first.index,
    ...(notAfter === undefined ? {} : { notAfter }),
    ...(site === undefined ? {} : { site: nameOf(organisation, site) }),
    at,
    state: now?.row.state ?? 'unknown',
    maySign: why === undefined,
    ...(why === undefined ? {} : { why }),
    ...(report === undefined ? {} : { taintedBy: report.index }),
  };
}

function tellEvent(ledger: Ledger, { index, by, row }: Step<'key'>): KeyEventTold {
  const { event } = readEntry(ledger, by[0] as number, 'key').payload;
  return { index, event, state: row.state, by, ...(row.since === undefined ? {} : { since: row.since }) };
}

/** SPEC: "Now", for an entry at index i, is the `at` of the last heartbeat before i. */
function clockAt(chronicle: Chronicle, index: number): string {
  return chronicle.at(index).get('heartbeat', '')?.at ?? '';
}

/** Whether a step says for the first time that the key was in other hands at an index. */
export function isReport({ row }: Step<'key'>, before: Step<'key'> | undefined, index: number): boolean {
  return row.since !== undefined && row.since <= index && row.since !== before?.row.since;
}
