/** What a mirror needs from outside: where it keeps what the log has signed, and the copy of the tree. @module */
import type { Hash } from '../core/bytes.ts';
import type { Head } from '../core/checkpoint.ts';
import type { Node } from '../core/tile.ts';

/** A checkpoint, and the note with those of the signatures that verified. */
export type KnownCheckpoint = Head & { readonly note: Uint8Array };
/** One whose entries are all here; `time` is that of our cosignatures, in seconds. */
export type MirroredCheckpoint = KnownCheckpoint & { readonly time: number };

/** One file convicts; whoever can sign as the log cannot fill the disk. */
export const MAX_EVIDENCE = 100;

/** Every write is on disk when the call returns. */
export interface MirrorStore {
  /** The checkpoints that uploads may end at, newest first; sizes fall strictly. */
  pending(): KnownCheckpoint[];
  /** Adds one that is larger than all before, and forgets all but the newest `keep`. */
  addPending(checkpoint: KnownCheckpoint, keep: number): void;
  /** The checkpoint that is served; undefined before the first. */
  mirrored(): MirroredCheckpoint | undefined;
  /** Replaces it; neither size nor time decreases. */
  setMirrored(checkpoint: MirroredCheckpoint): void;
  /** Keeps an evidence file, at most `max` of them; answers whether it is new. */
  keepEvidence(file: Uint8Array, max: number): boolean;
  /** The evidence files by their hashes, oldest first. */
  evidence(): ReadonlyMap<string, Uint8Array>;
}

/** The copy of the tree, as far as it goes. */
export interface MirrorTree {
  /** All that is on disk. */
  readonly head: Head;
  /** A node below the head. */
  node(node: Node): Hash;
  /** Appends authenticated entries; on disk, and hashed again from there, when the call returns. */
  appendOpaque(entries: readonly Uint8Array[]): void;
}
