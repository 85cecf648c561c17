/** A log that signs what it is told, forks included, and a witness that watches it. */
import { formatAddCheckpoint } from '../../src/core/addcheckpoint.ts';
import { type Hash, utf8 } from '../../src/core/bytes.ts';
import { formatCheckpoint } from '../../src/core/checkpoint.ts';
import { signedMessage, toNoteSignature } from '../../src/core/cosignature.ts';
import {
  COSIGNATURE_ED25519,
  COSIGNATURE_MLDSA44,
  formatNote,
  NOTE_ED25519,
  type NoteKeyType,
  type NoteSignature,
  type Vkey,
  vkeyOf,
} from '../../src/core/note.ts';
import { type Signer, signerOf } from '../../src/core/signature.ts';
import type { Known } from '../../src/witness/ports.ts';
import type { Cosigner } from '../../src/witness/witness.ts';
import * as oracle from '../oracle.ts';

export type Key = { readonly vkey: Vkey; readonly signer: Signer };

export function keyOf(name: string, type: NoteKeyType, seed: number): Key {
  const signer = signerOf(type === COSIGNATURE_MLDSA44 ? 'mldsa44' : 'ed25519', new Uint8Array(32).fill(seed));
  return { vkey: vkeyOf(name, type, signer.key), signer };
}

export const ORIGIN = 'log.example/watched';
/** The log has one key of each kind, as ours do; one more is nobody's. */
export const LOG_KEYS = [keyOf(ORIGIN, NOTE_ED25519, 1), keyOf(ORIGIN, COSIGNATURE_MLDSA44, 2)] as const;
export const STRANGER = keyOf(ORIGIN, NOTE_ED25519, 3);
export const WITNESS = 'witness.example/w1';
export const COSIGNERS: readonly Cosigner[] = [
  keyOf(WITNESS, COSIGNATURE_ED25519, 11),
  keyOf(WITNESS, COSIGNATURE_MLDSA44, 12),
];

/** The leaves of a tree; with a fork, other ones from index 3 on. */
export function leaves(size: number, fork = false): Hash[] {
  const honest = oracle.leaves(size);
  return fork ? honest.map((leaf, n) => (n < 3 ? leaf : oracle.leaf(utf8(`forked ${n}`)))) : honest;
}

export const rootAt = (size: number, fork = false): Hash => oracle.mth(leaves(size, fork));
export const proofTo = (old: number, size: number, fork = false): Hash[] =>
  old === 0 ? [] : oracle.consistency(old, leaves(size, fork));

export type NoteOptions = {
  readonly fork?: boolean;
  readonly root?: Hash;
  readonly origin?: string;
  readonly extension?: readonly string[];
  readonly keys?: readonly Key[];
  readonly time?: number;
  readonly more?: readonly NoteSignature[];
};

/** A checkpoint signed by the keys of the log, or by others. */
export function noteOf(size: number, options: NoteOptions = {}): Uint8Array {
  const { fork = false, origin = ORIGIN, extension, keys = LOG_KEYS.slice(0, 1), time = 1000, more = [] } = options;
  const root = options.root ?? rootAt(size, fork);
  const text = formatCheckpoint({ origin, size, root, ...(extension ? { extension } : {}) });
  return utf8(formatNote({ text, signatures: [...keys.map((key) => lineBy(key, text, time)), ...more] }));
}

export function lineBy({ vkey, signer }: Key, text: string, time: number): NoteSignature {
  return toNoteSignature(vkey, signer.sign(signedMessage(vkey, text, time)), time);
}

export type RequestOptions = NoteOptions & { readonly proof?: readonly Hash[] };

/** An add-checkpoint body that an honest client would send, but for what the options change. */
export function requestOf(old: number, size: number, options: RequestOptions = {}): Uint8Array {
  const proof = options.proof ?? (old <= size ? proofTo(old, size, options.fork) : []);
  return formatAddCheckpoint({ old, proof, note: noteOf(size, options) });
}

/** What a store knows after the checkpoint of a size. */
export function knownAt(size: number, time = 1000, fork = false): Known {
  return { size, root: rootAt(size, fork), time, note: size === 0 && time === 0 ? undefined : noteOf(size, { fork }) };
}
