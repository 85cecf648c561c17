/**
 * `#mldsa44` on Node: OpenSSL's ML-DSA-44 where this Node has it (24 and later), which only importing a key tells. Where
 * not, @noble/post-quantum signs and `mldsa44verify.node.ts` verifies, or once `accelerate` was called in this thread,
 * liboqs does both: it signs ten times as fast, and verifies as fast. @module
 */
import { createPrivateKey, createPublicKey, type KeyObject, sign, verify as verifyNow } from 'node:crypto';
import { keyCache } from './keycache.node.ts';
import * as noble from './mldsa44.noble.ts';
import type { Compiled } from './mldsa44.wasm.ts';
import { verify as verifyInWasm } from './mldsa44verify.node.ts';

const base64url = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url');

let compiled: Compiled | undefined;

/** For a thread that will sign or verify often. */
export async function accelerate(): Promise<void> {
  if (importKey(new Uint8Array(1312))) return;
  const { compile } = await import('./mldsa44.wasm.ts');
  compiled ??= await compile();
}

/** The signer of a 32-byte seed. */
export function signer(seed: Uint8Array): { publicKey: Uint8Array; sign(message: Uint8Array): Uint8Array } {
  const { publicKey, secretKey } = noble.keysOf(seed);
  const jwk = { kty: 'AKP', alg: 'ML-DSA-44', priv: base64url(seed), pub: base64url(publicKey) };
  const key = unlessUnsupported(() => createPrivateKey({ key: jwk, format: 'jwk' }));
  if (key) return { publicKey, sign: (message) => new Uint8Array(sign(null, message, key)) };
  return {
    publicKey,
    sign: (message) => compiled?.sign(message, secretKey, publicKey) ?? noble.signWith(secretKey, message),
  };
}

export const isKey = noble.isKey;

export function verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== 1312 || signature.length !== 2420) return false;
  const key = importKey(publicKey);
  if (key) return verifyNow(null, message, key, signature);
  return (compiled?.verify ?? verifyInWasm)(publicKey, message, signature);
}

/**
 * OpenSSL has it since 3.5. Any bytes of the right length are a key: where one is refused, this Node has none for other
 * reasons, and need not be asked again.
 */
let unsupported = Number.parseFloat(process.versions.openssl) < 3.5;

const importKey = keyCache((publicKey: Uint8Array): KeyObject | undefined => {
  if (unsupported) return undefined;
  const jwk = { kty: 'AKP', alg: 'ML-DSA-44', pub: base64url(publicKey) };
  const key = unlessUnsupported(() => createPublicKey({ key: jwk, format: 'jwk' }));
  unsupported = key === undefined;
  return key;
});

function unlessUnsupported(load: () => KeyObject): KeyObject | undefined {
  try {
    return load();
  } catch {
    return undefined;
  }
}
