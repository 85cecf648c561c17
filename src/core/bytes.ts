/** Byte strings: brands that keep hashes apart, equality, and the three text encodings, each strict. @module */
import { Fault, type FaultCode } from './fault.ts';

/** A SHA-256 value in the tree: leaf hash, node or root, 32 bytes. */
export type Hash = Uint8Array & { readonly __is: 'hash' };
/** SHA-256 of a statement's Sig_structure, 32 bytes: what makes two submissions the same statement. */
export type StatementId = Uint8Array & { readonly __is: 'statement-id' };
/** SHA-256 of the DER SubjectPublicKeyInfo of a key that signs statements, 32 bytes. */
export type Kid = Uint8Array & { readonly __is: 'kid' };
/** RFC 9679 thumbprint of the key that signs receipts, 32 bytes. */
export type Thumbprint = Uint8Array & { readonly __is: 'thumbprint' };

export const HASH_BYTES = 32;

/** Equality of public bytes. Secrets are compared in constant time where they live, not here. */
export function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Orders byte strings by their first differing byte, then by length (RFC 8949 §4.2.1). */
export function compare(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Fault `bad-request` for what JavaScript lets a caller give instead. Those of another realm, and a Buffer, are bytes. */
export function checkBytes(bytes: Uint8Array, name: string): void {
  if (bytes?.[Symbol.toStringTag] !== 'Uint8Array') throw new Fault('bad-request', `${name} must be a Uint8Array`);
}

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** The inverse of `utf8`; refuses bytes that are not UTF-8 instead of replacing them. */
export function fromUtf8(bytes: Uint8Array, code: FaultCode): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new Fault(code, 'text is not valid UTF-8');
  }
}

/**
 * Fault for a file that begins with a byte order mark, as some editors write it: no form of ours has one, and what it
 * is taken for otherwise cannot be told from what it should be by looking at it.
 */
export function refuseMark(bytes: Uint8Array, code: FaultCode): void {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) {
    throw new Fault(code, 'it begins with a byte order mark (EF BB BF): save it as UTF-8 without one');
  }
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += HEX[byte];
  return text;
}

/** The inverse of `toHex`: lower case only, an even number of digits. */
export function fromHex(text: string, code: FaultCode): Uint8Array {
  if (!/^(?:[0-9a-f]{2})*$/.test(text)) throw new Fault(code, 'not lower-case hexadecimal');
  return Uint8Array.from({ length: text.length / 2 }, (_, i) => Number.parseInt(text.slice(2 * i, 2 * i + 2), 16));
}

const DIGITS = encoder.encode('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/');
const PAD = 0x3d;
const ascii = new TextDecoder('latin1');

/** RFC 4648 §4, with padding. */
export function toBase64(bytes: Uint8Array): string {
  const out = new Uint8Array(base64Length(bytes.length));
  base64Into(bytes, out, 0);
  return ascii.decode(out);
}

/** How many digits so many bytes have, padding included. */
export function base64Length(bytes: number): number {
  return 4 * Math.ceil(bytes / 3);
}

/** Writes the digits of `toBase64` to `out`, from `at` on: proofs are mostly base64, and texts would cost thrice this. */
export function base64Into(bytes: Uint8Array, out: Uint8Array, at: number): void {
  let to = at;
  for (let i = 0; i < bytes.length; i += 3) {
    const [first, middle, last] = [bytes[i] as number, bytes[i + 1] ?? 0, bytes[i + 2] ?? 0];
    out[to++] = DIGITS[Math.floor(first / 4)] as number;
    out[to++] = DIGITS[(first % 4) * 16 + Math.floor(middle / 16)] as number;
    out[to++] = DIGITS[(middle % 16) * 4 + Math.floor(last / 64)] as number;
    out[to++] = DIGITS[last % 64] as number;
  }
  if (bytes.length % 3 > 0) out[to - 1] = PAD;
  if (bytes.length % 3 === 1) out[to - 2] = PAD;
}

/** The inverse of `toBase64`: the one canonical form, no white space, zero trailing bits. */
export function fromBase64(text: string, code: FaultCode): Uint8Array {
  const binary = forgiving(text);
  if (binary === undefined || btoa(binary) !== text) throw new Fault(code, 'not canonical base64');
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

/** WHATWG's forgiving-base64 decode, a character a byte. */
function forgiving(text: string): string | undefined {
  try {
    return atob(text);
  } catch {
    return undefined;
  }
}

/** RFC 4648 §5, without padding. */
export function toBase64url(bytes: Uint8Array): string {
  return toBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** The inverse of `toBase64url`. */
export function fromBase64url(text: string, code: FaultCode): Uint8Array {
  if (!/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) throw new Fault(code, 'not base64url');
  const padded = text.replaceAll('-', '+').replaceAll('_', '/') + '='.repeat((4 - (text.length % 4)) % 4);
  return fromBase64(padded, code);
}
