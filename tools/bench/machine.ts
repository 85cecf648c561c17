/**
 * What the figures were measured on, and how much of it others were using meanwhile. A busy machine halves any rate,
 * so every measurement also counts processor time, which neighbours change little. @module
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, totalmem, type } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

export type Machine = {
  readonly processor: string;
  readonly cores: number;
  readonly memory: number;
  readonly system: string;
  readonly node: string;
  readonly commit: string;
};

export function describeMachine(root: string): Machine {
  const git = (...args: string[]) => execFileSync('git', ['-C', root, ...args], { encoding: 'utf8' }).trim();
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memory: totalmem(),
    system: `${type()} ${process.arch}`,
    node: process.version,
    commit: git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain') === '' ? '' : ' and changes'),
  };
}

/** Linux counts processor time per process in ticks of 10 ms. */
const TICK = 0.01;

/** Seconds of processor time that a process and all its threads have used; NaN where that cannot be read. */
export function processorSeconds(pid: number): number {
  const fields = readProcess(pid, 'stat').split(') ').at(-1)?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * TICK;
}

/** Bytes of memory that are a process's own: pages of mapped files, such as a database, do not count. */
export function ownBytes(pid: number): number {
  return Number(/^RssAnon:\s+([0-9]+) kB/m.exec(readProcess(pid, 'status'))?.[1] ?? Number.NaN) * 1024;
}

function readProcess(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}

/** Seconds that all cores together were busy since they started. */
export function busySeconds(): number {
  return cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0) / 1000;
}

/** Cores that others use, as far as a quiet moment is concerned. */
const QUIET = 0.15;

/** Waits until hardly anything runs, at most `patience` seconds; tells whether that came. */
export async function quietMoment(patience: number): Promise<boolean> {
  const deadline = performance.now() + patience * 1000;
  for (;;) {
    const [started, before] = [performance.now(), busySeconds()];
    await sleep(500);
    const cores = (busySeconds() - before) / ((performance.now() - started) / 1000);
    if (cores < QUIET) return true;
    if (performance.now() > deadline) return false;
  }
}
