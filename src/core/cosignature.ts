/**
 * Signatures on checkpoints: the log's own note signature (0x01) and the timestamped cosignatures of C2SP
 * tlog-cosignature with Ed25519 (0x04) and ML-DSA-44 (0x06). @module
 */
import { concat, utf8 } from './bytes.ts';
import { type Checkpoint, parseCheckpoint } from './checkpoint.ts';
import { Fault } from './fault.ts';
import { COSIGNATURE_ED25519, NOTE_ED25519, type Note, type NoteSignature, parseNote, type Vkey } from './note.ts';
import { signatureBytes, verify } from './signature.ts';
import { isSize, readUint64, uint64 } from './size.ts';

/** A signature that verified; cosignatures carry the POSIX time at which they were made. */
export type Signed = { readonly vkey: Vkey; readonly time: number | undefined };

/** A checkpoint whose signatures by known keys all verified, at least one of them. */
export type OpenedCheckpoint = {
  readonly checkpoint: Checkpoint;
  readonly note: Note;
  readonly signed: readonly Signed[];
};

/** The message that a key of this type signs over a checkpoint with this text, at a time in seconds. */
export function signedMessage(vkey: Pick<Vkey, 'name' | 'type'>, text: string, time: number): Uint8Array {
  if (vkey.type === NOTE_ED25519) return utf8(text);
  if (vkey.type === COSIGNATURE_ED25519) return utf8(`cosignature/v1\ntime ${time}\n${text}`);
  const { origin, size, root } = parseCheckpoint(text);
  return concat(
    utf8('subtree/v1\n\0'),
    prefixed(vkey.name),
    uint64(time),
    prefixed(origin),
    uint64(0), // SPEC: if signing a checkpoint, start MUST be zero and end is the size of the tree.
    uint64(size),
    root,
  );
}

/** The bytes behind the key id in a signature line: the signature, behind its time if it is a cosignature. */
export function toNoteSignature(vkey: Vkey, signature: Uint8Array, time: number): NoteSignature {
  const bytes = vkey.type === NOTE_ED25519 ? signature : concat(uint64(time), signature);
  return { name: vkey.name, id: vkey.id, signature: bytes };
}

/**
 * Reads a signed checkpoint and checks it against known keys. Fault `bad-signature` if a line by a known key does not
 * verify, `unknown-signer` if there is none.
 */
export function openCheckpoint(bytes: Uint8Array, vkeys: readonly Vkey[]): OpenedCheckpoint {
  const note = parseNote(bytes);
  const checkpoint = parseCheckpoint(note.text);
  const signed = note.signatures.flatMap((line) => {
    // SPEC: verifiers MUST ignore signatures from unknown keys, even if they share a name or ID with a known key.
    const vkey = vkeys.find(({ name, id }) => name === line.name && id === line.id);
    return vkey ? [verifyLine(vkey, note.text, line)] : [];
  });
  if (signed.length === 0) {
    throw new Fault('unknown-signer', `no signature of this checkpoint of ${checkpoint.origin} is by a given key`);
  }
  return { checkpoint, note, signed };
}

function verifyLine(vkey: Vkey, text: string, line: NoteSignature): Signed {
  const timed = vkey.type !== NOTE_ED25519;
  const time = timed ? readUint64(line.signature) : 0;
  const signature = timed ? line.signature.subarray(8) : line.signature;
  const good =
    isSize(time) &&
    signature.length === signatureBytes(vkey.key.algorithm) &&
    verify(vkey.key, signedMessage(vkey, text, time), signature);
  if (!good) throw new Fault('bad-signature', `the signature by ${vkey.name} (key ${vkey.id}) does not verify`);
  return { vkey, time: timed ? time : undefined };
}

/** SPEC: opaque cosigner_name<1..2^8-1>, likewise log_origin. */
function prefixed(name: string): Uint8Array {
  const bytes = utf8(name);
  if (bytes.length > 255) throw new Fault('bad-checkpoint', `"${name.slice(0, 40)}…" is longer than 255 bytes`);
  return concat(Uint8Array.of(bytes.length), bytes);
}
