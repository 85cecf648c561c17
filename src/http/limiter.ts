/** So many requests from one address in a while; whoever sends more is told when to come again. Memory is bounded. @module */
import { Fault } from '../core/fault.ts';
import type { Ask } from './route.ts';

export type LimiterParts = {
  readonly most: number;
  readonly seconds: number;
  /** Any clock, in milliseconds. */
  readonly now: () => number;
};

/** Addresses that are remembered; the one that has been here longest is forgotten for another. */
const MANY = 10_000;
/** Of what a proxy calls an address. */
const LONGEST = 64;

export class Limiter {
  readonly #parts: LimiterParts;
  readonly #windows = new Map<string, { readonly since: number; count: number }>();

  constructor(parts: LimiterParts) {
    this.#parts = parts;
  }

  /** Fault `too-many` if this is one too many. Whoever asks without a socket is not limited. */
  take(ask: Ask): void {
    const from = addressOf(ask);
    if (from === undefined) return;
    const { most, seconds, now } = this.#parts;
    const time = now();
    const known = this.#windows.get(from);
    const isOver = known === undefined || time - known.since >= 1000 * seconds;
    const window = isOver ? { since: time, count: 0 } : known;
    if (window.count >= most) {
      const retryAfter = Math.ceil((window.since - time) / 1000) + seconds;
      throw new Fault('too-many', `${most} have come from ${from} in ${seconds} seconds`, { retryAfter });
    }
    window.count++;
    if (!isOver) return;
    this.#windows.delete(from);
    if (this.#windows.size >= MANY) this.#windows.delete(this.#windows.keys().next().value as string);
    this.#windows.set(from, window);
  }
}

/**
 * Whose request this is: an IPv4 address, or the /64 that one subscriber has. Behind a proxy on the same machine it is
 * what that says last in X-Forwarded-For; from anywhere else the header is not believed.
 */
export function addressOf({ from, header }: Pick<Ask, 'from' | 'header'>): string | undefined {
  if (from === undefined) return undefined;
  const peer = plain(from);
  const isLocal = peer === '0:0:0:0' || peer.startsWith('127.');
  const forwarded = header('x-forwarded-for')?.split(',').at(-1)?.trim().slice(0, LONGEST);
  return isLocal && forwarded ? plain(forwarded) : peer;
}

function plain(address: string): string {
  const [, mapped] = /^::ffff:([0-9.]+)$/i.exec(address) ?? [];
  if (mapped !== undefined) return mapped;
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.split('::');
  const groups = (text: string) => (text === '' ? [] : text.split(':'));
  const [first, last] = [groups(head), groups(tail ?? '')];
  const zeros =
    tail === undefined ? [] : Array.from({ length: Math.max(0, 8 - first.length - last.length) }, () => '0');
  return [...first, ...zeros, ...last].slice(0, 4).join(':').toLowerCase();
}
