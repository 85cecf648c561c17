import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { toHex } from '../../src/core/bytes.ts';
import { type OpenedCheckpoint, openCheckpoint } from '../../src/core/cosignature.ts';
import { parseVkey } from '../../src/core/note.ts';
import { verifyConsistency } from '../../src/core/proof.ts';
import { type Get, Reader } from '../../src/core/reader.ts';
import { limmat, type Server, serve } from '../flow/server.ts';
import { folder } from '../folder.ts';

// A real server, killed at random moments of real load: what it acknowledged is there, and no history forks.

const ROUNDS = 30;
const CLIENTS = 24;

/** What outsiders know over all lives of the log. */
class Outsiders {
  /** Entries by the index that was told for them. */
  readonly told = new Map<number, string>();
  readonly unanswered = new Set<string>();
  readonly checkpoints: OpenedCheckpoint['checkpoint'][] = [];
  #sent = 0;

  /** Submits until the server is gone; every third entry is one that got no answer before. */
  async submit(url: string): Promise<void> {
    for (;;) {
      const again = this.#sent % 3 === 0 ? [...this.unanswered][0] : undefined;
      const entry = again ?? `entry ${this.#sent} ${'.'.repeat(this.#sent % 400)}`;
      this.#sent++;
      this.unanswered.add(entry);
      const response = await fetch(`${url}/add`, { method: 'POST', body: entry });
      const text = await response.text();
      assert.is(response.status, 200, text);
      const index = Number(text);
      assert.is(this.told.get(index) ?? entry, entry, `index ${index} was told for two entries`);
      this.told.set(index, entry);
      this.unanswered.delete(entry);
    }
  }

  async watch(server: Server): Promise<void> {
    for (;;) this.checkpoints.push(await this.checkpoint(server));
  }

  async checkpoint({ url, vkeys }: Server): Promise<OpenedCheckpoint['checkpoint']> {
    const response = await fetch(`${url}/checkpoint`);
    return openCheckpoint(new Uint8Array(await response.arrayBuffer()), vkeys.map(parseVkey)).checkpoint;
  }
}

const getFrom =
  (url: string): Get =>
  async (path) => {
    const response = await fetch(`${url}/${path}`);
    assert.is(response.status, 200, path);
    return new Uint8Array(await response.arrayBuffer());
  };

/** Reads the whole log and holds it against all that outsiders know. */
async function verify(server: Server, known: Outsiders): Promise<void> {
  const head = await known.checkpoint(server);
  const reader = new Reader(getFrom(server.url), head);
  const entries: string[] = [];
  for (let n = 0; n * 256 < head.size; n++) {
    for (const entry of await reader.entries(n)) entries.push(new TextDecoder().decode(entry));
  }
  for (const [index, entry] of known.told) assert.is(entries[index], entry, `entry ${index} was acknowledged`);
  assert.is(new Set(entries).size, entries.length, 'no entry is there twice');
  const seen = new Map(
    known.checkpoints.map((checkpoint) => [`${checkpoint.size} ${toHex(checkpoint.root)}`, checkpoint]),
  );
  for (const { size, root } of seen.values()) {
    assert.ok(size <= head.size, `a checkpoint of size ${size} was seen, now there are ${head.size} entries`);
    if (size > 0) verifyConsistency(size, head.size, root, head.root, await reader.consistency(size));
  }
}

/** Rejections because the server was killed are expected; anything else is not. */
async function untilKilled(work: Promise<void>): Promise<void> {
  await work.catch((error: unknown) => {
    if (!(error instanceof TypeError)) throw error;
  });
}

test(`kill -9 under load, ${ROUNDS} rounds: what was acknowledged is there, no history forks`, async () => {
  const data = join(folder(), 'log');
  assert.is((await limmat('init', '--data', data, '--origin', 'log.example/kill', '--entries', 'opaque')).code, 0);
  const known = new Outsiders();
  for (let round = 0; round < ROUNDS; round++) {
    const server = await serve(data);
    await verify(server, known);
    const clients = Array.from({ length: CLIENTS }, () => untilKilled(known.submit(server.url)));
    const watcher = untilKilled(known.watch(server));
    await new Promise((resolve) => setTimeout(resolve, 20 + Math.random() * 400));
    assert.is(await server.end('SIGKILL'), null);
    await Promise.all([...clients, watcher]);
  }
  const last = await serve(data);
  await verify(last, known);
  assert.ok(known.told.size > ROUNDS * 10, `only ${known.told.size} entries were acknowledged`);
  assert.is(await last.end('SIGTERM'), 0, last.stderr());
  const { code, stdout } = await limmat('fsck', '--data', data);
  assert.is(code, 0, stdout);
  console.log(`${known.told.size} entries acknowledged, ${known.checkpoints.length} checkpoints seen`);
});

test('SIGTERM under load: everything in flight is answered, then the process ends', async () => {
  const data = join(folder(), 'log');
  await limmat('init', '--data', data, '--origin', 'log.example/stop', '--entries', 'opaque');
  const server = await serve(data);
  const known = new Outsiders();
  const clients = Array.from({ length: CLIENTS }, () => untilKilled(known.submit(server.url)));
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.is(await server.end('SIGTERM'), 0, server.stderr());
  await Promise.all(clients);
  const again = await serve(data);
  await verify(again, known);
  const head = await known.checkpoint(again);
  assert.is(head.size, known.told.size, 'every entry that was taken in was acknowledged');
  await again.end('SIGTERM');
});

test.run();
