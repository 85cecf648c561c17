/**
 * The keys of a log, a witness or a mirror: what each is for, and how they are derived from one 32-byte seed, by
 * HKDF-SHA-256 (RFC 5869) with the info `limmat/<use>/<n>`; n rises when a key is rotated. Whoever holds the seed can
 * sign anything that a key in a token does not. @module
 */
import { hkdf } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { fromHex, toHex, utf8 } from './bytes.ts';
import { must } from './fault.ts';
import { type Algorithm, SEED_BYTES } from './signature.ts';

/** What each derived key is for; each is used for nothing else. */
export type KeyUse = 'checkpoint-ed25519' | 'checkpoint-mldsa44' | 'receipt-p256' | 'statement-ed25519';
/** Those of a witness, which has a seed of its own. */
export type WitnessKeyUse = 'witness-ed25519' | 'witness-mldsa44';
/** Those of a mirror, likewise: a key that says one thing must not say another. */
export type MirrorKeyUse = 'mirror-ed25519' | 'mirror-mldsa44';

export const ALGORITHMS = {
  'checkpoint-ed25519': 'ed25519',
  'checkpoint-mldsa44': 'mldsa44',
  'receipt-p256': 'p256',
  'statement-ed25519': 'ed25519',
  'witness-ed25519': 'ed25519',
} as const satisfies Record<KeyUse | 'witness-ed25519', Algorithm>;

/** The seed of the n-th key for a use, as `signerOf` takes it. */
export function deriveSeed(seed: Uint8Array, use: KeyUse | WitnessKeyUse | MirrorKeyUse, n: number): Uint8Array {
  must(seed.length === SEED_BYTES, `a seed has ${SEED_BYTES} bytes`);
  const info = utf8(`limmat/${use}/${n}`);
  if (use !== 'receipt-p256') return hkdf(sha256, seed, undefined, info, SEED_BYTES);
  return toScalar(hkdf(sha256, seed, undefined, info, SEED_BYTES + 16));
}

/** The order of P-256 (FIPS 186-5, SP 800-186 §3.2.1.3). */
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/**
 * A secret scalar of P-256, FIPS 186-5 A.2.1 (extra random bits): from 16 bytes more than the order has, so that
 * reducing them is not biased. Of the library for curves a server needs nothing else, and each of its threads would load
 * fifteen files for it.
 */
function toScalar(bytes: Uint8Array): Uint8Array {
  const scalar = (BigInt(`0x${toHex(bytes)}`) % (ORDER - 1n)) + 1n;
  return fromHex(scalar.toString(16).padStart(2 * SEED_BYTES, '0'), 'bad-key');
}
