/** `withdrawal`: a build should not be used any more, says the organisation that made it. @module */
import { COMMON, ref } from '../common.ts';
import { entrySubject } from '../names.ts';
import { doc, map, oneOf, type TypeOf, text } from '../schema.ts';
import { type Admission, requireSubject, signedByWorkingKey } from '../signers.ts';
import type { Change } from '../view.ts';
import { requireOwnBuild } from './build.ts';

export const about = 'A build should not be used any more. Signed by a build key; sub is `entry:<index>` of the build.';

export const schema = map(
  { ref, reason: oneOf('defect', 'malware', 'key', 'legal') },
  { safeVersion: doc('a version of the same product to use instead', text(128)), ...COMMON },
);
export type Withdrawal = TypeOf<typeof schema>;

export function admit(admission: Admission<Withdrawal>): Change[] {
  const { index } = admission.payload.ref;
  requireSubject(admission, entrySubject(index));
  signedByWorkingKey(admission, 'build');
  requireOwnBuild(admission, 'ref', index);
  return [];
}
