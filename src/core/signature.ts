/**
 * The three signature algorithms as one: Ed25519 (RFC 8032, verified without cofactor), ECDSA over P-256 with SHA-256,
 * ML-DSA-44 (FIPS 204). What each costs and where it runs is the business of the primitives behind `#…`. @module
 */

import * as ed25519 from '#ed25519';
import * as mldsa44 from '#mldsa44';
import * as p256 from '#p256';
import { sha256 } from '#sha256';
import { concat, fromHex, type Kid, toHex } from './bytes.ts';
import { Fault, must } from './fault.ts';

export type Algorithm = 'ed25519' | 'p256' | 'mldsa44';

/** A public key that passed `publicKey`: 32 bytes, an uncompressed point of 65 bytes, or 1312 bytes. */
export type PublicKey = { readonly algorithm: Algorithm; readonly bytes: Uint8Array; readonly __is: 'public-key' };

export type Signer = { readonly key: PublicKey; sign(message: Uint8Array): Uint8Array };

export const SEED_BYTES = 32;
const SIZES = {
  ed25519: { key: 32, signature: 64 },
  p256: { key: 65, signature: 64 },
  mldsa44: { key: 1312, signature: 2420 },
} as const satisfies Record<Algorithm, unknown>;
// Apart, so that a bundle in which nobody signs leaves out what only signing needs.
const IS_KEY = { ed25519: ed25519.isKey, p256: p256.isKey, mldsa44: mldsa44.isKey } as const;
const VERIFY = { ed25519: ed25519.verify, p256: p256.verify, mldsa44: mldsa44.verify } as const;
const SIGNER = { ed25519: ed25519.signer, p256: p256.signer, mldsa44: mldsa44.signer } as const;

const NO_KEY = {
  ed25519: 'the Ed25519 key is not canonical, not on the curve, or of small order',
  p256: 'the P-256 key is not an uncompressed point of the curve',
  mldsa44: 'these bytes are no ML-DSA-44 key',
} as const satisfies Record<Algorithm, string>;

/** Checks the bytes of a public key: length, canonical encoding, on the curve, not of small order. Fault `bad-key`. */
export function publicKey(algorithm: Algorithm, bytes: Uint8Array): PublicKey {
  if (bytes.length !== SIZES[algorithm].key) {
    throw new Fault('bad-key', `an ${algorithm} public key has ${SIZES[algorithm].key} bytes, not ${bytes.length}`);
  }
  if (!IS_KEY[algorithm](bytes)) throw new Fault('bad-key', NO_KEY[algorithm]);
  return { algorithm, bytes: new Uint8Array(bytes) } as PublicKey;
}

/** The signer of a 32-byte seed; for P-256 the seed is the scalar and must be in range. */
export function signerOf(algorithm: Algorithm, seed: Uint8Array): Signer {
  must(seed.length === SEED_BYTES, `a seed has ${SEED_BYTES} bytes`);
  const made = SIGNER[algorithm](seed);
  return { key: publicKey(algorithm, made.publicKey), sign: made.sign };
}

export function verify(key: PublicKey, message: Uint8Array, signature: Uint8Array): boolean {
  return VERIFY[key.algorithm](key.bytes, message, signature);
}

/** `verify` off the calling thread where the platform has a pool for it. ML-DSA has none: give it a worker. */
export function verifyLater(key: PublicKey, message: Uint8Array, signature: Uint8Array): Promise<boolean> {
  if (key.algorithm === 'mldsa44') return Promise.resolve(verify(key, message, signature));
  const later = key.algorithm === 'p256' ? p256.verifyLater : ed25519.verifyLater;
  return later(key.bytes, message, signature);
}

/**
 * Loads what makes signatures of these algorithms faster in this thread, where it is to be had, which takes some 50 ms:
 * for who signs or verifies many.
 */
export async function accelerate(algorithms: readonly Algorithm[] = ['ed25519', 'mldsa44']): Promise<void> {
  if (algorithms.includes('ed25519')) await ed25519.accelerate();
  if (algorithms.includes('mldsa44')) await mldsa44.accelerate();
}

export function signatureBytes(algorithm: Algorithm): number {
  return SIZES[algorithm].signature;
}

// The DER SubjectPublicKeyInfo of each algorithm is a fixed head before the key (RFC 8410, RFC 5480, RFC 9881).
const SPKI_HEAD = {
  ed25519: '302a300506032b6570032100',
  p256: '3059301306072a8648ce3d020106082a8648ce3d030107034200',
  mldsa44: '30820532300b06096086480165030403110382052100',
} as const satisfies Record<Algorithm, string>;

export function spki(key: PublicKey): Uint8Array {
  return concat(fromHex(SPKI_HEAD[key.algorithm], 'bad-key'), key.bytes);
}

/** The inverse of `spki`. Fault `bad-key` for what is no key of these algorithms in this one form. */
export function parseSpki(der: Uint8Array): PublicKey {
  for (const algorithm of ['ed25519', 'p256', 'mldsa44'] as const) {
    const at = der.length - SIZES[algorithm].key;
    if (at >= 0 && toHex(der.subarray(0, at)) === SPKI_HEAD[algorithm]) return publicKey(algorithm, der.subarray(at));
  }
  throw new Fault('bad-key', 'this is no Ed25519 key, uncompressed P-256 key or ML-DSA-44 key as SubjectPublicKeyInfo');
}

/** The name of a statement key: SHA-256 of its SubjectPublicKeyInfo. */
export function kidOf(key: PublicKey): Kid {
  return sha256(spki(key)) as Kid;
}
