/**
 * `#ed25519` everywhere else: @noble/curves. Its own `verify` multiplies by the cofactor and would accept signatures
 * that OpenSSL refuses, so the equation is computed here: R must equal the encoding of SB − kA. @module
 */
import { ed25519 } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { isSmallOrder } from './smallorder.ts';

const { Point } = ed25519;

/** There is nothing faster here. */
export async function accelerate(): Promise<void> {}

/** The signer of a 32-byte seed (RFC 8032 §5.1.5). */
export function signer(seed: Uint8Array): { publicKey: Uint8Array; sign(message: Uint8Array): Uint8Array } {
  return { publicKey: ed25519.getPublicKey(seed), sign: (message) => ed25519.sign(message, seed) };
}

/** Whether this encodes a point as keys should: canonical, on the curve, not of small order. */
export function isKey(publicKey: Uint8Array): boolean {
  try {
    Point.fromBytes(publicKey, false);
    return !isSmallOrder(publicKey);
  } catch {
    return false;
  }
}

export function verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== 64 || isSmallOrder(publicKey) || isSmallOrder(signature)) return false;
  const r = signature.subarray(0, 32);
  const s = littleEndian(signature.subarray(32));
  if (s >= Point.Fn.ORDER) return false;
  try {
    const a = Point.fromBytes(publicKey, false);
    const k = littleEndian(sha512(Uint8Array.from([...r, ...publicKey, ...message]))) % Point.Fn.ORDER;
    const expected = Point.BASE.multiplyUnsafe(s).subtract(a.multiplyUnsafe(k)).toBytes();
    return expected.every((byte, i) => byte === r[i]);
  } catch {
    return false;
  }
}

export async function verifyLater(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): Promise<boolean> {
  return verify(publicKey, message, signature);
}

function littleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => value * 256n + BigInt(byte), 0n);
}
