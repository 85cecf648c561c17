/**
 * What a later policy may change, and whose consent it needs. SPEC (VOCABULARY §1): The operator cannot seize or
 * silence others. What needs witnessed notice instead is in `notice.ts`. @module
 */
import { equal } from '../core/bytes.ts';
import { must } from '../core/fault.ts';
import type { Policy } from './kinds/policy.ts';
import { type Announced, readNotice, requireNotice, silent } from './notice.ts';
import { type CheckedPolicy, hasSameRoots, type Member } from './policyform.ts';
import { refuse } from './rule.ts';
import { type Lookup, memberOf, type Organisation, type View } from './view.ts';

/** The organisations whose thresholds a policy needs, as they are before it: the operator's, then those it touches. */
export function consentsTo(view: View, next: CheckedPolicy, index: number, lookup: Lookup): Organisation[] {
  const now = view.get('policy', '');
  must(now !== undefined, 'a policy amends one');
  const old = now.policy;
  checkSuccession(old, next.payload);
  const announced = readNotice(now, next.payload, index, lookup);
  requireNotice(old, next.payload, announced);
  const affected = old.organisations.flatMap(({ id }) => {
    const before = memberOf(view, id);
    const after = next.members.find((member) => member.id === id);
    return before !== undefined && needsConsent(before, after, next.payload, announced) ? [before] : [];
  });
  for (const { id } of next.members) {
    if (view.get('organisation', id)?.left) {
      // Whoever got its id would get its keys, sites and history with it.
      refuse('policy-fixed', `the organisation ${id} has left this log: its id is not given out again, choose another`);
    }
  }
  const operator = memberOf(view, operatorOf(old)) as Organisation;
  return [operator, ...affected];
}

function operatorOf({ organisations }: Policy): string {
  return organisations.find(({ role }) => role === 'operator')?.id as string;
}

/** SPEC: A later `policy` has `version` = previous + 1, the same `origin` and `logKey`, and needs the operator. */
function checkSuccession(old: Policy, next: Policy): void {
  if (next.version !== old.version + 1) {
    refuse('policy-version', `version is ${next.version}, and the policy in force has ${old.version}: add one to that`);
  }
  if (next.origin !== old.origin) refuse('policy-fixed', `the origin stays "${old.origin}"`);
  if (!equal(next.logKey, old.logKey)) refuse('policy-fixed', 'the logKey stays as the first policy named it');
  if (operatorOf(next) !== operatorOf(old)) refuse('policy-fixed', `the operator stays ${operatorOf(old)}`);
  // Not among the words of VOCABULARY §1, but what they mean: a signature of ML-DSA-44 alone has 2,420 bytes, so a lower
  // bound would keep a supervisor with such a key from contradicting. No announcement can say it, so it never sinks.
  if (next.maxEntryBytes < old.maxEntryBytes) {
    const why = 'whoever signs with larger keys would be silenced';
    refuse('size', `maxEntryBytes is ${old.maxEntryBytes} and is not lowered to ${next.maxEntryBytes}: ${why}`);
  }
}

/**
 * Whether the organisation has to agree. SPEC: A change to another organisation's `rootKeys`, `threshold` or `role`
 * also needs that organisation's threshold under its old roots, or waits out the notice. So does its removal; that of a
 * supervisor always waits.
 */
function needsConsent(before: Organisation, after: Member | undefined, next: Policy, announced: Announced): boolean {
  if (before.role === 'operator') return false;
  if (after === undefined) {
    if (announced(({ removes }) => removes === before.id)) return false;
    if (before.role === 'supervisor') silent(`removing the supervisor ${before.id}`);
    return true;
  }
  if (after.role === before.role && hasSameRoots(before, after)) return false;
  const wanted = next.organisations.find(({ id }) => id === before.id);
  must(wanted !== undefined, 'a member is an organisation of the policy');
  return !announced(({ organisation }) => organisation !== undefined && isSameMember(organisation, wanted));
}

type Named = Policy['organisations'][number];

/** Whether an organisation is what was announced, but for what people call it. */
function isSameMember(a: Named, b: Named): boolean {
  if (a.id !== b.id || a.role !== b.role || a.threshold !== b.threshold) return false;
  return (
    a.rootKeys.length === b.rootKeys.length && a.rootKeys.every((key) => b.rootKeys.some((one) => equal(key, one)))
  );
}
