import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { toHex } from '../../src/core/bytes.ts';
import { leafHash } from '../../src/core/hash.ts';
import { sameBytes } from '../check.ts';
import { buildingLog, bytesOf, COSE, closeAll, type HttpLog, PUBLIC_URL, problemOf } from './httplog.ts';
import {
  build,
  checkProof,
  checkReceipt,
  type Everything,
  enrolP256,
  JSON_TYPE,
  otherSignature,
  PROOF,
  p256Build,
  pathOf,
  revokeP256,
} from './statements.ts';

// The same statement is the same entry, whenever and however signed it comes; and what is late is promised, not lost.

const log = await buildingLog();
test.after(closeAll);

test('a repeat, also with another signature: the first index, the first bytes, a fresh proof', async () => {
  for (const statement of enrolP256()) assert.is((await log.post('/entries', statement.entry)).status, 201);
  const first = p256Build('1');
  const second = otherSignature(first);
  assert.is((await log.post('/entries', first.entry)).status, 201);
  const index = log.size - 1;
  const check = async (size: number) => {
    for (const { entry } of [first, second]) {
      const receipt = await log.post('/entries', entry);
      assert.is(receipt.status, 201);
      assert.is(receipt.headers.get('location'), `${PUBLIC_URL}${pathOf(first)}`);
      assert.is(checkReceipt(await bytesOf(receipt), first.entry), index);
      const proof = await log.post('/entries', entry, { ...COSE, ...PROOF });
      assert.is(checkProof(await bytesOf(proof), first.entry), index, 'the bundle holds the bytes that were logged');
      const all = await log.post('/entries', entry, { ...COSE, ...JSON_TYPE });
      const body = (await all.json()) as Everything;
      assert.equal([body.leafHash, body.tree.size], [toHex(leafHash(first.entry)), size]);
    }
    sameBytes(await bytesOf(await log.ask(`${pathOf(first)}/statement`)), first.entry);
    assert.is(log.size, size, 'nothing was appended');
  };
  await check(index + 1);
  await log.reopen();
  await check(index + 1);
  assert.is((await log.post('/entries', revokeP256().entry)).status, 201);
  const refused = await log.post('/entries', p256Build('2').entry);
  assert.match(problemOf(await bytesOf(refused)).detail, /^key-state: /);
  await check(index + 2);
  await log.reopen();
  await check(index + 2);
});

test('a repeat with a signature that does not verify is refused, though the statement is logged', async () => {
  const statement = build();
  await log.post('/entries', statement.entry);
  const size = log.size;
  const entry = Uint8Array.from(statement.entry);
  entry[entry.length - 1] = (entry.at(-1) as number) ^ 1;
  const response = await log.post('/entries', entry);
  assert.is(response.status, 400);
  assert.is(problemOf(await bytesOf(response)).title, 'Rejected');
  assert.is(log.size, size);
});

test('a repeat while the first is in flight joins it', async () => {
  const release = log.hold();
  const statement = build();
  const size = log.size;
  const answers = Array.from({ length: 5 }, () => log.post('/entries', statement.entry));
  release();
  for (const response of await Promise.all(answers)) {
    assert.is(response.status, 201);
    assert.is(checkReceipt(await bytesOf(response), statement.entry), size);
  }
  assert.is(log.size, size + 1);
});

// -- late publication -------------------------------------------------------------------------------------------------

/** Resolves once a statement is committed, and so guarded and on its way to publication. */
async function committed(of: HttpLog, size: number): Promise<void> {
  while (of.store.head().size < size) await new Promise((resolve) => setImmediate(resolve));
}

test('past the deadline: 202 with the same Location, 204 until it is published, then 200', async () => {
  const release = log.hold();
  const size = log.size;
  const statement = build();
  const first = log.post('/entries', statement.entry);
  await committed(log, size + 1);
  const running = await log.ask(pathOf(statement));
  assert.is(running.status, 204, 'running, before any promise');
  log.deadlinePasses();
  const promised = await first;
  assert.is(promised.status, 202);
  assert.is(promised.headers.get('location'), `${PUBLIC_URL}${pathOf(statement)}`);
  assert.is(promised.headers.get('retry-after'), '1');
  assert.is(promised.headers.get('cache-control'), 'no-store');
  assert.is((await bytesOf(promised)).length, 0, 'no body');

  for (const path of [pathOf(statement), `${pathOf(statement)}/statement`]) {
    const pending = await log.ask(path);
    assert.equal([pending.status, pending.headers.get('retry-after')], [204, '1'], path);
    assert.is(pending.headers.get('cache-control'), 'no-store');
  }
  assert.is((await log.post('/entries', statement.entry)).status, 202, 'the same answer to a repeat, at once');
  assert.is(log.size, size, 'nothing of it is published');

  release();
  await log.post('/entries', build().entry);
  const done = await log.ask(pathOf(statement));
  assert.is(done.status, 200);
  assert.is(done.headers.get('location'), promised.headers.get('location'));
  assert.is(checkReceipt(await bytesOf(done), statement.entry), size);
  assert.is((await log.post('/entries', statement.entry)).status, 201);
});

test('a promise outlives a restart', async () => {
  const release = log.hold();
  const size = log.size;
  const statement = build();
  const first = log.post('/entries', statement.entry);
  await committed(log, size + 1);
  log.deadlinePasses();
  assert.is((await first).status, 202);
  release();
  await log.reopen();
  assert.is((await log.ask(pathOf(statement))).status, 200);
  assert.is(log.size, size + 1);
});

test('no promise is made for what is not committed', async () => {
  const release = log.hold();
  const size = log.size;
  const [one, two] = [build(), build()];
  const first = log.post('/entries', one.entry);
  await committed(log, size + 1);
  const second = log.post('/entries', two.entry);
  await committed(log, size + 2);
  // The round under way guards the first alone: what came after it waits for the next round.
  log.deadlinePasses();
  assert.is((await first).status, 202);
  release();
  assert.is((await second).status, 201);
  assert.is(log.size, size + 2);
});

test.run();
