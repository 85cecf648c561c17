/**
 * Thresholds without multi-signatures, VOCABULARY §1: an event that needs several root signatures is logged by the
 * first signer as a proposal, and takes effect at the approval that completes the threshold. @module
 */
import { type KindName, kindOf } from './names.ts';
import type { Admission } from './signers.ts';
import { secondsBetween } from './time.ts';
import { type Change, memberOf, type Organisation, type Proposal, put, type View } from './view.ts';

/** SPEC: the proposal stays until it lapses (30 days of the log's clock). */
const LAPSES_AFTER = 30 * 24 * 3600;

/** What an event changes when it takes effect at entry `at`; refuses it if it is not legal, or no longer. */
export type Enact<P> = (admission: Admission<P>, at: number) => Change[];

/** Takes effect at once if one signature is enough for all that have to agree; is proposed otherwise. */
export function propose<P>(admission: Admission<P>, needs: readonly Organisation[], enact: Enact<P>): Change[] {
  const { entry, kid, now } = admission;
  const { index, statement } = entry;
  // SPEC: A proposal is checked when it is logged.
  const changes = enact(admission, index);
  if (needs.every((organisation) => hasSigned(organisation, [kid]))) return changes;
  const proposal: Proposal = {
    index,
    kind: kindOf(statement.contentType) as KindName,
    organisation: statement.iss,
    at: now,
    needs: needs.map(({ id }) => id),
    signers: [kid],
  };
  return [put('proposal', String(index), proposal)];
}

/** Whether enough of its roots in force have signed. SPEC: the threshold over distinct public keys. */
export function hasSigned({ roots, threshold }: Organisation, signers: readonly string[]): boolean {
  return signers.filter((kid) => roots.includes(kid)).length >= threshold;
}

/** Whether all that have to agree have signed, by the roots and thresholds now in force. */
export function isComplete(view: View, needs: readonly string[], signers: readonly string[]): boolean {
  return needs.every((id) => {
    const organisation = memberOf(view, id);
    return organisation !== undefined && hasSigned(organisation, signers);
  });
}

/** Why a proposal cannot be approved any more; `undefined` while it is open. */
export function whyClosed(
  view: View,
  proposal: Proposal,
  now: string,
): { readonly rule: 'approval' | 'proposal-void' | 'proposal-lapsed'; readonly why: string } | undefined {
  const { done, index, at, organisation } = proposal;
  if (done !== undefined) return { rule: 'approval', why: `took effect at entry ${done}` };
  // SPEC: a policy that changes an organisation's roots or threshold voids its open proposals.
  const since = view.get('organisation', organisation)?.rootsSince;
  if (since === undefined || since > index) {
    return { rule: 'proposal-void', why: `is void since entry ${since}, which changed the roots of ${organisation}` };
  }
  if (secondsBetween(at, now) > LAPSES_AFTER) {
    return { rule: 'proposal-lapsed', why: 'is more than 30 days old and has lapsed: propose it again' };
  }
  return undefined;
}
