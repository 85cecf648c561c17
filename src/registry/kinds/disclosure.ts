/** `disclosure`: how often the authorities of a country asked for data in a period, and how often in vain. @module */
import { COMMON, count, period, requirePeriod } from '../common.ts';
import { countrySubject } from '../names.ts';
import { refuse } from '../rule.ts';
import { country, doc, map, type TypeOf } from '../schema.ts';
import { type Admission, requireSubject, signedByWorkingKey } from '../signers.ts';
import type { Change } from '../view.ts';

export const about =
  'How often the authorities of a country asked for data in a period. Signed by an operations key; sub is `country:<country>`.';

export const schema = map(
  {
    period,
    country,
    received: doc('requests in all', count),
    rejected: doc('requests among them that were rejected', count),
  },
  COMMON,
);
export type Disclosure = TypeOf<typeof schema>;

export function admit(admission: Admission<Disclosure>): Change[] {
  const { country: code, received, rejected, period: covered } = admission.payload;
  requireSubject(admission, countrySubject(code));
  signedByWorkingKey(admission, 'operations');
  requirePeriod(covered);
  if (rejected > received) refuse('counts', `rejected is ${rejected}, and only ${received} were received`);
  return [];
}
