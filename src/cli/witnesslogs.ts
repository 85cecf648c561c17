/** `limmat witness add-log` and `limmat witness evidence`: which logs are cosigned, and what speaks against them. @module */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { sha256 } from '#sha256';
import { fromUtf8, toHex } from '../core/bytes.ts';
import { formatEvidence, makeEvidence } from '../core/evidence.ts';
import { Fault, reasonOf } from '../core/fault.ts';
import { createFile } from '../store/durable.ts';
import { openWitnessStore, type SqliteWitnessStore } from '../store/witness.ts';
import { checkLogs, type ListedLog, parseLogs } from '../witness/loglist.ts';
import type { Evidence } from '../witness/ports.ts';
import { readAtMost } from './fetched.ts';
import { command, required, setting } from './options.ts';
import { print } from './print.ts';
import { readText } from './readinput.ts';
import { witnessDirectory } from './witnessdir.ts';

/** The largest list of the witness network is expected to name 100,000 logs. */
const MAX_LIST = 32 * 1024 * 1024;
const PATIENCE = 60_000;

type Options = { data?: string; json?: boolean };

export function makeAddLog(): Command {
  return command('add-log', 'add logs to those that are cosigned; a running `serve` takes them up at once')
    .argument('<source...>', 'files or URLs: vkeys of a log, one a line, or a `logs/v0` list; - for standard input')
    .addOption(setting('--data <dir>', 'directory of the witness, made by `limmat witness init`'))
    .action(addLogs);
}

async function addLogs(sources: string[], options: Options): Promise<void> {
  const store = openStore(options);
  const listed: ListedLog[] = [];
  for (const source of sources) listed.push(...parseLogs(fromUtf8(await readSource(source), 'bad-vkey')));
  const known = store.origins().flatMap((origin) => {
    return (store.log(origin)?.vkeys ?? []).map((vkey) => ({ origin, vkey }));
  });
  checkLogs(store.name(), known, listed); // all of them, before the first is added
  const added = listed.filter(({ origin, vkey }) => store.addLog(origin, vkey));
  store.close();
  print(options.json, {
    added: added.map(({ origin, vkey }) => `${origin} (key ${vkey.id})`),
    knownBefore: listed.length - added.length,
  });
}

async function readSource(source: string): Promise<Uint8Array> {
  if (!/^https?:\/\//.test(source)) return readText(source);
  try {
    const response = await fetch(source, { signal: AbortSignal.timeout(PATIENCE) });
    if (!response.ok) throw new Error(`it answers ${response.status}`);
    return await readAtMost(response.body ?? [], MAX_LIST);
  } catch (error) {
    throw new Fault('bad-request', `cannot read ${source}: ${reasonOf(error)}`);
  }
}

export function makeShowEvidence(): Command {
  return command('evidence', 'print the signed checkpoints that were kept since they speak against their log')
    .addOption(setting('--data <dir>', 'directory of the witness, made by `limmat witness init`'))
    .option('--out <dir>', 'also write a .tlog-evidence file for each of them that is proof')
    .action(showEvidence);
}

async function showEvidence(options: Options & { out?: string }): Promise<void> {
  const store = openStore(options);
  const text = (note: Uint8Array | undefined) => note && fromUtf8(note, 'bad-note');
  const shown: object[] = [];
  for (const kept of store.evidence()) {
    const { origin, kind, time, known, offered, old, proof } = kept;
    const file = options.out === undefined ? undefined : await writeEvidence(store, kept, options.out);
    const at = new Date(time * 1000).toISOString();
    shown.push({ log: origin, kind, at, file, cosigned: text(known), offered: text(offered), old, proof });
  }
  store.close();
  print(options.json, { evidence: shown });
}

/** Writes what was kept as a file that anyone can check, named by its hash; answers its path. */
async function writeEvidence(
  store: SqliteWitnessStore,
  { origin, kind, known, offered, proof }: Evidence,
  folder: string,
): Promise<string | undefined> {
  if (kind === 'unproven') return undefined;
  const notes = kind === 'empty-root' || !known ? [offered] : [known, offered];
  const file = formatEvidence(await makeEvidence(store.log(origin)?.vkeys ?? [], notes, () => proof));
  const path = join(folder, `${toHex(sha256(file))}.tlog-evidence`);
  mkdirSync(folder, { recursive: true });
  if (!existsSync(path)) createFile(path, file);
  return path;
}

function openStore(options: Options): SqliteWitnessStore {
  return openWitnessStore(witnessDirectory(required(options, 'data')).database);
}
