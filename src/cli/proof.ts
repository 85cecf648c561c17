/** `limmat proof`: fetches the offline proof of an entry, checks it, and writes it to a file. @module */
import type { Command } from 'commander';
import { LogClient } from '../client/logclient.ts';
import { statementIn, verifyProof } from '../client/offline.ts';
import { entryIdOf, parseEntryId } from '../core/cose.ts';
import { openCheckpoint } from '../core/cosignature.ts';
import { Fault } from '../core/fault.ts';
import type { Vkey } from '../core/note.ts';
import { Reader } from '../core/reader.ts';
import { parseSize } from '../core/size.ts';
import { TILE_WIDTH } from '../core/tile.ts';
import { formatTlogProof } from '../core/tlogproof.ts';
import { replaceFile } from '../store/durable.ts';
import { describeProven } from './describe.ts';
import { command, required, setting } from './options.ts';
import { print } from './print.ts';
import { readVkeys } from './readinput.ts';

export function makeCommand(): Command {
  return command('proof', 'fetch the offline proof of an entry, check it and keep it')
    .addOption(setting('--url <url>', 'the log'))
    .addOption(setting('--vkey <file>', 'the pinned keys of the log, one a line'))
    .option('--index <n>', 'the entry by its index, read through tiles')
    .option('--entry <id>', 'the entry by its id, as Location tells it')
    .addOption(setting('--out <file>', 'where the proof goes (default: entry-N.tlog-proof)'))
    .action(proof);
}

type Options = { url?: string; vkey?: string; index?: string; entry?: string; out?: string; json?: boolean };

async function proof(options: Options): Promise<void> {
  if ((options.index === undefined) === (options.entry === undefined)) {
    throw new Fault('bad-request', 'proof takes one of --index N and --entry ID');
  }
  const vkeys = readVkeys(required(options, 'vkey'));
  const client = new LogClient(required(options, 'url'), fetch);
  const bytes =
    options.entry === undefined
      ? await readProof(client, vkeys, parseSize(options.index as string, 'bad-request'))
      : await client.proof(entryIdOf(parseEntryId(options.entry)));
  const proven = verifyProof(bytes, vkeys);
  if (options.entry !== undefined) checkEntry(proven.entry, options.entry);
  const out = options.out ?? `entry-${proven.index}.tlog-proof`;
  replaceFile(out, bytes);
  print(options.json, { proof: out, ...describeProven(proven) });
}

/** Fault `bad-proof` if the log answered with the proof of another entry. */
function checkEntry(entry: Uint8Array, asked: string): void {
  const statement = statementIn(entry);
  if (statement && entryIdOf(statement.id) === asked) return;
  throw new Fault('bad-proof', `the log answered with the proof of another entry than ${asked}`);
}

/** Makes the proof here, from tiles that are each checked before they are used. */
async function readProof({ get }: LogClient, vkeys: readonly Vkey[], index: number): Promise<Uint8Array> {
  const note = await get('checkpoint');
  const { checkpoint } = openCheckpoint(note, vkeys);
  if (index >= checkpoint.size) {
    throw new Fault('bad-request', `there is no entry ${index} yet: the log has ${checkpoint.size}, counted from 0`);
  }
  const reader = new Reader(get, checkpoint);
  const { path } = await reader.inclusion(index);
  const entries = await reader.entries(Math.floor(index / TILE_WIDTH));
  const extra = entries[index % TILE_WIDTH] as Uint8Array;
  return formatTlogProof({ index, path, checkpoint: note, extra });
}
