/**
 * `relocation`: data moves from sites to others, phase by phase, VOCABULARY §4. Each phase is an entry that says again
 * what the relocation is about; that never changes, so that what was promised can be held against what was done. @module
 */
import { COMMON, id, ref } from '../common.ts';
import { relocationSubject } from '../names.ts';
import { IN_USE, mayFollow, phasesAfter } from '../phases.ts';
import { refuse } from '../rule.ts';
import { cases, country, doc, integer, list, map, oneOf, prose, set, type TypeOf, time } from '../schema.ts';
import { type Admission, requireSubject, signedByWorkingKey } from '../signers.ts';
import { type Change, nameOf, put, type Relocation, type Scope } from '../view.ts';
import { dataCategories, requireProcess } from './process.ts';
import { requireSite } from './site.ts';

const access = list(map({ country, class: oneOf('none', 'break-glass', 'routine') }, {}), 0, 249);

const required = {
  relocationId: id,
  process: doc('a processId', id),
  dataCategories,
  subjectCountries: doc('where the people live whose data it is, one by one', set(country, 1, 249)),
  from: doc('the sites that the data leave', set(id, 1, 64)),
  to: doc('the sites that they go to', set(id, 1, 64)),
  effectiveAt: doc('when this phase began in fact', time),
};
const optional = {
  accessFrom: doc(
    'who can reach the data from where, before and after: as much as where they are',
    map({ before: access, after: access }, {}),
  ),
  transferTool: doc('the legal ground of a transfer, like adequacy:CH', prose(80)),
  previous: doc('the phase before this one', ref),
  reason: prose(280),
  ...COMMON,
};
const plain = map(required, optional);

export const about =
  'A phase of moving data from sites to others. Signed by an operations key; sub is `relocation:<relocationId>`.';

export const schema = cases('phase', {
  announced: map({ ...required, due: doc('when it is promised to be completed', time) }, optional),
  started: plain,
  partial: map({ ...required, percent: doc('how much has moved; it only grows', integer(1, 100)) }, optional),
  paused: plain,
  cutover: plain,
  'rolled-back': plain,
  cancelled: plain,
  drained: plain,
  completed: plain,
});
export type RelocationPayload = TypeOf<typeof schema>;

export function admit(admission: Admission<RelocationPayload>): Change[] {
  const { view, entry, payload } = admission;
  const { relocationId, phase } = payload;
  requireSubject(admission, relocationSubject(relocationId));
  const { organisation } = signedByWorkingKey(admission, 'operations');
  const name = nameOf(organisation, relocationId);
  const before = view.get('relocation', name);
  const percent = checkProgress(payload, before);
  const scope = checkScope(payload, before);
  checkParts(admission, organisation);
  for (const when of ['before', 'after'] as const) {
    const countries = (payload.accessFrom?.[when] ?? []).map((one) => one.country);
    const twice = countries.find((code, i) => countries.indexOf(code) !== i);
    if (twice !== undefined) refuse('country', `accessFrom.${when} names ${twice} twice: say it once, with one class`);
  }
  return [put('relocation', name, { organisation, relocationId, phase, index: entry.index, percent, scope })];
}

/** Phase and percent, after those before. Returns the percent that has been reached. */
function checkProgress(payload: RelocationPayload, before: Relocation | undefined): number | undefined {
  const { relocationId, phase, previous } = payload;
  if (!mayFollow(phase, before?.phase)) {
    const next = phasesAfter(before?.phase).join(', ') || 'nothing';
    refuse('transition', `${relocationId} is ${before?.phase ?? 'new'}, and ${phase} cannot follow: ${next} may`);
  }
  if (previous !== undefined && previous.index !== before?.index) {
    const last = before === undefined ? 'there is none before this one' : `that is entry ${before.index}`;
    refuse('reference', `previous must refer to the last phase of ${relocationId}: ${last}`);
  }
  if (payload.phase !== 'partial') return before?.percent;
  // SPEC: `partial` (`percent` grows). A pause does not take it back.
  if (before?.percent !== undefined && payload.percent <= before.percent) {
    refuse('percent', `percent is ${payload.percent}, and ${before.percent} was reached before: it only grows`);
  }
  return payload.percent;
}

/** What it is about, as the first phase said it; the order within a list says nothing. */
function checkScope(payload: RelocationPayload, before: Relocation | undefined): Scope {
  const { process, dataCategories, subjectCountries, from, to } = payload;
  const scope = { process, dataCategories, subjectCountries, from, to };
  if (before === undefined) return scope;
  for (const field of Object.keys(scope) as (keyof Scope)[]) {
    const [now, then] = [scope[field], before.scope[field]].map((value) => [value].flat().sort().join(', '));
    if (now !== then) {
      refuse('scope', `${field} of ${payload.relocationId} is ${then} and not ${now}: what moves otherwise is another`);
    }
  }
  return before.scope;
}

function checkParts(admission: Admission<RelocationPayload>, organisation: string): void {
  const { process, from, to, phase } = admission.payload;
  const mayBeRetired = (part: 'process' | 'from' | 'to') => !IN_USE[phase].includes(part);
  requireProcess(admission, organisation, process, mayBeRetired('process'));
  for (const siteId of from) requireSite(admission, organisation, siteId, mayBeRetired('from'));
  for (const siteId of to) requireSite(admission, organisation, siteId, mayBeRetired('to'));
}
