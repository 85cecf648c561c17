/** What a rule may know of an entry, and what rules remember from one entry to the next. @module */
import { Fault } from '../../core/fault.ts';
import type { AdmittedKind, Payload } from '../../registry/kinds.ts';
import { type KindName, kindOf } from '../../registry/names.ts';
import { readPayload } from '../../registry/payload.ts';
import type { Change, Entry, View } from '../../registry/view.ts';
import type { Finding } from '../alert.ts';
import type { Watch } from '../watch.ts';

/** Facts by name, those of this batch included. */
export type Memory = { get(name: string): string | undefined; set(name: string, value: string): void };

/**
 * Between which times an entry was made, as RFC 3339: after a head without it was cosigned, and before one with it was.
 * `now` is the monitor's own clock.
 */
export type Bounds = { readonly after?: string; readonly before?: string; readonly now: string };

export type Seen = {
  readonly entry: Entry;
  /** What it was judged on, and what it changes there. */
  readonly view: View;
  readonly changes: readonly Change[];
  readonly watch: Watch;
  readonly bounds: Bounds;
  readonly memory: Memory;
};

/** Says what is to be told of an entry. */
export type EntryRule = (seen: Seen) => readonly Finding[];

/** Runs a rule over the payload of one kind; one that cannot be read is told elsewhere. */
export function onKind<K extends AdmittedKind>(
  kind: K,
  rule: (payload: Payload<K>, seen: Seen) => readonly Finding[],
): EntryRule {
  return (seen) => {
    const payload = kindIn(seen) === kind ? payloadIn(kind, seen.entry) : undefined;
    return payload === undefined ? [] : rule(payload, seen);
  };
}

export function kindIn({ entry }: Pick<Seen, 'entry'>): KindName | undefined {
  return kindOf(entry.statement.contentType);
}

function payloadIn<K extends AdmittedKind>(kind: K, { statement }: Entry): Payload<K> | undefined {
  try {
    return readPayload(kind, statement.payload).value;
  } catch (error) {
    if (error instanceof Fault) return undefined;
    throw error;
  }
}

/** A time in milliseconds as entries write it. */
export function timeOf(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}

/** A time so many seconds later. */
export function later(time: string, seconds: number): string {
  return timeOf(Date.parse(time) + 1000 * seconds);
}
