import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { utf8 } from '../../src/core/bytes.ts';
import { openCheckpoint } from '../../src/core/cosignature.ts';
import { parseNote } from '../../src/core/note.ts';
import { AHEAD } from '../../src/core/quorum.ts';
import { createApp } from '../../src/http/app.ts';
import { asText } from '../../src/http/route.ts';
import { witnessRoutes } from '../../src/http/witness.ts';
import { createWitnessMetrics, witnessOperatorRoutes } from '../../src/http/witnesshealth.ts';
import { judge } from '../../src/log/judge.ts';
import type { WitnessedLog } from '../../src/witness/ports.ts';
import { Witness } from '../../src/witness/witness.ts';
import { emptyState, memoryStore } from './memorystore.ts';
import { COSIGNERS, keyOf, LOG_KEYS, noteOf, ORIGIN, requestOf, STRANGER, WITNESS } from './testlog.ts';

// A witness that cosigned while its clock was far ahead, and whose clock is right again.

const NOW = 1_800_000_000;
const THEN = NOW + 1e8;
const DATED = '2030-03-17T17:46:40.000Z';
const CLOCK =
  'the clock says 2027-01-15T08:00:00.000Z: set it right; if it is, it once was wrong: ' +
  'wait until then or make a new witness with a new key';
const SAYS = `its last cosignature is dated ${DATED}, ${CLOCK}`;

/** It has cosigned size 5 at the first time, and stands now at the second. */
function witnessAt(then: number, now: number) {
  const store = memoryStore(emptyState());
  for (const { vkey } of LOG_KEYS) store.addLog(ORIGIN, vkey);
  let time = then;
  const alarms: string[] = [];
  const witness = new Witness({
    store,
    cosigners: COSIGNERS,
    clock: () => new Date(time * 1000),
    alarm: ({ kind }) => alarms.push(kind),
  });
  witness.addCheckpoint(requestOf(0, 5));
  time = now;
  const watch = { count() {}, refused() {}, failed: (error: unknown) => console.log(error) };
  const watched = { witness, name: WITNESS, stopping: () => false, away: () => false };
  const routes = [...witnessRoutes(witness), ...witnessOperatorRoutes(watched, createWitnessMetrics())];
  const app = createApp(routes, watch, asText);
  const add = async (body: Uint8Array) => {
    const response = await app.request('/add-checkpoint', { method: 'POST', body: body as BodyInit });
    const type = response.headers.get('content-type') ?? '';
    return { status: response.status, type, said: await response.text() };
  };
  const health = async () => {
    const response = await app.request('/healthz');
    return { code: response.status, ...((await response.json()) as { status: string; problem?: string }) };
  };
  return { store, alarms, witness, add, health };
}

test('it refuses to cosign, stores nothing, and says until when and what to do', async () => {
  const { store, add } = witnessAt(THEN, NOW);
  const before = store.log(ORIGIN);
  for (const size of [5, 9]) {
    assert.equal(await add(requestOf(5, size)), {
      status: 503,
      type: 'text/plain; charset=utf-8',
      said: `${SAYS}\n`,
    });
    assert.equal(store.log(ORIGIN), before);
  }
});

test('the log shows all of that to its operator', () => {
  const answer = { status: 503, type: 'text/plain', body: utf8(`${SAYS}\n`) };
  const question = { text: '', size: 5, old: 5, largest: 5, vkeys: [], now: NOW };
  assert.equal(judge(answer, question), { kind: 'busy', why: `it answers 503: ${SAYS}` });
});

test('other refusals come first, and a fork is kept as before', async () => {
  const { store, alarms, add } = witnessAt(THEN, NOW);
  const stale = await add(requestOf(0, 9));
  assert.equal([stale.status, stale.said], [409, '5\n']);
  assert.is((await add(requestOf(5, 9, { proof: [] }))).status, 422);
  assert.is((await add(requestOf(5, 9, { keys: [STRANGER] }))).status, 403);
  assert.is((await add(requestOf(0, 5, { origin: 'other.example' }))).status, 404);
  assert.is((await add(utf8('old 0\n\n'))).status, 400);
  assert.is((await add(requestOf(5, 5, { fork: true }))).status, 422);
  assert.is((await add(requestOf(5, 9, { fork: true }))).status, 422);
  const kinds = ['unproven', 'same-size', 'inconsistent'];
  assert.equal([alarms, [...store.evidence()].map(({ kind }) => kind)], [kinds, kinds]);
});

test('up to the tolerance of a log it cosigns, and no cosignature is older than the one before', async () => {
  for (const [ahead, status] of [
    [-1, 200],
    [AHEAD, 200],
    [AHEAD + 1, 503],
  ] as const) {
    const { store, add, health } = witnessAt(NOW + ahead, NOW);
    const { status: answered, said } = await add(requestOf(5, 9));
    assert.is(answered, status, `${ahead} s ahead`);
    assert.is((await health()).status, status === 200 ? 'ok' : 'degraded');
    if (status !== 200) continue;
    const time = NOW + Math.max(ahead, 0);
    const { text } = parseNote(noteOf(9));
    const { signed } = openCheckpoint(
      utf8(`${text}\n${said}`),
      COSIGNERS.map(({ vkey }) => vkey),
    );
    assert.equal([store.log(ORIGIN)?.known.time, ...signed.map((one) => one.time)], [time, time, time]);
  }
});

test('another log is cosigned all the same, and /healthz names the one that is not', async () => {
  const { store, witness, add, health } = witnessAt(THEN, NOW);
  const other = keyOf('other.example/log', 0x01, 40);
  store.addLog('other.example/log', other.vkey);
  assert.is((await add(requestOf(0, 9, { origin: 'other.example/log', keys: [other] }))).status, 200);
  assert.equal(await health(), {
    code: 200,
    status: 'degraded',
    problem: `nothing is cosigned for ${ORIGIN} until ${DATED}: the last cosignature is dated then, ${CLOCK}`,
    name: WITNESS,
    logs: 2,
  });
  const [early, right] = witness.logs() as [WitnessedLog, WitnessedLog];
  assert.is(witness.trouble([right]), undefined);
  const many = witness.trouble([right, ...Array<WitnessedLog>(12).fill(early)]) ?? '';
  assert.match(many, new RegExp(`for (${ORIGIN} until ${DATED}(, )?){10} and 2 more: the`));
});

test.run();
