/** The strangers' end of the channel to the lookup: questions become promises, and wait for what was published before. @module */
import { Fault } from '../core/fault.ts';
import type { FromLookup, Port, PublishedHead, ToLookup } from './channel.ts';
import type { QuestionName } from './questions.ts';
import { notYet } from './service.ts';

/** What may wait for an answer at one time. */
const MAX_ASKED = 256;

type Asked = { resolve(body: string): void; reject(fault: Fault): void };

export class LookupHandle {
  readonly #port: Port;
  readonly #trouble: (message: string) => void;
  readonly #asked = new Map<number, Asked>();
  #ticket = 0;
  #size: number | undefined;
  #grown: (() => void)[] = [];
  #waiting = 0;
  #ended = false;

  constructor(port: Port, trouble: (message: string) => void) {
    this.#port = port;
    this.#trouble = trouble;
    port.on('message', (message) => this.#receive(message as FromLookup));
  }

  /** How many entries it covers; undefined while it starts. */
  get size(): number | undefined {
    return this.#size;
  }

  follow({ size, root, note }: PublishedHead): void {
    this.#port.postMessage({ type: 'published', head: { size, root, note } } satisfies ToLookup);
  }

  /** Resolves with the JSON of an answer, which says the size it holds for: `size`, unless that takes too long. */
  async ask(name: QuestionName, params: object, size: number, patience: number): Promise<string> {
    if (this.#asked.size + this.#waiting >= MAX_ASKED) {
      throw new Fault('pool-full', `${MAX_ASKED} questions are waiting; ask again later`, { retryAfter: 1 });
    }
    this.#waiting++;
    await this.#covers(size, patience);
    this.#waiting--;
    if (this.#ended) throw gone();
    if (this.#size === undefined) throw notYet();
    const ticket = this.#ticket++;
    this.#port.postMessage({ type: 'ask', ticket, name, params } satisfies ToLookup);
    return new Promise((resolve, reject) => this.#asked.set(ticket, { resolve, reject }));
  }

  /** The thread is no more: what waits for it is answered, and nothing else is asked. */
  end(): void {
    this.#ended = true;
    for (const { reject } of this.#asked.values()) reject(gone());
    this.#asked.clear();
    for (const resolve of this.#grown.splice(0)) resolve();
  }

  stop(): void {
    this.#port.postMessage({ type: 'stop' } satisfies ToLookup);
  }

  async #covers(size: number, patience: number): Promise<void> {
    const deadline = performance.now() + patience;
    while ((this.#size ?? -1) < size && !this.#ended && performance.now() < deadline) {
      await new Promise<void>((resolve) => {
        this.#grown.push(resolve);
        setTimeout(resolve, deadline - performance.now()).unref();
      });
    }
  }

  #receive(message: FromLookup): void {
    if (message.type === 'trouble') this.#trouble(message.message);
    else if (message.type === 'covers') {
      this.#size = message.size;
      for (const resolve of this.#grown.splice(0)) resolve();
    } else {
      const asked = this.#asked.get(message.ticket);
      this.#asked.delete(message.ticket);
      if (message.type === 'answer') asked?.resolve(message.body);
      else asked?.reject(faultOf(message));
    }
  }
}

const gone = () => new Fault('read-only', 'the lookup of this server has ended; its log goes on', { retryAfter: 60 });

function faultOf({ code, message }: Extract<FromLookup, { type: 'fault' }>): Fault {
  return new Fault(code, message, code === 'read-only' ? { retryAfter: 5 } : {});
}
