/**
 * Statements that a log has twice. It should not, and it breaks no rule that a replay decides: a warning. Ids are kept
 * by 52 of their bits, so that a log of many millions fits; whether two are really the same is asked at the end. @module
 */

import { equal, type StatementId } from '../core/bytes.ts';
import { decodeStatement } from '../core/cose.ts';
import type { Finding } from './check.ts';
import type { ReadEntry } from './replay.ts';

type Suspect = { readonly index: number; readonly earlier: number };

export class Repeats {
  readonly #first = new Map<number, number>();
  readonly #suspects: Suspect[] = [];

  /** Takes the id of the next statement. */
  take(index: number, id: StatementId): void {
    const short = shorten(id);
    const earlier = this.#first.get(short);
    if (earlier === undefined) this.#first.set(short, index);
    else this.#suspects.push({ index, earlier });
  }

  /** The repeats among those that were taken. */
  async findings(read: ReadEntry): Promise<(Finding & { readonly index: number })[]> {
    const found: (Finding & { readonly index: number })[] = [];
    for (const { index, earlier } of this.#suspects) {
      const [id, first] = [decodeStatement(await read(index)).id, decodeStatement(await read(earlier)).id];
      if (equal(id, first))
        found.push({ place: `entry ${index}`, message: `says the same as entry ${earlier}`, index });
    }
    return found;
  }
}

function shorten(id: StatementId): number {
  const high = id.subarray(0, 6).reduce((value, byte) => value * 256 + byte, 0);
  return high * 16 + Math.floor((id[6] as number) / 16);
}
