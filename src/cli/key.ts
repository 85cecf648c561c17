/** `limmat key …`: what is done to keys, one action each. @module */
import { Command } from 'commander';
import { lifeCommands } from './keylife.ts';
import { rotateReceiptKey } from './rotatekey.ts';

export function makeCommand(): Command {
  const group = new Command('key').description("enroll keys, tell what becomes of them, and replace the log's own");
  for (const each of [...lifeCommands(), rotateReceiptKey()]) group.addCommand(each);
  return group;
}
