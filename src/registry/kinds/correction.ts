/** `correction`: an own entry was wrong, what holds instead, and since when that was known. @module */
import { COMMON, ref } from '../common.ts';
import { entrySubject } from '../names.ts';
import { refuse } from '../rule.ts';
import { map, prose, type TypeOf, time } from '../schema.ts';
import { type Admission, requireSubject, signedByWorkingKey } from '../signers.ts';
import type { Change } from '../view.ts';

export const schema = map(
  { ref, what: prose(280), knownSince: time, cause: prose(280) },
  { replacement: ref, ...COMMON },
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
