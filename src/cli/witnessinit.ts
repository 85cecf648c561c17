/** `limmat witness init`: makes a witness, and never overwrites one. @module */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import type { Command } from 'commander';
import { utf8 } from '../core/bytes.ts';
import { Fault } from '../core/fault.ts';
import { formatVkey, isKeyName } from '../core/note.ts';
import { createSeed } from '../store/seed.ts';
import { createWitnessStore } from '../store/witness.ts';
import { keepVkeys } from './keyring.ts';
import { allOrNothing } from './making.ts';
import { command, required, setting } from './options.ts';
import { print } from './print.ts';
import { witnessDirectory } from './witnessdir.ts';
import { makeWitnessToken, openWitnessKeys } from './witnesskeys.ts';

export function makeInit(): Command {
  return command('init', 'make a new witness: its keys and its database')
    .addOption(setting('--data <dir>', 'directory of the witness; made if it is not there'))
    .addOption(setting('--name <name>', 'name of the witness, like witness.example/w1: it is in every cosignature'))
    .addOption(setting('--token <file>', 'keep its Ed25519 key in the PKCS#11 token that this file names'))
    .action(init);
}

async function init(options: { data?: string; name?: string; token?: string; json?: boolean }): Promise<void> {
  const name = required(options, 'name');
  if (!isKeyName(name) || utf8(name).length > 255) {
    throw new Fault('bad-request', `"${name}" cannot name a witness: no spaces, no plus and at most 255 bytes`);
  }
  const directory = witnessDirectory(required(options, 'data'));
  const { data, ...files } = directory;
  const taken = Object.values(files).find(existsSync);
  if (taken) throw new Fault('bad-request', `${taken} exists; init never overwrites a witness`);
  const token = options.token === undefined ? undefined : makeWitnessToken(options.token, name);
  mkdirSync(data, { recursive: true, mode: 0o700 });
  const made = await allOrNothing((make) => {
    make(directory.seed, (path) => createSeed(path, randomBytes(32)));
    if (token) make(directory.token, () => token.keep(directory));
    const { cosigners, close } = openWitnessKeys(directory, name);
    close();
    const all = cosigners.map(({ vkey }) => vkey);
    // Whoever puts the file into a policy rests on the token, not on the seed beside it.
    const vkeys = token ? all.slice(0, 1) : all;
    make(directory.vkeys, (path) => keepVkeys(path, vkeys));
    if (token) make(directory.softwareVkey, (path) => keepVkeys(path, all.slice(1)));
    make(directory.database, (path) => createWitnessStore(path, name));
    return vkeys;
  });
  print(options.json, { name, data, vkeys: made.map(formatVkey) });
}
