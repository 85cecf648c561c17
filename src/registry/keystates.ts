/** The life of a working key, VOCABULARY §3: its states, what each event makes of them, and when it may sign. @module */
import type { Purpose } from './kinds/key.ts';

export const KEY_STATES = [
  'enrolled',
  'active',
  'suspended',
  'superseded',
  'retired',
  'revoked',
  'compromised',
  'destroyed',
] as const;
export type KeyState = (typeof KEY_STATES)[number];

/** The events that change a key; `enroll` makes one. */
export const KEY_EVENTS = [
  'activate',
  'suspend',
  'resume',
  'supersede',
  'retire',
  'revoke',
  'compromise',
  'destroy',
] as const;
export type KeyEvent = (typeof KEY_EVENTS)[number];

export type KeyRecord = {
  /** Hexadecimal, as in `sub`. */
  readonly kid: string;
  readonly organisation: string;
  readonly keyId: string;
  readonly purpose: Purpose;
  /** The index at which the enrolment took effect. */
  readonly enrolled: number;
  readonly notAfter?: string | undefined;
  readonly site?: string | undefined;
  readonly state: KeyState;
  /** The state that `resume` returns to. */
  readonly before?: KeyState;
  readonly successor?: string;
  readonly overlapUntil?: string | undefined;
  /** The least index from which the key is said to be in other hands. */
  readonly since?: number;
};

const END = { revoke: 'revoked', compromise: 'compromised' } as const;

/** From which state by which event to which state; what is not here is refused. */
const TRANSITIONS: Readonly<Record<KeyState, Partial<Readonly<Record<KeyEvent, KeyState | 'before'>>>>> = {
  enrolled: { activate: 'active', suspend: 'suspended', retire: 'retired', ...END, destroy: 'destroyed' },
  active: { suspend: 'suspended', supersede: 'superseded', retire: 'retired', ...END },
  suspended: { resume: 'before', retire: 'retired', ...END },
  superseded: { suspend: 'suspended', retire: 'retired', ...END, destroy: 'destroyed' },
  retired: { ...END, destroy: 'destroyed' },
  revoked: { compromise: 'compromised', destroy: 'destroyed' },
  // Only with an earlier `since`, which `keyevents.ts` checks.
  compromised: { compromise: 'compromised', destroy: 'destroyed' },
  destroyed: { compromise: 'compromised' },
};

/** The state after an event; `undefined` if it may not happen. */
export function stateAfter(record: KeyRecord, event: KeyEvent): KeyState | undefined {
  const next = TRANSITIONS[record.state][event];
  return next === 'before' ? record.before : next;
}

/** Why a key may not sign at a time of the log's clock; `undefined` if it may. All times are inclusive. */
export function whyItMayNotSign(record: KeyRecord, now: string): string | undefined {
  // SPEC: passing `notAfter` ends signing like `retire`.
  if (record.notAfter !== undefined && now > record.notAfter) return `has expired at ${record.notAfter}`;
  if (record.state === 'active') return undefined;
  if (record.state === 'enrolled') return 'has been enrolled and not activated';
  if (record.state !== 'superseded') return `is ${record.state}`;
  // SPEC: A superseded key signs until `overlapUntil`; without it the old key stops at once.
  if (record.overlapUntil === undefined) return `is superseded by ${record.successor}`;
  return now > record.overlapUntil ? `is superseded by ${record.successor} since ${record.overlapUntil}` : undefined;
}
