import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { toHex } from '../../src/core/bytes.ts';
import { decode } from '../../src/core/cbor.ts';
import { decodeConsistencyReceipt, verifyConsistencyReceipt } from '../../src/core/consistency.ts';
import { parseTlogProof, verifyTlogProof } from '../../src/core/tlogproof.ts';
import type { PublishedNote } from '../../src/log/ports.ts';
import { flipBit, sameBytes } from '../check.ts';
import * as oracle from '../oracle.ts';
import { Reads } from './reads.ts';

const SIZES = [1, 2, 3, 7, 8, 20, 64, 255, 256, 257, 300];
const NEWEST = 300;
const reads = new Reads();
for (const size of SIZES) await reads.grow(size);
const leaves = oracle.leaves(NEWEST);
const { vkeys, receipts } = reads.log.signer.keys;
const leafHex = (index: number) => toHex(leaves[index] as Uint8Array);

async function proof(query: string): Promise<Uint8Array> {
  const response = await reads.app.request(`/v1/proof?${query}`);
  assert.is(response.status, 200, `${query}: ${response.status}`);
  assert.is(response.headers.get('content-type'), 'text/x.tlog-proof');
  return new Uint8Array(await response.arrayBuffer());
}

test('/v1/proof: of every published checkpoint, by index and by hash, and the file alone verifies', async () => {
  for (const size of SIZES) {
    for (const index of [0, 1, 2, 6, 7, 19, 63, 254, 255, 256, 299].filter((each) => each < size)) {
      const bytes = await proof(`index=${index}&size=${size}`);
      const parsed = parseTlogProof(bytes);
      assert.is(parsed.index, index);
      sameBytes(parsed.extra, oracle.entry(index));
      assert.equal(parsed.path.map(toHex), oracle.path(index, leaves, 0, size).map(toHex));
      const { checkpoint, signed } = verifyTlogProof(parsed, oracle.leaf(parsed.extra as Uint8Array), vkeys);
      assert.is(checkpoint.size, size);
      sameBytes(checkpoint.root, oracle.mth(leaves, 0, size));
      assert.is(signed.length, 2, 'both signatures of that checkpoint');
      sameBytes(await proof(`hash=${leafHex(index)}&size=${size}`), bytes);
    }
  }
});

test('/v1/proof: without a size it is of the newest checkpoint', async () => {
  sameBytes(await proof('index=5'), await proof(`index=5&size=${NEWEST}`));
  sameBytes(await proof(`hash=${leafHex(5)}`), await proof('index=5'));
});

test('/v1/proof: the first questions by hash, asked at once, each find their entry', async () => {
  const log = new Reads();
  await log.grow(600);
  const hashes = oracle.leaves(600).map(toHex);
  const answers = await Promise.all(hashes.map((hash) => log.app.request(`/v1/proof?hash=${hash}`)));
  for (const [index, answer] of answers.entries()) {
    assert.is(parseTlogProof(new Uint8Array(await answer.arrayBuffer())).index, index);
  }
});

for (const [query, status, said] of [
  ['', 400, 'malformed'],
  [`index=1&hash=${'00'.repeat(32)}`, 400, 'malformed'],
  ['index=x', 400, 'malformed'],
  ['hash=00', 400, 'malformed'],
  [`hash=${leafHex(3).toUpperCase()}`, 400, 'malformed'],
  ['index=1&digest=sha256:00', 400, 'malformed'],
  [`digest=sha256:${'00'.repeat(32)}`, 404, undefined], // nobody looks up builds here
  [`hash=${'00'.repeat(32)}`, 404, 'hashUnknown'],
  ['index=300', 404, undefined],
  ['index=7&size=7', 404, undefined],
  [`hash=${leafHex(7)}&size=7`, 404, undefined],
  ['index=0&size=4', 404, undefined],
  ['index=0&size=0', 404, undefined],
  ['index=0&size=301', 404, undefined],
] as const) {
  test(`/v1/proof refuses ${query || 'no query'}`, async () => {
    const { status: got, body, type } = await reads.json(`/v1/proof?${query}`);
    assert.is(got, status, JSON.stringify(body));
    assert.is(body.rule, said);
    assert.is(type, 'application/problem+json');
  });
}

test('/v1/proof: a stored checkpoint that is not of this tree is never sent', async () => {
  const log = new Reads();
  for (const size of [3, 5, 9]) await log.grow(size);
  const publishedAt = log.log.store.publishedAt.bind(log.log.store);
  log.log.store.publishedAt = () => publishedAt(3);
  assert.is((await log.json('/v1/proof?index=0&size=5')).status, 500);
  assert.is(log.failed.length, 1);
});

test('a stored checkpoint that is damaged is an error of the log, and not of who asks', async () => {
  const log = new Reads();
  for (const size of [3, 5, 9]) await log.grow(size);
  const publishedAt = log.log.store.publishedAt.bind(log.log.store);
  const damages: ((published: PublishedNote) => Partial<PublishedNote>)[] = [
    ({ receiptSignature }) => ({ receiptSignature: flipBit(receiptSignature) }),
    ({ receiptHeader }) => ({ receiptHeader: flipBit(receiptHeader) }),
    ({ note }) => ({ note: note.subarray(0, 20) }),
  ];
  for (const damage of damages) {
    log.log.store.publishedAt = (size) => {
      const published = publishedAt(size);
      return published && { ...published, ...damage(published) };
    };
    assert.is((await log.app.request('/consistency?first=3&second=5')).status, 500);
  }
  assert.is((await log.json('/v1/proof?index=0&size=5')).status, 500);
  assert.is(log.failed.length, damages.length + 1);
});

async function receipt(query: string): Promise<Uint8Array> {
  const response = await reads.app.request(`/consistency?${query}`);
  assert.is(response.status, 200, query);
  assert.is(response.headers.get('content-type'), 'application/cose');
  return new Uint8Array(await response.arrayBuffer());
}

test('/consistency: a receipt from any size to each published one', async () => {
  const speaker = { iss: 'https://log.example', sub: 'log.example/test' };
  for (const second of SIZES) {
    for (const first of [1, 2, 3, 4, 5, 7, 8, 100, 255, 256, 299].filter((each) => each < second)) {
      const decoded = decodeConsistencyReceipt(await receipt(`first=${first}&second=${second}`));
      const old = oracle.mth(leaves, 0, first);
      sameBytes(verifyConsistencyReceipt(decoded, old, receipts[0], speaker), oracle.mth(leaves, 0, second));
      assert.throws(() => verifyConsistencyReceipt(decoded, flipBit(old), receipts[0], speaker));
    }
  }
  sameBytes(await receipt('first=3'), await receipt(`first=3&second=${NEWEST}`));
});

for (const [query, status, rule] of [
  ['', 400, 'malformed'],
  ['second=8', 400, 'malformed'],
  ['first=0', 400, 'firstUnknown'],
  ['first=8&second=7', 400, 'secondBeforeFirst'],
  ['first=8&second=8', 400, 'secondBeforeFirst'],
  ['first=300', 400, 'firstUnknown'],
  ['first=301', 400, 'firstUnknown'],
  ['first=300&second=300', 400, 'secondBeforeFirst'],
  ['first=8&second=301', 400, 'secondUnknown'],
  ['first=3&second=9', 404, undefined],
] as const) {
  test(`/consistency refuses ${query || 'no query'}, in CBOR or JSON`, async () => {
    const response = await reads.app.request(`/consistency?${query}`);
    assert.is(response.status, status);
    const problem = decode(new Uint8Array(await response.arrayBuffer())) as ReadonlyMap<number, unknown>;
    assert.is(problem.get(-4), status);
    const asJson = await reads.app.request(`/consistency?${query}`, { headers: { accept: 'application/json' } });
    assert.is(((await asJson.json()) as { rule?: string }).rule, rule);
  });
}

test.run();
