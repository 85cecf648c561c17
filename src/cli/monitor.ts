/** `limmat monitor`: follows logs, and the commands of those who look after it. @module */
import { Command } from 'commander';
import { makeAck, makeEvidence, makeStatus, makeTestAlert } from './monitoradmin.ts';
import { makeImportHead } from './monitorimport.ts';
import { runMonitor } from './monitorrun.ts';
import { setting } from './options.ts';

const ONCE_CODES = `Exit codes with --once:
  0  clean: all was verified, and nothing is open
  1  there are matches that nobody has acknowledged
  2  misbehaviour of a log is proven, and nobody has acknowledged it
  3  something could not be verified: not reachable, too old, too few witnesses
  4  an error here: the configuration, the disk, or limmat itself`;

export function makeCommand(): Command {
  const monitor = new Command('monitor')
    .description('follow logs: verify all of each, and raise the alarm')
    .option('--json', 'print JSON instead of text')
    .addOption(setting('--config <file>', 'YAML or JSON file: which logs, and whom to tell'))
    .addOption(setting('--data <dir>', 'directory of the monitor; made if it is not there'))
    .option('--once', 'one round, for cron; the exit code says what was found')
    .option('--start-at-end', 'follow logs that are new here from their newest head: the past is never checked')
    .addHelpText('after', `\n${ONCE_CODES}`)
    .enablePositionalOptions()
    .action(runMonitor);
  const commands = [makeStatus(), makeEvidence(), makeTestAlert(), makeAck(), makeImportHead()];
  for (const command of commands) monitor.addCommand(command);
  return monitor;
}

/** Options of the commands below it. */
export type MonitorOptions = { config?: string; data?: string; json?: boolean };
