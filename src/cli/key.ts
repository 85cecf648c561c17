/** `limmat key …`: what is done to keys, one action each. @module */
import { Command } from 'commander';
import { lifeCommands } from './keylife.ts';

export function makeCommand(): Command {
  const group = new Command('key').description('enroll keys, and tell what becomes of them');
  for (const each of lifeCommands()) group.addCommand(each);
  return group;
}
