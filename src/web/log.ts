/**
 * A log as this browser trusts it: for nothing but the keys it pinned. Every checkpoint that is met, also within proofs,
 * must be signed by them and agree with the last one that was seen; every entry that is shown must be proven. @module
 */
import { sha256 } from '#sha256';
import { type Is, isList, isMap, maybe } from '../client/answer.ts';
import { equal, fromUtf8, toHex, utf8 } from '../core/bytes.ts';
import type { Checkpoint } from '../core/checkpoint.ts';
import { openCheckpoint } from '../core/cosignature.ts';
import { Fault } from '../core/fault.ts';
import { parseHeads } from '../core/headlist.ts';
import { parseVkey, type Vkey } from '../core/note.ts';
import { verifyConsistency } from '../core/proof.ts';
import { type Get, Reader } from '../core/reader.ts';
import { isSize } from '../core/size.ts';
import { count, type Entry, fields, isRow, list, proveRow, type Row, text, texts } from './entry.ts';
import { jsonOf } from './fetch.ts';
import { type Filed, Fork, type Signed } from './fork.ts';
import type { Memory, Seen } from './memory.ts';

/** The newest checkpoint as it was published, and what it says. */
export type Newest = { readonly note: Uint8Array; readonly checkpoint: Checkpoint };
/** What a log says of itself. */
export type Facts = {
  readonly origin: string;
  readonly vkeys: readonly string[];
  readonly entries?: 'statements' | 'opaque';
  /** Why it does not take in, sign or publish as it should; a claim like the rest. */
  readonly trouble?: string;
};
export type Rows = { readonly entries: readonly Entry[]; readonly next: number | undefined; readonly size: number };
export type Params = Readonly<Record<string, string | number | undefined>>;

/** Files that were read and verified, and how many more there are. */
export type Evidence = { readonly files: readonly Filed[]; readonly more: number };

const isRows = isMap<{ rows: readonly Row[]; next?: number; size: number }>({
  rows: isList(isRow),
  next: maybe(isSize),
  size: isSize,
});

const MOST_FILES = 8;
/** How far back, in entries, a witness that is missing is looked for. */
const LOOK_BACK = 64;

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
  /** Whether its entries are bytes that mean nothing here: it cannot be asked about them. */
  readonly isOpaque: boolean;
  /** What this browser had seen before this visit. */
  readonly remembered: (Seen & Checkpoint) | undefined;
  /** Where the log exchanges heads with others. */
  readonly #gossip: string;
  #witnesses: Promise<Witnessing> | undefined;
  #evidence: Promise<Evidence | undefined> | undefined;

  /** Pins the keys that the log offers, if none are pinned; where others are, those stay. */
  constructor(get: Get, base: string, memory: Memory, offered: Facts, now: Date) {
    const known = memory.pins;
    const pins = known ?? { origin: offered.origin, vkeys: offered.vkeys, since: now.toISOString() };
    this.isFirstVisit = known === undefined;
    // A log may offer fewer: one with a token has clients pin the key in it alone.
    const isPinned = offered.vkeys.length > 0 && offered.vkeys.every((vkey) => pins.vkeys.includes(vkey));
    this.otherKeys = isPinned && pins.origin === offered.origin ? undefined : offered.vkeys;
    this.get = get;
    this.base = base;
    this.#memory = memory;
    this.vkeys = pins.vkeys.map(parseVkey);
    this.origin = pins.origin;
    this.pinnedSince = pins.since;
    this.isOpaque = offered.entries === 'opaque';
    this.#gossip = `gossip/v1/${toHex(sha256(utf8(pins.origin)))}`;
    this.remembered = this.seen;
    if (known === undefined) memory.pins = pins;
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
    const { checkpoint } = openCheckpoint(note, this.vkeys);
    const isSmaller = before !== undefined && before.size > checkpoint.size;
    // A log that took entries back may no longer show the tree that would convict it.
    const opened = await this.open(note).catch((error: unknown) => {
      throw isSmaller && !(error instanceof Fork) ? takenBack(before.size, checkpoint.size) : error;
    });
    if (isSmaller) throw takenBack(before.size, checkpoint.size);
    return { note, checkpoint: opened };
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
    await this.agree({ ...checkpoint, note });
    const seen = this.seen;
    if (seen === undefined || seen.size < checkpoint.size) this.#memory.seen = { note, at: new Date().toISOString() };
    return checkpoint;
  }

  /** Throws a `Fork` unless this checkpoint and the last one seen are of one growing tree. Answers the proof. */
  async agree(checkpoint: Signed, seen: Signed | undefined = this.seen): Promise<readonly Uint8Array[]> {
    if (seen === undefined) return [];
    const [older, newer] = seen.size <= checkpoint.size ? [seen, checkpoint] : [checkpoint, seen];
    if (older.size === newer.size) {
      if (equal(older.root, newer.root)) return [];
      throw await this.#forkOf(older, newer);
    }
    const path = await new Reader(this.get, newer).consistency(older.size);
    try {
      verifyConsistency(older.size, newer.size, older.root, newer.root, path);
    } catch {
      // The hashes were authenticated: they are of the newer tree, and the older one is none of its beginnings.
      throw await this.#forkOf(older, newer);
    }
    return path;
  }

  async #forkOf(older: Signed, newer: Signed): Promise<Fork> {
    const { forkOf } = await import('./convict.ts');
    return forkOf(this.get, this.vkeys, older, newer);
  }

  /** The evidence against the log that it serves itself; undefined where none can be served, as by a static copy. */
  evidence(): Promise<Evidence | undefined> {
    this.#evidence ??= this.#readEvidence();
    this.#evidence.catch(() => {
      this.#evidence = undefined;
    });
    return this.#evidence;
  }

  async #readEvidence(): Promise<Evidence | undefined> {
    const list = await orNone(this.get(`${this.#gossip}/evidence`));
    if (list === undefined) return undefined;
    const ids = fromUtf8(list, 'bad-evidence').split('\n').filter(Boolean);
    if (ids.length === 0) return { files: [], more: 0 };
    const asked = this.isOpaque ? Promise.reject() : this.witnesses();
    const witnesses = await asked.then(
      ({ vkeys }) => vkeys,
      () => [],
    );
    const { openFile } = await import('./convict.ts');
    const files = ids.slice(0, MOST_FILES).map(async (id) => {
      const file = await this.get(`${this.#gossip}/evidence/${id}`);
      return openFile(id, file, [...this.vkeys, ...witnesses], this.origin);
    });
    return { files: await Promise.all(files), more: ids.length - files.length };
  }

  /** Checkpoints that were published for sizes shortly below one, newest first. */
  async before(size: number): Promise<readonly Uint8Array[]> {
    const list = await orNone(this.get(`${this.#gossip}/heads?after=${Math.max(0, size - LOOK_BACK)}`));
    return list === undefined
      ? []
      : parseHeads(list)
          .map(({ note }) => note)
          .reverse();
  }

  /** `is` is the shape of the answer, of which nothing is read without it. */
  async ask<T extends object>(question: string, params: Params, is: Is<T>): Promise<T> {
    const given = Object.entries(params).filter(([, value]) => value !== undefined && value !== '');
    const query = new URLSearchParams(given.map(([name, value]) => [name, String(value)]));
    return jsonOf(await this.get(`v1/${question}?${query}`), is);
  }

  /** Rows of a question, each proven. */
  async rows(question: string, params: Params = {}): Promise<Rows> {
    const { rows, next, size } = await this.ask(question, { ...params, proof: 1 }, isRows);
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
    this.#witnesses ??= this.#policies().then(witnessing);
    this.#witnesses.catch(() => {
      this.#witnesses = undefined;
    });
    return this.#witnesses;
  }

  /** All of them: the newest is what counts, and it comes last. */
  async #policies(): Promise<Entry[]> {
    const policies: Entry[] = [];
    let next: number | undefined;
    do {
      const page = await this.rows('entries', { kind: 'policy', after: next, limit: 64 });
      policies.push(...page.entries);
      next = page.next;
    } while (next !== undefined);
    return policies;
  }

  forget(): void {
    this.#memory.forget();
  }
}

/** What is not served is not there. */
async function orNone(asked: Promise<Uint8Array>): Promise<Uint8Array | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof Fault && error.code === 'unknown-resource') return undefined;
    throw error;
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

/** The organisations of a policy by their ids. */
export function organisationsOf(
  policy: Entry,
): { id: string; name: string; role: string; threshold: number; rootKeys: string[] }[] {
  return list(policy.fields.organisations).map((one) => {
    const { id, name, role, threshold, rootKeys } = fields(one);
    return { id: text(id), name: text(name), role: text(role), threshold: count(threshold), rootKeys: texts(rootKeys) };
  });
}

/** A witness, and when it cosigned a checkpoint, in seconds; no time if it did not. */
export type Cosigner = { readonly name: string; readonly size: number; readonly time: number | undefined };

/** Who of the witnesses cosigned a checkpoint. Each is looked at alone: a wrong line of one says nothing of the others. */
export function cosignersOf(note: Uint8Array, vkeys: readonly Vkey[]): Cosigner[] {
  return vkeys.map((vkey) => {
    try {
      const { checkpoint, signed } = openCheckpoint(note, [vkey]);
      return { name: vkey.name, size: checkpoint.size, time: signed[0]?.time };
    } catch {
      return { name: vkey.name, size: 0, time: undefined };
    }
  });
}
