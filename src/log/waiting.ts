/**
 * Submissions that wait for their answers, at the strangers' end of the channel: each has a ticket, and those that came
 * together are answered together. Bounded, so that a flood is pushed back here and not in memory. @module
 */
import { Fault } from '../core/fault.ts';
import type { Offer } from './channel.ts';

/** The index of an entry, or `promised`: it has one, and its publication is late. */
export type Place = number | 'promised';

/** What becomes of a submission. */
export type Told = Place | Fault;

/** What may wait for an answer at one time; the bytes of a group count until all of it is answered. */
const MAX_WAITING = 16_384;
const MAX_WAITING_BYTES = 64 * 1024 * 1024;
const TICKETS = 2 ** 32;

/** Its tickets follow one another from the first on, also those of submissions that there was no room for. */
type Group = {
  readonly first: number;
  readonly told: Told[];
  readonly done: (told: readonly Told[]) => void;
  left: number;
  bytes: number;
};

export class Waiting {
  readonly #groups = new Map<number, Group>();
  #bytes = 0;
  #ticket: number;

  /** `ticket` is the first one. */
  constructor(ticket = 0) {
    this.#ticket = ticket;
  }

  get size(): number {
    return this.#groups.size;
  }

  /**
   * Gives each of the submissions, one at least, a ticket and passes it on; one that there is no room for is told
   * `pool-full`. Once all of them are answered, `done` gets what they were told, in their order.
   */
  take(offers: readonly Offer[], done: Group['done'], pass: (ticket: number, offer: Offer) => void): void {
    const group: Group = { first: this.#ticket, told: new Array(offers.length), done, left: offers.length, bytes: 0 };
    this.#ticket = (this.#ticket + offers.length) % TICKETS;
    for (const [i, offer] of offers.entries()) {
      const bytes = offer.entry.length;
      if (this.#groups.size >= MAX_WAITING || this.#bytes + bytes > MAX_WAITING_BYTES) {
        this.#tell(group, i, this.#full());
        continue;
      }
      const ticket = (group.first + i) % TICKETS;
      this.#groups.set(ticket, group);
      this.#bytes += bytes;
      group.bytes += bytes;
      pass(ticket, offer);
    }
  }

  /** Answers whoever waits with a ticket; one that is not known was answered before. */
  answer(ticket: number, told: Told): void {
    const group = this.#groups.get(ticket);
    this.#groups.delete(ticket);
    if (group) this.#tell(group, (ticket - group.first + TICKETS) % TICKETS, told);
  }

  #tell(group: Group, place: number, told: Told): void {
    group.told[place] = told;
    group.left--;
    if (group.left > 0) return;
    this.#bytes -= group.bytes;
    group.done(group.told);
  }

  #full(): Fault {
    const message = `${this.#groups.size} submissions are waiting; nothing was lost, send it again later`;
    return new Fault('pool-full', message, { retryAfter: 1 });
  }
}
