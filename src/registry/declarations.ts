/** The life of what an organisation declares, a site or a process: declared once, and retired once. @module */
import { refuse } from './rule.ts';
import { type Declared, nameOf } from './view.ts';

type State = 'unknown' | 'declared' | 'retired';
type DeclarationEvent = 'declare' | 'retire';

/** From which state by which event to which state; what is not here is refused. */
const TRANSITIONS: Readonly<Record<State, Partial<Readonly<Record<DeclarationEvent, State>>>>> = {
  unknown: { declare: 'declared' },
  declared: { retire: 'retired' },
  retired: {},
};

/** The two tables whose rows are declared, by the rule about what is not there. */
type What = 'site' | 'process';

/** The row after an event, given the one before it; `said` is what the declaration says and the retirement repeats. */
export function declaredBy<S extends object>(
  what: What,
  event: DeclarationEvent,
  id: string,
  known: (Declared & S) | undefined,
  said: S & { readonly organisation: string },
  index: number,
): Declared & S {
  const state = known === undefined ? 'unknown' : known.retired === undefined ? 'declared' : 'retired';
  if (TRANSITIONS[state][event] === undefined) {
    // SPEC: every `siteId`, `processId` belongs to the organisation that declared it.
    if (event === 'declare') {
      const name = nameOf(said.organisation, id);
      refuse('taken', `the ${what} ${name} was declared at entry ${known?.declared}: choose another ${what}Id`);
    }
    if (known === undefined) refuse(what, `the ${what} ${id} has not been declared by ${said.organisation}`);
    refuse('transition', `the ${what} ${id} is retired since entry ${known.retired}`);
  }
  if (known === undefined) return { ...said, declared: index };
  for (const [field, value] of Object.entries(said)) {
    const declared = String(known[field as keyof S]);
    if (String(value) !== declared) refuse(what, `${field} of ${id} is ${declared}: repeat it as it was declared`);
  }
  return { ...known, retired: index };
}

/** That an organisation has declared what a statement names, and, unless that does not matter, not retired it. */
export function requireDeclared(
  what: What,
  organisation: string,
  id: string,
  row: Declared | undefined,
  mayBeRetired = false,
): void {
  if (row === undefined) refuse(what, `the ${what} ${id} has not been declared by ${organisation}`);
  if (row.retired === undefined || mayBeRetired) return;
  refuse(what, `the ${what} ${id} is retired since entry ${row.retired}`);
}
