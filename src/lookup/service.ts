/**
 * The lookup's end of the channel: follows the published head bundle by bundle, answers questions in between, and makes
 * its postings anew if they turn out to be damaged. @module
 */
import { Fault, messageOf } from '../core/fault.ts';
import { answer } from './answers.ts';
import type { Catalogue } from './catalogue.ts';
import type { FromLookup, Port, PublishedHead, ToLookup } from './channel.ts';
import type { ProofSource } from './ports.ts';

export type LookupServiceParts = {
  readonly port: Port;
  /** Makes the catalogue from the postings there are, for a log with so many published entries. */
  readonly open: (published: number) => Catalogue;
  /** Throws the postings away, after an error that says they are damaged. */
  readonly discard: () => void;
  readonly isDamage: (error: unknown) => boolean;
  /** Moves the tree that proofs are made from. */
  readonly follow: (head: PublishedHead) => ProofSource;
  readonly sleep: (milliseconds: number) => Promise<unknown>;
  readonly clock: () => number;
  readonly stopped: () => void;
};

/** Serves a lookup until it is told to stop. */
export function serveLookup(parts: LookupServiceParts): void {
  const { port } = parts;
  const send = (message: FromLookup) => port.postMessage(message);
  let tree: ProofSource | undefined;
  let catalogue: Catalogue | undefined;
  let [following, stopping] = [false, false];

  function open(published: number): Catalogue {
    catalogue = parts.open(published);
    send({ type: 'covers', size: catalogue.size });
    return catalogue;
  }

  /** After each bundle it rests as long as that took: reads and the log itself come first. */
  async function follow(): Promise<void> {
    if (following) return;
    following = true;
    try {
      // Asked anew after each rest, in which another head may have come.
      while (!stopping && (catalogue?.size ?? -1) < (tree?.head.size ?? -1)) {
        const began = parts.clock();
        step();
        await parts.sleep(parts.clock() - began);
      }
    } catch (error) {
      // It goes on at the next head: what it covers is known to be right.
      send({ type: 'trouble', message: messageOf(error) });
    }
    following = false;
  }

  function step(): void {
    const published = tree?.head.size ?? 0;
    try {
      (catalogue ?? open(published)).advance(published);
      send({ type: 'covers', size: catalogue?.size ?? 0 });
    } catch (error) {
      if (!mend(error)) throw error;
    }
  }

  /** Whether it begins anew after an error. */
  function mend(error: unknown): boolean {
    if (!parts.isDamage(error)) return false;
    send({ type: 'trouble', message: `the postings are damaged and made anew: ${messageOf(error)}` });
    parts.discard();
    catalogue = undefined;
    return true;
  }

  function reply({ ticket, name, params }: Extract<ToLookup, { type: 'ask' }>): FromLookup {
    try {
      if (tree === undefined || catalogue === undefined) throw notYet();
      return { type: 'answer', ticket, body: JSON.stringify(answer(catalogue, tree, name, params)) };
    } catch (error) {
      if (mend(error)) void follow();
      const fault = error instanceof Fault ? error : mended(error);
      return { type: 'fault', ticket, code: fault.code, message: fault.message };
    }
  }

  function mended(error: unknown): Fault {
    if (parts.isDamage(error)) return notYet();
    send({ type: 'trouble', message: `a question could not be answered: ${messageOf(error)}` });
    return new Fault('internal', 'something went wrong here; the operator can find it in the log of the server');
  }

  port.on('message', (data) => {
    const message = data as ToLookup;
    if (message.type === 'ask') send(reply(message));
    else if (message.type === 'published') {
      tree = parts.follow(message.head);
      void follow();
    } else {
      stopping = true;
      parts.stopped();
    }
  });
}

/** A lookup that is being made can be asked again soon. */
export function notYet(): Fault {
  return new Fault('read-only', 'the lookup is being made from the entries: ask again later', { retryAfter: 5 });
}
