/** `limmat fsck`: re-derives a whole log, its own or anyone's, and tells everything that is not as it should be. @module */

import type { Command } from 'commander';
import { LogClient } from '../client/logclient.ts';
import type { Checkpoint } from '../core/checkpoint.ts';
import { statementIn } from '../core/cose.ts';
import { openCheckpoint } from '../core/cosignature.ts';
import { Fault } from '../core/fault.ts';
import { fetchTile, type Get, Reader } from '../core/reader.ts';
import { TILE_WIDTH } from '../core/tile.ts';
import { checkTree, type Finding } from '../monitor/check.ts';
import { Replay } from '../monitor/replay.ts';
import { kindOf } from '../registry/names.ts';
import { FAILED } from './exit.ts';
import { checkData, type Report, type ShowProgress } from './fsckdata.ts';
import { logDirectory } from './logdir.ts';
import { command, requiredUrl, setting } from './options.ts';
import { visible } from './print.ts';
import { type Progress, progressBar } from './progress.ts';
import { readTrust, type Trust, type Trusting, withTrust } from './trust.ts';

export function makeCommand(): Command {
  const made = command(
    'fsck',
    'check a whole log: re-derive it from its entries and compare all that was said about it',
  )
    .addOption(setting('--data <dir>', 'a log on this machine'))
    .addOption(setting('--guard <file>', 'its journal of signed heads (default: DIR.guard)'))
    .addOption(setting('--url <url>', 'a log anywhere, read through its tiles'))
    .action(fsck);
  return withTrust(made, 'the keys that must have signed it, one a line (default with --data: DIR/log.vkey)');
}

type Options = Trusting & { data?: string; guard?: string; url?: string; json?: boolean };

async function fsck(options: Options): Promise<void> {
  if ((options.data === undefined) === (options.url === undefined)) {
    throw new Fault('bad-request', 'fsck takes one of --data DIR and --url URL');
  }
  const report = await withProgress(options.json, (progress) => check(options, progress));
  if (options.json) {
    console.log(JSON.stringify(report));
  } else {
    for (const { place, message } of report.findings) console.log(visible(`${place}: ${message}`));
    const verdict = report.findings.length === 0 ? 'all as it should be' : `${report.findings.length} findings`;
    console.log(`${report.origin}: ${report.size} entries checked, ${verdict}`);
  }
  if (report.findings.length > 0) process.exitCode = FAILED;
}

function check(options: Options, progress: ShowProgress): Promise<Report> {
  if (options.data === undefined) return checkUrl(options, progress);
  if (options.policy !== undefined) {
    throw new Fault(
      'bad-request',
      '--policy is for --url: here every checkpoint is checked, and old ones can have less',
    );
  }
  const directory = logDirectory(options.data, options.guard);
  return checkData(directory, options.vkey ?? directory.vkeys, progress);
}

/** Checks a log through nothing but what strangers can read. */
async function checkUrl(options: Options, progress: ShowProgress): Promise<Report> {
  const url = requiredUrl(options);
  const trust = readTrust(options);
  const reach = new Reach(new LogClient(url, fetch).get);
  const opened = openSigned(await reach.get('checkpoint'), trust);
  if (opened instanceof Fault) {
    return { origin: url, size: 0, findings: [{ place: 'checkpoint', message: opened.message }] };
  }
  const { origin, size } = opened;
  const reader = new Reader(reach.get, opened);
  const replay = new Replay(async (index) => {
    const entries = await reader.entries(Math.floor(index / TILE_WIDTH));
    return entries[index % TILE_WIDTH] as Uint8Array;
  });
  const replayed: Finding[] = [];
  let statements = true;
  const findings = await checkTree({
    progress: progress(size),
    head: opened,
    heads: [],
    source: {
      bundle: (n, width) => fetchTile(reach.get, { level: 'entries', n, width }),
      tile: (level, n, width) => fetchTile(reach.get, { level, n, width }),
    },
    async entries(first, entries) {
      // A log of statements begins with a policy; what begins otherwise is a log of opaque bytes.
      if (first === 0) statements = isPolicy(entries[0] as Uint8Array);
      if (statements) replayed.push(...(await replay.take(first, entries)));
    },
  });
  reach.throwLost();
  return { origin, size, findings: [...findings, ...replayed] };
}

/** The checkpoint, if those who must have signed it have; else what is wrong with it. */
function openSigned(note: Uint8Array, { vkeys, check }: Trust): Checkpoint | Fault {
  try {
    const opened = openCheckpoint(note, vkeys);
    check(opened);
    return opened.checkpoint;
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
}

/** Keeps apart a log that is wrong from one that could not be read: for the latter there are no findings. */
class Reach {
  readonly #get: Get;
  #lost: Fault | undefined;

  constructor(get: Get) {
    this.#get = get;
  }

  readonly get: Get = (path) =>
    this.#get(path).catch((error: unknown) => {
      if (error instanceof Fault && error.code === 'request-timeout') this.#lost = error;
      throw error;
    });

  throwLost(): void {
    if (this.#lost) throw this.#lost;
  }
}

function isPolicy(entry: Uint8Array): boolean {
  return kindOf(statementIn(entry)?.contentType ?? '') === 'policy';
}

/** Shows how far a check is, and takes the bar away however it ends. */
async function withProgress<T>(quiet: boolean | undefined, work: (show: ShowProgress) => Promise<T>): Promise<T> {
  let bar: Progress | undefined;
  try {
    return await work((size) => {
      const shown = progressBar('checking', size, quiet);
      bar = shown;
      return (done) => shown.update(done);
    });
  } finally {
    bar?.stop();
  }
}
