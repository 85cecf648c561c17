/**
 * `npm run bench`: measures a log of several sizes as its users meet it, and prints a table; `-- --quick --json` is a
 * short run for a machine to read. It prints and never judges. Rounds go over all sizes before the next one begins, so
 * that a noisy minute spoils a sample of each and not one size. @module
 */
import { mkdirSync, rmSync } from 'node:fs';
import { Command } from 'commander';
import { describeMachine, quietMoment } from './machine.ts';
import { ROOT } from './processes.ts';
import { Results } from './results.ts';
import { measureParts, measureRound, prepare } from './rounds.ts';
import { QUICK, type Scale, WHOLE } from './scale.ts';
import { formatMachine, formatTable, LEGEND } from './table.ts';

const options = new Command('npm run bench --')
  .description('Measures the log, and prints a table')
  .option('--quick', 'one short round on one small log')
  .option('--json', 'print JSON')
  .option('--sizes <list>', 'entries that the logs hold, such as 10000,1000000', numbers)
  .option('--rounds <count>', 'how often everything is measured', Number)
  .option('--seconds <length>', 'how long each measurement under load takes', Number)
  .option('--folder <dir>', 'where the logs are made and removed again; on the disk that is to be measured', '.bench')
  .parse()
  .opts<{ quick?: boolean; json?: boolean; sizes?: number[]; rounds?: number; seconds?: number; folder: string }>();

const base = options.quick ? QUICK : WHOLE;
const scale: Scale = {
  ...base,
  sizes: options.sizes ?? base.sizes,
  rounds: options.rounds ?? base.rounds,
  seconds: options.seconds ?? base.seconds,
};
const results = new Results();
let noisy = 0;

rmSync(options.folder, { recursive: true, force: true });
mkdirSync(options.folder, { recursive: true });
process.once('exit', () => rmSync(options.folder, { recursive: true, force: true }));

const bench = await prepare(options.folder, scale, results, say);
await awaitQuiet();
await measureParts(bench);
for (let round = 1; round <= scale.rounds; round++) {
  await awaitQuiet();
  await measureRound(bench, round);
}
const machine = describeMachine(ROOT);
if (options.json) console.log(JSON.stringify({ machine, scale, noisyRounds: noisy, rows: results.rows() }));
else console.log(`${formatMachine(machine, noisy)}\n\n${formatTable(results.rows())}\n\n${LEGEND}`);

async function awaitQuiet(): Promise<void> {
  if (!(await quietMoment(scale.patience))) noisy++;
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

function numbers(text: string): number[] {
  return text.split(',').map(Number);
}
