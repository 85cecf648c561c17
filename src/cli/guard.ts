/**
 * `limmat guard rebuild`: makes the guard of a log anew where it was lost, from signed notes that the operator collected
 * from witnesses, monitors and mirrors. What nobody kept cannot be known, so the more of them are asked the better. @module
 */
import { existsSync, readFileSync, renameSync } from 'node:fs';
import { Command } from 'commander';
import { equal, toHex, utf8 } from '../core/bytes.ts';
import type { Head } from '../core/checkpoint.ts';
import { Fault, messageOf } from '../core/fault.ts';
import { Audit } from '../log/audit.ts';
import { formatGuard, parseGuard, rootFrom } from '../log/guard.ts';
import { isThere, replaceFile } from '../store/durable.ts';
import { lockGuard } from '../store/guardfile.ts';
import { openStore, type SqliteStore } from '../store/sqlite.ts';
import { logDirectory } from './logdir.ts';
import { command, required, setting } from './options.ts';
import { print } from './print.ts';
import { readVkeys } from './readinput.ts';
import { commandLine, quoted } from './shell.ts';
import { type FoundHead, largestOf, openHead, readHeads } from './signedheads.ts';

export function makeCommand(): Command {
  const guard = new Command('guard').description('the journal of signed heads that keeps a restored log from lying');
  guard.addCommand(
    command('rebuild', 'make a lost guard anew from signed checkpoints that witnesses, monitors and mirrors kept')
      .addOption(setting('--data <dir>', 'directory of the log; it must not be served meanwhile'))
      .addOption(setting('--guard <file>', 'the guard to make (default: DIR.guard)'))
      .addOption(setting('--vkey <file>', 'keys of the log, one a line (default: DIR/log.vkey)'))
      .option('--head <file...>', 'signed checkpoints of this log, from everyone who has one')
      .action(rebuild),
  );
  return guard;
}

type Options = { data?: string; guard?: string; vkey?: string; head?: string[]; json?: boolean };

function rebuild(options: Options): void {
  const directory = logDirectory(required(options, 'data'), options.guard);
  if (!options.head) throw new Fault('bad-request', 'give the collected checkpoints with --head FILE...');
  const store = openStore(directory.database, { readonly: true });
  const release = lockGuard(directory.guard);
  const { origin } = store.identity();
  const vkeys = readVkeys(options.vkey ?? directory.vkeys);
  const guarded = headsOf(directory.guard, origin);
  const published = store.published();
  const own = published ? [openHead(published.note, 'the database', vkeys, origin)] : [];
  const heads = [...guarded, ...readHeads(options.head, vkeys, origin), ...own];
  const largest = largestOf(heads) as FoundHead;
  if (guarded.includes(largest)) {
    throw new Fault('bad-request', `the guard ${directory.guard} is whole, and nothing larger was signed: keep it`);
  }
  checkHeads(store, heads, largest, directory.guard, options);
  const kept = setAside(directory.guard);
  // At once: a guard of which only the beginning was written would permit what it should not.
  replaceFile(directory.guard, utf8(formatGuard(inOrder(heads), origin)));
  print(options.json, {
    guard: directory.guard,
    heads: inOrder(heads).length,
    size: largest.size,
    root: toHex(largest.root),
    found: largest.found,
    ...(kept ? { oldGuard: kept } : {}),
    next: `\`${commandLine('limmat serve', { data: options.data, guard: options.guard })}\`, once nobody has a larger checkpoint than this one`,
  });
  store.close();
  release();
}

/** The heads of a guard that is there; none if it is damaged. */
function headsOf(path: string, origin: string): FoundHead[] {
  if (!isThere(path)) return [];
  try {
    const { heads } = parseGuard(Uint8Array.from(readFileSync(path)), origin);
    return heads.map((head) => ({ ...head, origin, found: path }));
  } catch (error) {
    if (error instanceof Fault) return [];
    throw error;
  }
}

/** Every head must be of the tree in the database, and none beyond it. */
function checkHeads(
  store: SqliteStore,
  heads: readonly Head[],
  largest: FoundHead,
  guardFile: string,
  options: Options,
): void {
  const head = store.head();
  if (largest.size > head.size) {
    const message = `the database has ${head.size} entries, and ${largest.found} shows that size ${largest.size} was signed`;
    const { data, guard, vkey, head: files = [] } = options;
    const recover = commandLine('limmat recover', { data, guard, vkey, from: 'MIRROR' });
    const next = `${recover} --head ${files.map(quoted).join(' ')}`;
    // One that is damaged, or too small, is no measure of what `recover` must reach.
    const first = isThere(guardFile) ? `move ${guardFile} aside, and ` : '';
    throw new Fault('refused', `${message}: ${first}complete it first with \`${next}\``);
  }
  const audit = new Audit(store, head);
  for (const { size, root, found } of heads as readonly FoundHead[]) {
    if (
      equal(
        rootFrom(size, (node) => audit.node(node)),
        root,
      )
    )
      continue;
    const message = `${found}: this log signed another tree of size ${size} than the database has`;
    throw new Fault('bad-proof', `${message}. Do not serve it: either the database is wrong, or two trees were signed`);
  }
}

/** A journal has each size once, and begins with a tree that has an entry. */
function inOrder(heads: readonly Head[]): Head[] {
  const bySize = new Map(heads.filter(({ size }) => size > 0).map((head) => [head.size, head]));
  return [...bySize.values()].sort((a, b) => a.size - b.size);
}

/** Keeps the guard that will not do under another name; answers which. */
function setAside(path: string): string | undefined {
  if (!existsSync(path)) return undefined;
  const aside = `${path}.old`;
  if (existsSync(aside)) throw new Fault('bad-request', `${aside} exists and is not overwritten: move it away`);
  try {
    renameSync(path, aside);
    return aside;
  } catch (error) {
    throw new Fault('bad-request', `cannot move ${path} aside: ${messageOf(error)}`);
  }
}
