/**
 * The copies of a log: its own server, and whoever else serves the same bytes. What one serves wrongly is asked of the
 * next, so that a broken cache neither stops a monitor nor convicts a log. @module
 */
import { Fault } from '../core/fault.ts';
import type { Get } from '../core/reader.ts';

/** `fresh` asks past caches. */
export type Copy = { readonly name: string; readonly get: Get; readonly fresh: Get };

/** What a copy served, or that it served nothing. */
export type Trouble = { readonly copy: string; readonly fault: Fault };

/** Codes of bytes that are not those of the signed tree. The others mean that there were none. */
const WRONG = ['bad-tile', 'bad-bundle', 'bad-proof'] as const satisfies readonly Fault['code'][];

export function isWrong({ fault }: Trouble): boolean {
  return (WRONG as readonly string[]).includes(fault.code);
}

/** No copy has it. `troubles` has one for each attempt. */
export class NoCopy extends Error {
  readonly troubles: readonly Trouble[];

  constructor(troubles: readonly Trouble[]) {
    super(troubles.map(({ copy, fault }) => `${copy}: ${fault.message}`).join('; '));
    this.troubles = troubles;
  }
}

/** Does work that checks what it reads, with one copy after the other: each as it is, then past its caches. */
export async function fromCopies<T>(
  copies: readonly Copy[],
  work: (get: Get, copy: Copy) => Promise<T>,
  told: (trouble: Trouble) => void = () => {},
): Promise<T> {
  const troubles: Trouble[] = [];
  for (const copy of copies) {
    for (const get of [copy.get, copy.fresh]) {
      try {
        return await work(get, copy);
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        const trouble = { copy: copy.name, fault: error };
        troubles.push(trouble);
        told(trouble);
        if (!isWrong(trouble)) break; // it is not there, or nobody answers: a cache is not the reason
      }
    }
  }
  throw new NoCopy(troubles);
}
