/** `#sha256` everywhere else: @noble/hashes. @module */
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js';

/** SHA-256 of `data`, 32 bytes in a buffer of their own. */
export function sha256(data: Uint8Array): Uint8Array {
  return nobleSha256(data);
}

/** Writes SHA-256 of `data` to `out[at, at + 32)`. */
export function sha256Into(data: Uint8Array, out: Uint8Array, at: number): void {
  out.set(nobleSha256(data), at);
}
