/** The phases of a relocation, VOCABULARY §4: what each may follow, and what must still be in use for it. @module */

export const PHASES = [
  'announced',
  'started',
  'partial',
  'paused',
  'cutover',
  'rolled-back',
  'cancelled',
  'drained',
  'completed',
] as const;
export type Phase = (typeof PHASES)[number];

/** What each phase may follow; `undefined` is the beginning. What is not here is refused. */
const FOLLOWS: Readonly<Record<Phase, readonly (Phase | undefined)[]>> = {
  announced: [undefined],
  started: [undefined, 'announced', 'paused'],
  partial: ['started', 'partial'],
  paused: ['started', 'partial'],
  cutover: ['started', 'partial'],
  'rolled-back': ['started', 'partial', 'paused', 'cutover'],
  cancelled: ['announced', 'started', 'partial', 'paused'],
  drained: ['cutover'],
  completed: ['drained', 'cutover'],
};

export function mayFollow(phase: Phase, before: Phase | undefined): boolean {
  return FOLLOWS[phase].includes(before);
}

/** The phases that may follow. */
export function phasesAfter(before: Phase | undefined): Phase[] {
  return PHASES.filter((phase) => mayFollow(phase, before));
}

type Part = 'process' | 'from' | 'to';
const ALL: readonly Part[] = ['process', 'from', 'to'];

/**
 * What must not be retired when a phase is logged. The last phases say how it ended, and by then what was left may be
 * retired in good order: a promise that was kept, or given up, must not stay open for that.
 */
export const IN_USE: Readonly<Record<Phase, readonly Part[]>> = {
  announced: ALL,
  started: ALL,
  partial: ALL,
  paused: ALL,
  cutover: ALL,
  'rolled-back': ['from'],
  cancelled: [],
  drained: ['to'],
  completed: ['to'],
};
