/**
 * The strangers' end of the channel: submissions become promises, published heads move the tree that reads see. @module
 */
import { concat, type Kid } from '../core/bytes.ts';
import { Fault } from '../core/fault.ts';
import { type Algorithm, type PublicKey, publicKey } from '../core/signature.ts';
import {
  type Answers,
  type FromLog,
  keyOf,
  type Located,
  type Observation,
  type Offer,
  OfferBox,
  type Port,
  type SignedByKey,
  type ToLog,
  unpackFault,
} from './channel.ts';
import type { PublishedTree } from './published.ts';
import type { LogPublicKeys, SignedHead } from './sign.ts';
import { type Place, type Told, Waiting } from './waiting.ts';
import type { WitnessingStatus } from './witnessing.ts';

/** A published head, and the tree up to it. */
export type Published = { readonly head: SignedHead; readonly tree: PublishedTree };

export type HandleParts = {
  readonly port: Port;
  /** What was published before this start, so that reads go on whatever becomes of the log. */
  readonly published: Published | undefined;
  /** The committed size at the start; all of it may have been acknowledged before. */
  readonly committed: number;
  /** Makes the tree for the first head of a log that never published. */
  readonly openTree: (head: SignedHead) => PublishedTree;
  readonly observe: (observation: Observation) => void;
  /** Told of each head when strangers may see it. */
  readonly followed?: (head: SignedHead) => void;
  /** Told of what goes wrong beside the log, as in an export, and of a log that froze. */
  readonly trouble: (what: string, message: string) => void;
  /** Told of what is well again. */
  readonly news?: (what: string, message: string) => void;
};

export class LogHandle {
  /** The log's public keys, once it is open; rejects with the Fault if it cannot be opened. */
  readonly ready: Promise<LogPublicKeys>;
  #opened: { resolve(keys: LogPublicKeys): void; reject(fault: Fault): void } | undefined;
  readonly #parts: HandleParts;
  readonly #waiting = new Waiting();
  readonly #locating = new Map<number, (place: Located) => void>();
  /** Questions of this turn of the event loop, for one message. */
  #questions: { ticket: number; id: Uint8Array }[] = [];
  readonly #keys = new Map<string, PublicKey>();
  readonly #box = new OfferBox();
  /** Messages of offers that may be sent before the log has taken up an earlier one: one in work, one at hand. */
  #credit = 2;
  #question = 0;
  #published: Published | undefined;
  #arrived: (() => void)[] = [];
  #frozen: Fault | undefined;
  #readOnly: Fault | undefined;
  #witnessing: WitnessingStatus | undefined;
  readonly #awaySince: Record<SignedByKey, number | undefined> = { checkpoint: undefined, heartbeat: undefined };
  #acknowledged: number;
  #stopped: () => void = () => {};

  constructor(parts: HandleParts) {
    this.#parts = parts;
    this.#published = parts.published;
    this.#acknowledged = parts.committed;
    this.ready = new Promise((resolve, reject) => {
      this.#opened = { resolve, reject };
    });
    parts.port.on('message', (message) => this.#receive(message as FromLog));
  }

  /** What strangers may see; undefined until there is a published head. */
  get published(): Published | undefined {
    return this.#published;
  }

  /** Why the log signs nothing more; undefined while all is well. */
  get frozen(): Fault | undefined {
    return this.#frozen;
  }

  /** Why the log takes in nothing for now; undefined while it does. */
  get readOnly(): Fault | undefined {
    return this.#readOnly;
  }

  /** How the witnesses are; undefined while no round of them is over, as in a log that has none. */
  get witnessing(): WitnessingStatus | undefined {
    return this.#witnessing;
  }

  /** Since when no key can be reached to sign with, in milliseconds since 1970; undefined while all is well. */
  get keyAwaySince(): number | undefined {
    return this.heartbeatAwaySince ?? this.#awaySince.checkpoint;
  }

  /** The same for a heartbeat that is due, without which nothing is taken in. */
  get heartbeatAwaySince(): number | undefined {
    return this.#awaySince.heartbeat;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** A key that was enrolled at some time, whatever became of it. */
  key(kid: Kid): PublicKey | undefined {
    return this.#keys.get(keyOf(kid));
  }

  /** Hands a submission to the log; resolves with what may be told of it. Fault `pool-full` if too many wait. */
  add(offer: Offer): Promise<Place> {
    return this.addAll([offer]).then(([told]) => {
      if (told instanceof Fault) throw told;
      return told as Place;
    });
  }

  /** The same for several: resolves once all of them are answered, with each one's place or Fault, in their order. */
  addAll(offers: readonly Offer[]): Promise<readonly Told[]> {
    if (offers.length === 0) return Promise.resolve([]);
    if (this.#box.isEmpty) setImmediate(() => this.#send());
    return new Promise((resolve) => {
      this.#waiting.take(offers, resolve, (ticket, offer) => this.#box.put(ticket, offer));
    });
  }

  /** Asks the log where a statement is. */
  locate(id: Uint8Array): Promise<Located> {
    const ticket = this.#question++;
    if (this.#questions.length === 0) setImmediate(() => this.#ask());
    this.#questions.push({ ticket, id });
    return new Promise((resolve) => this.#locating.set(ticket, resolve));
  }

  #ask(): void {
    const tickets = this.#questions.map(({ ticket }) => ticket);
    const ids = concat(...this.#questions.map(({ id }) => id));
    this.#questions = [];
    this.#parts.port.postMessage({ type: 'locate', tickets, ids } satisfies ToLog);
  }

  /** Resolves once everything that was acknowledged before the call is published, or after `patience` milliseconds. */
  caughtUp(patience: number): Promise<void> {
    const size = this.#acknowledged;
    return this.#until(() => (this.#published?.head.size ?? -1) >= size, patience);
  }

  /** Resolves once a head was published since this start, with the keys and the URL of now, or after `patience`. */
  renewed(patience: number): Promise<void> {
    return this.#until(() => this.#published !== this.#parts.published, patience);
  }

  /** Waits for heads until something holds, the log is frozen or lacks its key or witnesses, or time is up. */
  async #until(holds: () => boolean, patience: number): Promise<void> {
    const deadline = performance.now() + patience;
    const hopeless = () => this.#frozen || this.keyAwaySince !== undefined || this.#witnessing?.quorum === false;
    while (!holds() && performance.now() < deadline && !hopeless()) {
      await new Promise<void>((resolve) => {
        this.#arrived.push(resolve);
        setTimeout(resolve, deadline - performance.now()).unref();
      });
    }
  }

  /** Lets the log finish what it has, and ends it. */
  stop(): Promise<void> {
    this.#credit++;
    this.#send();
    return new Promise((resolve) => {
      this.#stopped = resolve;
      this.#parts.port.postMessage({ type: 'stop' } satisfies ToLog);
    });
  }

  /** Sends what came together, unless the log still has enough to do: what waits here makes its next turn larger. */
  #send(): void {
    if (this.#box.isEmpty || this.#credit === 0) return;
    this.#credit--;
    this.#parts.port.postMessage(this.#box.take());
  }

  #receive(message: FromLog): void {
    switch (message.type) {
      case 'ready':
        this.#opened?.resolve(message.keys);
        break;
      case 'failed':
        this.#opened?.reject(unpackFault(message.fault));
        break;
      case 'answers':
        this.#credit += message.taken;
        this.#send();
        this.#answer(message);
        break;
      case 'published':
        this.#publish(message.head);
        break;
      case 'located':
        for (const [i, ticket] of message.tickets.entries()) {
          this.#locating.get(ticket)?.(message.places[i]);
          this.#locating.delete(ticket);
        }
        break;
      case 'keys':
        for (const { kid, algorithm, bytes } of message.keys) {
          this.#keys.set(keyOf(kid), publicKey(algorithm as Algorithm, bytes));
        }
        break;
      case 'frozen':
        this.#frozen = unpackFault(message.fault);
        this.#wake();
        this.#parts.trouble('frozen', message.reason);
        break;
      case 'read-only':
        this.#readOnly = message.fault && unpackFault(message.fault);
        if (this.#readOnly) this.#parts.trouble('read-only', this.#readOnly.message);
        else this.#parts.news?.('read-only', 'the log takes in entries again');
        break;
      case 'witnessing':
        this.#witnessing = message.status;
        this.#wake();
        break;
      case 'signing':
        this.#awaySince[message.what] = message.awaySince;
        this.#wake();
        break;
      case 'news':
        this.#parts.news?.(message.what, message.message);
        break;
      case 'trouble':
        this.#parts.trouble(message.what, message.message);
        break;
      case 'stopped':
        this.#stopped();
        break;
    }
  }

  #answer({ tickets, indexes, promised, faults, observations }: Answers): void {
    for (const [i, ticket] of tickets.entries()) this.#acknowledge(ticket, indexes[i] as number);
    for (const ticket of promised) this.#waiting.answer(ticket, 'promised');
    for (const { ticket, fault } of faults) this.#waiting.answer(ticket, unpackFault(fault));
    for (const observation of observations) this.#parts.observe(observation);
  }

  #acknowledge(ticket: number, index: number): void {
    this.#acknowledged = Math.max(this.#acknowledged, index + 1);
    this.#waiting.answer(ticket, index);
  }

  #publish(head: SignedHead): void {
    const tree = this.#published?.tree ?? this.#parts.openTree(head);
    tree.advance(head);
    this.#published = { head, tree };
    this.#parts.followed?.(head);
    this.#wake();
  }

  #wake(): void {
    for (const resolve of this.#arrived.splice(0)) resolve();
  }
}
