/** `#p256` on Node: OpenSSL. ECDSA with SHA-256, signatures r ‖ s; high S is accepted, as COSE asks. @module */
import { createPrivateKey, createPublicKey, type KeyObject, sign, verify as verifyNow } from 'node:crypto';
import { toHex } from '../bytes.ts';
import { keyCache } from './keycache.node.ts';

const SEC1_HEAD = Buffer.from('30310201010420', 'hex');
const SEC1_CURVE = Buffer.from('a00a06082a8648ce3d030107', 'hex');

/** The signer of a 32-byte scalar; its public key is the uncompressed point, 65 bytes. */
export function signer(scalar: Uint8Array): { publicKey: Uint8Array; sign(message: Uint8Array): Uint8Array } {
  const der = Buffer.concat([SEC1_HEAD, scalar, SEC1_CURVE]);
  const key = createPrivateKey({ key: der, format: 'der', type: 'sec1' });
  const { x, y } = createPublicKey(key).export({ format: 'jwk' });
  const publicKey = Uint8Array.from([
    4,
    ...Buffer.from(x as string, 'base64url'),
    ...Buffer.from(y as string, 'base64url'),
  ]);
  return { publicKey, sign: (message) => new Uint8Array(sign('sha256', message, { key, dsaEncoding: 'ieee-p1363' })) };
}

const P = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn;
const B = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn;

/**
 * Whether this is an uncompressed point of the curve (SEC 1 §3.2.2.1). The first time that OpenSSL is asked, it takes five
 * times as long to say so.
 */
export function isKey(publicKey: Uint8Array): boolean {
  if (publicKey.length !== 65 || publicKey[0] !== 4) return false;
  const coordinate = (from: number) => BigInt(`0x${toHex(publicKey.subarray(from, from + 32))}`);
  const [x, y] = [coordinate(1), coordinate(33)];
  return x < P && y < P && (y * y - x * x * x + 3n * x - B) % P === 0n;
}

export function verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const key = importKey(publicKey);
  if (key === undefined || signature.length !== 64) return false;
  return verifyNow('sha256', message, { key, dsaEncoding: 'ieee-p1363' }, signature);
}

/** `verify` on libuv's thread pool. */
export function verifyLater(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): Promise<boolean> {
  const key = importKey(publicKey);
  if (key === undefined || signature.length !== 64) return Promise.resolve(false);
  return new Promise((resolve, reject) => {
    verifyNow('sha256', message, { key, dsaEncoding: 'ieee-p1363' }, signature, (error, ok) =>
      error ? reject(error) : resolve(ok),
    );
  });
}

const importKey = keyCache((publicKey: Uint8Array): KeyObject | undefined => {
  if (publicKey.length !== 65 || publicKey[0] !== 4) return undefined;
  const coordinate = (from: number) => Buffer.from(publicKey.subarray(from, from + 32)).toString('base64url');
  try {
    return createPublicKey({ key: { kty: 'EC', crv: 'P-256', x: coordinate(1), y: coordinate(33) }, format: 'jwk' });
  } catch {
    return undefined; // not a point of the curve
  }
});
