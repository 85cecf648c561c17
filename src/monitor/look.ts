/**
 * Looks at the entries of one log in their order: replays admission, and puts each before the rules that are left to
 * monitors. Gathers what a commit has to hold; memory is the registry with its past, however long the log. @module
 */

import { fromUtf8 } from '../core/bytes.ts';
import { statementIn } from '../core/cose.ts';
import { leafHash } from '../core/hash.ts';
import { parseNote, type Vkey } from '../core/note.ts';
import { Reader } from '../core/reader.ts';
import { readUint64 } from '../core/size.ts';
import { TILE_WIDTH } from '../core/tile.ts';
import { formatTlogProof } from '../core/tlogproof.ts';
import { Chronicle } from '../registry/chronicle.ts';
import { type Change, EMPTY, type Entry, type View } from '../registry/view.ts';
import { alertOf, type Finding } from './alert.ts';
import type { Alert, Known, MonitorStore, RegistryStep, Step } from './memory.ts';
import { isPolicy, Replay, type ReplayFinding } from './replay.ts';
import { ENTRY_RULES, RULES_WITHOUT_PAST } from './rules/all.ts';
import { type Bounds, type Memory, type Seen, timeOf } from './rules/seen.ts';
import { storedTiles } from './tree.ts';
import type { Watch } from './watch.ts';

export type LookerParts = {
  readonly origin: string;
  /** Whose times are believed. */
  readonly witnesses: readonly Vkey[];
  readonly store: MonitorStore;
  readonly clock: () => Date;
  readonly watch: () => Watch;
};

/** A fact by which a log is known to hold bytes and no statements. */
const OPAQUE = 'opaque';
/** The fact that says which entries of a log were never looked at: those before this one. */
export const START = 'start';

export class Looker {
  readonly #parts: LookerParts;
  readonly #replay: Replay;
  #reader: Reader | undefined;
  #note: Uint8Array = new Uint8Array(0);
  #read: (n: number) => Promise<Uint8Array[]> = () => Promise.reject(new Error('bug: nothing is being looked at'));
  #bounds: Bounds = { now: '' };
  #opaque: boolean;
  /** The registry of what was taken. */
  readonly chronicle = new Chronicle();
  #steps: RegistryStep[] = [];
  #facts = new Map<string, string>();
  #findings: Finding[] = [];

  constructor(parts: LookerParts) {
    this.#parts = parts;
    for (const step of parts.store.steps(parts.origin)) this.chronicle.put(step);
    this.#replay = new Replay(
      async (index) => (await this.#read(Math.floor(index / TILE_WIDTH)))[index % TILE_WIDTH] as Uint8Array,
      () => {},
      (entry, view, changes) => this.#judged(entry, view, changes),
      { ...this.chronicle.latest, merge: () => {} }, // the chronicle keeps what was judged
      (size) => (this.#reader as Reader).root(size),
    );
    this.#opaque = parts.store.fact(parts.origin, OPAQUE) !== undefined;
  }

  /** Whether the registry is known: of a log that holds statements, and whose past was looked at. */
  get isReplayed(): boolean {
    return !this.#opaque && this.#hasPast;
  }

  get #hasPast(): boolean {
    const { store, origin } = this.#parts;
    return store.fact(origin, START) === undefined;
  }

  /** Begins with what is beyond `known.looked`, in the tree that is known. */
  begin(known: Known, read: (n: number) => Promise<Uint8Array[]>): void {
    const { store, origin, clock, witnesses } = this.#parts;
    this.#read = read;
    this.#note = known.note as Uint8Array;
    this.#reader = new Reader(storedTiles(store, origin, known), known);
    const after = store.fact(origin, COSIGNED);
    const before = cosignedAt(this.#note, witnesses);
    this.#bounds = {
      now: timeOf(clock().getTime()),
      ...(after === undefined || known.looked === 0 ? {} : { after }),
      ...(before === undefined ? {} : { before }),
    };
  }

  async take(first: number, entries: readonly Uint8Array[]): Promise<void> {
    if (first === 0 && !isPolicy(entries[0] as Uint8Array)) {
      this.#opaque = true;
      this.#facts.set(OPAQUE, '1');
    }
    if (this.#opaque) return;
    if (this.#hasPast) await this.#replayThem(first, entries);
    else this.#match(first, entries);
    await this.#prove(first, entries);
  }

  async #replayThem(first: number, entries: readonly Uint8Array[]): Promise<void> {
    const findings = await this.#replay.take(first, entries);
    this.#findings.push(...findings.map(toFinding));
  }

  /** Entries of a log whose past is not known are judged by what they say alone; what is no statement says nothing. */
  #match(first: number, entries: readonly Uint8Array[]): void {
    for (const [i, bytes] of entries.entries()) {
      const statement = statementIn(bytes);
      if (!statement) continue;
      const entry = { index: first + i, leafHash: leafHash(bytes), statement };
      for (const rule of RULES_WITHOUT_PAST) this.#findings.push(...rule(this.#seen(entry, EMPTY, [])));
    }
  }

  /** What is to be committed, and then forgotten here. `last`: all entries of the head have been looked at. */
  step(last: boolean): Step {
    const { origin, clock, witnesses } = this.#parts;
    const at = timeOf(clock().getTime());
    const cosigned = cosignedAt(this.#note, witnesses);
    // Not before: entries that are still to come are in this head.
    if (last && cosigned !== undefined) this.#facts.set(COSIGNED, cosigned);
    const alerts: Alert[] = this.#findings.map((finding) => alertOf(origin, at, finding));
    const step = { steps: this.#steps, facts: this.#facts, alerts };
    this.#steps = [];
    this.#facts = new Map();
    this.#findings = [];
    return step;
  }

  #judged(entry: Entry, view: View, changes: readonly Change[]): void {
    const seen = this.#seen(entry, view, changes);
    for (const rule of ENTRY_RULES) this.#findings.push(...rule(seen));
    this.#steps.push(...this.chronicle.keep(entry, changes));
  }

  #seen(entry: Entry, view: View, changes: readonly Change[]): Seen {
    const { store, origin, watch } = this.#parts;
    const memory: Memory = {
      get: (name) => this.#facts.get(name) ?? store.fact(origin, name),
      set: (name, value) => void this.#facts.set(name, value),
    };
    return { entry, view, changes, watch: watch(), bounds: this.#bounds, memory };
  }

  /** Adds the proof of its entry to whatever was found of these. */
  async #prove(first: number, entries: readonly Uint8Array[]): Promise<void> {
    this.#findings = await Promise.all(
      this.#findings.map(async (finding) => {
        const { index, detail } = finding;
        if (index === undefined || index < first || index >= first + entries.length) return finding;
        const { path } = await (this.#reader as Reader).inclusion(index);
        const extra = entries[index - first] as Uint8Array;
        const proof = fromUtf8(formatTlogProof({ index, path, checkpoint: this.#note, extra }), 'bad-request');
        return { ...finding, detail: { ...detail, proof } };
      }),
    );
  }
}

/** When the head was cosigned of which all entries had been looked at. */
const COSIGNED = 'cosigned';

/** The earliest time at which a witness cosigned a head; the lines of the note have been verified. */
function cosignedAt(note: Uint8Array, witnesses: readonly Vkey[]): string | undefined {
  const times = parseNote(note)
    .signatures.filter(({ name, id }) => witnesses.some((vkey) => vkey.name === name && vkey.id === id))
    .map(({ signature }) => readUint64(signature));
  const earliest = Math.min(...times);
  return Number.isSafeInteger(earliest) && earliest < 8.64e12 ? timeOf(1000 * earliest) : undefined;
}

/** What a replay finds: an entry that breaks a rule, or one that nobody can read. */
function toFinding({ index, message, rule }: ReplayFinding): Finding {
  const named = { index, subject: `${index} ${message}`, summary: `entry ${index}: ${message}` };
  if (rule !== undefined) return { kind: 'forbidden-entry', rule, ...named };
  const unread = message.startsWith('the log should not have admitted');
  return { kind: unread ? 'malformed-entry' : 'forbidden-entry', rule: unread ? 'unreadable' : 'signature', ...named };
}
