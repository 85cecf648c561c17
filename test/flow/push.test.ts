import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { add, newPlace, ORIGIN, ok } from './restored.ts';
import { limmat, type Server, serve, serveMirror } from './server.ts';
import { says } from './until.ts';

// A log pushes to a mirror that does not know where the log is; both run as people run them, and end and come back.

const text = async (url: string): Promise<string> => (await fetch(url)).text();
/** Origin, size and root. */
const treeOf = async (url: string): Promise<string> => (await text(`${url}/checkpoint`)).split('\n\n')[0] ?? '';

async function untilSame(log: Server, mirror: Server): Promise<void> {
  const wanted = await treeOf(log.url);
  while ((await treeOf(mirror.tiles)) !== wanted) await new Promise((resolve) => setTimeout(resolve, 20));
}

test('a log pushes to a mirror that cannot reach it; the mirror ends with the same root', async () => {
  const { data, root } = newPlace();
  ok(await limmat('init', '--data', data, '--origin', ORIGIN, '--entries', 'opaque'));
  const vkey = join(data, 'log.vkey');
  const copy = join(root, 'mirror');
  ok(await limmat('mirror', 'init', '--data', copy, '--name', 'mirror.example/m1', '--vkey', vkey));
  const first = await serveMirror(copy, '--vkey', vkey);
  const log = await serve(data, '--push', `${first.url}/`);
  await add(log, 700);
  await untilSame(log, first);
  ok(await limmat('fsck', '--url', first.tiles, '--vkey', vkey));
  const metrics = await text(`${log.url}/metrics`);
  assert.match(metrics, `limmat_push_size{mirror="${new URL(first.url).host}"} 700`);
  assert.match(metrics, `limmat_push_trouble{mirror="${new URL(first.url).host}"} 0`);
  // While the mirror is away the log goes on; it says so, and sends what was missed.
  assert.is(await first.end('SIGKILL'), null);
  await add(log, 300);
  while (!/limmat_push_trouble\{.*\} 1/.test(await text(`${log.url}/metrics`)))
    await new Promise((resolve) => setTimeout(resolve, 20));
  await says(log, /is not: /);
  const again = await serveMirror(copy, '--vkey', vkey, '--listen', new URL(first.url).host);
  await untilSame(log, again);
  // A log that starts anew asks the mirror where it stands.
  assert.is(await log.end('SIGTERM'), 0, log.stderr());
  const later = await serve(data, '--push', again.url);
  await add(later, 20);
  await untilSame(later, again);
  ok(await limmat('fsck', '--url', again.tiles, '--vkey', vkey));
  assert.is(await later.end('SIGTERM'), 0, later.stderr());
  assert.is(await again.end('SIGTERM'), 0, again.stderr());
});

test('what is no URL is refused before anything is opened', async () => {
  const { data } = newPlace();
  ok(await limmat('init', '--data', data, '--origin', ORIGIN, '--entries', 'opaque'));
  const { code, stderr } = await limmat('serve', '--data', data, '--push', 'mirror');
  assert.is(code, 2);
  assert.match(stderr, '--push is an http or https URL');
});

test.run();
