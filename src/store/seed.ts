/** The signing seed of a log: 32 bytes as 64 hexadecimal digits, in a file that only its owner may read; and its keys. @module */
import { readFileSync, statSync } from 'node:fs';
import { fromHex, toHex, utf8 } from '../core/bytes.ts';
import { Fault } from '../core/fault.ts';
import { ALGORITHMS, deriveSeed } from '../core/logkeys.ts';
import { SEED_BYTES, signerOf } from '../core/signature.ts';
import type { Keyring } from '../log/ports.ts';
import { createFile, isThere } from './durable.ts';

/** Writes a new seed; refuses to overwrite one. */
export function createSeed(path: string, seed: Uint8Array): void {
  createFile(path, utf8(`${toHex(seed)}\n`), 0o600);
}

/** Fault `bad-key` if the file is not there, is not a seed, or can be read by others. */
export function readSeed(path: string): Uint8Array {
  checkPrivate(path);
  const text = readFileSync(path, 'utf8').trim();
  if (/^[0-9a-f]*$/.test(text) && text.length === 2 * SEED_BYTES) return fromHex(text, 'bad-key');
  throw new Fault(
    'bad-key',
    `${path} is no seed, or is damaged: it has ${2 * SEED_BYTES} hexadecimal digits; restore it`,
  );
}

/** The keys that a seed makes: they are all there already. */
export function seedKeyring(seed: Uint8Array): Keyring {
  return {
    signer: (use, n) => signerOf(ALGORITHMS[use], deriveSeed(seed, use, n)),
    make() {},
    close() {},
  };
}

/** Fault `bad-key` if a secret file is missing or readable by group or others. */
export function checkPrivate(path: string, what = 'key file'): void {
  if (!isThere(path)) throw new Fault('bad-key', `there is no ${what} ${path}`);
  if (statSync(path).isDirectory())
    throw new Fault('bad-key', `${path} is a folder, and no ${what}: name the file in it`);
  if ((statSync(path).mode & 0o077) !== 0) {
    throw new Fault('bad-key', `others may read the ${what} ${path}: run \`chmod 600\` on it`);
  }
}
