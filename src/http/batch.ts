/** What a batch is, of statements or of opaque entries: a CBOR sequence of byte strings, its bounds, and its items. @module */
import { Fault } from '../core/fault.ts';
import type { Offer } from '../log/channel.ts';
import type { LogHandle } from '../log/handle.ts';
import type { Place, Told } from '../log/waiting.ts';
import { type Ask, mediaType } from './route.ts';

export const BATCH_TYPE = 'application/cbor-seq';
export const MAX_BATCH = 256;
export const MAX_BATCH_BYTES = 4 * 1024 * 1024;

export const isBatch = (ask: Ask): boolean => mediaType(ask.header('content-type')) === BATCH_TYPE;

/** What became of an item that is refused: the others of its batch go on. */
export class Refused {
  readonly error: unknown;

  constructor(error: unknown) {
    this.error = error;
  }
}

/** Does something with an item; what that throws refuses the item. */
export function attempt<T, U>(item: T, step: (item: T) => U): U | Refused {
  try {
    return step(item);
  } catch (error) {
    return new Refused(error);
  }
}

/** Offers those that are not refused yet, in their order; answers where they are. Keeps no entry while it waits. */
export function addEach(log: LogHandle, offers: readonly (Offer | Refused)[]): Promise<(Place | Refused)[]> {
  const refused = offers.map((offer) => (offer instanceof Refused ? offer : undefined));
  const told = log.addAll(offers.filter((offer): offer is Offer => !(offer instanceof Refused)));
  return told.then((answers) => {
    let next = 0;
    return refused.map((already) => {
      if (already) return already;
      const answer = answers[next++] as Told;
      return answer instanceof Fault ? new Refused(answer) : answer;
    });
  });
}
