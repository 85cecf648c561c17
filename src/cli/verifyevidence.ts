/** `limmat verify-evidence`: whether a file proves, offline, that a log signed what no honest log signs. @module */
import type { Command } from 'commander';
import { type Conviction, parseEvidence, verifyEvidence } from '../core/evidence.ts';
import { Fault } from '../core/fault.ts';
import type { Vkey } from '../core/note.ts';
import { policyKeys } from '../core/tlogpolicy.ts';
import { describeSigned } from './describe.ts';
import { command, setting } from './options.ts';
import { print } from './print.ts';
import { readText, readVkeys } from './readinput.ts';
import { readPolicy } from './trust.ts';

export function makeCommand(): Command {
  return command('verify-evidence', 'check offline that a file proves misbehaviour of a log: 0 it does, 1 it does not')
    .argument('<evidence>', 'a .tlog-evidence file; - for standard input')
    .addOption(setting('--vkey <file>', 'the pinned keys of the log, and of any witnesses, one a line'))
    .addOption(setting('--policy <file>', 'a tlog-policy with keys of the log and of witnesses'))
    .action(verify);
}

type Options = { vkey?: string; policy?: string; json?: boolean };

function verify(file: string, options: Options): void {
  const conviction = verifyEvidence(parseEvidence(readText(file)), keysOf(options));
  const { log, checkpoints, cosigners, unchecked } = conviction;
  print(options.json, {
    proven: true,
    verdict: verdictOf(conviction),
    signedBy: describeSigned({ vkey: log, time: undefined }),
    trees: checkpoints.map(({ size, root }) => ({ size, root })),
    witnessesOnBothSides: cosigners.map((vkey) => describeSigned({ vkey, time: undefined })),
    ...(unchecked.length === 0 ? {} : { linesOfUnknownKeys: unchecked }),
  });
}

function keysOf({ vkey, policy }: Options): Vkey[] {
  if (vkey === undefined && policy === undefined) {
    throw new Fault('bad-request', 'give the keys that you trust to be those of the log with --vkey or --policy');
  }
  return [
    ...(vkey === undefined ? [] : readVkeys(vkey)),
    ...(policy === undefined ? [] : policyKeys(readPolicy(policy).policy)),
  ];
}

function verdictOf({ kind, checkpoints }: Conviction): string {
  const [first, second] = checkpoints;
  const log = `the log ${first?.origin} signed`;
  if (kind === 'same-size') return `${log} two trees of size ${first?.size} with different roots`;
  if (kind === 'empty-root') return `${log} an empty tree with a root that is not that of the empty tree`;
  return `${log} a tree of size ${first?.size} that is not the beginning of the tree of size ${second?.size} that it signed`;
}
