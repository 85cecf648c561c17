/** `site`: a place that an organisation builds or processes data at, declared once and retired once. @module */
import { COMMON, id } from '../common.ts';
import { siteSubject } from '../names.ts';
import { refuse } from '../rule.ts';
import { country, list, map, oneOf, pattern, prose, type TypeOf } from '../schema.ts';
import { type Admission, requireSubject, signedByWorkingKey } from '../signers.ts';
import { type Change, nameOf, put, type Site } from '../view.ts';

export const schema = map(
  { event: oneOf('declare', 'retire'), siteId: id, country, operator: prose(80) },
  {
    subdivision: pattern(6, /^[A-Z]{2}-[A-Z0-9]{1,3}$/, 'an ISO 3166-2 code like CH-ZH'),
    locode: pattern(5, /^[A-Z]{2}[A-Z2-9]{3}$/, 'an UN/LOCODE without space, like CHZRH'),
    facility: prose(80),
    jurisdictions: list(country, 1, 64),
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
  const known = view.get('site', name);
  if (payload.event === 'retire') return [put('site', name, retired(known, payload, entry.index))];
  // SPEC: every `siteId` belongs to the organisation that declared it.
  if (known !== undefined) refuse('taken', `${name} was declared at entry ${known.declared}: choose another siteId`);
  return [put('site', name, { organisation, siteId, country: code, operator, declared: entry.index })];
}

function retired(site: Site | undefined, { siteId, country: code, operator }: SitePayload, index: number): Site {
  if (site === undefined) refuse('site', `${siteId} has not been declared by this organisation`);
  if (site.retired !== undefined) refuse('transition', `${siteId} is retired since entry ${site.retired}`);
  if (site.country !== code || site.operator !== operator) {
    refuse('site', `${siteId} is in ${site.country}, operated by ${site.operator}: repeat both as they were declared`);
  }
  return { ...site, retired: index };
}

/** The site of an organisation that a build or a key names. */
export function requireSite({ view }: Admission<unknown>, organisation: string, siteId: string): void {
  const site = view.get('site', nameOf(organisation, siteId));
  if (site === undefined) refuse('site', `the site ${siteId} has not been declared by ${organisation}`);
  if (site.retired !== undefined) refuse('site', `the site ${siteId} is retired since entry ${site.retired}`);
}
