/** Opens a monitor: its configuration, its database in the data directory, and the logs that both are about. @module */
import { randomInt } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { type Logger, pino } from 'pino';
import { Fault } from '../core/fault.ts';
import { type FollowedLog, Monitor } from '../monitor/monitor.ts';
import { openMonitorStore, type SqliteMonitorStore } from '../store/monitor.ts';
import { ask, copyAt } from './ask.ts';
import { type LogConfig, type MonitorConfig, readMonitorConfig } from './monitorconfig.ts';

export type OpenMonitor = {
  readonly monitor: Monitor;
  readonly store: SqliteMonitorStore;
  readonly config: MonitorConfig;
  readonly logger: Logger;
};

export function openMonitorData(data: string): SqliteMonitorStore {
  mkdirSync(data, { recursive: true, mode: 0o700 });
  return openMonitorStore(`${data}/monitor.db`);
}

export function openMonitor(configFile: string, data: string, startAtEnd = false): OpenMonitor {
  const logger = pino({ base: null }, pino.destination(2));
  const config = readMonitorConfig(configFile, (message) => logger.warn(message));
  const logs = config.logs.map((log) => followed(log, config));
  const origins = logs.map(({ keys }) => keys.origin);
  const twice = origins.find((origin, i) => origins.indexOf(origin) !== i);
  if (twice !== undefined) throw new Fault('bad-request', `${configFile}: the log ${twice} stands there twice`);
  const store = openMonitorData(data);
  const monitor = new Monitor({
    logs,
    store,
    ask,
    clock: () => new Date(),
    pick: randomInt,
    watch: config.watch,
    grace: config.grace,
    startAtEnd,
    note: (origin, what, message) => logger.warn({ origin, from: what }, message),
  });
  return { monitor, store, config, logger };
}

/** SPEC (tlog-checkpoint): the key name of a log is its origin. */
function followed({ url, mirrors, vkeys, policy, freshness }: LogConfig, config: MonitorConfig): FollowedLog {
  const origin = (vkeys[0] as (typeof vkeys)[number]).name;
  if (vkeys.some(({ name }) => name !== origin))
    throw new Fault('bad-request', `the vkeys of ${url} are of several logs`);
  const witnesses = policy?.witnesses ?? [];
  const copies = [url, ...mirrors];
  return {
    keys: { origin, vkeys, witnesses: witnesses.map(({ vkey }) => vkey) },
    policy,
    copies: copies.map(copyAt),
    sources: {
      copies,
      witnesses: [...new Set(witnesses.flatMap((witness) => (witness.url ? [witness.url.replace(/\/+$/, '')] : [])))],
      peers: config.peers,
      distributors: config.distributors,
      most: new Set(witnesses.map(({ vkey }) => vkey.name)).size,
    },
    freshness,
  };
}
