/**
 * `limmat recover`: completes a restored database from a mirror or a static copy, up to what the guard says was signed.
 * The guard decides what is right; the copy is believed in nothing. @module
 */
import type { Command } from 'commander';
import { LogClient } from '../client/logclient.ts';
import { equal, toHex } from '../core/bytes.ts';
import type { Head } from '../core/checkpoint.ts';
import { Fault } from '../core/fault.ts';
import type { Vkey } from '../core/note.ts';
import { Reader } from '../core/reader.ts';
import { Guard } from '../log/guard.ts';
import { recover } from '../log/recovery.ts';
import { opaqueRules, type Rules } from '../log/rules.ts';
import { StatementRules } from '../log/statements.ts';
import { isThere } from '../store/durable.ts';
import { readExport } from '../store/files.ts';
import { lockGuard, openGuardFile } from '../store/guardfile.ts';
import { openStore, type SqliteStore } from '../store/sqlite.ts';
import { type LogKeys, openKeys } from './keyring.ts';
import { type LogDirectory, logDirectory } from './logdir.ts';
import { rootReader } from './openlog.ts';
import { command, required, setting } from './options.ts';
import { print } from './print.ts';
import { progressBar } from './progress.ts';
import { readVkeys } from './readinput.ts';
import { commandLine } from './shell.ts';
import { largestOf, openHead, readHeads } from './signedheads.ts';

export function makeCommand(): Command {
  return command('recover', 'complete a restored database with the entries it lacks, from a mirror or a static copy')
    .addOption(setting('--data <dir>', 'directory of the log; it must not be served meanwhile'))
    .addOption(setting('--from <source>', 'URL of a mirror or of a copy of the tiles, or directory of an export'))
    .addOption(setting('--guard <file>', 'journal of signed heads (default: DIR.guard)'))
    .addOption(setting('--vkey <file>', 'keys of the log, one a line (default: DIR/log.vkey)'))
    .option('--head <file...>', 'where the guard is lost: signed checkpoints that were collected; the largest decides')
    .action(run);
}

type Options = { data?: string; from?: string; guard?: string; vkey?: string; head?: string[]; json?: boolean };

async function run(options: Options): Promise<void> {
  const directory = logDirectory(required(options, 'data'), options.guard);
  const from = required(options, 'from');
  const store = openStore(directory.database);
  const { origin, entries } = store.identity();
  const vkeys = readVkeys(options.vkey ?? directory.vkeys);
  const { target, release } = openTarget(directory, store, vkeys, options.head);
  const before = store.head();
  const get = /^https?:\/\//.test(from) ? new LogClient(from, fetch).get : readExport(from);
  const isWhole = before.size >= target.size;
  if (isWhole) checkWhole(store, target);
  // Also of a whole one: rolled back together, database and guard agree, and a copy alone shows what they lack.
  const newest = openHead(await get('checkpoint'), from, vkeys, origin);
  if (newest.size > Math.max(before.size, target.size) || !isWhole) checkSource(newest, from, target);
  if (isWhole) {
    print(options.json, { recovered: 0, size: before.size, next: nextStep(directory, options) });
  } else {
    const bar = progressBar('recovering', target.size, options.json);
    const copy = new Reader(get, target);
    const keys = openKeys(directory, store);
    const rules = rulesOf(store, keys);
    const recovered = await recover({ store, entries, rules, copy, progress: (size) => bar.update(size) }).finally(
      bar.stop,
    );
    keys.keyring.close();
    const { size, root } = store.head();
    print(options.json, { recovered, size, root: toHex(root), next: nextStep(directory, options) });
  }
  store.close();
  release();
}

/** What must come out: the last head of the guard, or the largest of the heads given where there is no guard. */
function openTarget(
  directory: LogDirectory,
  store: SqliteStore,
  vkeys: readonly Vkey[],
  files: readonly string[] = [],
): { target: Head; release: () => void } {
  const { origin } = store.identity();
  if (isThere(directory.guard)) {
    if (files.length > 0) {
      const message = `--head is for a lost guard, and ${directory.guard} is there`;
      throw new Fault(
        'bad-request',
        `${message}: leave out --head, or move that aside if it is damaged or not the newest`,
      );
    }
    const file = openGuardFile(directory.guard);
    const target = new Guard(file, origin).last();
    if (!target) throw new Fault('bad-request', `nothing was ever signed according to ${directory.guard}`);
    return { target, release: () => file.close() };
  }
  const release = lockGuard(directory.guard);
  const target = largestOf(readHeads(files, vkeys, origin));
  if (!target) {
    throw new Fault('bad-request', `there is no guard at ${directory.guard}: give checkpoints of the log with --head`);
  }
  return { target, release };
}

/** A database that has all entries must have those that were signed. */
function checkWhole(store: SqliteStore, { size, root }: Head): void {
  if (equal(rootReader(store)(size), root)) return;
  throw new Fault('bad-proof', `the database is not the tree of size ${size} that was signed: restore another backup`);
}

/** Says early and clearly why a source will not do. What it then sends is checked against `target` alone. */
function checkSource({ size, root }: Head, from: string, target: Head): void {
  if (size < target.size) {
    throw new Fault('refused', `${from} has ${size} entries, and size ${target.size} was signed: find a newer copy`);
  }
  if (size > target.size) {
    const message = `${from} has a checkpoint of size ${size} that this log signed, and the guard ends at ${target.size}`;
    throw new Fault(
      'refused',
      `${message}: the guard is not the newest. Move it aside, and use --head with that checkpoint`,
    );
  }
  if (!equal(root, target.root)) {
    const message = `${from} has another root of size ${size}, signed by this log, than the guard has`;
    throw new Fault('bad-proof', `${message}: two trees were signed. Keep that checkpoint, and do not serve this log`);
  }
}

function rulesOf(store: SqliteStore, { inUse }: LogKeys): Rules {
  if (store.identity().entries === 'opaque') return opaqueRules;
  const statementKey = inUse('statement-ed25519');
  const unheard = () => {};
  const rootAt = rootReader(store);
  return new StatementRules({ store, statementKey, learn: unheard, signing: unheard, rootAt, acceptClockStep: true });
}

/** With the options of this one, as without them the next one would look for the parts of the log elsewhere. */
function nextStep(directory: LogDirectory, { data, guard, vkey }: Options): string {
  if (isThere(directory.guard)) return commandLine('limmat serve', { data, guard });
  return `${commandLine('limmat guard rebuild', { data, guard, vkey })} --head FILE...`;
}
