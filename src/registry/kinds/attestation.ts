/**
 * `attestation`: what a supervisor, or whoever rebuilt a build, found about entries of anyone. Nobody's consent is
 * needed, and no state of what it speaks about forbids it. @module
 */
import { COMMON, evidence, period, ref, requirePeriod } from '../common.ts';
import { entrySubject, kindOf } from '../names.ts';
import { readBytes } from '../read.ts';
import { refuse } from '../rule.ts';
import { doc, list, map, oneOf, prose, type TypeOf } from '../schema.ts';
import { type Admission, requireSubject, signedByWorkingKey } from '../signers.ts';
import type { Change } from '../view.ts';

const { refs: _, ...common } = COMMON;

export const about =
  'What a supervisor found, or who rebuilt a build. Signed by a supervision key, or a rebuild key for `rebuilt-identically`; sub is `entry:<index>` of the first of refs.';

export const schema = map(
  {
    claim: oneOf(
      'relocation-verified',
      'ceremony-witnessed',
      'build-equals-source',
      'rebuilt-identically',
      'site-inspected',
      'control-effective',
    ),
    verdict: oneOf('confirm', 'confirm-with-exceptions', 'cannot-confirm', 'contradict', 'withdraw'),
    refs: doc('the entries that it is about, of anyone', list(ref, 1, 64)),
  },
  {
    method: doc('how it was found out, like sampled 40 of 1200', prose(280)),
    period: doc('the time that was looked at', period),
    standard: prose(80),
    exceptions: list(prose(280), 1, 32),
    report: evidence,
    independence: doc('who pays, since when, which conflicts', prose(280)),
    ...common,
  },
);
export type Attestation = TypeOf<typeof schema>;

export function admit(admission: Admission<Attestation>): Change[] {
  const { claim, verdict, refs, period: covered } = admission.payload;
  requireSubject(admission, entrySubject(refs[0]?.index as number));
  // SPEC: `rebuild` may sign an `attestation` with claim `rebuilt-identically`.
  if (claim === 'rebuilt-identically') signedByWorkingKey(admission, 'supervision', 'rebuild');
  else signedByWorkingKey(admission, 'supervision');
  if (covered !== undefined) requirePeriod(covered);
  if (verdict === 'withdraw') for (const { index } of refs) requireOwn(admission, index);
  return [];
}

/**
 * What is withdrawn is an own attestation of the same claim, so that a key for rebuilds takes back nothing else. What
 * was withdrawn is not revived: say it again.
 */
function requireOwn({ lookup, entry, payload }: Admission<Attestation>, index: number): void {
  const { iss } = entry.statement;
  const earlier = lookup.entry(index)?.statement;
  if (earlier === undefined || kindOf(earlier.contentType) !== 'attestation' || earlier.iss !== iss) {
    refuse('withdraw', `entry ${index} is not an attestation of ${iss}, so it cannot withdraw it`);
  }
  const { claim, verdict } = readBytes(schema, earlier.payload).value;
  if (claim !== payload.claim)
    refuse('withdraw', `entry ${index} claims ${claim}, not ${payload.claim}: repeat its claim`);
  if (verdict === 'withdraw') refuse('withdraw', `entry ${index} withdraws itself: attest again what holds after all`);
}
