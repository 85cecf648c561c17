/** `limmat witness`: the role of a witness, a command of its own for each thing that it does. @module */
import { Command } from 'commander';
import { makeInit } from './witnessinit.ts';
import { makeAddLog, makeShowEvidence } from './witnesslogs.ts';
import { makeServe } from './witnessserve.ts';

export function makeCommand(): Command {
  const witness = new Command('witness').description('cosign what other logs publish, as long as each only grows');
  for (const command of [makeInit(), makeAddLog(), makeServe(), makeShowEvidence()]) witness.addCommand(command);
  return witness;
}
