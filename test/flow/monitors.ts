/** Monitors as people run them: a folder with a configuration, the command, and what it wrote. */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KeptAlert } from '../../src/monitor/memory.ts';
import { folder } from '../folder.ts';
import { limmat, type Ran } from './server.ts';

export type MonitorPlace = { readonly root: string; readonly config: string; readonly data: string };

export type Config = {
  logs: {
    url: string;
    vkeys: string;
    mirrors?: string[];
    policy?: string;
    receiptKeys?: string;
    freshnessHours?: number;
  }[];
  [name: string]: unknown;
};

export function monitorPlace(config: Config, watch?: object): MonitorPlace {
  const root = folder();
  const place = { root, config: join(root, 'monitor.json'), data: join(root, 'data') };
  if (watch) setWatch(place, watch);
  writeFileSync(place.config, JSON.stringify({ ...config, ...(watch ? { watch: 'watch.json' } : {}) }));
  return place;
}

export function setWatch({ root }: MonitorPlace, watch: object): void {
  writeFileSync(join(root, 'watch.json'), JSON.stringify(watch));
}

export function monitor({ config, data }: MonitorPlace, ...args: string[]): Promise<Ran> {
  return limmat('monitor', ...args, '--config', config, '--data', data, '--json');
}

/** `--once` is an option of the command itself. */
export const once = (place: MonitorPlace): Promise<Ran> => monitor(place, '--once');

export type Status = {
  logs: {
    log: string;
    verified: number;
    entriesLookedAt: number;
    pending: number;
    conflict: number;
    evidence: string[];
  }[];
  alerts: KeptAlert[];
};

export const statusIn = ({ stdout, stderr }: Ran): Status => {
  try {
    return JSON.parse(stdout) as Status;
  } catch {
    throw new Error(`no status: ${stdout} ${stderr}`);
  }
};

export const rulesIn = (ran: Ran): string[] => statusIn(ran).alerts.map(({ kind, rule }) => `${kind}/${rule}`);

/** An executable that appends its standard input, one line a call, to a file. */
export function hook(root: string, name = 'hook'): { path: string; lines(): Record<string, unknown>[] } {
  mkdirSync(root, { recursive: true });
  const path = join(root, name);
  const out = `${path}.out`;
  writeFileSync(path, `#!/bin/sh\ncat >> '${out}'\necho >> '${out}'\n`);
  chmodSync(path, 0o755);
  return {
    path,
    lines: () =>
      existsSync(out)
        ? readFileSync(out, 'utf8')
            .split('\n')
            .filter((line) => line !== '')
            .map((line) => JSON.parse(line) as Record<string, unknown>)
        : [],
  };
}

const MAIN = join(import.meta.dirname, '../../dist/cli/main.js');
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export type Running = { readonly url: string; end(signal: NodeJS.Signals): Promise<number | null> };

/** A monitor that runs on, with its configuration's `listen`. */
export function start({ config, data }: MonitorPlace): Promise<Running> {
  const child = spawn(process.execPath, [MAIN, 'monitor', '--config', config, '--data', data, '--json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  void exited.then(() => running.delete(child));
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk;
  });
  return new Promise((resolve, reject) => {
    void exited.then((code) => reject(new Error(`the monitor ended with ${code}: ${stderr}`)));
    child.stdout.once('data', (chunk: Buffer) => {
      const { listen } = JSON.parse(String(chunk)) as { listen: string };
      child.unref();
      for (const pipe of [child.stdout, child.stderr]) (pipe as unknown as { unref(): void }).unref();
      resolve({
        url: listen,
        end(signal) {
          child.ref();
          child.kill(signal);
          return exited;
        },
      });
    });
  });
}
