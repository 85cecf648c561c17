/** `#mldsa44`: ML-DSA-44 (FIPS 204) by @noble/post-quantum, empty context, deterministic signatures. @module */
import { ml_dsa44 } from '@noble/post-quantum/ml-dsa.js';

export type Pair = { readonly publicKey: Uint8Array; readonly secretKey: Uint8Array };

/** The keys of a 32-byte seed, as FIPS 204 encodes them. */
export function keysOf(seed: Uint8Array): Pair {
  return ml_dsa44.keygen(seed);
}

/** The signer of a 32-byte seed. Expanding it takes a millisecond, signing one to four. */
export function signer(seed: Uint8Array): { publicKey: Uint8Array; sign(message: Uint8Array): Uint8Array } {
  const { publicKey, secretKey } = keysOf(seed);
  return { publicKey, sign: (message) => signWith(secretKey, message) };
}

export function signWith(secretKey: Uint8Array, message: Uint8Array): Uint8Array {
  return ml_dsa44.sign(message, secretKey, { extraEntropy: false });
}

/** Any bytes of this length are a key. */
export function isKey(publicKey: Uint8Array): boolean {
  return publicKey.length === 1312;
}

export function verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== 1312 || signature.length !== 2420) return false;
  return ml_dsa44.verify(signature, message, publicKey);
}

/** Here is nothing faster. */
export async function accelerate(): Promise<void> {}
