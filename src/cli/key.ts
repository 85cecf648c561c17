/** `limmat key …`: what is done to keys, one action each. @module */
import { Command } from 'commander';
import { lifeCommands } from './keylife.ts';
import { command, setting } from './options.ts';
import type { RotateOptions } from './rotatekey.ts';

export function makeCommand(): Command {
  const group = new Command('key').description("enroll keys, tell what becomes of them, and replace the log's own");
  for (const each of [...lifeCommands(), makeRotateCommand()]) group.addCommand(each);
  return group;
}

/** What does it opens the database of a log, which no other of these commands needs: it is loaded when it is called. */
function makeRotateCommand(): Command {
  return command(
    'rotate-receipt-key',
    'replace the key that signs receipts and tree heads of a stopped log; what it signed before still verifies',
  )
    .addOption(setting('--data <dir>', 'directory of the log'))
    .addOption(setting('--guard <file>', 'its journal of signed heads (default: DIR.guard)'))
    .action(async (options: RotateOptions) => (await import('./rotatekey.ts')).rotateReceiptKey(options));
}
