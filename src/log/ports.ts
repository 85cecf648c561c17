/** What the log needs from outside: its ports, each with its contract. Adapters live in `store/`. @module */
import type { Head } from '../core/checkpoint.ts';
import type { KeyUse } from '../core/logkeys.ts';
import type { Signer } from '../core/signature.ts';
import type { Tile } from '../core/tile.ts';

/** What `entries` a log holds: signed statements under the rules of the registry, or opaque bytes. */
export type EntryMode = 'statements' | 'opaque';

/** Consecutive entries of one bundle, as the bundle serves them; `ids` are their packed statement ids. */
export type Run = { readonly first: number; readonly entries: Uint8Array; readonly ids: Uint8Array | undefined };

/** A full tile in the form of `core/expanded.ts`: leaves and interior nodes. */
export type StoredTile = { readonly level: number; readonly n: number; readonly nodes: Uint8Array };

/** All that one turn changes. */
export type Batch = {
  readonly from: Head;
  readonly to: Head;
  readonly runs: readonly Run[];
  readonly tiles: readonly StoredTile[];
  /** Indexes among the new entries that the registry folds. */
  readonly governance: readonly number[];
};

/** Reads what is committed. Never a partial effect of a commit. Bytes are the caller's own. */
export interface TreeStore {
  /** The committed head; size 0 in a new log. */
  head(): Head;
  /** The entries [lo, hi) as bundle bytes; lo and hi lie in one bundle and at or below the head. */
  entries(lo: number, hi: number): Uint8Array;
  /** The nodes of a full tile; undefined if there is none. */
  tile(level: number, n: number): Uint8Array | undefined;
}

/** The one writer of the tree. */
export interface LogStore extends TreeStore {
  /**
   * Stores a batch and moves the head, only if it is still `batch.from`; else throws and changes nothing. All of it
   * is on disk when the call returns, or none of it.
   */
  commit(batch: Batch): void;
  /** Every run's statement ids with the index of the first, in order; for building the repeat index. */
  ids(): Iterable<{ readonly first: number; readonly ids: Uint8Array }>;
  /** The stored statement id of an entry, 32 bytes. */
  idAt(index: number): Uint8Array;
  /** Indexes of the governance entries, ascending. */
  governance(): number[];
}

/** A published checkpoint: the whole signed note, and what else was signed for this head. */
export type PublishedNote = {
  readonly size: number;
  readonly note: Uint8Array;
  /** The protected header of all receipts of this head, and the signature that they share. */
  readonly receiptHeader: Uint8Array;
  readonly receiptSignature: Uint8Array;
  /** Of the tree head of RFC 6962, in milliseconds; later than that of every checkpoint before. */
  readonly timestamp: number;
  readonly treeHeadSignature: Uint8Array;
};

export interface Publication {
  /** The newest published checkpoint, undefined before the first. */
  published(): PublishedNote | undefined;
  /** Makes a checkpoint the published one; its size is not smaller than before. On disk when the call returns. */
  publish(published: PublishedNote): void;
}

/** The file behind the signed-heads guard. */
export interface GuardFile {
  /** The whole content. */
  read(): Uint8Array;
  /** Adds a line at `offset`, which must be the end of the file. On disk when the call returns. */
  append(line: Uint8Array, offset: number): void;
  /** Cuts the file to a length. On disk when the call returns. */
  truncate(length: number): void;
}

/** A static copy of the tree for file servers. */
export interface Export {
  /** Writes what is missing up to the head, the note last; may be called again for any head, also the same. */
  follow(head: Head, note: Uint8Array, read: (tile: Tile) => Uint8Array): Promise<void>;
}

/** Evidence files, each under its SHA-256 in hexadecimal. Not for ever more of them than anyone needs. */
export interface EvidenceFiles {
  /** On disk when the call returns; false if it is there already, or there is no more room. */
  put(id: string, file: Uint8Array): boolean;
  /** In an order that stays. */
  ids(): readonly string[];
  get(id: string): Uint8Array | undefined;
}

/** What a keyring signs for: all but ML-DSA-44, which few tokens know, and which signs in a thread of its own. */
export type KeyringUse = Exclude<KeyUse, 'checkpoint-mldsa44'>;

/** The private keys of one log, wherever they lie. The n-th key for a use is always the same. */
export interface Keyring {
  /**
   * The signer of the n-th key for a use. Fault `bad-key` if it was never made, or cannot be reached. Later it may fail
   * with `key-away`, while the key cannot be reached: then nothing was signed, and a later call may succeed again.
   */
  signer(use: KeyringUse, n: number): Signer;
  /** Makes the n-th key for a use, so that it outlives this process; one that is there stays as it is. */
  make(use: KeyringUse, n: number): void;
  close(): void;
}
