/** `approval`: a further root key signs for a proposal, VOCABULARY §1; the one that completes it makes it take effect. @module */
import { must } from '../../core/fault.ts';
import { COMMON, ref } from '../common.ts';
import { entrySubject } from '../names.ts';
import { type Enact, hasSigned, isComplete, whyClosed } from '../proposals.ts';
import { readBytes } from '../read.ts';
import { refuse } from '../rule.ts';
import { map, type Schema, type TypeOf } from '../schema.ts';
import { type Admission, requireSubject, signedByRoot } from '../signers.ts';
import { type Change, type Proposal, put } from '../view.ts';
import * as key from './key.ts';
import * as policy from './policy.ts';

export const about =
  'A further root key agrees to a proposal. Signed by that root key; sub is `entry:<index>` of the proposal.';

export const schema = map({ ref }, COMMON);
export type Approval = TypeOf<typeof schema>;

export function admit(admission: Admission<Approval>): Change[] {
  const { view, entry, payload, kid, now } = admission;
  const { index } = payload.ref;
  requireSubject(admission, entrySubject(index));
  const organisation = signedByRoot(admission);
  const proposal = view.get('proposal', String(index));
  if (proposal === undefined) refuse('approval', `entry ${index} is not a proposal: nothing in it waits for approval`);
  const closed = whyClosed(view, proposal, now);
  if (closed !== undefined) refuse(closed.rule, `the proposal at entry ${index} ${closed.why}`);
  const { needs, signers } = proposal;
  if (!needs.includes(organisation.id)) {
    refuse('approval', `entry ${index} needs ${needs.join(' and ')}, not ${organisation.id}`);
  }
  // SPEC: a second approval by one key is refused.
  if (signers.includes(kid))
    refuse('approval', `${kid} has signed for entry ${index} before: another root key is needed`);
  if (hasSigned(organisation, signers)) {
    refuse('approval', `${organisation.id} has agreed to entry ${index} already: ${needs.join(' and ')} have to`);
  }
  const approved: Proposal = { ...proposal, signers: [...signers, kid] };
  if (!isComplete(view, needs, approved.signers)) return [put('proposal', String(index), approved)];
  // SPEC: it takes effect at the index of the approval, and is checked again: if it has become illegal, that approval
  // is refused.
  const changes = enact(admission, proposal, entry.index);
  return [...changes, put('proposal', String(index), { ...approved, done: entry.index })];
}

function enact(admission: Admission<Approval>, { kind, index }: Proposal, at: number): Change[] {
  const entry = admission.lookup.entry(index);
  must(entry !== undefined, `the lookup has no entry ${index}, and the view has a proposal there`);
  const run = <P>(of: Schema<P>, effect: Enact<P>): Change[] => {
    const { value, unknown } = readBytes(of, entry.statement.payload);
    return effect({ ...admission, entry, payload: value, unknown }, at);
  };
  return kind === 'policy' ? run(policy.schema, policy.enact) : run(key.schema, key.enact);
}
