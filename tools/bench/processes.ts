/** The processes of a benchmark: servers as users run them, the bare server beside them, and the load on either. @module */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { serve } from '../../test/flow/server.ts';
import type { Load, LoadResult } from './load.ts';

export const ROOT = join(import.meta.dirname, '../..');
export const MAIN = join(ROOT, 'dist/cli/main.js');
const SOURCE = ['--conditions=source', '--import', 'tsx'];

/** A server under test. */
export type Target = { readonly pid: number; readonly port: number; end(): Promise<unknown> };

/** A log under test, with the keys that its clients pin. */
export type Log = Target & { readonly vkeys: readonly string[] };

/** `limmat serve`, once it listens. */
export async function startLog(data: string, ...args: string[]): Promise<Log> {
  const server = await serve(data, '--accept-clock-step', ...args);
  const { url, vkeys, child } = server;
  return { pid: child.pid as number, vkeys, port: Number(new URL(url).port), end: () => server.end('SIGTERM') };
}

/** The bare server of `bare.ts`, once it listens. */
export function startBare(): Promise<Target> {
  const child: ChildProcess = spawn(process.execPath, [...SOURCE, join(import.meta.dirname, 'bare.ts')], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  process.once('exit', () => child.kill());
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const end = () => {
    child.kill();
    return ended;
  };
  return new Promise((resolve, reject) => {
    void ended.then((code) => reject(new Error(`the bare server ended with code ${code}`)));
    child.stdout?.once('data', (chunk: Buffer) => resolve({ pid: child.pid as number, port: Number(chunk), end }));
  });
}

/** Runs the load generator to its end. */
export async function runLoad(load: Load): Promise<LoadResult> {
  const running = promisify(execFile)(process.execPath, [...SOURCE, join(import.meta.dirname, 'load.ts')], {
    cwd: ROOT,
  });
  running.child.stdin?.end(JSON.stringify(load));
  return JSON.parse((await running).stdout) as LoadResult;
}

/** Runs `limmat` to its end. */
export function limmat(...args: string[]): void {
  execFileSync(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
}
