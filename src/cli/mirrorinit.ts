/** `limmat mirror init`: makes a mirror of one log, and never overwrites one. @module */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import type { Command } from 'commander';
import { utf8 } from '../core/bytes.ts';
import { Fault } from '../core/fault.ts';
import { formatVkey, isKeyName } from '../core/note.ts';
import { createMirrorStore } from '../store/mirror.ts';
import { createSeed, readSeed } from '../store/seed.ts';
import { createStore } from '../store/sqlite.ts';
import { keepVkeys } from './keyring.ts';
import { allOrNothing } from './making.ts';
import { mirrorDirectory, mirrorKeys } from './mirrordir.ts';
import { command, required, setting } from './options.ts';
import { print } from './print.ts';
import { readVkeys } from './readinput.ts';

export function makeInit(): Command {
  return command('init', 'make a new mirror of a log: its keys and its databases')
    .addOption(setting('--data <dir>', 'directory of the mirror; made if it is not there'))
    .addOption(setting('--name <name>', 'name of the mirror, like mirror.example/m1: it is in every cosignature'))
    .addOption(setting('--vkey <file>', 'keys of the log that is mirrored, one a line'))
    .action((options: Options) => init(options));
}

type Options = { data?: string; name?: string; vkey?: string; json?: boolean };

async function init(options: Options): Promise<void> {
  const name = required(options, 'name');
  const origins = [...new Set(readVkeys(required(options, 'vkey')).map((vkey) => vkey.name))];
  const [origin] = origins as [string];
  if (origins.length > 1)
    throw new Fault('bad-request', `a mirror is of one log, and these keys are of ${origins.join(', ')}`);
  if (!isKeyName(name) || utf8(name).length > 255) {
    throw new Fault('bad-request', `"${name}" cannot name a mirror: no spaces, no plus and at most 255 bytes`);
  }
  if (name === origin) throw new Fault('bad-request', 'a mirror has another name than its log');
  const directory = mirrorDirectory(required(options, 'data'));
  const taken = [directory.database, directory.tree, directory.seed, directory.vkeys].find(existsSync);
  if (taken) throw new Fault('bad-request', `${taken} exists; init never overwrites a mirror`);
  mkdirSync(directory.data, { recursive: true, mode: 0o700 });
  const vkeys = await allOrNothing((make) => {
    make(directory.seed, (path) => createSeed(path, randomBytes(32)));
    const made = mirrorKeys(name, readSeed(directory.seed)).map(({ vkey }) => vkey);
    make(directory.vkeys, (path) => keepVkeys(path, made));
    make(directory.tree, (path) => createStore(path, { origin, entries: 'opaque' }));
    make(directory.database, (path) => createMirrorStore(path, { name, origin }));
    return made.map(formatVkey);
  });
  print(options.json, { name, origin, data: directory.data, vkeys });
}
