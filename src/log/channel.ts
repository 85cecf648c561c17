/**
 * Between the thread that talks to strangers and the thread that writes: submissions go one way, answers and published
 * heads come back, packed so that a message costs about the same for one entry or a thousand. A published head always
 * arrives before the answers that rest on it. @module
 */
import { ByteBox } from '../core/bytebox.ts';
import { HASH_BYTES } from '../core/bytes.ts';
import { Fault, type FaultCode } from '../core/fault.ts';
import type { Outcome, Submission } from './pool.ts';
import type { LogPublicKeys, SignedHead } from './sign.ts';
import type { WitnessingStatus } from './witnessing.ts';

/** One end of a channel: a `Worker`, a `MessagePort`, or anything alike. */
export type Port = {
  postMessage(message: unknown): void;
  on(event: 'message', listener: (message: unknown) => void): unknown;
};

/** To the log: submissions and questions where an id is. `ids` and `entries` are one after the other. */
export type ToLog =
  | {
      readonly type: 'offers';
      readonly tickets: Uint32Array;
      readonly ids: Uint8Array;
      readonly lengths: Uint32Array;
      readonly verified: Uint8Array;
      readonly entries: Uint8Array;
    }
  | { readonly type: 'locate'; readonly tickets: readonly number[]; readonly ids: Uint8Array }
  | { readonly type: 'stop' };

/** What a fault is on the way between threads. */
export type PackedFault = {
  readonly code: FaultCode;
  readonly message: string;
  readonly rule: string | undefined;
  readonly size: number | undefined;
  readonly retryAfter: number | undefined;
};

/** How long something took, and for how many entries, for the metrics. */
export type Observation = { readonly what: string; readonly seconds: number; readonly entries: number };

/** A statement key that may be met from now on: its kid, algorithm and bytes. */
export type NewKey = { readonly kid: Uint8Array; readonly algorithm: string; readonly bytes: Uint8Array };

/** Outcomes (`promised` are tickets), and how many messages of offers were taken up since the last of these. */
export type Answers = {
  readonly type: 'answers';
  readonly taken: number;
  readonly tickets: Uint32Array;
  readonly indexes: Float64Array;
  readonly promised: readonly number[];
  readonly faults: readonly { readonly ticket: number; readonly fault: PackedFault }[];
  readonly observations: readonly Observation[];
};

/** What waits while the key of it cannot be reached: publication, or, once a heartbeat is due, intake. */
export type SignedByKey = 'checkpoint' | 'heartbeat';

/** The index of a statement; `pending` while it may not be told, undefined if the log does not know it. */
export type Located = number | 'pending' | undefined;

/** From the log; `ready` or `failed` comes first, and only once. */
export type FromLog =
  | { readonly type: 'ready'; readonly keys: LogPublicKeys }
  | { readonly type: 'failed'; readonly fault: PackedFault }
  | { readonly type: 'published'; readonly head: SignedHead }
  | Answers
  | { readonly type: 'located'; readonly tickets: readonly number[]; readonly places: readonly Located[] }
  | { readonly type: 'keys'; readonly keys: readonly NewKey[] }
  | { readonly type: 'frozen'; readonly fault: PackedFault; readonly reason: string }
  /** Without a fault the log takes in entries again. */
  | { readonly type: 'read-only'; readonly fault: PackedFault | undefined }
  | { readonly type: 'trouble' | 'news'; readonly what: string; readonly message: string }
  /** Since when no such thing can be signed, in milliseconds since 1970; undefined when it can again. */
  | { readonly type: 'signing'; readonly what: SignedByKey; readonly awaySince: number | undefined }
  | { readonly type: 'witnessing'; readonly status: WitnessingStatus }
  | { readonly type: 'stopped' };

/** A submission on its way to the log. */
export type Offer = Pick<Submission, 'id' | 'entry' | 'verified'>;

/** Submissions that wait to go to the log. */
export class OfferBox {
  #tickets: number[] = [];
  #lengths: number[] = [];
  #verified: number[] = [];
  readonly #ids = new ByteBox();
  readonly #entries = new ByteBox();

  get isEmpty(): boolean {
    return this.#tickets.length === 0;
  }

  put(ticket: number, { id, entry, verified }: Offer): void {
    this.#tickets.push(ticket);
    this.#lengths.push(entry.length);
    this.#verified.push(verified ? 1 : 0);
    this.#ids.put(id);
    this.#entries.put(entry);
  }

  /** The message of all that waits. */
  take(): ToLog {
    const [tickets, lengths] = [Uint32Array.from(this.#tickets), Uint32Array.from(this.#lengths)];
    const verified = Uint8Array.from(this.#verified);
    [this.#tickets, this.#lengths, this.#verified] = [[], [], []];
    return { type: 'offers', tickets, ids: this.#ids.take(), lengths, verified, entries: this.#entries.take() };
  }
}

/** Takes the submissions out of a message of an `OfferBox`, one after the other. */
export function unpackOffers(
  { tickets, lengths, ids, entries, verified }: Extract<ToLog, { type: 'offers' }>,
  take: (ticket: number, submission: Submission) => void,
): void {
  let at = 0;
  for (let i = 0; i < tickets.length; i++) {
    const entry = entries.subarray(at, at + (lengths[i] as number));
    at += entry.length;
    const id = ids.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES);
    take(tickets[i] as number, { id, key: keyOf(id), entry, verified: verified[i] === 1 });
  }
}

/** The ids of a question where they are, one at a time. */
export function* unpackIds(ids: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < ids.length; at += HASH_BYTES) yield ids.subarray(at, at + HASH_BYTES);
}

/** An id as a key of maps: one character a byte. */
export function keyOf(id: Uint8Array): string {
  return Buffer.prototype.latin1Slice.call(id, 0, id.length);
}

/** Collects what the other side is to be told, and sends it in one message. */
export class AnswerBox {
  #taken = 0;
  #tickets: number[] = [];
  #indexes: number[] = [];
  #promised: number[] = [];
  #faults: { ticket: number; fault: PackedFault }[] = [];
  #observations: Observation[] = [];

  put(ticket: number, outcome: Outcome): void {
    if ('fault' in outcome) {
      this.#faults.push({ ticket, fault: packFault(outcome.fault) });
    } else if ('promised' in outcome) {
      this.#promised.push(ticket);
    } else {
      this.#tickets.push(ticket);
      this.#indexes.push(outcome.index);
    }
  }

  take(): void {
    this.#taken++;
  }

  observe(what: string, seconds: number, entries: number): void {
    this.#observations.push({ what, seconds, entries });
  }

  send(port: Port): void {
    const [tickets, indexes] = [Uint32Array.from(this.#tickets), Float64Array.from(this.#indexes)];
    const [taken, promised, faults, observations] = [this.#taken, this.#promised, this.#faults, this.#observations];
    port.postMessage({ type: 'answers', taken, tickets, indexes, promised, faults, observations } satisfies FromLog);
    this.#taken = 0;
    [this.#tickets, this.#indexes, this.#promised, this.#faults, this.#observations] = [[], [], [], [], []];
  }
}

export function packFault({ code, message, rule, size, retryAfter }: Fault): PackedFault {
  return { code, message, rule, size, retryAfter };
}

/** The inverse of `packFault`. */
export function unpackFault({ code, message, rule, size, retryAfter }: PackedFault): Fault {
  return new Fault(code, message, {
    ...(rule === undefined ? {} : { rule }),
    ...(size === undefined ? {} : { size }),
    ...(retryAfter === undefined ? {} : { retryAfter }),
  });
}
