/**
 * Where was process P's data about people in country C processed on day D, who could reach it from where, who attested
 * it, and was it said at the time or later? VOCABULARY §4. What is told is what the owner said, phase by phase; when he
 * said it is told by checkpoints and never by a date of his own. @module
 */
import { must } from '../core/fault.ts';
import { type AllAttested, attestationsOf, isContradicted } from './attested.ts';
import type { RelocationPayload } from './kinds/relocation.ts';
import { type Corrected, correctionsOf, type Grounds, type Ledger, MANY, readEntry, seenBy } from './ledger.ts';
import type { Phase } from './phases.ts';
import { phasesOf } from './promises.ts';
import { secondsBetween } from './time.ts';
import { nameOf, type Relocation } from './view.ts';

/** What is at a site: the data, a part of them while they move, or copies that were not yet removed. */
export type Presence = 'all' | 'part' | 'remains';
export type Place = { readonly site: string; readonly country: string; readonly presence: Presence };

/** SPEC: An entry whose witnessed time is more than 72 hours after `effectiveAt` is reported late. */
const LATE_AFTER = 72 * 3600;

/** Whether a phase was told in time. */
export type Said = {
  /** For the day that is asked about. */
  readonly said: 'at the time' | 'later';
  readonly effectiveAt: string;
  /** When it was seen in the log, and whose word that is. */
  readonly seen: { readonly time: string; readonly word: 'witnesses' | 'log' };
  /** Of an entry that was reported late: how long after `effectiveAt`. */
  readonly secondsLate?: number;
};

export type Moved = {
  readonly relocation: string;
  readonly dataCategories: readonly string[];
  /** The phase in effect at the end of the day; none if it had not begun. */
  readonly phase?: Phase;
  readonly percent?: number;
  readonly places: readonly Place[];
  /** Who could reach the data from where. */
  readonly access: readonly { readonly country: string; readonly class: string }[];
  /** The entries by which this is so: the phases in effect during the day, or the first one if none was. */
  readonly decidedBy: readonly ({ readonly index: number; readonly phase: Phase } & Said)[];
  readonly contradicted: boolean;
  readonly attested: AllAttested;
};

export type Residency = Grounds & {
  readonly process: string;
  readonly country: string;
  readonly on: string;
  readonly size: number;
  /** Everywhere that any of the data was, by the relocations below. Empty if nobody said so in this log. */
  readonly places: readonly Place[];
  readonly relocations: readonly Moved[];
  /** There are more relocations than are told. */
  readonly more: boolean;
  readonly corrections: readonly Corrected[];
};

/** `process` is organisation/processId; `on` is a day, `2018-11-13`. */
export function residencyOf(ledger: Ledger, process: string, country: string, on: string): Residency {
  const day = { from: `${on}T00:00:00Z`, to: `${on}T23:59:59Z` };
  const found = ledger.chronicle.moves(process, country);
  const all = found.slice(0, MANY).map((name) => tell(ledger, name, day));
  const relevant = all.filter((one) => !all.some((other) => other !== one && speaksFor(other, one)));
  const relocations = relevant.map(({ moved }) => moved);
  const cited = relocations.flatMap(citedByMove);
  return {
    ...{ process, country, on, size: ledger.size },
    places: union(relocations.flatMap(({ places }) => places)),
    relocations,
    more: found.length > MANY,
    corrections: correctionsOf(ledger, new Set(cited)),
    proven: relocations.map(({ relocation, decidedBy }) => ({
      says: `${relocation} was said to be so on ${on}`,
      entries: decidedBy.map(({ index }) => index),
    })),
    asserted: [
      `no other relocation of ${process} is about people in ${country}`,
      'no other phase of these relocations was in effect by then, and no other entry attests or corrects them',
    ].map((says) => ({ says, size: ledger.size })),
  };
}

export function citedByMove({ decidedBy, attested }: Moved): number[] {
  return [
    ...decidedBy.map(({ index }) => index),
    ...attested.attestations.flatMap((one) => [one.index, ...(one.withdrawnBy === undefined ? [] : [one.withdrawnBy])]),
  ];
}

type Day = { readonly from: string; readonly to: string };
type Told = {
  readonly moved: Moved;
  readonly scope: Relocation['scope'];
  /** Whether data had begun to move by the end of the day. */
  readonly begun: boolean;
  readonly first: number;
};

/** What was at the old sites and the new ones in each phase; before the first, all was at the old ones. */
const PRESENCE: Readonly<Record<Phase, { readonly from?: Presence; readonly to?: Presence }>> = {
  announced: { from: 'all' },
  started: { from: 'all', to: 'part' },
  partial: { from: 'part', to: 'part' },
  paused: { from: 'part', to: 'part' },
  cutover: { from: 'remains', to: 'all' },
  'rolled-back': { from: 'all', to: 'remains' },
  cancelled: { from: 'all' },
  drained: { to: 'all' },
  completed: { to: 'all' },
};

type PhaseSaid = RelocationPayload & { readonly index: number };

function tell(ledger: Ledger, name: string, day: Day): Told {
  const row = ledger.chronicle.steps('relocation', name).at(-1)?.row;
  must(row !== undefined, `${name} was found and is no relocation`);
  const phases = phasesOf(ledger, name).map(({ index }): PhaseSaid => {
    return { ...readEntry(ledger, index, 'relocation').payload, index };
  });
  const before = lastEffective(phases, day.from);
  const atEnd = lastEffective(phases, day.to);
  // Whatever took effect during the day holds for a part of it.
  const during = phases.filter(({ effectiveAt }) => effectiveAt > day.from && effectiveAt <= day.to);
  const inEffect = [...new Set([...(before ? [before] : []), ...during, ...(atEnd ? [atEnd] : [])])];
  const places = [...(before ? [] : [undefined]), ...inEffect].flatMap((phase) => placesOf(ledger, row, phase?.phase));
  const decided = inEffect.length > 0 ? inEffect : phases.slice(0, 1);
  const attested = attestationsOf(
    ledger,
    phases.map(({ index }) => index),
  );
  const percent = phases.filter((one) => inEffect.includes(one)).findLast((one) => one.phase === 'partial');
  return {
    moved: {
      relocation: name,
      dataCategories: row.scope.dataCategories,
      ...(atEnd === undefined ? {} : { phase: atEnd.phase }),
      ...(percent?.phase === 'partial' ? { percent: percent.percent } : {}),
      places: union(places),
      access: accessOf(phases, inEffect, before === undefined),
      decidedBy: decided.map((one) => ({ index: one.index, phase: one.phase, ...saidWhen(ledger, one, day) })),
      contradicted: isContradicted(attested),
      attested,
    },
    scope: row.scope,
    begun: inEffect.some(({ phase }) => phase !== 'announced' && phase !== 'cancelled'),
    first: phases[0]?.index as number,
  };
}

/** The last that was said of what had taken effect by a time; the log's order decides, not the dates. */
function lastEffective(phases: readonly PhaseSaid[], by: string): PhaseSaid | undefined {
  return phases.findLast(({ effectiveAt }) => effectiveAt <= by);
}

function placesOf(
  { chronicle, size }: Ledger,
  { organisation, scope }: Relocation,
  phase: Phase = 'announced',
): Place[] {
  const at = (sites: readonly string[], presence: Presence | undefined): Place[] =>
    sites.flatMap((siteId) => {
      const site = nameOf(organisation, siteId);
      const country = chronicle.at(size).get('site', site)?.country ?? '';
      return presence === undefined ? [] : [{ site, country, presence }];
    });
  const { from, to } = PRESENCE[phase];
  return [...at(scope.from, from), ...at(scope.to, to)];
}

const RANK: readonly Presence[] = ['all', 'part', 'remains'];

/** Each site once, with the most that is said to be there. */
function union(places: readonly Place[]): Place[] {
  const bySite = new Map<string, Place>();
  for (const place of places) {
    const known = bySite.get(place.site);
    if (known === undefined || RANK.indexOf(place.presence) < RANK.indexOf(known.presence))
      bySite.set(place.site, place);
  }
  return [...bySite.values()].sort((a, b) => (a.site < b.site ? -1 : 1));
}

/** From the least to the most. */
const ACCESS = ['none', 'break-glass', 'routine'];

/** By the last phase in effect that says it, or else the first that does; both sides while data move. */
function accessOf(phases: readonly PhaseSaid[], inEffect: readonly PhaseSaid[], fromStart: boolean): Moved['access'] {
  const says = (one: PhaseSaid) => one.accessFrom !== undefined;
  const { before = [], after = [] } = (inEffect.findLast(says) ?? phases.find(says))?.accessFrom ?? {};
  const sides = inEffect.map(({ phase }) => PRESENCE[phase]);
  const old = fromStart || sides.some(({ from }) => from !== undefined);
  const all = [...(old ? before : []), ...(sides.some(({ to }) => to !== undefined) ? after : [])];
  // While both sides count, whoever has more access on one of them has it.
  const most = new Map<string, (typeof all)[number]>();
  for (const one of all) {
    const known = most.get(one.country);
    if (known === undefined || ACCESS.indexOf(one.class) > ACCESS.indexOf(known.class)) most.set(one.country, one);
  }
  return [...most.values()];
}

/** Nothing trusts a claimed time: neither `at`, nor that `retrospective` is not said. */
function saidWhen(ledger: Ledger, { index, effectiveAt, retrospective }: PhaseSaid, day: Day): Said {
  const seen = seenBy(ledger, index);
  const after = secondsBetween(day.to, seen.time);
  const late = secondsBetween(effectiveAt, seen.time);
  const said = after > LATE_AFTER || (retrospective === true && after > 0) ? 'later' : 'at the time';
  return { said, effectiveAt, seen, ...(late > LATE_AFTER ? { secondsLate: late } : {}) };
}

/**
 * Whether all that one relocation says of its data on that day is said better by another: by the next, which has begun
 * to move them on from where the first brought them; or by the one before, if the next has not begun.
 */
function speaksFor(other: Told, one: Told): boolean {
  const sameData = one.scope.dataCategories.every((category) => other.scope.dataCategories.includes(category));
  if (!sameData) return false;
  if (!one.begun) return other.first < one.first && isWithin(one.scope.from, other.scope.to);
  const arrived = one.moved.places.every(({ site }) => one.scope.to.some((siteId) => site.endsWith(`/${siteId}`)));
  return other.begun && other.first > one.first && arrived && isWithin(one.scope.to, other.scope.from);
}

const isWithin = (some: readonly string[], all: readonly string[]): boolean => some.every((one) => all.includes(one));
