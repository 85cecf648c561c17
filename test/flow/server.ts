/** The `limmat` command as a user runs it, from what is built; servers end with the test. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const MAIN = join(import.meta.dirname, '../../dist/cli/main.js');
/** Any free port of the loopback. */
const ANYWHERE = ['--listen', '127.0.0.1:0'];
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export type Ran = { readonly code: number; readonly stdout: string; readonly stderr: string };

/** Where and with what a command runs, beside its arguments. */
export type Place = {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: Buffer;
  /** The command itself, where it is not the one of this checkout. */
  readonly main?: string;
};

/** Runs a command to its end, whatever its exit code. */
export function limmat(...args: string[]): Promise<Ran> {
  return limmatIn({}, ...args);
}

/** The same in a folder, with more environment, or with standard input. */
export async function limmatIn({ cwd, env, input, main = MAIN }: Place, ...args: string[]): Promise<Ran> {
  const options = { cwd, env: { ...process.env, ...env }, maxBuffer: 2 ** 26, timeout: 120_000 };
  const started = promisify(execFile)(process.execPath, [main, ...args], options);
  started.child.stdin?.end(input);
  try {
    const { stdout, stderr } = await started;
    return { code: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code?: number; stdout: string; stderr: string };
    return { code: code ?? -1, stdout, stderr };
  }
}

export type Server = {
  readonly url: string;
  /** Where its tiles are served. */
  readonly tiles: string;
  readonly vkeys: string[];
  readonly child: ChildProcess;
  readonly stderr: () => string;
  /** Ends the process with a signal; resolves with its exit code, null if the signal ended it. */
  end(signal: NodeJS.Signals): Promise<number | null>;
};

/** Starts `limmat serve` on any free port of the loopback and waits until it listens. */
export function serve(data: string, ...args: string[]): Promise<Server> {
  return start('serve', '--data', data, ...args);
}

/** The same for `limmat witness serve`. */
export function serveWitness(data: string, ...args: string[]): Promise<Server> {
  return start('witness', 'serve', '--data', data, ...args);
}

/** The same for `limmat mirror`; its copy is below the URL that `tiles` names. */
export function serveMirror(data: string, ...args: string[]): Promise<Server> {
  return start('mirror', '--data', data, ...args);
}

function start(...args: string[]): Promise<Server> {
  const child = spawn(process.execPath, [MAIN, ...args, ...(args.includes('--listen') ? [] : ANYWHERE), '--json']);
  running.add(child);
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  void exited.then(() => running.delete(child));
  let [stdout, stderr] = ['', ''];
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk;
  });
  return new Promise((resolve, reject) => {
    void exited.then((code) => reject(new Error(`serve ended with ${code}: ${stderr}`)));
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk;
      if (!stdout.includes('\n')) return;
      const { listen, vkeys, tiles } = JSON.parse(stdout) as { listen: string; vkeys: string[]; tiles?: string };
      // A test that failed must be able to end though its server runs on.
      child.unref();
      for (const pipe of [child.stdout, child.stderr]) (pipe as unknown as { unref(): void }).unref();
      resolve({
        url: listen,
        tiles: tiles ?? listen,
        vkeys,
        child,
        stderr: () => stderr,
        end(signal) {
          child.ref();
          child.kill(signal);
          return exited;
        },
      });
    });
  });
}
