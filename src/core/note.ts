/**
 * Signed notes and verifier keys, C2SP signed-note. A note is text and signature lines; which of them to believe is
 * decided against vkeys in `cosignature.ts`. @module
 */
import { sha256 } from '#sha256';
import { concat, fromBase64, fromHex, fromUtf8, toBase64, toHex, utf8 } from './bytes.ts';
import { Fault, must } from './fault.ts';
import { type Algorithm, type PublicKey, publicKey } from './signature.ts';

/** What a note key signs with and what its message is: the note text, or a timestamped cosignature of two kinds. */
export const NOTE_ED25519 = 0x01;
export const COSIGNATURE_ED25519 = 0x04;
export const COSIGNATURE_MLDSA44 = 0x06;
export type NoteKeyType = typeof NOTE_ED25519 | typeof COSIGNATURE_ED25519 | typeof COSIGNATURE_MLDSA44;

const ALGORITHM = {
  [NOTE_ED25519]: 'ed25519',
  [COSIGNATURE_ED25519]: 'ed25519',
  [COSIGNATURE_MLDSA44]: 'mldsa44',
} as const satisfies Record<NoteKeyType, Algorithm>;

/** A verifier key; name and id together name it in signature lines. The id is 8 hexadecimal digits. */
export type Vkey = { readonly name: string; readonly id: string; readonly type: NoteKeyType; readonly key: PublicKey };

/** One signature line: the bytes behind the key id are a signature, or a timestamp and a signature. */
export type NoteSignature = { readonly name: string; readonly id: string; readonly signature: Uint8Array };

export type Note = { readonly text: string; readonly signatures: readonly NoteSignature[] };

/** More than any honest note needs: sixteen ML-DSA cosignatures are 53 kB. */
export const MAX_NOTE = 128 * 1024;
const MAX_SIGNATURES = 100;

/** SPEC: key names MUST be non-empty and MUST NOT contain any Unicode spaces or plus. */
export function isKeyName(name: string): boolean {
  // Nearly all are ASCII, and making the classes of Unicode takes longer than to read a proof.
  return /^[!-*,-~]+$/.test(name) || /^[^\s+\p{Cc}\p{Z}]+$/u.test(name);
}

export function formatNote(note: Note): string {
  const lines = note.signatures.map(({ name, id, signature }) => {
    must(isKeyName(name), `"${name}" cannot name a key`);
    return `— ${name} ${toBase64(concat(fromHex(id, 'bad-note'), signature))}\n`;
  });
  return `${note.text}\n${lines.join('')}`;
}

/** The inverse of `formatNote`. */
export function parseNote(bytes: Uint8Array): Note {
  if (bytes.length > MAX_NOTE)
    throw new Fault('bad-note', `a note of ${bytes.length} bytes is larger than ${MAX_NOTE}`);
  const whole = fromUtf8(bytes, 'bad-note');
  // SPEC: a note MUST NOT contain any ASCII control characters (those below U+0020) other than newline.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
  if (/[\u0000-\u0009\u000b-\u001f]/.test(whole)) throw new Fault('bad-note', 'a note has no control characters');
  // SPEC: the text is separated from the signatures by the last empty line in the note.
  const split = whole.lastIndexOf('\n\n');
  if (split < 0) throw new Fault('bad-note', 'a note has an empty line before its signatures');
  const lines = whole.slice(split + 2).split('\n');
  if (lines.pop() !== '' || lines.length === 0 || lines.length > MAX_SIGNATURES) {
    throw new Fault('bad-note', `a note ends with 1 to ${MAX_SIGNATURES} signature lines`);
  }
  return { text: whole.slice(0, split + 1), signatures: lines.map(parseSignature) };
}

function parseSignature(line: string): NoteSignature {
  // The em dash is escaped, as a package that is not all ASCII takes twice the memory, and longer to load.
  const [, name, base64] = /^\u2014 ([^ ]+) ([^ ]+)$/.exec(line) ?? [];
  if (name === undefined || base64 === undefined || !isKeyName(name)) {
    throw new Fault('bad-note', 'a signature line is an em dash, a key name and base64');
  }
  const blob = fromBase64(base64, 'bad-note');
  if (blob.length <= 4) throw new Fault('bad-note', 'a signature is longer than its key id');
  return { name, id: toHex(blob.subarray(0, 4)), signature: blob.subarray(4) };
}

/** SPEC: key ID = SHA-256(key name || 0x0A || signature type || public key)[:4] */
export function vkeyOf(name: string, type: NoteKeyType, key: PublicKey): Vkey {
  must(isKeyName(name), `"${name}" cannot name a key`);
  must(key.algorithm === ALGORITHM[type], `a key of type ${type} is not ${key.algorithm}`);
  const id = toHex(sha256(concat(utf8(name), Uint8Array.of(0x0a, type), key.bytes)).subarray(0, 4));
  return { name, id, type, key };
}

export function formatVkey({ name, id, type, key }: Vkey): string {
  return `${name}+${id}+${toBase64(concat(Uint8Array.of(type), key.bytes))}`;
}

/** The inverse of `formatVkey`. The key id must be the recommended one. */
export function parseVkey(text: string): Vkey {
  const [, name, id, base64] = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text) ?? [];
  if (name === undefined || id === undefined || base64 === undefined || !isKeyName(name)) {
    throw new Fault('bad-vkey', `"${text.slice(0, 60)}" is not <name>+<key id>+<base64 key>`);
  }
  const bytes = fromBase64(base64, 'bad-vkey');
  const type = bytes[0];
  if (type !== NOTE_ED25519 && type !== COSIGNATURE_ED25519 && type !== COSIGNATURE_MLDSA44) {
    throw new Fault('bad-vkey', `signature type ${type} of ${name} is not known here (1, 4 and 6 are)`);
  }
  const vkey = vkeyOf(name, type, publicKey(ALGORITHM[type], bytes.subarray(1)));
  if (vkey.id !== id) throw new Fault('bad-vkey', `the key id of ${name} is ${vkey.id}, not ${id}`);
  return vkey;
}

/** Reads a file of vkeys, one a line; empty lines and lines that begin with # are passed over. */
export function parseVkeys(text: string): Vkey[] {
  const lines = text.split('\n').map((line) => line.trim());
  const vkeys = lines.filter((line) => line !== '' && !line.startsWith('#')).map(parseVkey);
  if (vkeys.length === 0) throw new Fault('bad-vkey', 'there is no vkey in it');
  return vkeys;
}
