import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { formatMirrorInfo, parseAddEntries, parseMirrorInfo } from '../../src/core/addentries.ts';
import { utf8 } from '../../src/core/bytes.ts';
import { createApp } from '../../src/http/app.ts';
import { mirrorRoutes } from '../../src/http/mirror.ts';
import type { Post } from '../../src/log/cosign.ts';
import { PublishedTree } from '../../src/log/published.ts';
import { type Pushed, Pusher } from '../../src/log/push.ts';
import { TreeCopy } from '../../src/log/treecopy.ts';
import { createStore, openStore } from '../../src/store/sqlite.ts';
import { faults, sameBytes } from '../check.ts';
import { folder } from '../folder.ts';
import { checkpointOf, noteOf, ORIGIN, TestMirror } from '../monitor/testmirror.ts';
import * as oracle from '../oracle.ts';

// A log pushes to the routes of a real mirror: from nothing, from where it stands, and past what goes wrong.

const watch = { count: () => {}, refused: () => {}, failed: (error: unknown) => console.error(error) };

/** A published log that grows. */
class Publishing {
  readonly #path = join(folder(), 'log.db');
  readonly #store;
  readonly #copy;
  #tree: PublishedTree | undefined;

  constructor() {
    createStore(this.#path, { origin: ORIGIN, entries: 'opaque' });
    this.#store = openStore(this.#path);
    this.#copy = new TreeCopy(this.#store);
  }

  upTo(size: number): Pushed {
    const have = this.#copy.head.size;
    this.#copy.appendOpaque(Array.from({ length: size - have }, (_, i) => oracle.entry(have + i)));
    this.#tree ??= new PublishedTree(this.#store, this.#copy.head);
    this.#tree.advance(this.#copy.head);
    return { head: { size, note: noteOf(size) }, tree: this.#tree };
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

type Sent = { readonly call: string; readonly status: number; readonly start?: number };

/** A pusher to a mirror; `between` may answer in its place. */
function pushing(mirror: TestMirror, between: (call: string) => number | undefined = () => undefined) {
  const sent: Sent[] = [];
  const slept: number[] = [];
  const told: (string | undefined)[] = [];
  const post: Post = async (url, body) => {
    const call = new URL(url).pathname.slice(1);
    const start = call === 'add-entries' ? { start: parseAddEntries(body).head.start } : {};
    const status = between(call);
    if (status !== undefined) {
      sent.push({ call, status, ...start });
      if (status === 0) throw new Error('nobody is there');
      return { status, type: '', body: utf8('no\nmore') };
    }
    const app = createApp(
      mirrorRoutes(mirror.mirror, 'a'.repeat(64), () => new Uint8Array(0)),
      watch,
    );
    const headers = { 'content-type': 'application/octet-stream' };
    const response = await app.request(`/${call}`, { method: 'POST', headers, body: body as BodyInit });
    sent.push({ call, status: response.status, ...start });
    return { status: response.status, type: '', body: new Uint8Array(await response.arrayBuffer()) };
  };
  const pusher = new Pusher({
    url: 'http://mirror.example',
    origin: ORIGIN,
    post,
    deadline: () => new AbortController().signal,
    sleep: async (milliseconds) => {
      if (milliseconds > 0) slept.push(milliseconds);
      await turn();
    },
    clock: () => new Date(5000),
    told: (problem) => told.push(problem),
  });
  return { pusher, sent, slept, told };
}

/** Waits until the pusher has nothing more to do: it never sleeps here for long. */
async function pushed(pusher: Pusher, size: number): Promise<void> {
  for (let i = 0; pusher.status().size !== size; i++) {
    assert.ok(i < 10_000, `${JSON.stringify(pusher.status())}`);
    await turn();
  }
}

function isMirrored({ mirror, copy }: TestMirror, size: number): void {
  const mirrored = mirror.mirrored();
  assert.is(mirrored?.size, size);
  sameBytes(mirror.rootAt(size), oracle.mth(oracle.leaves(size)));
  sameBytes(copy.entries(size - 1, size).subarray(2), oracle.entry(size - 1));
}

test('a mirror that has nothing gets all, and then what is new, from where it stands', async () => {
  const mirror = new TestMirror();
  const log = new Publishing();
  const { pusher, sent, told } = pushing(mirror);
  pusher.follow(log.upTo(2900));
  await pushed(pusher, 2900);
  isMirrored(mirror, 2900);
  assert.equal(
    sent.map(({ call, status, start }) => `${call} ${status} ${start ?? ''}`.trim()),
    ['add-checkpoint 200', 'add-entries 202 0', 'add-entries 200 256'],
  );
  for (const size of [2901, 2950, 3000]) {
    pusher.follow(log.upTo(size));
    await pushed(pusher, size);
    isMirrored(mirror, size);
  }
  assert.equal(
    sent.slice(3).map(({ status, start }) => `${status} ${start ?? ''}`.trim()),
    ['200', '200 2900', '200', '200 2901', '200', '200 2950'],
  );
  assert.equal([told, pusher.status().failures, pusher.status().lastSuccess], [[], 0, 5000]);
  await pusher.stop();
});

test('after a start it does not know where the mirror stands, and asks', async () => {
  const mirror = new TestMirror();
  const log = new Publishing();
  const first = pushing(mirror);
  first.pusher.follow(log.upTo(2600));
  await pushed(first.pusher, 2600);
  await first.pusher.stop();
  mirror.open();
  const { pusher, sent } = pushing(mirror);
  pusher.follow(log.upTo(2700));
  await pushed(pusher, 2700);
  isMirrored(mirror, 2700);
  assert.equal(
    sent.map(({ call, status, start }) => `${call} ${status} ${start ?? ''}`.trim()),
    ['add-checkpoint 409', 'add-checkpoint 200', 'add-entries 409 0', 'add-entries 200 2600'],
  );
  await pusher.stop();
});

test('a mirror that is away is tried again, later and later, and what is well again is told once', async () => {
  const mirror = new TestMirror();
  const log = new Publishing();
  let left = 9;
  const { pusher, slept, told } = pushing(mirror, () => (left-- > 0 ? [0, 503, 500][left % 3] : undefined));
  pusher.follow(log.upTo(10));
  await pushed(pusher, 10);
  isMirrored(mirror, 10);
  assert.equal(
    slept,
    [1, 2, 4, 8, 16, 32, 60, 60, 60].map((seconds) => 1000 * seconds),
  );
  assert.equal([told.at(-1), told.length, pusher.status().failures], [undefined, 10, 9]);
  assert.match(told[0] as string, /answers 500: no$/);
  await pusher.stop();
});

test('an upload that breaks off goes on where the mirror stands', async () => {
  const mirror = new TestMirror();
  const log = new Publishing();
  let calls = 0;
  const { pusher, sent } = pushing(mirror, () => (++calls === 3 ? 0 : undefined));
  pusher.follow(log.upTo(1000));
  await pushed(pusher, 1000);
  isMirrored(mirror, 1000);
  assert.equal(
    sent.filter(({ call }) => call === 'add-entries').map(({ status, start }) => [status, start]),
    [
      [202, 0],
      [0, 256],
      [200, 256],
    ],
  );
  await pusher.stop();
});

test('a newer head takes the place of one that waits', async () => {
  const mirror = new TestMirror();
  const log = new Publishing();
  const { pusher, sent } = pushing(mirror);
  for (const size of [100, 200, 300, 400]) pusher.follow(log.upTo(size));
  await pushed(pusher, 400);
  isMirrored(mirror, 400);
  assert.is(sent.filter(({ call }) => call === 'add-checkpoint').length, 2);
  await pusher.stop();
});

test('a mirror that holds another history, or a larger one, is told and never given entries', async () => {
  for (const [made, says] of [
    [checkpointOf(0, 50, true), /answers 422/],
    [checkpointOf(0, 900), /knows a checkpoint of 900 entries, and the newest here has 100/],
  ] as const) {
    const mirror = new TestMirror();
    await mirror.mirror.addCheckpoint(made);
    const { pusher, sent, told } = pushing(mirror);
    pusher.follow(new Publishing().upTo(100));
    while (pusher.status().failures < 5) await turn();
    await pusher.stop();
    assert.is(told.length, 1);
    assert.match(told[0] as string, says);
    assert.ok(sent.every(({ call }) => call === 'add-checkpoint'));
  }
});

test('where an upload goes on is read back as it was written, and nothing else is', () => {
  const info = { size: 7, next: 3, ticket: utf8('ticket') };
  assert.equal(parseMirrorInfo(formatMirrorInfo(info)), info);
  for (const wrong of ['', '7\n3\n', '7\n3\n\n\n', '7\nx\n\n', '7\n3\n?\n', '7\n3\n'])
    faults('bad-request', () => parseMirrorInfo(utf8(wrong)));
});

test.run();
