/**
 * The keys of a log, a witness or a mirror: what each is for, and how they are derived from one 32-byte seed, by
 * HKDF-SHA-256 (RFC 5869) with the info `limmat/<use>/<n>`; n rises when a key is rotated. Whoever holds the seed can
 * sign anything that a key in a token does not. @module
 */
import { p256 } from '@noble/curves/nist.js';
import { hkdf } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { utf8 } from './bytes.ts';
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
  // FIPS 186-5 A.4.1: 16 bytes more than the order has, so that reducing them is not biased.
  return p256.utils.randomSecretKey(hkdf(sha256, seed, undefined, info, SEED_BYTES + 16));
}
