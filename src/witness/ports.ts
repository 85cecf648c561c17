/** What the witness needs from outside: where it keeps what it has cosigned. The adapter lives in `store/`. @module */
import type { Hash } from '../core/bytes.ts';
import type { Head } from '../core/checkpoint.ts';
import type { Vkey } from '../core/note.ts';

/** The latest checkpoint that was cosigned for a log: size 0, time 0 and no note before the first. */
export type Known = Head & {
  /** Of the cosignature, in seconds; it never decreases. */
  readonly time: number;
  /** The whole note: the log's signatures that verified, and our cosignatures. */
  readonly note: Uint8Array | undefined;
};

export type WitnessedLog = { readonly origin: string; readonly vkeys: readonly Vkey[]; readonly known: Known };

/** What a log has signed and should not have; the last kind may be the fault of whoever sent it. */
export type EvidenceKind =
  /** Two roots at one size, in two signed notes. */
  | 'same-size'
  /** A root of the empty tree that is not the hash of nothing. */
  | 'empty-root'
  /** Two signed notes, and a proof that the larger tree grew from another root than the smaller note has. */
  | 'inconsistent'
  /** Two signed notes, and a proof between them that does not verify. */
  | 'unproven';

export type Evidence = {
  readonly origin: string;
  readonly kind: EvidenceKind;
  /** When it came, in seconds. */
  readonly time: number;
  /** The note that was cosigned before; undefined if there was none. */
  readonly known: Uint8Array | undefined;
  /** The note that came, as it came. */
  readonly offered: Uint8Array;
  /** The rest of the request. */
  readonly old: number;
  readonly proof: readonly Hash[];
};

/** Every write is on disk when the call returns. Several processes may use one store. */
export interface WitnessStore {
  /** A configured log and what was cosigned for it; undefined if it is not configured. */
  log(origin: string): WitnessedLog | undefined;
  /** The origin whose SHA-256 this is, in lower-case hexadecimal; undefined if it is not that of a configured log. */
  originOf(hash: string): string | undefined;
  /** The configured origins, in order. */
  origins(): string[];
  /**
   * Replaces what is known of a log, only if its size, root and time are still those of `from`: then true, else false and
   * nothing is changed. Neither size nor time decreases.
   */
  advance(origin: string, from: Known, to: Known): boolean;
  /** Keeps evidence, unless `max` of its log and kind are there, or one whose offered note says the same: then false. */
  keep(evidence: Evidence, max: number): boolean;
}
