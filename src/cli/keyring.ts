/** Where the private keys of a log lie: derived from its seed, or in the token that `init --token` was given. @module */
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { utf8 } from '../core/bytes.ts';
import { openCheckpoint } from '../core/cosignature.ts';
import { Fault } from '../core/fault.ts';
import { deriveSeed } from '../core/logkeys.ts';
import { formatVkey, NOTE_ED25519, type Vkey, vkeyOf } from '../core/note.ts';
import type { PublicKey, Signer } from '../core/signature.ts';
import type { Keyring, KeyringUse } from '../log/ports.ts';
import { closeAfterError } from '../store/close.ts';
import { createFile } from '../store/durable.ts';
import type { TokenConfig } from '../store/pkcs11.ts';
import { readSeed, seedKeyring } from '../store/seed.ts';
import type { SqliteStore } from '../store/sqlite.ts';
import { TokenKeyring, type TokenUse } from '../store/token.ts';
import type { LogDirectory } from './logdir.ts';
import { readMap } from './readinput.ts';

const FIRST: readonly KeyringUse[] = ['checkpoint-ed25519', 'receipt-p256', 'statement-ed25519'];

/** The keys of a log as it was made, each with the number that is in use. */
export type LogKeys = {
  readonly keyring: Keyring;
  inUse(use: KeyringUse): Signer;
};

/** Fault `bad-key` if the keys cannot be had, or are not those that signed what is published. */
export function openKeys(directory: LogDirectory, store: SqliteStore): LogKeys {
  const { origin } = store.identity();
  const keyring = keyringOf(directory, origin);
  const inUse = (use: KeyringUse) => keyring.signer(use, store.keyNumber(use));
  try {
    checkSigned(store, inUse('checkpoint-ed25519'), directory);
  } catch (error) {
    closeAfterError(keyring);
    throw error;
  }
  return { keyring, inUse };
}

/** The seed of the one key that is in no token. */
export function mldsaSeed(directory: LogDirectory, store: SqliteStore): Uint8Array {
  return deriveSeed(readSeed(directory.seed), 'checkpoint-mldsa44', store.keyNumber('checkpoint-mldsa44'));
}

/** The keys as they were made, whatever was signed with them. */
export function keyringOf({ seed, token }: LogDirectory, origin: string): Keyring {
  return existsSync(token) ? new TokenKeyring(readToken(token), origin) : seedKeyring(readSeed(seed));
}

/** The receipt key in use, then those of before, the newest first: what they signed still verifies. */
export function receiptKeys(keyring: Keyring, store: SqliteStore): [PublicKey, ...PublicKey[]] {
  const keyAt = (n: number) => keyring.signer('receipt-p256', n).key;
  const number = store.keyNumber('receipt-p256');
  const before = Array.from({ length: number }, (_, n) => n).reverse();
  return [keyAt(number), ...before.map(keyAt)];
}

/**
 * The keys that clients are to pin. One pinned key is enough to be believed, so of a log with a token it is not the one
 * that whoever reads the disk can sign with as well.
 */
export function keysToPin({ token }: LogDirectory, vkeys: readonly Vkey[]): Vkey[] {
  return vkeys.filter(({ type }) => !existsSync(token) || type === NOTE_ED25519);
}

/** Writes vkeys to a new file, one a line: the inverse of `readVkeys`. */
export function keepVkeys(path: string, vkeys: readonly Vkey[]): void {
  createFile(path, utf8(vkeys.map((vkey) => `${formatVkey(vkey)}\n`).join('')));
}

/** A copied directory, a lost file or another token must not make the log sign with keys that nobody has pinned. */
function checkSigned(store: SqliteStore, { key }: Signer, { seed, token }: LogDirectory): void {
  const published = store.published();
  if (!published) return;
  try {
    openCheckpoint(published.note, [vkeyOf(store.identity().origin, NOTE_ED25519, key)]);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const place = existsSync(token) ? `the token that ${token} names` : `${seed} (or in a token, if ${token} is lost)`;
    throw new Fault('bad-key', `the published checkpoint was signed by another key than the one in ${place}`);
  }
}

/** Makes keys in a token, and opens it. Fault `bad-request` if it has one for such a use under this name already. */
export function makeTokenKeys(config: TokenConfig, name: string, uses: readonly TokenUse[] = FIRST): TokenKeyring {
  const keyring = new TokenKeyring(config, name);
  try {
    const taken = uses.find((use) => keyring.has(use, 0));
    if (taken) {
      throw new Fault(
        'bad-request',
        `the token "${config.token}" has a key ${taken} of ${name} already, of another one or of an init that ` +
          'broke off: choose another name, or delete what nobody uses with the tools of the token',
      );
    }
    for (const use of uses) keyring.make(use, 0);
    return keyring;
  } catch (error) {
    closeAfterError(keyring);
    throw error;
  }
}

/** Reads which token it is, with paths that are relative to the file. Fault `bad-request` if that is not all it says. */
export function readToken(path: string): TokenConfig {
  const values = readMap(path);
  const other = Object.keys(values).find((name) => !['module', 'token', 'pinFile'].includes(name));
  if (other) throw new Fault('bad-request', `${path}: it has module, token and pinFile, and no "${other}"`);
  const [module, token, pinFile] = (['module', 'token', 'pinFile'] as const).map((name) => {
    if (typeof values[name] === 'string' && values[name] !== '') return values[name];
    throw new Fault('bad-request', `${path}: "${name}" is missing, or is no text`);
  }) as [string, string, string];
  const at = (name: string) => resolve(dirname(path), name);
  return { module: at(module), token, pinFile: at(pinFile) };
}

export function keepToken(path: string, config: TokenConfig): void {
  createFile(path, utf8(`${JSON.stringify(config, null, 2)}\n`));
}
