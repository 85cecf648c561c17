/** The server of the demo: `limmat serve` as a user would start it, which never outlives the demo. @module */
import { spawn } from 'node:child_process';

export type Served = { readonly url: string; stop(): Promise<unknown> };

/** Starts it, and waits until it listens. */
export function serve(main: string, log: string, listen: string): Promise<Served> {
  const flags = ['serve', '--data', log, '--listen', listen, '--json', '--accept-clock-step'];
  // In a group of its own, so that Ctrl-C does not reach it before its time.
  const child = spawn(process.execPath, [main, ...flags], { stdio: ['ignore', 'pipe', 'inherit'], detached: true });
  const ended = new Promise<unknown>((resolve) => child.once('exit', resolve));
  const stop = () => {
    child.kill('SIGTERM');
    return ended;
  };
  process.once('exit', () => child.kill());
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    process.once(signal, () => void stop().then(() => process.exit(process.exitCode ?? code)));
  }
  return new Promise((resolve, reject) => {
    let text = '';
    void ended.then((code) => reject(new Error(`the server ended with code ${code}`)));
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk;
      if (text.includes('\n')) resolve({ url: (JSON.parse(text) as { listen: string }).listen, stop });
    });
  });
}
