/** `limmat approve`: a further root signature for a proposal, after saying in plain words what that is. @module */
import type { Command } from 'commander';
import { LogClient } from '../client/logclient.ts';
import { verifyPinned } from '../client/offline.ts';
import { TiledLog } from '../client/tiledlog.ts';
import { toHex } from '../core/bytes.ts';
import { Fault } from '../core/fault.ts';
import { parseSize } from '../core/size.ts';
import { commonFields } from './common.ts';
import { readEntry } from './entryat.ts';
import { command, requiredUrl, setting } from './options.ts';
import { readText } from './readinput.ts';
import { compose, finishStep, type Stating, type StepFiles, withSteps } from './statement.ts';
import { readTrust } from './trust.ts';
import { proposalInWords } from './words.ts';

export function makeCommand(): Command {
  const made = command('approve', 'sign, with a further root key, for what another root has proposed')
    .option('--index <n>', 'the entry that is approved, read from the log and checked')
    .addOption(setting('--proposal <file>', 'the same as its .tlog-proof, on a machine that does not reach the log'))
    .action(approve);
  return withSteps(made);
}

type Options = Stating & StepFiles & { index?: string; proposal?: string };

async function approve(options: Options): Promise<void> {
  const { index, leafHash, entry } = await proposalOf(options);
  const proposal = readEntry(entry, index);
  const words = proposalInWords(proposal);
  if (words === undefined) {
    throw new Fault(
      'bad-request',
      `entry ${index} is a ${proposal.kind}: key events and policies are what is approved`,
    );
  }
  const common = await commonFields('approval', options);
  const fields = { ...common, ref: { index, leafHash: toHex(leafHash) } };
  const { iss, aud } = proposal.statement;
  const statement = await compose({ kind: 'approval', fields, claims: { issuer: iss, audience: aud } }, options);
  await finishStep(statement, options, { said: { approves: [`entry ${index} of ${aud}`, ...words] } });
}

type Found = { readonly index: number; readonly leafHash: Uint8Array; readonly entry: Uint8Array };

/** The entry to approve, proved to be in the log either way. */
async function proposalOf(options: Options): Promise<Found> {
  const { index, proposal } = options;
  if ((index === undefined) === (proposal === undefined)) {
    throw new Fault('bad-request', 'approve takes one of --index N and --proposal FILE.tlog-proof');
  }
  const trust = readTrust(options);
  if (proposal !== undefined) return verifyPinned(readText(proposal), trust);
  const at = parseSize(index as string, 'bad-request');
  const log = new TiledLog(new LogClient(requiredUrl(options), fetch).get, trust);
  return { index: at, ...(await log.entry(at)) };
}
