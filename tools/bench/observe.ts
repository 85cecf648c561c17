/** Runs load on a server and reads what both cost: the rate, and the processor time that no neighbour takes away. @module */

import type { Load, LoadResult } from './load.ts';
import { busySeconds, processorSeconds } from './machine.ts';
import { runLoad, type Target } from './processes.ts';
import type { Sample } from './results.ts';

export type Observed = LoadResult & {
  /** Seconds of processor time of the server. */
  readonly server: number;
  /** Cores that neither the server nor the load nor this process used. */
  readonly others: number;
};

const LOAD: Omit<Load, 'port' | 'connections' | 'paths'> = {
  method: 'GET',
  headers: [],
  requests: Number.MAX_SAFE_INTEGER,
  seconds: 1,
  entryBytes: 0,
  batch: 1,
  bodies: undefined,
  skip: 0,
  salt: '',
};

export type Wanted = Pick<Load, 'connections' | 'paths'> & Partial<Load>;

export async function observe(target: Target, wanted: Wanted): Promise<Observed> {
  const ours = () => process.cpuUsage().user / 1e6 + process.cpuUsage().system / 1e6;
  const [started, busy, server, own] = [performance.now(), busySeconds(), processorSeconds(target.pid), ours()];
  const result = await runLoad({ ...LOAD, port: target.port, ...wanted });
  const wall = (performance.now() - started) / 1000;
  const used = processorSeconds(target.pid) - server;
  const known = used + (ours() - own) + result.processor;
  const failed = Object.entries(result.statuses).filter(([status]) => !status.startsWith('2'));
  if (failed.length > 0) process.stderr.write(`  not all was well: ${JSON.stringify(result.statuses)}\n`);
  return { ...result, server: used, others: Math.max(0, (busySeconds() - busy - known) / wall) };
}

/** What was observed, as so many things done. */
export function toSample({ seconds, p50, p99, server, others }: Observed, done: number, bare?: number): Sample {
  const value = done / seconds;
  const ratio = bare === undefined ? {} : { ratio: value / bare };
  return { value, p50, p99, micros: (server * 1e6) / done, others, ...ratio };
}
