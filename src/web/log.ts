/**
 * A log as this browser trusts it: for nothing but the keys it pinned. Every checkpoint that is met, also within proofs,
 * must be signed by them and agree with the last one that was seen; every entry that is shown must be proven. @module
 */
import { equal } from '../core/bytes.ts';
import type { Checkpoint } from '../core/checkpoint.ts';
import { openCheckpoint } from '../core/cosignature.ts';
import { Fault } from '../core/fault.ts';
import { parseVkey, type Vkey } from '../core/note.ts';
import { verifyConsistency } from '../core/proof.ts';
import { type Get, Reader } from '../core/reader.ts';
import { count, type Entry, fields, list, proveRow, type Row, text, texts } from './entry.ts';
import { jsonOf } from './fetch.ts';
import type { Memory, Seen } from './memory.ts';

/** The newest checkpoint as it was published, and what it says. */
export type Newest = { readonly note: Uint8Array; readonly checkpoint: Checkpoint };
type Facts = { readonly origin: string; readonly vkeys: readonly string[] };
export type Rows = { readonly entries: readonly Entry[]; readonly next: number | undefined; readonly size: number };
type Params = Readonly<Record<string, string | number | undefined>>;

export class WebLog {
  readonly get: Get;
  /** Where the log is, with a slash at the end. */
  readonly base: string;
  readonly #memory: Memory;
  /** Text of notes that were verified, with what they say. */
  readonly #opened = new Map<string, Promise<Checkpoint>>();
  readonly vkeys: readonly Vkey[];
  readonly origin: string;
  /** Whether the keys were pinned just now, and which other keys the log offers than those pinned before. */
  readonly isFirstVisit: boolean;
  readonly otherKeys: readonly string[] | undefined;
  readonly pinnedSince: string;
  /** What this browser had seen before this visit. */
  readonly remembered: (Seen & Checkpoint) | undefined;
  #witnesses: Promise<Witnessing> | undefined;

  /** Pins the keys that the log offers, if none are pinned; where others are, those stay. */
  constructor(get: Get, base: string, memory: Memory, offered: Facts, now: Date) {
    const known = memory.pins;
    const pins = known ?? { ...offered, since: now.toISOString() };
    this.isFirstVisit = known === undefined;
    this.otherKeys = isSame(pins.vkeys, offered.vkeys) && pins.origin === offered.origin ? undefined : offered.vkeys;
    this.get = get;
    this.base = base;
    this.#memory = memory;
    this.vkeys = pins.vkeys.map(parseVkey);
    this.origin = pins.origin;
    this.pinnedSince = pins.since;
    this.remembered = this.seen;
    if (known === undefined) memory.pins = { origin: offered.origin, vkeys: offered.vkeys, since: pins.since };
  }

  /** The checkpoint this browser saw last, if any; its signatures are checked again. */
  get seen(): (Seen & Checkpoint) | undefined {
    const seen = this.#memory.seen;
    return seen && { ...seen, ...openCheckpoint(seen.note, this.vkeys).checkpoint };
  }

  /** The newest checkpoint, verified and held against the last one seen, which it then replaces. */
  async head(): Promise<Newest> {
    const before = this.seen;
    const note = await this.get('checkpoint');
    const checkpoint = await this.open(note);
    if (before !== undefined && before.size > checkpoint.size) throw takenBack(before.size, checkpoint.size);
    return { note, checkpoint };
  }

  /** A checkpoint that was signed by the pinned keys, is of this log, and of the same history as all seen before. */
  open(note: Uint8Array): Promise<Checkpoint> {
    const said = new TextDecoder().decode(note);
    let opened = this.#opened.get(said);
    if (opened === undefined) {
      opened = this.#accept(note);
      this.#opened.set(said, opened);
      opened.catch(() => this.#opened.delete(said)); // what failed may be tried again
    }
    return opened;
  }

  async #accept(note: Uint8Array): Promise<Checkpoint> {
    const { checkpoint } = openCheckpoint(note, this.vkeys);
    if (checkpoint.origin !== this.origin) {
      throw new Fault('bad-checkpoint', `this checkpoint is of ${checkpoint.origin} and not of ${this.origin}`);
    }
    await this.agree(checkpoint);
    const seen = this.seen;
    if (seen === undefined || seen.size < checkpoint.size) this.#memory.seen = { note, at: new Date().toISOString() };
    return checkpoint;
  }

  /** Fault `bad-proof` unless this checkpoint and the last one seen are of one growing tree. Answers the proof. */
  async agree(checkpoint: Checkpoint, seen: Checkpoint | undefined = this.seen): Promise<readonly Uint8Array[]> {
    if (seen === undefined) return [];
    const [older, newer] = seen.size <= checkpoint.size ? [seen, checkpoint] : [checkpoint, seen];
    if (older.size === newer.size) {
      if (equal(older.root, newer.root)) return [];
      throw new Fault('bad-proof', `two different trees of ${older.size} entries are signed with the same keys`);
    }
    const path = await new Reader(this.get, newer).consistency(older.size);
    verifyConsistency(older.size, newer.size, older.root, newer.root, path);
    return path;
  }

  async ask<T>(question: string, params: Params): Promise<T> {
    const given = Object.entries(params).filter(([, value]) => value !== undefined && value !== '');
    const query = new URLSearchParams(given.map(([name, value]) => [name, String(value)]));
    return jsonOf<T>(await this.get(`v1/${question}?${query}`));
  }

  /** Rows of a question, each proven. */
  async rows(question: string, params: Params = {}): Promise<Rows> {
    const { rows, next, size } = await this.ask<{ rows: Row[]; next?: number; size: number }>(question, {
      ...params,
      proof: 1,
    });
    return { entries: await this.prove(rows), next, size };
  }

  prove(rows: readonly Row[]): Promise<Entry[]> {
    return Promise.all(rows.map((row) => proveRow(row, (note) => this.open(note))));
  }

  async entry(index: number): Promise<Entry | undefined> {
    const { entries } = await this.rows('entries', { ...after(index), limit: 1 });
    return entries.find((entry) => entry.index === index);
  }

  /** The newest policy's witnesses, from the proven policies. */
  witnesses(): Promise<Witnessing> {
    this.#witnesses ??= this.rows('entries', { kind: 'policy', limit: 64 }).then(({ entries }) => witnessing(entries));
    this.#witnesses.catch(() => {
      this.#witnesses = undefined;
    });
    return this.#witnesses;
  }

  forget(): void {
    this.#memory.forget();
  }
}

export function takenBack(seen: number, now: number): Fault {
  return new Fault(
    'stale-size',
    `This browser has verified a tree of ${seen} entries before. The log now shows ${now}: entries were taken back, or this is an old copy.`,
  );
}

/** Parameters of a page of rows that begins with an index. */
export const after = (index: number): { after?: number } => (index === 0 ? {} : { after: index - 1 });

export type Witnessing = {
  readonly policies: readonly Entry[];
  readonly policy: Entry;
  readonly vkeys: readonly Vkey[];
  readonly quorum: number;
};

function witnessing(policies: readonly Entry[]): Witnessing {
  const policy = policies.at(-1);
  if (policy === undefined) throw new Fault('bad-proof', 'the log shows no policy, and must have one as entry 0');
  const vkeys = texts(policy.fields.witnesses).map(parseVkey);
  const quorum = policy.fields.witnessQuorum;
  return { policies, policy, vkeys, quorum: typeof quorum === 'number' ? quorum : 0 };
}

function isSame(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((one) => others.includes(one));
}

/** The organisations of a policy by their ids. */
export function organisationsOf(
  policy: Entry,
): { id: string; name: string; role: string; threshold: number; rootKeys: string[] }[] {
  return list(policy.fields.organisations).map((one) => {
    const { id, name, role, threshold, rootKeys } = fields(one);
    return { id: text(id), name: text(name), role: text(role), threshold: count(threshold), rootKeys: texts(rootKeys) };
  });
}

/** Who of the witnesses cosigned a checkpoint, and when, in seconds. */
export function cosignersOf(note: Uint8Array, { vkeys }: Witnessing): { name: string; time: number | undefined }[] {
  return vkeys.map((vkey) => {
    try {
      return { name: vkey.name, time: openCheckpoint(note, [vkey]).signed[0]?.time };
    } catch {
      return { name: vkey.name, time: undefined };
    }
  });
}
