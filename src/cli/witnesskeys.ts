/** The keys of a witness that is to be made or served: derived from its seed, or the first of them in a token. @module */
import { existsSync, readFileSync } from 'node:fs';
import { Fault } from '../core/fault.ts';
import { formatVkey } from '../core/note.ts';
import type { Signer } from '../core/signature.ts';
import { readSeed } from '../store/seed.ts';
import { TokenKeyring } from '../store/token.ts';
import type { Cosigner } from '../witness/witness.ts';
import { keepToken, makeTokenKeys, readToken } from './keyring.ts';
import { cosignersOf, type WitnessDirectory } from './witnessdir.ts';

const USE = 'witness-ed25519';

export type WitnessKeys = { readonly cosigners: readonly Cosigner[]; close(): void };

/** Makes the key in the token that a file names; `keep` notes which token it is. Fault `bad-request` if it has one. */
export function makeWitnessToken(file: string, name: string): { keep(directory: WitnessDirectory): void } {
  const config = readToken(file);
  makeTokenKeys(config, name, [USE]).close();
  return { keep: ({ token }) => keepToken(token, config) };
}

/**
 * Opens the keys as they were made. Fault `bad-key` if they cannot be had, or are not those of the witness: a lost record
 * of the token must not make it sign with a key that nobody has in a policy.
 */
export function openWitnessKeys(directory: WitnessDirectory, name: string): WitnessKeys {
  const { seed, token, vkeys } = directory;
  const keyring = existsSync(token) ? new TokenKeyring(readToken(token), name) : undefined;
  try {
    const cosigners = cosignersOf(name, readSeed(seed), keyring?.signer(USE, 0));
    const [first] = cosigners.map(({ vkey }) => formatVkey(vkey));
    const lines = existsSync(vkeys) ? readFileSync(vkeys, 'utf8').split('\n') : undefined;
    if (lines && !lines.some((line) => line.trim() === first)) {
      throw new Fault('bad-key', `the Ed25519 key of ${name} is not in ${vkeys}: is it in a token, and ${token} lost?`);
    }
    return { cosigners, close: () => keyring?.close() };
  } catch (error) {
    keyring?.close();
    throw error;
  }
}

/** A signer that tells when it begins to fail and when it signs again. Strangers hear no more than that: `key-away`. */
export function watched({ key, sign }: Signer, tell: (trouble: unknown) => void): Signer {
  let isAway = false;
  return {
    key,
    sign(message) {
      try {
        const signature = sign(message);
        if (isAway) tell(undefined);
        isAway = false;
        return signature;
      } catch (error) {
        if (!isAway) tell(error);
        isAway = true;
        throw new Fault('key-away', 'the key of this witness cannot be reached for now', { retryAfter: 10 });
      }
    },
  };
}
