/**
 * What a monitor needs from outside: where it keeps what it has verified, what it has to say, and the signed heads and
 * the evidence that it has seen. One adapter in `store/` implements all of it. Every write is on disk when the call
 * returns, and all of one call is there or none of it. @module
 */
import type { Head } from '../core/checkpoint.ts';
import type { FullTile } from '../core/tree.ts';
import type { KeptStep } from '../registry/chronicle.ts';
import type { Json } from '../registry/json.ts';

/** A row that the registry got, with the entries that put it. */
export type RegistryStep = KeptStep;

/** Where a log stands: size 0 and no note before the first round. */
export type Known = Head & {
  /** The leaves of the open tile of each level, lowest first: the right edge. */
  readonly edge: readonly Uint8Array[];
  /** The head as the log signed it, with the cosignatures that we know. */
  readonly note: Uint8Array | undefined;
  /** How many entries have been looked at: at most the size. */
  readonly looked: number;
};

/** What a round has done so far. What is not given stays as it is. */
export type Step = {
  readonly known?: Known;
  /** Rows that the registry got, in their order. */
  readonly steps?: readonly RegistryStep[];
  /** What rules have to remember beside it, by name. */
  readonly facts?: ReadonlyMap<string, string>;
  readonly alerts?: readonly Alert[];
};

export interface TreeStore {
  known(origin: string): Known;
  /** A full tile of the tree that is known, 256 hashes; undefined if it was never put. */
  tile(origin: string, level: number, n: number): Uint8Array | undefined;
  /** Puts tiles of a tree that is about to be known; those that are there already are replaced. */
  putTiles(origin: string, tiles: readonly FullTile[]): void;
  /** All rows that the registry ever had, in their order. */
  steps(origin: string): Iterable<RegistryStep>;
  /** The facts whose name begins so and that are not empty, by their names. */
  facts(origin: string, prefix: string): ReadonlyMap<string, string>;
  /** A fact; the same as `facts` for one name. */
  fact(origin: string, name: string): string | undefined;
  /** Fault `bad-request` if another process has moved on with the log since `looked` and the size were read. */
  commit(origin: string, from: Pick<Known, 'size' | 'looked'>, step: Step): void;
}

/** What there is to tell. Kinds are those that people filter by; the rule says which check it was. */
export const ALERT_KINDS = [
  /** An entry, or the lack of one, that the watch list asks for. */
  'match',
  /** An event of a key that the watch list names, or of an organisation that it names. */
  'key-event',
  /** The log signed two histories: the evidence convicts it. */
  'equivocation',
  /** An entry is in the tree that the rules of the log forbid. */
  'forbidden-entry',
  /** An entry that cannot be read. */
  'malformed-entry',
  /** A copy of the log serves bytes that are not those of the signed tree. It convicts nobody. */
  'inconsistent-tile',
  /** The lookup of the log answered what its entries do not say. An answer is not signed, so it convicts nobody. */
  'index-mismatch',
  /** A signed head whose tree nobody shows. */
  'unverifiable-head',
  /** Too few witnesses have cosigned the newest head. */
  'quorum-lost',
  /** The newest head, or what it was cosigned with, or what the lookup answers for, is too old. */
  'stale',
  /** The monitor cannot do its work, or is asked to say that it can. */
  'health',
] as const;
export type AlertKind = (typeof ALERT_KINDS)[number];

export type Alert = {
  /** The same for the same thing, whenever and by whomever it is found. */
  readonly id: string;
  readonly origin: string;
  readonly kind: AlertKind;
  readonly rule: string;
  readonly summary: string;
  /** When it was raised. */
  readonly at: string;
  readonly index?: number;
  /** What a program needs of it: a proof, an evidence file by its hash, the digests that differ. */
  readonly detail: { readonly [name: string]: Json };
};

export type KeptAlert = Alert & { readonly acknowledged: string | undefined };

export interface AlertStore {
  /** Keeps alerts; those with an id that is known are dropped. Answers the new ones. */
  raise(alerts: readonly Alert[]): Alert[];
  /** All that are kept, oldest first. */
  alerts(): Iterable<KeptAlert>;
  /** Answers whether there is such an alert. */
  acknowledge(id: string, at: string): boolean;
  /** What a channel was not sent and nobody has acknowledged, oldest first. */
  unsent(channel: string, limit: number): Alert[];
  sent(id: string, channel: string): void;
}

/** `unverifiable` was pending for longer than anyone needs to show a tree. */
export type HeadStatus = 'verified' | 'pending' | 'conflict' | 'unverifiable';

export type SeenHead = Head & {
  /** Counts up in the order in which heads were first seen. */
  readonly seq: number;
  readonly note: Uint8Array;
  readonly status: HeadStatus;
  readonly source: string;
  /** In milliseconds. */
  readonly firstSeen: number;
};

export interface HeadStore {
  /** Keeps a head, or replaces the note and the status of the one with this size and root. */
  putHead(origin: string, head: Omit<SeenHead, 'seq'>): void;
  /** What has been found of a head that is kept; its note stays, which others may add cosignatures to meanwhile. */
  markHead(origin: string, head: Head, status: HeadStatus): void;
  /** Heads by status, or of a size; by size, descending. */
  heads(origin: string, of: { readonly status?: HeadStatus; readonly size?: number }): SeenHead[];
  /** At most `limit` after a number, oldest first. */
  headsAfter(origin: string, seq: number, limit: number): SeenHead[];
  /** Keeps an evidence file under its SHA-256 in hexadecimal. */
  putEvidence(origin: string, id: string, file: Uint8Array): void;
  /** The SHA-256 of each evidence file, oldest first. */
  evidence(origin: string): readonly string[];
  evidenceFile(origin: string, id: string): Uint8Array | undefined;
  /**
   * Forgets verified heads that were first seen before `before`: of each `interval` the last one stays, and so do those
   * of the sizes in `keep`.
   */
  thinHeads(origin: string, before: number, interval: number, keep: ReadonlySet<number>): void;
}

/** The latest head that each witness has cosigned, as the distributor API serves it. */
export interface WitnessedStore {
  /** Keeps a note, unless a larger or a later one of this witness is there. */
  putWitnessed(origin: string, witness: string, size: number, time: number, note: Uint8Array): void;
  witnessed(origin: string, witness: string): { readonly size: number; readonly note: Uint8Array } | undefined;
}

export type MonitorStore = TreeStore & AlertStore & HeadStore & WitnessedStore;
