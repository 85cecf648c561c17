/** The SHA-256 of a file, computed here piece by piece. The file goes nowhere. @module */
import { sha256 } from '@noble/hashes/sha2.js';
import { toHex } from '../core/bytes.ts';

/** `sha256:…` of a file; `told` hears which part of it is done, from 0 to 1. */
export async function hashFile(file: Blob, told: (part: number) => void): Promise<string> {
  const hash = sha256.create();
  const reader = file.stream().getReader();
  let done = 0;
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    hash.update(piece.value);
    done += piece.value.length;
    told(file.size === 0 ? 1 : done / file.size);
  }
  return `sha256:${toHex(hash.digest())}`;
}
