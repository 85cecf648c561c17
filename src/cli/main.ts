#!/usr/bin/env node
/** The `limmat` command: finds a command by its name, runs it, and turns what goes wrong into an exit code. @module */
import { Command, CommanderError } from 'commander';
import { Fault } from '../core/fault.ts';
import { complain, EXIT_CODES, exitCode, OK, USAGE } from './exit.ts';
import { packageVersion } from './version.ts';

/** Each command in a file of its own, loaded only when it is called. */
const COMMANDS: Readonly<Record<string, () => Promise<{ makeCommand(): Command }>>> = {
  keygen: () => import('./keygen.ts'),
  init: () => import('./init.ts'),
  serve: () => import('./serve.ts'),
  sign: () => import('./sign.ts'),
  submit: () => import('./submit.ts'),
  gate: () => import('./gate.ts'),
  key: () => import('./key.ts'),
  approve: () => import('./approve.ts'),
  proof: () => import('./proof.ts'),
  verify: () => import('./verify.ts'),
  'verify-evidence': () => import('./verifyevidence.ts'),
  trust: () => import('./trustbundle.ts'),
  fsck: () => import('./fsck.ts'),
  verdict: () => import('./verdict.ts'),
  replay: () => import('./replay.ts'),
  lookup: () => import('./lookup.ts'),
  schema: () => import('./schema.ts'),
  inspect: () => import('./inspect.ts'),
  recover: () => import('./recover.ts'),
  guard: () => import('./guard.ts'),
  mirror: () => import('./mirror.ts'),
  witness: () => import('./witness.ts'),
  monitor: () => import('./monitor.ts'),
};

async function run(argv: readonly string[]): Promise<number> {
  const json = argv.includes('--json');
  const program = new Command('limmat')
    .description('Append-only transparency log for software vendors')
    .version(packageVersion())
    // Options belong to the command that they follow: `monitor` has some that its own commands have too.
    .enablePositionalOptions()
    .addHelpText('after', `\n${EXIT_CODES}`);
  const named = Object.entries(COMMANDS).filter(([name]) => argv.includes(name));
  for (const [, load] of named.length > 0 ? named : Object.entries(COMMANDS)) {
    program.addCommand((await load()).makeCommand());
  }
  for (const command of [program, ...program.commands, ...program.commands.flatMap((each) => each.commands)]) {
    command.exitOverride();
    if (json) command.configureOutput({ outputError: (text) => complain(callFault(text), true) });
  }
  try {
    await program.parseAsync(argv, { from: 'user' });
    return Number(process.exitCode ?? OK);
  } catch (error) {
    // commander has said what is wrong with the call, or printed the help that was asked for
    if (error instanceof CommanderError) return error.exitCode === 0 ? OK : USAGE;
    complain(error, json);
    return exitCode(error);
  }
}

/** What commander says about a call, without the word that `complain` makes of it. */
function callFault(text: string): Fault {
  return new Fault('bad-request', text.trim().replace(/^error: /, ''));
}

// A reader that has enough, such as `head`, closes the pipe; that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});
process.exitCode = await run(process.argv.slice(2));
