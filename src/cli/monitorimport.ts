/** `limmat monitor import-head`: judges what anyone brings that a log has signed. @module */
import type { Command } from 'commander';
import { Fault } from '../core/fault.ts';
import { alertOf, BROKEN, MISBEHAVED, UNVERIFIED } from '../monitor/alert.ts';
import { readImported, takeReceipts } from '../monitor/imported.ts';
import type { HeadStatus } from '../monitor/memory.ts';
import { deliver } from '../monitor/notify.ts';
import { timeOf } from '../monitor/rules/seen.ts';
import { complain } from './exit.ts';
import type { MonitorOptions } from './monitor.ts';
import { monitorCommand } from './monitoradmin.ts';
import { type OpenMonitor, openMonitor } from './openmonitor.ts';
import { required } from './options.ts';
import { print } from './print.ts';
import { readText } from './readinput.ts';

const CODES = {
  verified: 0,
  pending: UNVERIFIED,
  unverifiable: UNVERIFIED,
  conflict: MISBEHAVED,
} as const satisfies Record<HeadStatus, number>;

export function makeImportHead(): Command {
  return monitorCommand(
    'import-head',
    'judge what a log has signed: 0 it is the history we know, 2 it convicts the log, 3 it cannot be told yet, 4 it cannot be read',
  )
    .argument('<file...>', 'checkpoints, tlog-proofs, evidence, statements with receipts; - for standard input')
    .action(importHeads);
}

/** A file that cannot be used must not pass for one that convicts. */
async function importHeads(files: string[], options: MonitorOptions): Promise<void> {
  try {
    await importAll(files, options);
  } catch (error) {
    complain(error, options.json ?? false);
    process.exitCode = BROKEN;
  }
}

async function importAll(files: string[], options: MonitorOptions): Promise<void> {
  const open = openMonitor(required(options, 'config'), required(options, 'data'));
  const { store, config, logger } = open;
  const results: { file: string; log: string; status: HeadStatus }[] = [];
  for (const file of files) results.push({ file, ...(await importOne(open, file)) });
  await deliver(store, config.channels, (channel, why) => logger.error({ channel }, `cannot tell: ${why}`));
  store.close();
  print(options.json, { imported: results });
  const codes = results.map(({ status }) => CODES[status]);
  process.exitCode = codes.includes(MISBEHAVED) ? MISBEHAVED : Math.max(...codes);
}

async function importOne(
  { monitor, store, config }: OpenMonitor,
  file: string,
): Promise<{ log: string; status: HeadStatus }> {
  const imported = readImported(readText(file));
  const { origin: log } = imported;
  const heads = monitor.heads(log);
  if (!heads) throw new Fault('unknown-log', `${file} is about ${log}, which the configuration does not name`);
  const source = `import ${file}`;
  if (imported.kind === 'head') return { log, status: (await heads.take(imported.note, source)).status };
  if (imported.kind === 'evidence') {
    heads.takeEvidence(imported.file, source);
    return { log, status: 'conflict' };
  }
  const keys = config.logs.find(({ vkeys }) => vkeys[0]?.name === log)?.receiptKeys ?? [];
  const tell = (finding: Parameters<typeof alertOf>[2]) => store.raise([alertOf(log, timeOf(Date.now()), finding)]);
  return { log, status: await takeReceipts(imported, { heads, store, keys, tell }) };
}
