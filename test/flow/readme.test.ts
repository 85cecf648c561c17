import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { folder } from '../folder.ts';

// Every command of the README, in its order, in an empty folder, on the log that the demo leaves behind.

const root = join(import.meta.dirname, '../..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const place = folder();
/** What the ports of the README are here. */
const ports = new Map<string, number>();
for (const written of ['8080', '8081', '8082']) ports.set(written, await freePort());
const port = ports.get('8080') as number;

type Step = { readonly command: string; readonly server: boolean };

/** Blocks marked `sh`, and commands inside of sentences; a block marked `sh server` goes on while the others run. */
function steps(): Step[] {
  const found = readme.matchAll(/^```sh( server)?\n([\s\S]*?)^```$|`(npx limmat [^`]+)`/gm);
  return [...found].map(([, server, block, inline]) => ({
    command: (block ?? inline?.replace(/\s+/g, ' ') ?? '').replace(/:(808[0-9])/g, (_, port) => `:${ports.get(port)}`),
    server: server !== undefined,
  }));
}

function freePort(): Promise<number> {
  const probe = createServer();
  return new Promise((resolve) => {
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

function isFree(listen: number): Promise<boolean> {
  const probe = createServer();
  return new Promise((resolve) => {
    probe.once('error', () => resolve(false));
    probe.listen(listen, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}

/** Runs a script to its end, in the folder where `npx limmat` is this checkout. */
function run(script: string): { status: number | null; said: string } {
  const { status, stdout, stderr } = spawnSync('bash', ['-euc', script], { cwd: place, encoding: 'utf8' });
  return { status, said: `${stdout}${stderr}` };
}

/** Starts a server and waits until it says that it listens; answers how to end it. */
function start(script: string): Promise<() => Promise<void>> {
  const child = spawn('bash', ['-euc', script], { cwd: place, detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const end = () => {
    process.kill(-(child.pid as number), 'SIGTERM');
    return ended;
  };
  process.once('exit', () => child.exitCode === null && process.kill(-(child.pid as number), 'SIGKILL'));
  return new Promise((resolve, reject) => {
    void ended.then(() => reject(new Error(`"${script}" ended`)));
    child.stdout.on('data', (chunk: Buffer) => `${chunk}`.includes('listening on') && resolve(end));
  });
}

test('npm run demo ends with 0 and says what it verified, and a second run continues the same log', () => {
  const demo = ['run', 'demo', '--', '--exit', '--data', join(place, '.demo'), '--listen', `127.0.0.1:${port}`];
  const first = spawnSync('npm', demo, { cwd: root, encoding: 'utf8' });
  assert.is(first.status, 0, first.stdout + first.stderr);
  for (const said of [/^ {2}valid: /m, /^ {2}tainted: /m, /^ {2}unlogged: /m, /^ {2}overdue: /m, /^ {2}late: /m]) {
    assert.match(first.stdout, said);
  }
  assert.match(first.stdout, /[1-9]\d* proofs checked, all 13 kinds of entry are there/);
  const entries = /The log has ([0-9,]+) entries now/.exec(first.stdout)?.[1];
  assert.ok(entries, first.stdout);
  const second = spawnSync('npm', demo, { cwd: root, encoding: 'utf8' });
  assert.is(second.status, 0, second.stdout + second.stderr);
  assert.match(second.stdout, /from an earlier run/);
  // The lock file is logged after the report's count, so it is what the second run finds more.
  const after = /The log has ([0-9,]+) entries now/.exec(second.stdout)?.[1] as string;
  assert.is(Number(after.replace(',', '')), Number((entries as string).replace(',', '')) + 1);
});

test('a demo that is told to end leaves no server behind', async () => {
  const at = `127.0.0.1:${await freePort()}`;
  const flags = ['--conditions=source', '--import', 'tsx', 'tools/demo/main.ts', '--data', join(place, 'ended')];
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const demo = spawn(process.execPath, [...flags, '--listen', at], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const ended = new Promise<number | null>((resolve) => demo.once('exit', resolve));
    await new Promise((resolve) =>
      demo.stdout.on('data', (chunk: Buffer) => `${chunk}`.includes('Serving it at') && resolve(0)),
    );
    demo.kill(signal);
    assert.is.not(await ended, 0, `${signal} in the middle of it is no success`);
    assert.ok(await isFree(Number(at.split(':')[1])), `after ${signal} nobody listens any more`);
  }
});

test('every command of the README does what it says', async () => {
  mkdirSync(join(place, 'node_modules/.bin'), { recursive: true });
  const main = join(root, 'dist/cli/main.js');
  chmodSync(main, 0o755);
  symlinkSync(main, join(place, 'node_modules/.bin/limmat'));
  const found = steps();
  assert.ok(found.length >= 6, 'the commands were found');
  const ends: (() => Promise<void>)[] = [];
  try {
    for (const { command, server } of found) {
      if (server) {
        ends.push(await start(command));
        continue;
      }
      const { status, said } = run(command);
      assert.is(status, 0, `${command}\n${said}`);
    }
  } finally {
    for (const end of ends) await end();
  }
});

test('the commands that the demo proposes are real', () => {
  const { status, said } = run(`npx limmat verify .demo/package-lock.tlog-proof --vkey .demo/log/log.vkey \
    --artifact ${join(root, 'package-lock.json')}`);
  assert.is(status, 0, said);
});

test.run();
