/** `site`: a place that an organisation builds or processes data at, declared once and retired once. @module */
import { COMMON, id } from '../common.ts';
import { declaredBy, requireDeclared } from '../declarations.ts';
import { siteSubject } from '../names.ts';
import { refuse } from '../rule.ts';
import { country, map, oneOf, pattern, prose, set, type TypeOf } from '../schema.ts';
import { type Admission, requireSubject, signedByWorkingKey } from '../signers.ts';
import { type Change, nameOf, put } from '../view.ts';

export const about =
  'A place at which an organisation builds or processes data. Signed by an operations key; sub is `site:<siteId>`.';

export const schema = map(
  { event: oneOf('declare', 'retire'), siteId: id, country, operator: prose(80) },
  {
    subdivision: pattern(6, /^[A-Z]{2}-[A-Z0-9]{1,3}$/, 'an ISO 3166-2 code like CH-ZH'),
    locode: pattern(5, /^[A-Z]{2}[A-Z2-9]{3}$/, 'an UN/LOCODE without space, like CHZRH'),
    facility: prose(80),
    jurisdictions: set(country, 1, 64),
    ...COMMON,
  },
);
export type SitePayload = TypeOf<typeof schema>;

export function admit(admission: Admission<SitePayload>): Change[] {
  const { view, entry, payload } = admission;
  const { siteId, country: code, operator } = payload;
  requireSubject(admission, siteSubject(siteId));
  const { organisation } = signedByWorkingKey(admission, 'operations');
  for (const field of ['subdivision', 'locode'] as const) {
    const value = payload[field];
    if (value !== undefined && !value.startsWith(code)) refuse('country', `${field} ${value} is not in ${code}`);
  }
  const name = nameOf(organisation, siteId);
  const said = { organisation, siteId, country: code, operator };
  const row = declaredBy('site', payload.event, siteId, view.get('site', name), said, entry.index);
  return [put('site', name, row)];
}

/** The site of an organisation that a statement names. */
export function requireSite({ view }: Admission<unknown>, organisation: string, siteId: string, mayBeRetired = false) {
  requireDeclared('site', organisation, siteId, view.get('site', nameOf(organisation, siteId)), mayBeRetired);
}
