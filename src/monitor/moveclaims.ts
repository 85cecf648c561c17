/**
 * What a lookup claims of moves: where data were on a day, and what became of a promise. When it saw what, the log alone
 * can tell, and so it is believed; what follows from that is not. @module
 */
import { type Ledger, MANY } from '../registry/ledger.ts';
import { promisesOf } from '../registry/promises.ts';
import { type Residency, residencyOf } from '../registry/residency.ts';
import type { Entry } from '../registry/view.ts';
import { type Answer, type Difference, differences, listOf, of } from './claims.ts';

/** The log as far as it was looked at. */
type Reads = Pick<Ledger, 'size' | 'chronicle'> & { entry(index: number): Promise<Entry> };
export type Asked = { readonly process: string; readonly country: string; readonly on: string };

/** Where data were. Not judged if an entry decides it that only one of both knows. */
export async function residencyDifferences(answer: Answer, asked: Asked, log: Reads): Promise<Difference[]> {
  const { process, country, on } = asked;
  const phases = log.chronicle.moves(process, country).flatMap((name) => phasesOf(log, name));
  const told = listOf(answer.relocations).flatMap((one) => listOf(of(one, 'decidedBy')));
  if (phases.length > MANY || isBeyond(phases, answer.size) || isBeyond(told.map(indexOf), log.size)) return [];
  const ledger = await ledgerOf(log, phases);
  const derived = claimsIn(residencyOf(ledger, process, country, on), answer.size <= log.size);
  return differences(answer, derived, 'residency');
}

/** Without what was attested and corrected, which the monitor would have to search all entries for. */
function claimsIn({ process, country, on, places, more, relocations }: Residency, withAccess: boolean) {
  const moved = relocations.map(({ relocation, dataCategories, phase, percent, access, decidedBy, ...one }) => ({
    ...{ relocation, dataCategories, phase, percent, places: one.places },
    // A phase that is still to come can be the first to say it.
    ...(withAccess ? { access } : {}),
    decidedBy: decidedBy.map((said) => ({ index: said.index, phase: said.phase, effectiveAt: said.effectiveAt })),
  }));
  return { process, country, on, places, more, relocations: moved };
}

/** What became of the promise that entry `announced` made to `relocation`, as of a time. */
export async function promiseDifferences(
  answer: Answer,
  { announced, relocation, asOf }: { announced: number; relocation: string; asOf: string },
  log: Reads,
): Promise<Difference[]> {
  const claimed = listOf(answer.promises)[0];
  const phases = phasesOf(log, relocation);
  if (isBeyond(phases, answer.size) || isBeyond(listOf(of(claimed, 'phases')).map(indexOf), log.size)) return [];
  const seen = of(of(claimed, 'judgedAt'), 'time');
  const ledger = await ledgerOf(log, phases, announced, typeof seen === 'string' ? seen : asOf);
  const [ours] = promisesOf(ledger, announced, 1, asOf);
  if (ours === undefined) return [];
  const { state, due, judgedAt, secondsLate } = ours;
  const derived = { relocation, announced, due, phases: ours.phases, judgedAt: { time: judgedAt.time } };
  return differences(claimed, { ...derived, state, secondsLate }, 'promises[0]');
}

const indexOf = (one: unknown): unknown => of(one, 'index');
const isBeyond = (indexes: readonly unknown[], size: number): boolean =>
  indexes.some((index) => typeof index === 'number' && index >= size);

function phasesOf({ chronicle }: Reads, relocation: string): number[] {
  return chronicle.steps('relocation', relocation).map(({ index }) => index);
}

/** What a move is derived from: the registry with its past, and its phases. All was seen when the answer says so. */
async function ledgerOf(log: Reads, phases: readonly number[], announced = 0, seen?: string): Promise<Ledger> {
  const known = new Map<number, Entry>();
  for (const index of phases) known.set(index, await log.entry(index));
  const { size, chronicle } = log;
  return {
    ...{ size, chronicle, entry: (index: number) => known.get(index), rootAt: () => undefined },
    find: (_, from) => (phases.includes(announced) && from === announced ? [announced] : []),
    between: () => (seen === undefined ? {} : { to: { size, time: seen, word: 'log', by: [] } }),
  };
}
