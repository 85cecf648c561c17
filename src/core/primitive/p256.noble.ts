/** `#p256` everywhere else: @noble/curves, told to accept high S as OpenSSL does. @module */
import { p256 } from '@noble/curves/nist.js';

/** The signer of a 32-byte scalar; its public key is the uncompressed point, 65 bytes. */
export function signer(scalar: Uint8Array): { publicKey: Uint8Array; sign(message: Uint8Array): Uint8Array } {
  return { publicKey: p256.getPublicKey(scalar, false), sign: (message) => p256.sign(message, scalar) };
}

/** Whether this is an uncompressed point of the curve. */
export function isKey(publicKey: Uint8Array): boolean {
  try {
    p256.Point.fromBytes(publicKey).assertValidity();
    return publicKey[0] === 4;
  } catch {
    return false;
  }
}

export function verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== 65 || signature.length !== 64) return false;
  try {
    return p256.verify(signature, message, publicKey, { lowS: false });
  } catch {
    return false;
  }
}

export async function verifyLater(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): Promise<boolean> {
  return verify(publicKey, message, signature);
}
