/** `limmat witness init`: makes a witness, and never overwrites one. @module */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import type { Command } from 'commander';
import { utf8 } from '../core/bytes.ts';
import { Fault } from '../core/fault.ts';
import { formatVkey, isKeyName } from '../core/note.ts';
import { createFile } from '../store/durable.ts';
import { createSeed, readSeed } from '../store/seed.ts';
import { createWitnessStore } from '../store/witness.ts';
import { command, required, setting } from './options.ts';
import { print } from './print.ts';
import { cosignersOf, witnessDirectory } from './witnessdir.ts';

export function makeInit(): Command {
  return command('init', 'make a new witness: its keys and its database')
    .addOption(setting('--data <dir>', 'directory of the witness; made if it is not there'))
    .addOption(setting('--name <name>', 'name of the witness, like witness.example/w1: it is in every cosignature'))
    .action(init);
}

function init(options: { data?: string; name?: string; json?: boolean }): void {
  const name = required(options, 'name');
  if (!isKeyName(name) || utf8(name).length > 255) {
    throw new Fault('bad-request', `"${name}" cannot name a witness: no spaces, no plus and at most 255 bytes`);
  }
  const directory = witnessDirectory(required(options, 'data'));
  const taken = [directory.database, directory.seed, directory.vkeys].find(existsSync);
  if (taken) throw new Fault('bad-request', `${taken} exists; init never overwrites a witness`);
  mkdirSync(directory.data, { recursive: true, mode: 0o700 });
  createSeed(directory.seed, randomBytes(32));
  const vkeys = cosignersOf(name, readSeed(directory.seed)).map(({ vkey }) => formatVkey(vkey));
  createFile(directory.vkeys, utf8(vkeys.map((vkey) => `${vkey}\n`).join('')));
  createWitnessStore(directory.database, name);
  print(options.json, { name, data: directory.data, vkeys });
}
