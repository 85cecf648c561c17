/**
 * What this browser remembers of a log: the keys that were pinned at the first visit, and the newest checkpoint it has
 * seen, word for word. A log that shows two people different trees is found out by exactly this. @module
 */
import { fromBase64, toBase64 } from '../core/bytes.ts';

/** `localStorage`, or what a test puts in its place. */
export type Cupboard = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

export type Pins = { readonly origin: string; readonly vkeys: readonly string[]; readonly since: string };
/** A checkpoint as it was published, and when this browser verified it. */
export type Seen = { readonly note: Uint8Array; readonly at: string };

export class Memory {
  readonly #cupboard: Cupboard;
  readonly #name: string;

  constructor(cupboard: Cupboard, base: string) {
    this.#cupboard = cupboard;
    this.#name = `limmat ${base}`;
  }

  get pins(): Pins | undefined {
    return this.#read<Pins>('pins');
  }

  set pins(pins: Pins) {
    this.#write('pins', pins);
  }

  get seen(): Seen | undefined {
    const stored = this.#read<{ note: string; at: string }>('seen');
    return stored && { note: fromBase64(stored.note, 'bad-note'), at: stored.at };
  }

  set seen({ note, at }: Seen) {
    this.#write('seen', { note: toBase64(note), at });
  }

  /** Begins anew, as at a first visit: only ever because a person said so. */
  forget(): void {
    for (const what of ['pins', 'seen']) this.#cupboard.removeItem(`${this.#name} ${what}`);
  }

  #read<T>(what: string): T | undefined {
    const text = this.#cupboard.getItem(`${this.#name} ${what}`);
    return text === null ? undefined : (JSON.parse(text) as T);
  }

  #write(what: string, value: object): void {
    this.#cupboard.setItem(`${this.#name} ${what}`, JSON.stringify(value));
  }
}
