/**
 * `limmat replay`: reads a log from its public tiles alone, re-runs admission on every entry, and tells each that the log
 * should not have admitted, with a proof that it has. What it refused, nobody can see. @module
 */
import type { Command } from 'commander';
import { LogClient } from '../client/logclient.ts';
import { toHex } from '../core/bytes.ts';
import { openCheckpoint } from '../core/cosignature.ts';
import { Fault } from '../core/fault.ts';
import { type Get, Reader } from '../core/reader.ts';
import { accelerate } from '../core/signature.ts';
import { parseTilePath } from '../core/tile.ts';
import { PublishedTree } from '../log/published.ts';
import { type ProvenFinding, replayLog } from '../monitor/replaylog.ts';
import { openStore } from '../store/sqlite.ts';
import { FAILED } from './exit.ts';
import { logDirectory } from './logdir.ts';
import { command, requiredUrl, setting } from './options.ts';
import { visible } from './print.ts';
import { progressBar } from './progress.ts';
import { readTrust, type Trust, type Trusting, withTrust } from './trust.ts';

export function makeCommand(): Command {
  const made = command(
    'replay',
    'check that a log let in nothing but what its own rules allow, from its public tiles alone',
  )
    .addOption(setting('--url <url>', 'a log anywhere'))
    .addOption(setting('--data <dir>', 'a log on this machine'))
    .action(replay);
  return withTrust(made, 'the pinned keys of the log, one a line (default with --data: DIR/log.vkey)');
}

type Options = Trusting & { url?: string; data?: string; json?: boolean };

async function replay(options: Options): Promise<void> {
  if ((options.data === undefined) === (options.url === undefined)) {
    throw new Fault('bad-request', 'replay takes one of --url URL and --data DIR');
  }
  const { get, trust, close } = options.data === undefined ? fromUrl(options) : fromData(options.data, options);
  const note = await get('checkpoint');
  const opened = openCheckpoint(note, trust.vkeys);
  trust.check(opened);
  const { checkpoint } = opened;
  const reader = new Reader(get, checkpoint);
  await accelerate();
  const bar = progressBar('replaying', checkpoint.size, options.json);
  const told = await replayLog(reader, note, (done) => bar.update(done));
  bar.stop();
  close();
  const report = { origin: checkpoint.origin, size: checkpoint.size, root: toHex(checkpoint.root), ...told };
  if (options.json) console.log(JSON.stringify(report));
  else tell(report);
  if (told.findings.length > 0) process.exitCode = FAILED;
}

type Source = { readonly get: Get; readonly trust: Trust; readonly close: () => void };

function fromUrl(options: Options): Source {
  const { get } = new LogClient(requiredUrl(options), fetch);
  return { get, trust: readTrust(options), close: () => {} };
}

/** The tiles as the server would serve them, read from its database. */
function fromData(data: string, options: Options): Source {
  const directory = logDirectory(data);
  const store = openStore(directory.database, { readonly: true });
  const published = store.published();
  if (!published) throw new Fault('bad-request', 'nothing is published yet: `limmat serve` publishes');
  const trust = readTrust({ ...options, vkey: options.vkey ?? directory.vkeys });
  const tree = new PublishedTree(store, openCheckpoint(published.note, trust.vkeys).checkpoint);
  const get: Get = async (path) => (path === 'checkpoint' ? published.note : tree.tile(parseTilePath(path)));
  return { get, trust, close: () => store.close() };
}

function tell(report: {
  origin: string;
  size: number;
  findings: readonly ProvenFinding[];
  warnings: readonly ProvenFinding[];
}): void {
  for (const { place, message, leafHash } of report.findings)
    console.log(visible(`${place}: ${message}\n  leaf ${leafHash}`));
  for (const { place, message } of report.warnings) console.log(visible(`warning: ${place} ${message}`));
  const count = report.findings.length;
  const verdict =
    count === 0 ? 'nothing was admitted that its rules forbid' : `${count} findings, --json has the proofs`;
  console.log(`${report.origin}: ${report.size} entries replayed, ${verdict}`);
}
