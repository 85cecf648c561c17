import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { serve } from '../flow/server.ts';
import { until } from '../flow/until.ts';
import { folder } from '../folder.ts';
import { addAll, ends, ORIGIN, opaqueLog, run } from './world.ts';

const ROOT = join(import.meta.dirname, '../..');
const MAIN = join(ROOT, 'dist/cli/main.js');
const anyPort = ['--listen', '127.0.0.1:0'];

test('serve refuses a public URL that is none, and a copy for strangers where the keys are', async () => {
  const data = join(folder(), 'log');
  await run('init', '--data', data, '--origin', 'log.example/refused');
  const serveWith = (...args: string[]) => ends(2, 'serve', '--data', data, '--listen', '127.0.0.1:0', ...args);
  for (const url of ['foo', 'ftp://log.example', 'https://log.example?a=b', 'https://']) {
    assert.match(await serveWith('--public-url', url), /--public-url is an http or https URL such as/, url);
  }
  for (const copy of [data, `${data}/copy`, join(data, '..')]) {
    assert.match(await serveWith('--export', copy), /--export must be a folder apart from --data/, copy);
  }
});

test('serve says where it listens, the origin and the vkeys, and ends with 0 on SIGTERM and SIGINT', async () => {
  const data = await opaqueLog();
  const vkeys = readFileSync(`${data}/log.vkey`, 'utf8').trim().split('\n');
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const child = spawn(process.execPath, [MAIN, 'serve', '--data', data, ...anyPort]);
    const ended = new Promise((resolve) => child.once('exit', resolve));
    let stdout = '';
    for await (const chunk of child.stdout) {
      stdout += chunk;
      if (stdout.split('\n').length > 4) break;
    }
    const [listening, origin, ...keys] = stdout.trim().split('\n');
    assert.match(listening as string, /^listening on http:\/\/127\.0\.0\.1:[1-9][0-9]*$/);
    assert.is(origin, `origin ${ORIGIN}`);
    assert.equal(
      keys,
      vkeys.map((vkey) => `vkey ${vkey}`),
    );
    child.kill(signal);
    assert.is(await ended, 0);
  }
});

test('serve tells what the database says when the log cannot be opened', async () => {
  const data = await opaqueLog();
  rmSync(`${data}.guard.lock`, { force: true });
  mkdirSync(`${data}.guard.lock`); // as wrong permissions or a full disk would
  const said = await ends(2, 'serve', '--data', data, ...anyPort);
  assert.match(said, /^limmat: .*guard\.lock: unable to open database file; is it a file, is its disk full, may this/);
});

test('serve opens and refuses to create: no log, no seed, no guard, a guard inside the data', async () => {
  const none = join(folder(), 'none');
  assert.match(await ends(2, 'serve', '--data', none, ...anyPort), /there is no log at .*`limmat init` makes one/);
  assert.not.ok(existsSync(none));
  assert.match(await ends(2, 'serve', ...anyPort), /--data is missing/);
  const data = await opaqueLog();
  const inside = await ends(2, 'serve', '--data', data, ...anyPort, '--guard', `${data}/guard`);
  assert.match(inside, /must lie outside .* so that no backup of the data restores it/);
  const elsewhere = await ends(2, 'serve', '--data', data, ...anyPort, '--guard', `${data}.other`);
  assert.match(elsewhere, /there is no guard at .*other: name it with --guard FILE/);
  assert.not.ok(existsSync(`${data}.other`));
  rmSync(`${data}/seed`);
  assert.match(await ends(2, 'serve', '--data', data, ...anyPort), /there is no key file .*seed/);
  assert.equal(
    readdirSync(data).filter((name) => name === 'seed'),
    [],
  );
});

test('serve refuses a log that another process serves, which goes on; a port that is taken; bad settings', async () => {
  const data = await opaqueLog();
  const server = await serve(data);
  assert.match(await ends(2, 'serve', '--data', data, ...anyPort), /another process has this log open/);
  assert.equal(await addAll(server.url, ['entry 0']), [0]);
  await server.end('SIGKILL');
  const again = await serve(data); // the lock is gone with its holder
  await again.end('SIGTERM');

  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const { port } = taken.address() as { port: number };
  const refused = await ends(2, 'serve', '--data', data, '--listen', `127.0.0.1:${port}`);
  assert.match(refused, /cannot listen on .*EADDRINUSE.*--listen HOST:PORT names another/);
  taken.close();
  for (const [flag, value] of [
    ['--listen', '8080'],
    ['--listen', '127.0.0.1:99999'],
    ['--reserve', '-1'],
    ['--reserve', 'much'],
    ['--patience', 'none'],
  ] as const) {
    assert.match(await ends(2, 'serve', '--data', data, flag, value), new RegExp(`${value}`));
  }
});

test('a log that is short of disk is read-only and says so', async () => {
  const data = await opaqueLog();
  const server = await serve(data, '--reserve', String(2 ** 40));
  // Before anyone has sent it anything.
  const health = await until(
    async () => fetch(`${server.url}/healthz`),
    ({ status }) => status === 503,
  );
  const { status, problem } = (await health.json()) as { status: string; problem: string };
  assert.is(status, 'unhealthy');
  assert.match(problem, /the log is read-only: less than \d+ MiB are free on the disk of its data/);
  assert.match(await (await fetch(`${server.url}/metrics`)).text(), /^limmat_read_only 1$/m);
  const response = await fetch(`${server.url}/add`, { method: 'POST', body: 'entry' });
  assert.is(response.status, 503);
  assert.ok(response.headers.get('retry-after'));
  assert.match(await response.text(), /the log is read-only: less than \d+ MiB are free on the disk of its data/);
  assert.is((await fetch(`${server.url}/checkpoint`)).status, 200);
  assert.is(await server.end('SIGTERM'), 0);
});

const haveIpv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'));
if (!haveIpv6) console.log('skipped: an IPv6 address, there is no ::1 here');

test('a start that fails after the log was opened ends, and says why', async () => {
  const data = await opaqueLog();
  const place = folder();
  for (const name of ['dist', 'package.json']) cpSync(join(ROOT, name), join(place, name), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(place, 'node_modules'));
  rmSync(join(place, 'dist/web/web'), { recursive: true });
  const broken = spawnSync(process.execPath, [join(place, 'dist/cli/main.js'), 'serve', '--data', data, ...anyPort], {
    timeout: 30_000,
  });
  assert.is(broken.status, 2, 'it ended by itself');
  assert.match(broken.stderr.toString(), /dist\/web\/web: there is no such file or folder/);
  await (await serve(data)).end('SIGTERM');
});

(haveIpv6 ? test : test.skip)('an IPv6 address to listen on is one in brackets', async () => {
  const data = await opaqueLog();
  const child = spawn(process.execPath, [MAIN, 'serve', '--data', data, '--listen', '[::1]:0', '--json']);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const first = (await new Promise<Buffer>((resolve) => child.stdout.once('data', resolve))).toString();
  const { listen, publicUrl } = JSON.parse(first) as { listen: string; publicUrl: string };
  assert.match(listen, /^http:\/\/\[::1\]:\d+$/);
  assert.is(publicUrl, listen);
  assert.is((await fetch(`${listen}/checkpoint`)).status, 200);
  child.kill('SIGTERM');
  assert.is(await ended, 0);
});

test.run();
