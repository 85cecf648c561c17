import { createHash } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Hono } from 'hono';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { toHex, utf8 } from '../../src/core/bytes.ts';
import { openCheckpoint } from '../../src/core/cosignature.ts';
import { EMPTY_ROOT } from '../../src/core/hash.ts';
import { COSIGNATURE_MLDSA44, parseNote } from '../../src/core/note.ts';
import { AHEAD } from '../../src/core/quorum.ts';
import { createApp } from '../../src/http/app.ts';
import { closeFront, createFront } from '../../src/http/front.ts';
import { witnessRoutes } from '../../src/http/witness.ts';
import { createWitnessStore, openWitnessStore, type SqliteWitnessStore } from '../../src/store/witness.ts';
import type { Known } from '../../src/witness/ports.ts';
import { Witness } from '../../src/witness/witness.ts';
import { sameBytes } from '../check.ts';
import { folder } from '../folder.ts';
import { type Row, TABLE } from './table.ts';
import { COSIGNERS, keyOf, LOG_KEYS, noteOf, ORIGIN, requestOf, WITNESS } from './testlog.ts';

// The decision table of `table.ts`, against the app alone and against the whole server.

const NOW = 1_800_000_000;

type Fresh = { readonly store: SqliteWitnessStore; readonly app: Hono; readonly live: () => Promise<Live> };
type Live = { readonly url: string; readonly close: () => Promise<void> };

function fresh(size: number | undefined, clock = () => new Date(NOW * 1000)): Fresh {
  const path = join(folder(), 'witness.db');
  createWitnessStore(path, WITNESS);
  const store = openWitnessStore(path);
  for (const { vkey } of LOG_KEYS) store.addLog(ORIGIN, vkey);
  const witness = new Witness({ store, cosigners: COSIGNERS, clock, alarm: () => {} });
  if (size !== undefined) witness.addCheckpoint(requestOf(0, size));
  const watch = { count() {}, refused() {}, failed: (error: unknown) => console.log(error) };
  const routes = witnessRoutes(witness);
  const app = createApp(routes, watch);
  const live = async () => {
    const server = createFront(app, routes, watch, 5000);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    return { url: `http://127.0.0.1:${port}`, close: () => closeFront(server, 5000) };
  };
  return { store, app, live };
}

const post = (app: Hono, body: Uint8Array) =>
  app.request('/add-checkpoint', { method: 'POST', body: body as BodyInit });

const monitorPath = `/${createHash('sha256').update(ORIGIN).digest('hex')}/checkpoint`;

/** Posts to the app alone, or over a socket to the server in front of it. */
const WAYS = {
  app: ({ app }: Fresh, body: Uint8Array) => post(app, body),
  socket: async ({ live }: Fresh, body: Uint8Array) => {
    const { url, close } = await live();
    const response = await fetch(`${url}/add-checkpoint`, {
      method: 'POST',
      headers: { connection: 'close' },
      body: body as BodyInit,
    });
    const whole = new Response(await response.arrayBuffer(), response);
    await close();
    return whole;
  },
} as const;

for (const [way, send] of Object.entries(WAYS))
  for (const row of TABLE)
    test(`${way}: ${row.status} ${row.what}${row.state === undefined ? '' : `, where ${row.state} is known`}`, async () => {
      const place = fresh(row.state);
      const before = place.store.log(ORIGIN)?.known;
      await check(row, place.store, before, await send(place, row.body));
      place.store.close();
    });

async function check(row: Row, store: SqliteWitnessStore, before: Known | undefined, response: Response) {
  const { body, status, answer, evidence } = row;
  const said = await response.text();
  assert.is(response.status, status, said);
  const type = status === 409 ? 'text/x.tlog.size' : 'text/plain; charset=utf-8';
  assert.is(response.headers.get('content-type'), type);
  if (answer !== undefined) assert.is(said, answer);
  const [kept, ...more] = [...store.evidence()];
  assert.equal([kept?.kind, more], [evidence, []]);
  if (kept) {
    sameBytes(kept.offered, noteIn(body));
    assert.equal(kept.known, before?.note, 'the note that was cosigned is kept beside it');
  }
  const after = store.log(ORIGIN)?.known;
  if (status === 200) checkCosigned(body, said, after?.note);
  else assert.equal(after, before, 'nothing changed');
  assert.is(after?.size, row.next ?? row.state ?? 0);
}

const noteIn = (body: Uint8Array) => body.slice(new TextDecoder().decode(body).indexOf('\n\n') + 2);

/** The lines of a 200 are by this witness over what came, and what is kept is the log's and these. */
function checkCosigned(body: Uint8Array, lines: string, kept: Uint8Array | undefined): void {
  const sent = parseNote(noteIn(body)).text;
  const extended = sent.split('\n').length > 4;
  const cosigners = COSIGNERS.map(({ vkey }) => vkey).filter(({ type }) => !extended || type !== COSIGNATURE_MLDSA44);
  const { signed, note } = openCheckpoint(utf8(`${sent}\n${lines}`), cosigners);
  assert.equal(
    signed.map(({ vkey, time }) => [vkey.id, time]),
    cosigners.map(({ id }) => [id, NOW]),
  );
  assert.is(note.signatures.length, cosigners.length, 'and by nobody else');
  const opened = openCheckpoint(kept as Uint8Array, [...LOG_KEYS.map(({ vkey }) => vkey), ...cosigners]);
  assert.is(opened.note.text, sent);
  assert.is(opened.signed.length, opened.note.signatures.length, 'a line that did not verify was kept');
  assert.is(new Set(opened.signed.map(({ vkey }) => vkey.id)).size, opened.signed.length, 'a line was kept twice');
  assert.ok(opened.signed.some(({ vkey }) => vkey.name === ORIGIN));
}

test('the latest checkpoint is served by the hash of its origin, with what was answered', async () => {
  const { app } = fresh(undefined);
  assert.is((await app.request(monitorPath)).status, 404, 'never cosigned');
  const lines = await (await post(app, requestOf(0, 5))).text();
  const response = await app.request(monitorPath);
  assert.is(response.status, 200);
  assert.is(response.headers.get('content-type'), 'text/plain; charset=utf-8');
  const served = await response.text();
  assert.ok(served.startsWith(new TextDecoder().decode(noteOf(5))));
  assert.ok(served.endsWith(lines));
  for (const path of [
    `/${'0'.repeat(64)}/checkpoint`,
    `/${toHex(EMPTY_ROOT)}/checkpoint`,
    monitorPath.toUpperCase().replace('CHECKPOINT', 'checkpoint'),
    `/${createHash('sha256').update(`o:${ORIGIN}`).digest('hex')}/checkpoint`,
  ]) {
    const missing = await app.request(path);
    assert.is(missing.status, 404, path);
    assert.is(missing.headers.get('content-type'), 'text/plain; charset=utf-8');
  }
  assert.is((await app.request('/add-checkpoint')).status, 405);
});

test('a fresh time each time, and none that is older than one before', async () => {
  let now = NOW;
  const { app, store } = fresh(5, () => new Date(now * 1000));
  const times = [];
  for (const [clock, status] of [
    [NOW + 10, 200],
    [NOW + 10 - AHEAD, 200],
    [NOW - 5000, 503],
    [NOW + 9, 200],
    [NOW + 11, 200],
  ] as const) {
    now = clock;
    assert.is((await post(app, requestOf(5, 5))).status, status, String(clock - NOW));
    times.push(store.log(ORIGIN)?.known.time);
  }
  assert.equal(times, [NOW + 10, NOW + 10, NOW + 10, NOW + 10, NOW + 11]);
});

test('a log that was added twice under two names is not mixed up', async () => {
  const { app, store } = fresh(5);
  const other = keyOf('other.example/log', 0x01, 40);
  store.addLog('other.example/log', other.vkey);
  assert.is((await post(app, requestOf(0, 9, { origin: 'other.example/log' }))).status, 403, 'the key of the first');
  assert.is((await post(app, requestOf(0, 9, { origin: 'other.example/log', keys: [other] }))).status, 200);
  assert.is((await post(app, requestOf(0, 9, { keys: [other] }))).status, 403, 'the key of the second');
  assert.is(store.log(ORIGIN)?.known.size, 5);
  assert.is(store.log('other.example/log')?.known.size, 9);
});

test.run();
