/**
 * Decides by a trust policy (C2SP tlog-policy) over a checkpoint whose signatures `openCheckpoint` has verified, and
 * says whose cosignatures counted and whose are missing. Pure: the time is given. @module
 */
import { equal } from './bytes.ts';
import type { OpenedCheckpoint, Signed } from './cosignature.ts';
import type { Vkey } from './note.ts';
import { NO_QUORUM, type Policy, type PolicyGroup, type PolicyWitness } from './tlogpolicy.ts';

/** How old a cosignature may be, in seconds. */
export type Age = { readonly now: number; readonly max: number };
/** A cosignature that is dated ahead of our clock by more than so many seconds counts for nothing: one of two is wrong. */
export const AHEAD = 300;

export type Counted = { readonly witness: PolicyWitness; readonly time: number };
export type Missing = { readonly witness: PolicyWitness; readonly why: 'absent' | 'too-old' | 'in-the-future' };

export type Verdict = {
  /** A known log signed the checkpoint and the quorum holds. */
  readonly met: boolean;
  /** The log key that signed it; undefined if none did that the policy knows. */
  readonly log: Vkey | undefined;
  readonly quorum: boolean;
  readonly counted: readonly Counted[];
  readonly missing: readonly Missing[];
};

/**
 * SPEC: a checkpoint is considered valid if it is signed by any one of the listed logs, and it is cosigned by witnesses
 * according to the defined quorum rule. Where the policy lists no log, any key that the caller opened the checkpoint
 * with and that is not a witness stands for the log. Without `age`, cosignatures count however old they are.
 */
export function evaluate(
  policy: Policy,
  { checkpoint, signed }: Pick<OpenedCheckpoint, 'checkpoint' | 'signed'>,
  age?: Age,
): Verdict {
  const log = signed.find((one) => one.vkey.name === checkpoint.origin && isLog(policy, one.vkey))?.vkey;
  const counted: Counted[] = [];
  const missing: Missing[] = [];
  for (const witness of policy.witnesses) {
    const time = newest(signed, witness.vkey);
    const why = time === undefined ? 'absent' : outOfAge(time, age);
    if (why) missing.push({ witness, why });
    else counted.push({ witness, time: time as number });
  }
  const quorum = isMet(policy, new Set(counted.map(({ witness }) => witness.name)));
  return { met: quorum && log !== undefined, log, quorum, counted, missing };
}

/** Whether the quorum holds if exactly these witnesses, by their names in the policy, have cosigned. */
export function isMet({ groups, quorum }: Policy, cosigned: ReadonlySet<string>): boolean {
  if (quorum === NO_QUORUM) return true;
  const met = new Set(cosigned);
  // Members are defined before their group, so one pass decides.
  for (const { name, threshold, members } of groups) {
    if (members.filter((member) => met.has(member)).length >= threshold) met.add(name);
  }
  return met.has(quorum);
}

function isLog({ logs, witnesses }: Policy, vkey: Vkey): boolean {
  if (witnesses.some((witness) => isSame(witness.vkey, vkey))) return false;
  return logs.length === 0 || logs.some((log) => isSame(log.vkey, vkey));
}

/** The time of the newest cosignature by a key. */
function newest(signed: readonly Signed[], vkey: Vkey): number | undefined {
  const times = signed.flatMap((one) => (isSame(one.vkey, vkey) ? [one.time ?? 0] : []));
  return times.length === 0 ? undefined : Math.max(...times);
}

function outOfAge(time: number, age: Age | undefined): 'too-old' | 'in-the-future' | undefined {
  if (!age) return undefined;
  if (time > age.now + AHEAD) return 'in-the-future';
  return time < age.now - age.max ? 'too-old' : undefined;
}

function isSame(a: Vkey, b: Vkey): boolean {
  return a.name === b.name && a.type === b.type && equal(a.key.bytes, b.key.bytes);
}

/** A verdict in sentences, one a line, for people. */
export function explain(policy: Policy, { log, quorum, counted, missing }: Verdict): string[] {
  return [
    log ? `signed by the log ${log.name}` : 'not signed by a log that the policy knows',
    policy.quorum === NO_QUORUM
      ? 'the policy asks for no witness'
      : `quorum ${quorum ? 'met' : 'not met'}: it is ${ruleOf(policy.groups, policy.quorum)}`,
    ...counted.map(({ witness, time }) => `cosigned by ${witness.name} at ${isoTime(time)}`),
    ...missing.map(({ witness, why }) => `${WHY[why]} by ${witness.name}`),
  ];
}

const WHY = {
  absent: 'no cosignature',
  'too-old': 'too old a cosignature',
  'in-the-future': 'a cosignature from the future',
} as const satisfies Record<Missing['why'], string>;

/** A witness by its name, a group as `2 of (a, b, all of (c, d))`. */
function ruleOf(groups: readonly PolicyGroup[], name: string): string {
  const group = groups.find((one) => one.name === name);
  if (!group) return name;
  const { threshold, members } = group;
  const count = threshold === members.length ? 'all' : String(threshold);
  return `${count} of (${members.map((member) => ruleOf(groups, member)).join(', ')})`;
}

/** Times beyond what a date can say are shown as the number of seconds. */
export function isoTime(time: number): string {
  return time <= 8.64e12 ? new Date(time * 1000).toISOString() : `${time} s`;
}
