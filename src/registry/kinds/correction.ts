/** `correction`: an own entry was wrong, what holds instead, and since when that was known. @module */
import { COMMON, ref } from '../common.ts';
import { entrySubject } from '../names.ts';
import { refuse } from '../rule.ts';
import { doc, map, prose, type TypeOf, time } from '../schema.ts';
import { type Admission, requireSubject, signedByWorkingKey } from '../signers.ts';
import type { Change } from '../view.ts';

export const about = 'An own entry was wrong. Signed by an operations key; sub is `entry:<index>` of the wrong entry.';

export const schema = map(
  {
    ref: doc('the wrong entry', ref),
    what: doc('what was wrong', prose(280)),
    knownSince: doc('when the organisation learned of it', time),
    cause: doc('how it came about', prose(280)),
  },
  { replacement: doc('the entry that holds instead', ref), ...COMMON },
);
export type Correction = TypeOf<typeof schema>;

export function admit(admission: Admission<Correction>): Change[] {
  const { ref: wrong, replacement } = admission.payload;
  requireSubject(admission, entrySubject(wrong.index));
  const { organisation } = signedByWorkingKey(admission, 'operations');
  requireOwn(admission, organisation, wrong.index);
  if (replacement !== undefined) {
    if (replacement.index === wrong.index)
      refuse('reference', 'replacement is the wrong entry itself: log the right one');
    requireOwn(admission, organisation, replacement.index);
  }
  return [];
}

/** SPEC: only the owner signs later events on what it declared. */
function requireOwn({ lookup }: Admission<Correction>, organisation: string, index: number): void {
  const iss = lookup.entry(index)?.statement.iss;
  if (iss !== organisation)
    refuse('owner', `entry ${index} is of ${iss}: ${organisation} corrects its own entries alone`);
}
