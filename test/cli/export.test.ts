import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { LogClient } from '../../src/client/logclient.ts';
import { utf8 } from '../../src/core/bytes.ts';
import { writeByteStrings } from '../../src/core/cbor.ts';
import { openCheckpoint } from '../../src/core/cosignature.ts';
import { parseVkeys } from '../../src/core/note.ts';
import { Reader } from '../../src/core/reader.ts';
import { serveFiles } from '../flow/fileserver.ts';
import { type Server, serve } from '../flow/server.ts';
import { says } from '../flow/until.ts';
import { folder } from '../folder.ts';
import { addAll, ends, names, opaqueLog, run } from './world.ts';

// `serve --export DIR`: the copy, served by any static file server, is the whole log.

/** Submits entries in batches. */
async function addBatches(server: Server, lo: number, hi: number): Promise<void> {
  for (let at = lo; at < hi; at += 250) {
    const body = writeByteStrings(names(at, Math.min(hi, at + 250)).map(utf8));
    const headers = { 'content-type': 'application/cbor-seq' };
    const response = await fetch(`${server.url}/add`, { method: 'POST', headers, body: body as BodyInit });
    assert.is(response.status, 200);
    await response.arrayBuffer();
  }
}

/** Reads the copy as a stranger would, through a server that knows nothing of logs. */
async function checkCopy(data: string, copy: string, size: number): Promise<void> {
  const files = await serveFiles(copy);
  const { get } = new LogClient(files.url, fetch);
  const vkeys = parseVkeys(readFileSync(`${data}/log.vkey`, 'utf8'));
  const { checkpoint, signed } = openCheckpoint(await get('checkpoint'), vkeys);
  assert.is(checkpoint.size, size);
  assert.is(signed.length, 2, 'both signatures');
  const reader = new Reader(get, checkpoint);
  const entries: string[] = [];
  for (let n = 0; n * 256 < size; n++) {
    for (const entry of await reader.entries(n)) entries.push(new TextDecoder().decode(entry));
  }
  assert.equal(entries.sort(), names(0, size).sort());
  assert.equal((await run('fsck', '--url', files.url, '--vkey', `${data}/log.vkey`)).findings, []);
  files.close();
}

const filesIn = (copy: string): string[] =>
  readdirSync(copy, { recursive: true, encoding: 'utf8' }).filter((name) => statSync(join(copy, name)).isFile());

test('the copy is the log, at every stop; partial tiles are collected; it costs at most 40 bytes an entry', async () => {
  const data = await opaqueLog();
  const copy = join(folder(), 'copy');
  const sizes = [0, 200, 256, 700, 6000];
  for (const [i, size] of sizes.entries()) {
    const server = await serve(data, '--export', copy);
    await addBatches(server, sizes[i - 1] ?? 0, size);
    assert.is(await server.end('SIGTERM'), 0, server.stderr());
    await checkCopy(data, copy, size);
  }
  const partial = filesIn(copy).filter((name) => name.includes('.p/'));
  assert.ok(partial.length > 0);
  for (const name of partial) assert.not.ok(existsSync(join(copy, name.replace(/\.p\/[^/]+$/, ''))), name);
  const bytes = filesIn(copy).reduce((sum, name) => sum + statSync(join(copy, name)).size, 0);
  const overhead = (bytes - names(0, 6000).join('').length) / 6000;
  console.log(`${overhead.toFixed(2)} bytes per entry beyond the entry, at 6000 entries`);
  assert.ok(overhead <= 40, `${overhead}`);
});

test('a copy that lags is caught up at start, also one that is made late', async () => {
  const data = await opaqueLog();
  const copy = join(folder(), 'copy');
  const withCopy = await serve(data, '--export', copy);
  await addBatches(withCopy, 0, 300);
  await withCopy.end('SIGTERM');
  const without = await serve(data);
  await addBatches(without, 300, 900);
  await without.end('SIGTERM');
  await checkCopy(data, copy, 300);
  const late = join(folder(), 'late');
  for (const each of [copy, late]) {
    const server = await serve(data, '--export', each);
    assert.is(await server.end('SIGTERM'), 0, server.stderr());
    assert.is(server.stderr(), '');
    await checkCopy(data, each, 900);
  }
  // Beside narrower partial tiles, which older checkpoints may still need, both have the same files.
  for (const name of filesIn(late)) assert.ok(existsSync(join(copy, name)), name);
});

test('killed in the middle of exports and started again: the copy is whole when the server stops', async () => {
  const data = await opaqueLog();
  const copy = join(folder(), 'copy');
  let sent = 0;
  for (let round = 0; round < 3; round++) {
    const server = await serve(data, '--export', copy);
    const adding = (async () => {
      for (;;) {
        await addAll(server.url, names(sent, sent + 40));
        sent += 40; // what got no answer is sent again
      }
    })().catch(() => {});
    // The moment is that of a write: when the copy's checkpoint has been replaced a few times.
    const checkpoint = join(copy, 'checkpoint');
    let before = '';
    for (let changes = 0; changes < 2 + round; ) {
      const now = existsSync(checkpoint) ? readFileSync(checkpoint, 'utf8') : '';
      if (now !== before) changes++;
      before = now;
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.is(await server.end('SIGKILL'), null);
    await adding;
  }
  const last = await serve(data, '--export', copy);
  await addAll(last.url, names(0, sent + 40));
  assert.is(await last.end('SIGTERM'), 0, last.stderr());
  const files = await serveFiles(copy);
  const report = await run('fsck', '--url', files.url, '--vkey', `${data}/log.vkey`);
  assert.equal(report.findings, []);
  assert.is(report.size, (await run('fsck', '--data', data)).size);
  files.close();
  // Also what a killed write left there goes with the folder.
  for (const name of filesIn(copy).filter((each) => each.includes('.p/'))) {
    assert.not.ok(existsSync(join(copy, name.replace(/\.p\/[^/]+$/, ''))), `${name} beside its full tile`);
  }
});

test('a copy of another log is refused at start; one that cannot be written is told, and the log goes on', async () => {
  const [data, other] = [await opaqueLog(), join(folder(), 'other')];
  await run('init', '--data', other, '--origin', 'log.example/other', '--entries', 'opaque');
  const copy = join(folder(), 'copy');
  await (await serve(other, '--export', copy)).end('SIGTERM');
  const refused = await ends(2, 'serve', '--data', data, '--listen', '127.0.0.1:0', '--export', copy);
  assert.match(refused, /is a checkpoint of log\.example\/other: export log\.example\/cli somewhere else/);

  rmSync(copy, { recursive: true });
  const server = await serve(data, '--export', copy);
  rmSync(copy, { recursive: true, force: true });
  writeFileSync(copy, 'a file where the folder was');
  assert.equal(await addAll(server.url, ['entry 0']), [0]);
  assert.is(await server.end('SIGTERM'), 0, 'a copy that fails does not keep the server from stopping');
  await says(server, /"what":"export"/);
  rmSync(copy);
  await (await serve(data, '--export', copy)).end('SIGTERM');
  await checkCopy(data, copy, 1);
});

test.run();
