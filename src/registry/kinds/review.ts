/** `review`: a visit at which source code was read, as a supervisor reports it. @module */
import { COMMON, count, sources } from '../common.ts';
import { siteSubject } from '../names.ts';
import { doc, integer, map, pattern, prose, type TypeOf, withSomeOf } from '../schema.ts';
import { type Admission, requireSubject, signedByWorkingKey } from '../signers.ts';
import type { Change } from '../view.ts';
import { requireSite } from './site.ts';

/** Centres are mostly the sites of the vendor that is reviewed, so the organisation can be named. */
const centre = pattern(
  129,
  /^(?:[a-z0-9][a-z0-9._-]{0,63}\/)?[a-z0-9][a-z0-9._-]{0,63}$/,
  'an own siteId, or organisation/siteId',
);

export const about = 'A visit at which source code was read. Signed by a supervision key; sub is `site:<centre>`.';

export const schema = withSomeOf(
  map(
    { centre: doc('the site of the visit', centre), depth: doc('how much was shown', prose(80)), outcome: prose(280) },
    {
      source: doc('what was read', sources),
      days: integer(1, 3650),
      reviewerKind: prose(80),
      findings: doc('how many there were', count),
      ...COMMON,
    },
  ),
  'refs',
  'source',
);
export type Review = TypeOf<typeof schema>;

export function admit(admission: Admission<Review>): Change[] {
  const { entry, payload } = admission;
  requireSubject(admission, siteSubject(payload.centre));
  signedByWorkingKey(admission, 'supervision');
  const [siteId, organisation = entry.statement.iss] = payload.centre.split('/').reverse() as [string, string?];
  // A centre that has closed does not silence what was found there.
  requireSite(admission, organisation, siteId, true);
  return [];
}
