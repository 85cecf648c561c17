/**
 * `#ed25519` on Node: OpenSSL, which verifies without cofactor as we require (R equals the encoding of SB − kA, S < L),
 * but takes keys that are not canonical, and whose versions differ on points of small order. Both are refused here.
 * Once `accelerate` was called, libsodium verifies where it is to be had. @module
 */
import { createPrivateKey, createPublicKey, type KeyObject, sign, verify as verifyNow } from 'node:crypto';
import { keyCache } from './keycache.node.ts';
import { isOnCurve } from './oncurve.ts';
import { isSmallOrder } from './smallorder.ts';

type Verify = typeof import('./ed25519.sodium.ts').verify;
let compiled: Verify | undefined;

/** For a thread that will verify often. Whichever of the two verifies, the verdict is the same. */
export async function accelerate(): Promise<void> {
  try {
    compiled ??= (await import('./ed25519.sodium.ts')).verify;
  } catch {
    // Not on this platform.
  }
}

const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');

/** The signer of a 32-byte seed (RFC 8032 §5.1.5). */
export function signer(seed: Uint8Array): { publicKey: Uint8Array; sign(message: Uint8Array): Uint8Array } {
  const key = createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' });
  const publicKey = Uint8Array.from(
    Buffer.from(createPublicKey(key).export({ format: 'jwk' }).x as string, 'base64url'),
  );
  return { publicKey, sign: (message) => new Uint8Array(sign(null, message, key)) };
}

/** Whether this encodes a point as keys should: canonical, on the curve, not of small order. */
export function isKey(publicKey: Uint8Array): boolean {
  return importKey(publicKey) !== undefined;
}

export function verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const key = importKey(publicKey);
  if (key === undefined || !isShaped(signature)) return false;
  return compiled?.(publicKey, message, signature) ?? verifyNow(null, message, key, signature);
}

/** `verify` on libuv's thread pool; but at once by libsodium, since handing it over costs a third of what that takes. */
export function verifyLater(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): Promise<boolean> {
  if (compiled) return Promise.resolve(verify(publicKey, message, signature));
  const key = importKey(publicKey);
  if (key === undefined || !isShaped(signature)) return Promise.resolve(false);
  return new Promise((resolve, reject) => {
    verifyNow(null, message, key, signature, (error, ok) => (error ? reject(error) : resolve(ok)));
  });
}

function isShaped(signature: Uint8Array): boolean {
  return signature.length === 64 && !isSmallOrder(signature);
}

const importKey = keyCache((publicKey: Uint8Array): KeyObject | undefined => {
  if (publicKey.length !== 32 || !isOnCurve(publicKey) || isSmallOrder(publicKey)) return undefined;
  return createPublicKey({
    key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(publicKey).toString('base64url') },
    format: 'jwk',
  });
});
