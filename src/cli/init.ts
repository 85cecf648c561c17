/** `limmat init`: makes a log, and never overwrites one. @module */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { MessageChannel } from 'node:worker_threads';
import { type Command, Option } from 'commander';
import { utf8 } from '../core/bytes.ts';
import { Fault } from '../core/fault.ts';
import { formatVkey, isKeyName } from '../core/note.ts';
import type { FromLog, ToLog } from '../log/channel.ts';
import type { EntryMode } from '../log/ports.ts';
import { createFile } from '../store/durable.ts';
import { createGuardFile } from '../store/guardfile.ts';
import { createSeed } from '../store/seed.ts';
import { createStore } from '../store/sqlite.ts';
import { type LogDirectory, logDirectory } from './logdir.ts';
import { runLog } from './openlog.ts';
import { command, required, setting } from './options.ts';

export function makeCommand(): Command {
  return command('init', 'make a new log: its keys, its database, its guard and its first checkpoint')
    .addOption(setting('--data <dir>', 'directory of the log; made if it is not there'))
    .addOption(
      setting('--origin <name>', 'name of the log, like log.example/builds: the first line of each checkpoint'),
    )
    .addOption(
      setting('--guard <file>', 'journal of signed heads, outside of the data and of its backups (default: DIR.guard)'),
    )
    .addOption(
      new Option('--entries <kind>', 'what the log holds').choices(['statements', 'opaque']).default('statements'),
    )
    .action(init);
}

type Options = { data?: string; origin?: string; guard?: string; entries: EntryMode; json?: boolean };

async function init(options: Options): Promise<void> {
  const origin = required(options, 'origin');
  if (!isKeyName(origin) || utf8(origin).length > 255) {
    throw new Fault('bad-request', `"${origin}" cannot be an origin: it has no spaces, no plus and at most 255 bytes`);
  }
  const directory = logDirectory(required(options, 'data'), options.guard);
  for (const path of [directory.database, directory.seed, directory.guard]) {
    if (existsSync(path)) throw new Fault('bad-request', `${path} exists; init never overwrites a log`);
  }
  mkdirSync(directory.data, { recursive: true, mode: 0o700 });
  createSeed(directory.seed, randomBytes(32));
  createGuardFile(directory.guard);
  createStore(directory.database, { origin, entries: options.entries });
  const vkeys = await publishFirst(directory);
  createFile(directory.vkeys, utf8(vkeys.map((vkey) => `${vkey}\n`).join('')));
  report(options.json ?? false, { origin, data: directory.data, guard: directory.guard, vkeys });
}

/** Opens the log as `serve` will, until its first checkpoint is published. Answers its vkeys. */
async function publishFirst(directory: LogDirectory): Promise<string[]> {
  const { port1, port2 } = new MessageChannel();
  let vkeys: string[] = [];
  let failure: Fault | undefined;
  port2.on('message', (message: FromLog) => {
    if (message.type === 'ready') vkeys = message.keys.vkeys.map(formatVkey);
    if (message.type === 'frozen') failure = new Fault('frozen', message.reason);
    if (message.type === 'published' || message.type === 'frozen') port2.postMessage({ type: 'stop' } satisfies ToLog);
  });
  await runLog(port1, { directory, publicUrl: 'http://localhost', export: undefined, reserve: 0 });
  port2.close();
  if (failure) throw failure;
  return vkeys;
}

function report(json: boolean, made: { origin: string; data: string; guard: string; vkeys: string[] }): void {
  if (json) {
    console.log(JSON.stringify(made));
    return;
  }
  console.log(`Made the log ${made.origin} in ${made.data}.

Clients pin these keys (also in ${made.data}/log.vkey):
${made.vkeys.map((vkey) => `  ${vkey.length > 120 ? `${vkey.slice(0, 120)}…` : vkey}`).join('\n')}

Keep ${made.data}/seed secret: whoever has it can sign as this log.
Leave ${made.guard} out of every backup: it is what keeps a restored database from lying.

Next: npx limmat serve --data ${made.data} --listen 127.0.0.1:8080`);
}
