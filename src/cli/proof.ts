/** `limmat proof`: fetches the proof of an entry, checks it, and writes it to a file, or the statement with its receipt. @module */
import type { Command } from 'commander';
import { LogClient } from '../client/logclient.ts';
import { verifyProof } from '../client/offline.ts';
import { TiledLog } from '../client/tiledlog.ts';
import { entryIdOf, parseEntryId, statementIn } from '../core/cose.ts';
import { Fault } from '../core/fault.ts';
import { parseSize } from '../core/size.ts';
import { replaceFile } from '../store/durable.ts';
import { describeProven } from './describe.ts';
import { command, required, setting } from './options.ts';
import { print } from './print.ts';
import { transparentOf } from './receipts.ts';
import { readTrust, type Trusting, withTrust } from './trust.ts';

export function makeCommand(): Command {
  const made = command('proof', 'fetch the offline proof of an entry, check it and keep it')
    .addOption(setting('--url <url>', 'the log'))
    .option('--index <n>', 'the entry by its index, read through tiles')
    .option('--entry <id>', 'the entry by its id, as Location tells it')
    .option('--transparent', 'as a Transparent Statement instead: the statement with its receipt in header 394')
    .addOption(setting('--out <file>', 'where it goes (default: entry-N.tlog-proof, or entry-N.cose)'))
    .action(proof);
  return withTrust(made);
}

type Options = Trusting & {
  url?: string;
  index?: string;
  entry?: string;
  transparent?: boolean;
  out?: string;
  json?: boolean;
};

async function proof(options: Options): Promise<void> {
  if ((options.index === undefined) === (options.entry === undefined)) {
    throw new Fault('bad-request', 'proof takes one of --index N and --entry ID');
  }
  const trust = readTrust(options);
  const client = new LogClient(required(options, 'url'), fetch);
  const bytes =
    options.entry === undefined
      ? await new TiledLog(client.get, trust).proof(parseSize(options.index as string, 'bad-request'))
      : await client.proof(entryIdOf(parseEntryId(options.entry)));
  const proven = verifyProof(bytes, trust.vkeys);
  const witnesses = trust.check({ checkpoint: proven, signed: proven.signed });
  if (options.entry !== undefined) checkEntry(proven.entry, options.entry);
  const out = options.out ?? `entry-${proven.index}.${options.transparent ? 'cose' : 'tlog-proof'}`;
  replaceFile(out, options.transparent ? await transparentOf(client, proven) : bytes);
  print(options.json, { proof: out, ...describeProven(proven), witnesses });
}

/** Fault `bad-proof` if the log answered with the proof of another entry. */
function checkEntry(entry: Uint8Array, asked: string): void {
  const statement = statementIn(entry);
  if (statement && entryIdOf(statement.id) === asked) return;
  throw new Fault('bad-proof', `the log answered with the proof of another entry than ${asked}`);
}
