/**
 * The eight points of Ed25519 whose order divides 8. No honest key or nonce is one of them, and OpenSSL's versions
 * differ on signatures that hold one; a verdict that a replay must repeat cannot depend on that, so none verifies.
 * @module
 */
import { toHex } from '../bytes.ts';

const ENCODINGS = new Set([
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0000000000000000000000000000000000000000000000000000000000000080',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
]);
/** Nearly all others are known by their first byte not to be among them. */
const FIRST = new Set(Array.from(ENCODINGS, (hex) => Number.parseInt(hex.slice(0, 2), 16)));

/** Whether the first 32 bytes, a public key or the R of a signature, encode a point of small order. */
export function isSmallOrder(point: Uint8Array): boolean {
  return FIRST.has(point[0] as number) && ENCODINGS.has(toHex(point.subarray(0, 32)));
}
