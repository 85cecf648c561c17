/** `#sha256` on Node: OpenSSL through `crypto.hash`, whose string form is three times as fast as its Buffer form. @module */
import { hash } from 'node:crypto';

/** SHA-256 of `data`, 32 bytes in a buffer of their own. */
export function sha256(data: Uint8Array): Uint8Array {
  const out = new Uint8Array(32);
  sha256Into(data, out, 0);
  return out;
}

/** Writes SHA-256 of `data` to `out[at, at + 32)`. */
export function sha256Into(data: Uint8Array, out: Uint8Array, at: number): void {
  Buffer.prototype.latin1Write.call(out, hash('sha256', data, 'binary'), at, 32);
}
