/** What a log of a size takes: time to start, memory, bytes on disk, and what the static copy adds to its entries. @module */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ownBytes } from './machine.ts';
import { type Log, limmat, startLog } from './processes.ts';
import type { Results } from './results.ts';

/** Starts a log, and keeps how long that took and how much memory it holds then. */
export async function startMeasured(data: string, kind: string, size: number, results: Results): Promise<Log> {
  const started = performance.now();
  limmat('--help');
  const bare = performance.now();
  const log = await startLog(data);
  const value = performance.now() - bare;
  results.add(`start ${kind} log`, size, 'ms', { value });
  results.add('run `limmat --help`', undefined, 'ms', { value: bare - started });
  results.add(`memory of ${kind} log, started`, size, 'MiB', { value: ownBytes(log.pid) / 2 ** 20 });
  return log;
}

/** Bytes of the database for each entry; entries themselves included. */
export function measureDisk(data: string, kind: string, size: number, results: Results): void {
  const value = bytesBelow(data) / size;
  results.add(`disk of ${kind} log`, size, 'bytes/entry', { value });
}

/** Lets a log export itself whole, and counts what is there beyond the bytes of its entries. */
export async function measureExport(data: string, copy: string, size: number, results: Results): Promise<void> {
  const started = performance.now();
  const log = await startLog(data, '--export', copy);
  while (exportedSize(copy) < size) await sleep(20);
  const seconds = (performance.now() - started) / 1000;
  await log.end();
  const value = (bytesBelow(copy) - entryBytesBelow(join(copy, 'tile/entries'))) / size;
  results.add('static copy beyond its entries', size, 'bytes/entry', { value });
  results.add('write the static copy', size, 'entries/s', { value: size / seconds });
}

function exportedSize(copy: string): number {
  const checkpoint = join(copy, 'checkpoint');
  return existsSync(checkpoint) ? Number(readFileSync(checkpoint, 'utf8').split('\n')[1]) : -1;
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());
}

function bytesBelow(folder: string): number {
  return filesBelow(folder).reduce((sum, path) => sum + statSync(path).size, 0);
}

/** The entries in bundles, without the two bytes before each. */
function entryBytesBelow(folder: string): number {
  let sum = 0;
  for (const path of filesBelow(folder)) {
    const bundle = readFileSync(path);
    for (let at = 0; at < bundle.length; ) {
      const length = bundle.readUInt16BE(at);
      sum += length;
      at += 2 + length;
    }
  }
  return sum;
}
