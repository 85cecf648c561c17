import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fromHex, toHex, utf8 } from '../../src/core/bytes.ts';
import {
  decodeStatement,
  entryIdOf,
  type SignedStatement,
  verifyStatement,
  withUnprotected,
} from '../../src/core/cose.ts';
import { leafHash } from '../../src/core/hash.ts';
import { decodeReceipt, verifyReceipt } from '../../src/core/receipt.ts';
import { parseTlogProof, verifyTlogProof } from '../../src/core/tlogproof.ts';
import { sameBytes } from '../check.ts';
import { BUILD, key, say } from '../registry/world.ts';
import { buildingLog, bytesOf, COSE, type HttpLog, PUBLIC_URL, problemOf, RECEIPT_KEY, VKEYS } from './httplog.ts';
import { enrolP256, p256Build, revokeP256 } from './p256.ts';

// `/entries` of SCRAPI draft 11, and the other shapes of DESIGN.md section 7.

const log = await buildingLog();
test.after(() => log.close());

type Everything = Record<'entryId' | 'location' | 'leafHash' | 'checkpoint' | 'receipt' | 'proof', string> & {
  readonly index: number;
  readonly tree: { readonly origin: string; readonly size: number; readonly root: string };
};

let versions = 0;
const build = (by = 'bld', more: object = {}) =>
  say(by, 'acme', 'build', { ...BUILD, version: `2019.${++versions}`, ...more });
const pathOf = ({ id }: SignedStatement) => `/entries/${entryIdOf(id)}`;
const PROOF = { accept: 'text/x.tlog-proof' };
const JSON_TYPE = { accept: 'application/json' };

/** A receipt that verifies for these bytes; answers the index it is for. */
function checkReceipt(bytes: Uint8Array, entry: Uint8Array): number {
  const receipt = decodeReceipt(bytes);
  verifyReceipt(receipt, leafHash(entry), RECEIPT_KEY, { iss: PUBLIC_URL, sub: 'log.example/acme' });
  return receipt.proofs[0]?.index as number;
}

function checkProof(bytes: Uint8Array, entry: Uint8Array): number {
  const proof = parseTlogProof(bytes);
  sameBytes(proof.extra, entry);
  verifyTlogProof(proof, leafHash(entry), VKEYS);
  return proof.index;
}

test('POST: 201, the receipt, and an absolute Location of the public URL whatever Host says', async () => {
  const before = log.size;
  const statement = build();
  const response = await log.post('http://elsewhere.example/entries', statement.entry);
  assert.is(response.status, 201);
  assert.is(response.headers.get('content-type'), 'application/cose');
  assert.is(response.headers.get('location'), `${PUBLIC_URL}${pathOf(statement)}`);
  assert.is(response.headers.get('cache-control'), 'no-cache');
  assert.is(response.headers.get('vary'), 'accept');
  assert.is(checkReceipt(await bytesOf(response), statement.entry), before);
  assert.is(log.size, before + 1);
});

test('POST: Accept chooses receipt, proof bundle or all of it as JSON', async () => {
  for (const accept of ['application/cose', '*/*', 'application/*, text/html', 'text/html, application/cose;q=0.1']) {
    const statement = build();
    const response = await log.post('/entries', statement.entry, { ...COSE, accept });
    assert.equal([response.status, response.headers.get('content-type')], [201, 'application/cose'], accept);
    checkReceipt(await bytesOf(response), statement.entry);
  }
  const [one, two] = [build(), build()];
  const proof = await log.post('/entries', one.entry, { ...COSE, ...PROOF });
  assert.equal([proof.status, proof.headers.get('content-type')], [201, 'text/x.tlog-proof']);
  assert.is(checkProof(await bytesOf(proof), one.entry), log.size - 1);

  const all = await log.post('/entries', two.entry, { ...COSE, ...JSON_TYPE });
  assert.equal([all.status, all.headers.get('content-type')], [201, 'application/json']);
  const body = (await all.json()) as Everything;
  assert.equal([body.entryId, body.location], [entryIdOf(two.id), `${PUBLIC_URL}${pathOf(two)}`]);
  assert.equal([body.index, body.leafHash], [log.size - 1, toHex(leafHash(two.entry))]);
  assert.is(checkReceipt(fromHex(body.receipt, 'bad-receipt'), two.entry), body.index);
  assert.is(checkProof(utf8(body.proof), two.entry), body.index);
  assert.ok(body.checkpoint.startsWith(`${body.tree.origin}\n${body.tree.size}\n`));
  assert.is(body.tree.root, toHex(log.handle.published?.head.root as Uint8Array));
});

test('POST: nothing that Accept names is refused before anything is pooled', async () => {
  const before = log.size;
  const response = await log.post('/entries', build().entry, { ...COSE, accept: 'text/html' });
  assert.is(response.status, 406);
  assert.is(problemOf(await bytesOf(response)).title, 'Not Acceptable');
  assert.is((await log.post('/entries', build().entry)).status, 201);
  assert.is(log.size, before + 1, 'the refused one is not there');
});

test('POST: the unprotected header is dropped, and what is logged is the rest as received', async () => {
  const statement = build();
  const { length } = statement.protected;
  const from = 2 + (length < 24 ? 1 : length < 256 ? 2 : 3) + length; // tag, array, head of the byte string
  const dressed = withUnprotected(statement.entry, [from, from + 1], fromHex('a1186341aa', 'bad-cbor'));
  sameBytes(decodeStatement(dressed).entry, statement.entry);
  const response = await log.post('/entries', dressed, { 'content-type': 'Application/COSE; charset=x' });
  assert.is(response.status, 201);
  checkReceipt(await bytesOf(response), statement.entry);
  sameBytes(await bytesOf(await log.ask(`${pathOf(statement)}/statement`)), statement.entry);
});

test('GET /entries/{id}: a receipt of the newest head, in each shape, and the statement', async () => {
  const statement = build();
  const posted = await bytesOf(await log.post('/entries', statement.entry));
  const index = log.size - 1;
  await log.post('/entries', build().entry);
  const response = await log.ask(pathOf(statement));
  assert.equal([response.status, response.headers.get('content-type')], [200, 'application/cose']);
  assert.is(response.headers.get('location'), `${PUBLIC_URL}${pathOf(statement)}`);
  assert.is(response.headers.get('cache-control'), 'no-cache');
  assert.is(response.headers.get('access-control-allow-origin'), '*');
  const fresh = await bytesOf(response);
  assert.is(checkReceipt(fresh, statement.entry), index);
  assert.equal(
    [decodeReceipt(posted), decodeReceipt(fresh)].map(({ proofs }) => proofs[0]?.size),
    [index + 1, index + 2],
  );
  assert.is(checkProof(await bytesOf(await log.ask(pathOf(statement), { headers: PROOF })), statement.entry), index);
  const all = (await (await log.ask(pathOf(statement), { headers: JSON_TYPE })).json()) as Everything;
  assert.is(all.index, index);

  const bytes = await log.ask(`${pathOf(statement)}/statement`);
  assert.equal([bytes.status, bytes.headers.get('content-type')], [200, 'application/cose']);
  assert.is(bytes.headers.get('cache-control'), 'public, max-age=31536000, immutable');
  sameBytes(await bytesOf(bytes), statement.entry);
});

test('GET /entries/{id}: 404 with the title of SCRAPI for what is not logged, also for its statement', async () => {
  const statement = build();
  for (const path of [pathOf(statement), `${pathOf(statement)}/statement`]) {
    const response = await log.ask(path);
    assert.is(response.status, 404, path);
    assert.is(response.headers.get('content-type'), 'application/concise-problem-details+cbor');
    const { title, detail } = problemOf(await bytesOf(response));
    assert.is(title, 'Not Found');
    assert.match(detail, entryIdOf(statement.id));
  }
});

test('GET /entries/{id}: 400 Invalid locator for what is no entry id, whatever the escapes', async () => {
  const good = entryIdOf(build().id);
  for (const id of [
    'a',
    'a%2Fb',
    '%FF',
    '%',
    '%zz',
    '%00',
    '..%2f..%2fcheckpoint',
    'x'.repeat(300),
    `${good}=`,
    `${good.slice(0, 42)}_`, // the last character has bits that say nothing
    `${good.slice(0, 42)}+`,
    `${good.slice(0, 40)}%41`,
    `${good.slice(0, 42)}é`,
  ]) {
    for (const path of [`/entries/${id}`, `/entries/${id}/statement`]) {
      const response = await log.ask(path);
      assert.is(response.status, 400, path);
      assert.is(problemOf(await bytesOf(response)).title, 'Invalid locator', path);
    }
  }
});

// -- repeats ----------------------------------------------------------------------------------------------------------

/** P-256 signatures have a second form, which anyone can make from the first (high-S). */
function otherSignature(statement: SignedStatement): SignedStatement {
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
  const s = BigInt(`0x${toHex(statement.signature.subarray(32))}`);
  const high = fromHex((order - s).toString(16).padStart(64, '0'), 'bad-signature');
  const entry = Uint8Array.from(statement.entry);
  entry.set(high, entry.length - 32);
  const other = decodeStatement(entry);
  assert.ok(verifyStatement(other, key('p', 'p256').key), 'the other signature is as good');
  assert.equal(other.id, statement.id);
  assert.not.equal(leafHash(other.entry), leafHash(statement.entry));
  return other;
}

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
