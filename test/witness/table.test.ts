import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Hono } from 'hono';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { concat, type Hash, toHex, utf8 } from '../../src/core/bytes.ts';
import { formatCheckpoint } from '../../src/core/checkpoint.ts';
import { openCheckpoint } from '../../src/core/cosignature.ts';
import { EMPTY_ROOT } from '../../src/core/hash.ts';
import { COSIGNATURE_MLDSA44, parseNote } from '../../src/core/note.ts';
import { createApp } from '../../src/http/app.ts';
import { witnessRoutes } from '../../src/http/witness.ts';
import { createWitnessStore, openWitnessStore, type SqliteWitnessStore } from '../../src/store/witness.ts';
import type { EvidenceKind } from '../../src/witness/ports.ts';
import { Witness } from '../../src/witness/witness.ts';
import { flipBit, sameBytes } from '../check.ts';
import { folder } from '../folder.ts';
import {
  COSIGNERS,
  keyOf,
  LOG_KEYS,
  lineBy,
  noteOf,
  ORIGIN,
  proofTo,
  type RequestOptions,
  requestOf,
  rootAt,
  STRANGER,
  WITNESS,
} from './testlog.ts';

// The decision table as data: what was cosigned before, the bytes that come, the answer, and what is cosigned then.

const NOW = 1_800_000_000;

type Row = {
  readonly what: string;
  /** The size that was cosigned; undefined for never. */
  readonly state?: number;
  readonly body: Uint8Array;
  readonly status: 200 | 400 | 403 | 404 | 409 | 413 | 422;
  /** The body of a 409. */
  readonly answer?: string;
  /** The size after a 200. */
  readonly next?: number;
  readonly evidence?: EvidenceKind;
};

const text = (body: string | Uint8Array) => (typeof body === 'string' ? utf8(body) : body);
const join2 = (...parts: (string | Uint8Array)[]) => concat(...parts.map(text));
const honest = (old: number, size: number, options: RequestOptions = {}) => requestOf(old, size, options);
const replaced = (body: Uint8Array, from: string | RegExp, to: string) =>
  utf8(new TextDecoder().decode(body).replace(from, to));
const badLine = (size: number) => {
  const line = lineBy(LOG_KEYS[0], formatCheckpoint({ origin: ORIGIN, size, root: rootAt(size) }), 0);
  return { ...line, signature: flipBit(line.signature) };
};
const OTHER_ROOT = rootAt(77) as Hash;
const [HASH] = proofTo(5, 9);
const hashLine = `${Buffer.from(HASH as Hash).toString('base64')}\n`;
const forgedWitnessLine = { name: WITNESS, id: COSIGNERS[0]?.vkey.id as string, signature: new Uint8Array(72) };

const TABLE: readonly Row[] = [
  // 1: the grammar
  { what: 'an empty body', body: utf8(''), status: 400 },
  { what: 'no empty line', body: utf8('old 0\n'), status: 400 },
  { what: 'no note', body: utf8('old 0\n\n'), status: 400 },
  { what: 'no old line', body: join2('\n\n', noteOf(5)), status: 400 },
  { what: 'old in capitals', body: replaced(honest(0, 5), 'old', 'Old'), status: 400 },
  { what: 'old without a number', body: replaced(honest(0, 5), 'old 0', 'old '), status: 400 },
  { what: 'old 00', body: replaced(honest(0, 5), 'old 0', 'old 00'), status: 400 },
  { what: 'old 05', state: 5, body: replaced(honest(5, 9), 'old 5', 'old 05'), status: 400 },
  { what: 'old -1', body: replaced(honest(0, 5), 'old 0', 'old -1'), status: 400 },
  { what: 'old +0', body: replaced(honest(0, 5), 'old 0', 'old +0'), status: 400 },
  { what: 'old with two spaces', body: replaced(honest(0, 5), 'old 0', 'old  0'), status: 400 },
  { what: 'old with a space behind', body: replaced(honest(0, 5), 'old 0', 'old 0 '), status: 400 },
  { what: 'old of 2^53', body: replaced(honest(0, 5), 'old 0', `old ${2 ** 53}`), status: 400 },
  { what: 'CRLF', body: replaced(honest(0, 5), /\n/g, '\r\n'), status: 400 },
  { what: 'a proof line of 31 bytes', state: 5, body: replaced(honest(5, 9), hashLine, 'AAAA\n'), status: 400 },
  { what: 'a proof line that is not canonical', state: 5, body: replaced(honest(5, 9), '=\n', '\n'), status: 400 },
  { what: '64 proof lines', body: join2('old 0\n', hashLine.repeat(64), '\n', noteOf(5)), status: 400 },
  { what: '64 short proof lines', body: join2('old 0\n', 'AAAA\n'.repeat(64), '\n', noteOf(5)), status: 400 },
  { what: 'a note without signatures', body: join2('old 0\n\n', `${ORIGIN}\n0\n\n`), status: 400 },
  { what: 'garbage behind the signatures', body: join2(honest(0, 5), 'garbage\n'), status: 400 },
  { what: 'a note cut short', body: honest(0, 5).slice(0, -1), status: 400 },
  { what: 'a size with a leading zero', body: replaced(honest(0, 5), '\n5\n', '\n05\n'), status: 400 },
  { what: 'a root of 31 bytes', body: honest(0, 5, { root: rootAt(5).slice(1) as Hash }), status: 400 },
  { what: 'not UTF-8', body: join2('old 0\n\n', Uint8Array.of(0xff), noteOf(5)), status: 400 },
  { what: 'a body of more than it may have', body: join2(honest(0, 5), 'x'.repeat(140_000)), status: 413 },
  // 2: the origin
  { what: 'an unknown origin', body: honest(0, 5, { origin: 'other.example' }), status: 404 },
  {
    what: 'an unknown origin, before its signature',
    body: honest(0, 5, { origin: 'o.example', keys: [STRANGER] }),
    status: 404,
  },
  // 3: the signature
  { what: 'signed by a stranger under the name of the log', body: honest(0, 5, { keys: [STRANGER] }), status: 403 },
  {
    what: 'a line by the log that does not verify',
    body: honest(0, 5, { keys: [STRANGER], more: [badLine(5)] }),
    status: 403,
  },
  { what: 'a good line by the log and a bad one', body: honest(0, 5, { more: [badLine(5)] }), status: 403 },
  { what: 'not signed and old too large', state: 5, body: honest(9, 5, { keys: [STRANGER] }), status: 403 },
  // 4: old > size
  { what: 'old larger than the size', state: 5, body: honest(5, 4), status: 400 },
  { what: 'old larger than the size, and not known', state: 5, body: honest(7, 6), status: 400 },
  // 5: old ≠ known
  { what: 'a probe', state: 5, body: honest(0, 5), status: 409, answer: '5\n' },
  { what: 'a probe with a larger tree', state: 5, body: honest(0, 9), status: 409, answer: '5\n' },
  { what: 'old smaller than what is known', state: 5, body: honest(3, 9), status: 409, answer: '5\n' },
  { what: 'old larger than what is known', state: 5, body: honest(6, 9), status: 409, answer: '5\n' },
  { what: 'old where nothing is known, with a good proof', body: honest(3, 9), status: 409, answer: '0\n' },
  {
    what: 'a fork of the same size behind a wrong old',
    state: 5,
    body: honest(0, 5, { fork: true }),
    status: 409,
    answer: '5\n',
    evidence: 'same-size',
  },
  {
    what: 'a wrong empty root behind a wrong old',
    state: 5,
    body: honest(0, 0, { root: OTHER_ROOT }),
    status: 409,
    answer: '5\n',
    evidence: 'empty-root',
  },
  // 6: size 0
  {
    what: 'an empty tree with another root',
    body: honest(0, 0, { root: OTHER_ROOT }),
    status: 422,
    evidence: 'empty-root',
  },
  { what: 'an empty tree', body: honest(0, 0), status: 200, next: 0 },
  // 7: old = 0 and a proof
  { what: 'a proof from nothing', body: honest(0, 5, { proof: [HASH as Hash] }), status: 422 },
  { what: 'a proof from nothing to nothing', body: honest(0, 0, { proof: [HASH as Hash] }), status: 422 },
  // 8: the same size
  {
    what: 'the same size with another root',
    state: 5,
    body: honest(5, 5, { fork: true }),
    status: 422,
    evidence: 'same-size',
  },
  { what: 'the same size and root', state: 5, body: honest(5, 5), status: 200, next: 5 },
  { what: 'the same size and root with a proof', state: 5, body: honest(5, 5, { proof: [HASH as Hash] }), status: 422 },
  // 9: the proof
  { what: 'no proof', state: 5, body: honest(5, 9, { proof: [] }), status: 422, evidence: 'unproven' },
  {
    what: 'a proof with one bit changed',
    state: 5,
    body: honest(5, 9, { proof: proofTo(5, 9).map((hash, i) => (i === 0 ? flipBit(hash) : hash)) }),
    status: 422,
    evidence: 'unproven',
  },
  {
    what: 'a proof that is too long',
    state: 5,
    body: honest(5, 9, { proof: [...proofTo(5, 9), HASH as Hash] }),
    status: 422,
    evidence: 'unproven',
  },
  {
    what: 'a larger fork with its own proof',
    state: 5,
    body: honest(5, 9, { fork: true }),
    status: 422,
    evidence: 'inconsistent',
  },
  {
    what: 'a larger fork where the proof leaves out the old root',
    state: 4,
    body: honest(4, 9, { fork: true }),
    status: 422,
    evidence: 'unproven',
  },
  // 11: cosigned
  { what: 'first contact at any size', body: honest(0, 300), status: 200, next: 300 },
  { what: 'a larger tree', state: 5, body: honest(5, 9), status: 200, next: 9 },
  { what: 'a much larger tree', state: 255, body: honest(255, 1000), status: 200, next: 1000 },
  { what: 'from the empty tree', state: 0, body: honest(0, 9), status: 200, next: 9 },
  { what: 'signed with ML-DSA-44 alone', state: 5, body: honest(5, 9, { keys: [LOG_KEYS[1]] }), status: 200, next: 9 },
  { what: 'signed with both keys', state: 5, body: honest(5, 9, { keys: LOG_KEYS }), status: 200, next: 9 },
  {
    what: 'a line of a stranger beside',
    state: 5,
    body: honest(5, 9, { keys: [LOG_KEYS[0], STRANGER] }),
    status: 200,
    next: 9,
  },
  {
    what: 'the line of the log twice',
    state: 5,
    body: honest(5, 9, { keys: [LOG_KEYS[0], LOG_KEYS[0]] }),
    status: 200,
    next: 9,
  },
  {
    what: 'a forged line of this witness',
    state: 5,
    body: honest(5, 9, { more: [forgedWitnessLine] }),
    status: 200,
    next: 9,
  },
  { what: 'an extension line', state: 5, body: honest(5, 9, { extension: ['more'] }), status: 200, next: 9 },
];

function fresh(size: number | undefined, clock = () => new Date(NOW * 1000)): { store: SqliteWitnessStore; app: Hono } {
  const path = join(folder(), 'witness.db');
  createWitnessStore(path, WITNESS);
  const store = openWitnessStore(path);
  for (const { vkey } of LOG_KEYS) store.addLog(ORIGIN, vkey);
  const witness = new Witness({ store, cosigners: COSIGNERS, clock, alarm: () => {} });
  if (size !== undefined) witness.addCheckpoint(requestOf(0, size));
  const watch = { count() {}, refused() {}, failed: (error: unknown) => console.log(error) };
  return { store, app: createApp(witnessRoutes(witness), watch) };
}

const post = (app: Hono, body: Uint8Array) =>
  app.request('/add-checkpoint', { method: 'POST', body: body as BodyInit });

const monitorPath = `/${createHash('sha256').update(ORIGIN).digest('hex')}/checkpoint`;

for (const { what, state, body, status, answer, next, evidence } of TABLE) {
  test(`${status} ${what}${state === undefined ? '' : `, where ${state} is known`}`, async () => {
    const { store, app } = fresh(state);
    const before = store.log(ORIGIN)?.known;
    const response = await post(app, body);
    const said = await response.text();
    assert.is(response.status, status, said);
    const type = status === 409 ? 'text/x.tlog.size' : 'text/plain; charset=utf-8';
    assert.is(response.headers.get('content-type'), type);
    if (answer !== undefined) assert.is(said, answer);
    assert.equal(
      [...store.evidence()].map(({ kind }) => kind),
      evidence ? [evidence] : [],
    );
    const after = store.log(ORIGIN)?.known;
    if (status === 200) checkCosigned(body, said, after?.note);
    else assert.equal(after, before, 'nothing changed');
    assert.is(after?.size, next ?? state ?? 0);
    const [kept] = [...store.evidence()];
    if (kept) {
      sameBytes(kept.offered, noteIn(body));
      assert.equal(kept.known, before?.note, 'the note that was cosigned is kept beside it');
    }
  });
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
  for (now of [NOW + 10, NOW - 5000, NOW + 9, NOW + 11]) {
    assert.is((await post(app, requestOf(5, 5))).status, 200);
    times.push(store.log(ORIGIN)?.known.time);
  }
  assert.equal(times, [NOW + 10, NOW + 10, NOW + 10, NOW + 11]);
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
