/** Alerts: their ids, how bad each kind is, and the exit code that they make. Pure. @module */
import { sha256 } from '#sha256';
import { toHex, utf8 } from '../core/bytes.ts';
import type { Json } from '../registry/json.ts';
import type { Alert, AlertKind } from './memory.ts';

/** What a rule finds; the log and the time are added by whoever asked it. */
export type Finding = {
  readonly kind: AlertKind;
  readonly rule: string;
  /** What it is about, in such words that the same thing is told once and another is another. */
  readonly subject: string;
  readonly summary: string;
  readonly index?: number;
  readonly detail?: { readonly [name: string]: Json };
};

export function alertOf(origin: string, at: string, { subject, detail = {}, summary, ...finding }: Finding): Alert {
  const named = [origin, finding.kind, finding.rule, subject].join('\n');
  const id = toHex(sha256(utf8(named)).subarray(0, 16));
  return { id, origin, at, ...finding, summary: inOneLine(summary), detail };
}

/** A summary repeats what strangers wrote: it must not end a line, move a cursor, or stop a hook from being run. */
function inOneLine(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '\ufffd');
}

/** Exit codes of `limmat monitor --once`. */
export const CLEAN = 0;
export const MATCHED = 1;
export const MISBEHAVED = 2;
export const UNVERIFIED = 3;
export const BROKEN = 4;

const CODES = {
  match: MATCHED,
  'key-event': MATCHED,
  'index-mismatch': MATCHED,
  equivocation: MISBEHAVED,
  'forbidden-entry': MISBEHAVED,
  'malformed-entry': MISBEHAVED,
  'inconsistent-tile': UNVERIFIED,
  'unverifiable-head': UNVERIFIED,
  'quorum-lost': UNVERIFIED,
  stale: UNVERIFIED,
  health: CLEAN,
} as const satisfies Record<AlertKind, number>;

/**
 * The code of a round. What was proven counts until someone acknowledges it; what could not be verified counts only if
 * it was this round that could not (`trouble`), since the next one may.
 */
export function exitCodeOf(open: Iterable<Pick<Alert, 'kind'>>, trouble: boolean): number {
  const codes = new Set([...open].map(({ kind }) => CODES[kind]));
  if (codes.has(MISBEHAVED)) return MISBEHAVED;
  if (trouble) return UNVERIFIED;
  return codes.has(MATCHED) ? MATCHED : CLEAN;
}
