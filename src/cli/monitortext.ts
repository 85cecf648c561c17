/** The state of a monitor for people: a line for each log, and what is open with what to do about it. @module */
import type { AlertKind, KeptAlert } from '../monitor/memory.ts';

export type LogStatus = {
  readonly log: string;
  readonly verified: number;
  readonly entriesLookedAt: number;
  /** Entries before this one were never looked at, because the monitor was told to begin at the end. */
  readonly notCheckedBefore?: number;
  /** The newest time that the head was signed with; of a head without one, when it was first seen. */
  readonly headAt?: string;
  readonly lastSuccess: string;
  readonly pending: number;
  readonly unverifiable: number;
  readonly conflict: number;
  readonly evidence: readonly string[];
};
export type Status = { readonly logs: readonly LogStatus[]; readonly alerts: readonly KeptAlert[] };

/** Alerts that are listed; whoever has more wants them as JSON. */
const LISTED = 20;
/** What of a summary fits two lines of a terminal. */
const SHOWN = 150;

const TO_DO = {
  match: 'look at the entry, and ask who signed it if you did not expect it',
  'key-event': 'ask the owner of the key whether this was meant; if not, the key has to be revoked',
  equivocation: 'trust this log no more, and give others the evidence: `limmat monitor evidence --out DIR` writes it',
  'forbidden-entry': 'the operator let it in against the rules: the proof in `--json` shows it to anyone',
  'malformed-entry': 'nobody can read it: ask the operator how it came in',
  'index-mismatch': 'believe no answer of this server without a proof, and tell its operator',
  'inconsistent-tile': 'tell whoever runs this copy; the log itself is not to blame',
  'unverifiable-head': 'ask the operator for the tree that was signed; without it, trust no entry of that size',
  'quorum-lost': 'ask the operator and the witnesses why; until then clients that ask for witnesses refuse this head',
  stale: 'ask the operator whether the log still runs: what you are shown may be old',
  health: 'see that the address is right and the log can be reached from here',
} as const satisfies Record<AlertKind, string>;

export function statusText({ logs, alerts }: Status, now: Date): string {
  const width = Math.max(0, ...logs.map(({ log }) => log.length));
  const open = alerts.filter(({ acknowledged }) => acknowledged === undefined);
  const lines = logs.map((log) => `${log.log.padEnd(width)}  ${logText(log, open, now)}`);
  // The newest are what somebody was called for.
  const shown = alerts.slice(-LISTED);
  if (alerts.length > shown.length) lines.push('', `${alerts.length - shown.length} older alerts are in --json.`);
  for (const alert of shown) lines.push('', ...alertText(alert));
  if (open.length > 0) lines.push('', 'Done with one? `limmat monitor ack ID`, and it is told no more.');
  return lines.join('\n');
}

function logText(log: LogStatus, open: readonly KeptAlert[], now: Date): string {
  const { verified, entriesLookedAt, notCheckedBefore = 0, headAt, pending, unverifiable, evidence } = log;
  if (headAt === undefined) return `nothing verified yet, ${openText(open, log)}`;
  const waiting = pending + unverifiable;
  const missing = verified - notCheckedBefore - entriesLookedAt;
  const parts = [
    counted(verified, 'entry', 'entries'),
    ...(missing > 0 ? [`${missing} of them not looked at yet`] : []),
    ...(notCheckedBefore > 0 ? [`those before ${notCheckedBefore} never checked`] : []),
    `head ${ageOf(headAt, now)} old`,
    openText(open, log),
    ...(evidence.length > 0 ? [counted(evidence.length, 'file of evidence', 'files of evidence')] : []),
    ...(waiting > 0 ? [`${counted(waiting, 'head', 'heads')} not verified`] : []),
  ];
  return parts.join(', ');
}

function openText(open: readonly KeptAlert[], { log }: LogStatus): string {
  const count = open.filter(({ origin }) => origin === log).length;
  return count === 0 ? 'no open alert' : counted(count, 'open alert', 'open alerts');
}

function alertText({ id, kind, summary, acknowledged }: KeptAlert): string[] {
  const said = summary.length > SHOWN ? `${summary.slice(0, SHOWN)}…` : summary;
  if (acknowledged !== undefined) return [`${id}  ${kind}, acknowledged ${acknowledged}: ${said}`];
  return [`${id}  ${kind}: ${said}`, `  ${TO_DO[kind]}`];
}

function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}

const MINUTE = 60_000;
const UNITS = [
  [1440 * MINUTE, 'day', 'days'],
  [60 * MINUTE, 'hour', 'hours'],
  [MINUTE, 'minute', 'minutes'],
] as const;

function ageOf(time: string, now: Date): string {
  const age = now.getTime() - Date.parse(time);
  const [unit, one, many] = UNITS.find(([length]) => age >= length) ?? [];
  return unit === undefined ? 'less than a minute' : counted(Math.floor(age / unit), one, many);
}
