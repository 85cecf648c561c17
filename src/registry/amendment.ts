/**
 * What a later policy may change, and whose consent it needs. SPEC (VOCABULARY §1): The operator cannot seize or
 * silence others. What waits for witnessed notice is refused as long as there is no way to give it. @module
 */
import { equal } from '../core/bytes.ts';
import type { Policy } from './kinds/policy.ts';
import type { KindName } from './names.ts';
import { type CheckedPolicy, hasSameRoots, type Member } from './policyform.ts';
import { refuse } from './rule.ts';
import { memberOf, type Organisation, type View } from './view.ts';

/** Kinds by which others speak, or are held to account; the operator cannot just drop them. */
const PROTECTED: readonly KindName[] = ['attestation', 'review', 'key', 'approval'];

/** The organisations whose thresholds a policy needs, as they are before it: the operator's, then those it touches. */
export function consentsTo(view: View, old: Policy, next: CheckedPolicy): Organisation[] {
  checkSuccession(old, next.payload);
  checkNotice(old, next.payload);
  const affected = old.organisations.flatMap(({ id }) => {
    const before = memberOf(view, id);
    const after = next.members.find((member) => member.id === id);
    return before !== undefined && isTouched(before, after) ? [before] : [];
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
}

/**
 * Whether the organisation has to agree. SPEC: A change to another organisation's `rootKeys`, `threshold` or `role`
 * also needs that organisation's threshold under its old roots. So does its removal, unless it is a supervisor's.
 */
function isTouched(before: Organisation, after: Member | undefined): boolean {
  if (before.role === 'operator') return false;
  if (after === undefined) {
    if (before.role === 'supervisor') notice(`removing the supervisor ${before.id}`);
    return true;
  }
  return after.role !== before.role || !hasSameRoots(before, after);
}

function checkNotice(old: Policy, next: Policy): void {
  for (const kind of PROTECTED) {
    if (old.kinds.includes(kind) && !next.kinds.includes(kind)) notice(`dropping ${kind} from kinds`);
  }
  if (next.supervisorNoticeDays < old.supervisorNoticeDays) notice('shortening supervisorNoticeDays');
  const [before, after] = [old, next].map(({ witnesses = [] }) => [...witnesses].sort().join('\n'));
  if (before !== after) notice('changing witnesses');
  if (next.witnessQuorum !== old.witnessQuorum) notice('changing witnessQuorum');
}

function notice(what: string): never {
  return refuse('notice', `${what} needs notice that witnesses have seen, and comes with them in a later version`);
}
