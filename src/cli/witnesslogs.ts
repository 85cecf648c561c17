/** `limmat witness add-log` and `limmat witness evidence`: which logs are cosigned, and what speaks against them. @module */
import type { Command } from 'commander';
import { fromUtf8 } from '../core/bytes.ts';
import { Fault, messageOf } from '../core/fault.ts';
import { openWitnessStore, type SqliteWitnessStore } from '../store/witness.ts';
import { checkLogs, type ListedLog, parseLogs } from '../witness/loglist.ts';
import { command, required, setting } from './options.ts';
import { print } from './print.ts';
import { readBytes } from './readinput.ts';
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
  if (!/^https?:\/\//.test(source)) return readBytes(source);
  try {
    const response = await fetch(source, { signal: AbortSignal.timeout(PATIENCE) });
    if (!response.ok) throw new Error(`it answers ${response.status}`);
    return await readAtMost(response, MAX_LIST);
  } catch (error) {
    throw new Fault('bad-request', `cannot read ${source}: ${messageOf(error)}`);
  }
}

async function readAtMost(response: Response, max: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > max) throw new Error(`it is larger than ${max} bytes`);
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}

export function makeEvidence(): Command {
  return command('evidence', 'print the signed checkpoints that were kept since they speak against their log')
    .addOption(setting('--data <dir>', 'directory of the witness, made by `limmat witness init`'))
    .action(showEvidence);
}

function showEvidence(options: Options): void {
  const store = openStore(options);
  const text = (note: Uint8Array | undefined) => note && fromUtf8(note, 'bad-note');
  const evidence = [...store.evidence()].map(({ origin, kind, time, known, offered, old, proof }) => ({
    log: origin,
    kind,
    at: new Date(time * 1000).toISOString(),
    cosigned: text(known),
    offered: text(offered),
    old,
    proof,
  }));
  store.close();
  print(options.json, { evidence });
}

function openStore(options: Options): SqliteWitnessStore {
  return openWitnessStore(witnessDirectory(required(options, 'data')).database);
}
