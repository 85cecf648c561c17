import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { utf8 } from '../../src/core/bytes.ts';
import { TreeCopy } from '../../src/log/treecopy.ts';
import { openStore } from '../../src/store/sqlite.ts';
import { newPlace, ORIGIN, ok } from './restored.ts';
import { limmat, serve } from './server.ts';

// A mirror that starts late: what following a long log takes. It prints, and asserts only that all of it arrived.

const MAIN = join(import.meta.dirname, '../../dist/cli/main.js');

/** The memory that a process holds of its own, in MB, without mapped files; undefined where the system does not tell. */
function memoryOf(pid: number): number | undefined {
  try {
    const [, kilobytes] = /^RssAnon:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return kilobytes === undefined ? undefined : Number(kilobytes) / 1000;
  } catch {
    return undefined;
  }
}

async function follow(entries: number): Promise<{ seconds: number; megabytes: number | undefined }> {
  const { root, data } = newPlace();
  ok(await limmat('init', '--data', data, '--origin', ORIGIN, '--entries', 'opaque'));
  const store = openStore(join(data, 'log.db'));
  const tree = new TreeCopy(store);
  for (let at = 0; at < entries; at += 4096) {
    const count = Math.min(4096, entries - at);
    tree.appendOpaque(Array.from({ length: count }, (_, i) => utf8(`entry ${at + i} ${'.'.repeat(500)}`)));
  }
  store.close();
  const log = await serve(data);
  const mirror = join(root, 'mirror');
  const vkey = join(data, 'log.vkey');
  ok(await limmat('mirror', 'init', '--data', mirror, '--name', 'mirror.example/m1', '--vkey', vkey));
  const args = ['mirror', '--data', mirror, '--vkey', vkey, '--url', log.url, '--once', '--json'];
  const started = performance.now();
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  let megabytes: number | undefined;
  const watch = setInterval(() => {
    const now = memoryOf(child.pid as number);
    if (now !== undefined) megabytes = Math.max(megabytes ?? 0, now);
  }, 20);
  let stdout = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk;
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  clearInterval(watch);
  const seconds = (performance.now() - started) / 1000;
  await log.end('SIGTERM');
  assert.is(code, 0);
  assert.is((JSON.parse(stdout) as { size: number }).size, entries);
  return { seconds, megabytes };
}

test('following 10^4 and 10^5 opaque entries of 500 bytes (LIMMAT_LARGE names other numbers)', async () => {
  for (const entries of (process.env.LIMMAT_LARGE ?? '10000,100000').split(',').map(Number)) {
    const { seconds, megabytes } = await follow(entries);
    const rate = Math.round(entries / seconds);
    console.log(`${entries} entries in ${seconds.toFixed(1)} s (${rate}/s), at most ${megabytes?.toFixed(0)} MB`);
  }
});

test.run();
