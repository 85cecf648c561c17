/** The keys of a witness that is to be made or served: derived from its seed, or the first of them in a token. @module */
import { existsSync, readFileSync } from 'node:fs';
import { Fault } from '../core/fault.ts';
import { formatVkey } from '../core/note.ts';
import type { Signer } from '../core/signature.ts';
import { closeAfterError } from '../store/close.ts';
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
    closeAfterError(keyring);
    throw error;
  }
}

/** How long a key that failed is left alone, in seconds: to reach for a token takes long, and anyone may ask. */
const LEFT_ALONE = 10;

export type Watch = {
  /** Milliseconds of any origin. */
  readonly clock: () => number;
  /** Told why it begins to fail, or fails for another reason, and with undefined when it signs again. */
  readonly tell: (trouble: unknown) => void;
};

/** A signer that is watched. Strangers hear `key-away` of it, and whether that ends by itself. */
export function watched({ key, sign }: Signer, { clock, tell }: Watch): Signer {
  let away: { readonly fault: Fault; readonly until: number } | undefined;
  return {
    key,
    sign(message) {
      if (away && clock() < away.until) throw away.fault;
      try {
        const signature = sign(message);
        if (away) tell(undefined);
        away = undefined;
        return signature;
      } catch (error) {
        const fault = toStrangers(error);
        if (away?.fault.message !== fault.message) tell(error);
        away = { fault, until: clock() + 1000 * LEFT_ALONE };
        throw fault;
      }
    },
  };
}

function toStrangers(error: unknown): Fault {
  const isPassing = error instanceof Fault && error.code === 'key-away';
  const until = isPassing ? 'for now' : 'until its operator has mended it';
  return new Fault('key-away', `the key of this witness cannot be used ${until}`, { retryAfter: LEFT_ALONE });
}
