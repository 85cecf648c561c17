import { createHash, createPublicKey, verify } from 'node:crypto';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fromBase64, toBase64, toHex } from '../../src/core/bytes.ts';
import { spki } from '../../src/core/signature.ts';
import { flipBit } from '../check.ts';
import { limmat, serve } from '../flow/server.ts';
import { folder } from '../folder.ts';
import * as oracle from '../oracle.ts';
import { Reads } from './reads.ts';

// The shapes of RFC 6962 §4 against the RFC's own recursive definitions, and its rules for parameters.

const SMALL = 64;
const small = new Reads();
await small.grow(SMALL);
const leaves = oracle.leaves(SMALL);
const base64 = (hashes: readonly Uint8Array[]) => hashes.map((hash) => toBase64(hash));
const bytes = (text: unknown) => fromBase64(text as string, 'bad-request');
const escaped = (hash: Uint8Array) => encodeURIComponent(toBase64(hash));

type Sth = { tree_size: number; timestamp: number; sha256_root_hash: string; tree_head_signature: string };

/** The struct that RFC 6962 §3.5 signs, written out here once more. */
function treeHeadSignatureInput(sth: Sth): Buffer {
  const input = Buffer.alloc(50);
  input.writeUInt8(0, 0);
  input.writeUInt8(1, 1);
  input.writeBigUInt64BE(BigInt(sth.timestamp), 2);
  input.writeBigUInt64BE(BigInt(sth.tree_size), 10);
  input.set(bytes(sth.sha256_root_hash), 18);
  return input;
}

function sthVerifies(sth: Sth, key: Uint8Array): boolean {
  const signed = bytes(sth.tree_head_signature);
  assert.is(toHex(signed.subarray(0, 2)), '0403', 'sha256, ecdsa');
  assert.is((signed[2] as number) * 256 + (signed[3] as number), signed.length - 4);
  const publicKey = createPublicKey({ key: Buffer.from(key), format: 'der', type: 'spki' });
  return verify('sha256', treeHeadSignatureInput(sth), publicKey, signed.subarray(4));
}

test('get-sth: the published head, signed by the P-256 key; every byte of it is bound', async () => {
  const { status, body, type } = await small.json<Sth>('/ct/v1/get-sth');
  assert.is(status, 200);
  assert.is(type, 'application/json');
  assert.equal(Object.keys(body), ['tree_size', 'timestamp', 'sha256_root_hash', 'tree_head_signature']);
  assert.is(body.tree_size, SMALL);
  assert.is(body.sha256_root_hash, toBase64(oracle.mth(leaves)));
  const key = spki(small.log.signer.keys.receipts[0]);
  assert.ok(sthVerifies(body, key));
  assert.not.ok(sthVerifies({ ...body, tree_size: SMALL - 1 }, key));
  assert.not.ok(sthVerifies({ ...body, timestamp: body.timestamp + 1 }, key));
  assert.not.ok(sthVerifies({ ...body, sha256_root_hash: toBase64(flipBit(oracle.mth(leaves))) }, key));
});

test('get-sth: the timestamp grows with every head, and stays what it was in between', async () => {
  const log = new Reads();
  let before = 0;
  for (let size = 0; size < 6; size++) {
    await log.grow(size);
    const { body } = await log.json<Sth>('/ct/v1/get-sth');
    assert.is(body.tree_size, size);
    assert.ok(body.timestamp > before, `size ${size}`);
    assert.equal((await log.json<Sth>('/ct/v1/get-sth')).body, body);
    before = body.timestamp;
  }
});

test('get-sth-consistency: every pair of sizes up to 64 is the oracle’s PROOF', async () => {
  for (let second = 1; second <= SMALL; second++) {
    for (let first = 1; first <= second; first++) {
      const { status, body } = await small.json(`/ct/v1/get-sth-consistency?first=${first}&second=${second}`);
      assert.is(status, 200);
      assert.equal(body, { consistency: base64(oracle.consistency(first, leaves, second)) }, `${first} to ${second}`);
    }
  }
});

test('get-proof-by-hash and get-entry-and-proof: every leaf of every size up to 64 is the oracle’s PATH', async () => {
  for (let size = 1; size <= SMALL; size++) {
    for (let index = 0; index < size; index++) {
      const audit_path = base64(oracle.path(index, leaves, 0, size));
      const hash = escaped(leaves[index] as Uint8Array);
      const byHash = await small.json(`/ct/v1/get-proof-by-hash?hash=${hash}&tree_size=${size}`);
      assert.equal(byHash.body, { leaf_index: index, audit_path });
      const byIndex = await small.json(`/ct/v1/get-entry-and-proof?leaf_index=${index}&tree_size=${size}`);
      const leaf_input = toBase64(oracle.entry(index));
      assert.equal(byIndex.body, { leaf_input, extra_data: '', audit_path });
    }
  }
});

test('a leaf hash whose base64 has pluses may be sent with or without escapes', async () => {
  const index = leaves.findIndex((hash) => toBase64(hash).includes('+'));
  for (const hash of [toBase64(leaves[index] as Uint8Array), escaped(leaves[index] as Uint8Array)]) {
    const { body } = await small.json(`/ct/v1/get-proof-by-hash?hash=${hash}&tree_size=${SMALL}`);
    assert.is(body.leaf_index, index);
  }
});

test('proofs in a tree of several tiles, around their borders', async () => {
  const log = new Reads();
  const all = oracle.leaves(1100);
  await log.grow(700);
  const early = await log.json(`/ct/v1/get-proof-by-hash?hash=${escaped(all[699] as Uint8Array)}&tree_size=700`);
  assert.equal(early.body, { leaf_index: 699, audit_path: base64(oracle.path(699, all, 0, 700)) });
  await log.grow(1100); // the published tree and the index of its leaves go on from what they had
  const sizes = [1, 255, 256, 257, 511, 512, 513, 700, 768, 1024, 1025, 1099, 1100];
  for (const second of sizes) {
    for (const first of sizes.filter((size) => size <= second)) {
      const { body } = await log.json(`/ct/v1/get-sth-consistency?first=${first}&second=${second}`);
      assert.equal(body, { consistency: base64(oracle.consistency(first, all, second)) }, `${first} to ${second}`);
    }
    for (const index of [0, 254, 255, 256, 511, 512, 700, 767, 1023, 1024, 1099].filter((each) => each < second)) {
      const hash = escaped(all[index] as Uint8Array);
      const { body } = await log.json(`/ct/v1/get-proof-by-hash?hash=${hash}&tree_size=${second}`);
      assert.equal(body, { leaf_index: index, audit_path: base64(oracle.path(index, all, 0, second)) });
    }
  }
});

type Entries = { entries: { leaf_input: string; extra_data: string }[] };

test('get-entries: a monitor that pages gets every entry once, whatever it asks for at a time', async () => {
  const log = new Reads();
  await log.grow(600);
  for (const step of [1, 7, 256, 257, 10_000]) {
    const got: Uint8Array[] = [];
    while (got.length < 600) {
      const { body } = await log.json<Entries>(`/ct/v1/get-entries?start=${got.length}&end=${got.length + step - 1}`);
      assert.ok(body.entries.length >= 1 && body.entries.length <= Math.min(step, 256));
      assert.ok(body.entries.every(({ extra_data }) => extra_data === ''));
      got.push(...body.entries.map(({ leaf_input }) => bytes(leaf_input)));
    }
    assert.equal(got.map(oracle.leaf).map(toHex), oracle.leaves(600).map(toHex), `${step} at a time`);
  }
});

test('get-entries: an answer is bounded in bytes too, and has one entry at least', async () => {
  const log = new Reads();
  for (let n = 0; n < 70; n++) log.log.add(new Uint8Array(65_535).fill(n));
  await log.grow(70);
  const { body } = await log.json<Entries>('/ct/v1/get-entries?start=0&end=69');
  assert.is(body.entries.length, Math.floor((4 * 1024 * 1024) / 65_535));
  const rest = await log.json<Entries>(`/ct/v1/get-entries?start=${body.entries.length}&end=69`);
  assert.is(body.entries.length + rest.body.entries.length, 70);
});

const unknown = escaped(oracle.leaf(new Uint8Array(3)));
const known = escaped(leaves[9] as Uint8Array);
const REFUSED: readonly [string, number, string][] = [
  ['get-sth?size=3', 400, 'malformed'],
  ['get-sth-consistency', 400, 'malformed'],
  ['get-sth-consistency?first=1', 400, 'malformed'],
  ['get-sth-consistency?second=1', 400, 'malformed'],
  ['get-sth-consistency?first=0&second=5', 400, 'firstUnknown'],
  ['get-sth-consistency?first=5&second=4', 400, 'secondBeforeFirst'],
  ['get-sth-consistency?first=5&second=65', 400, 'secondUnknown'],
  ['get-sth-consistency?first=5&second=9007199254740991', 400, 'secondUnknown'],
  ['get-sth-consistency?first=5&second=9007199254740992', 400, 'malformed'],
  ['get-sth-consistency?first=-1&second=5', 400, 'malformed'],
  ['get-sth-consistency?first=+1&second=5', 400, 'malformed'],
  ['get-sth-consistency?first=01&second=5', 400, 'malformed'],
  ['get-sth-consistency?first=1e1&second=20', 400, 'malformed'],
  ['get-sth-consistency?first=0x4&second=5', 400, 'malformed'],
  ['get-sth-consistency?first=&second=5', 400, 'malformed'],
  ['get-sth-consistency?first=1&first=2&second=5', 400, 'malformed'],
  ['get-sth-consistency?first=1&second=5&third=6', 400, 'malformed'],
  ['get-sth-consistency?first=%zz&second=5', 400, 'malformed'],
  ['get-sth-consistency?__proto__=1&first=1&second=5', 400, 'malformed'],
  ['get-proof-by-hash?tree_size=5', 400, 'malformed'],
  [`get-proof-by-hash?hash=${known}`, 400, 'malformed'],
  [`get-proof-by-hash?hash=${known}&tree_size=0`, 400, 'treeSizeUnknown'],
  [`get-proof-by-hash?hash=${known}&tree_size=65`, 400, 'treeSizeUnknown'],
  [`get-proof-by-hash?hash=${known}&tree_size=9`, 404, 'hashUnknown'],
  [`get-proof-by-hash?hash=${unknown}&tree_size=64`, 404, 'hashUnknown'],
  ['get-proof-by-hash?hash=AAAA&tree_size=64', 400, 'malformed'],
  [`get-proof-by-hash?hash=${toHex(leaves[9] as Uint8Array)}&tree_size=64`, 400, 'malformed'],
  ['get-entries?start=0', 400, 'malformed'],
  ['get-entries?end=0', 400, 'malformed'],
  ['get-entries?start=5&end=4', 400, 'endBeforeStart'],
  ['get-entries?start=64&end=70', 400, 'startUnknown'],
  ['get-entry-and-proof?leaf_index=0', 400, 'malformed'],
  ['get-entry-and-proof?tree_size=4', 400, 'malformed'],
  ['get-entry-and-proof?leaf_index=4&tree_size=4', 400, 'leafIndexUnknown'],
  ['get-entry-and-proof?leaf_index=0&tree_size=65', 400, 'treeSizeUnknown'],
  ['get-entry-and-proof?leaf_index=0&tree_size=0', 400, 'treeSizeUnknown'],
];

test('get-sth takes no parameter, and says so', async () => {
  const { body } = await small.json<{ detail: string }>('/ct/v1/get-sth?x=1');
  assert.is(body.detail, 'malformed: there is no parameter "x" here, and no other');
});

test('what is not there is told in the form of its neighbours', async () => {
  for (const path of ['/ct/v1/get-roots', '/ct/v1/get-sth/', '/ct/v1/get-sth/more', '/ct/v1', '/v1/proof/', '/v1/x']) {
    const { status, body, type } = await small.json<{ status: number }>(path);
    assert.equal([status, body.status, type], [404, 404, 'application/problem+json'], path);
  }
});

for (const [path, expected, rule] of REFUSED) {
  test(`refused as ${rule}: ${path}`, async () => {
    const { status, body, type } = await small.json(`/ct/v1/${path}`);
    assert.is(status, expected, JSON.stringify(body));
    assert.is(body.status, expected);
    assert.is(body.rule, rule);
    assert.is(type, 'application/problem+json');
    assert.equal(small.failed, []);
  });
}

test('an empty published tree has a head and nothing else', async () => {
  const log = new Reads();
  await log.grow(0);
  const { body } = await log.json<Sth>('/ct/v1/get-sth');
  assert.is(body.tree_size, 0);
  assert.is(body.sha256_root_hash, createHash('sha256').digest('base64'));
  assert.ok(sthVerifies(body, spki(log.log.signer.keys.receipts[0])));
  assert.is((await log.json('/ct/v1/get-entries?start=0&end=0')).body.rule, 'startUnknown');
  assert.is((await log.json('/ct/v1/get-entry-and-proof?leaf_index=0&tree_size=1')).body.rule, 'treeSizeUnknown');
});

test('a damaged node is never sent as a proof', async () => {
  const log = new Reads();
  await log.grow(600);
  const tile = log.log.store.tile.bind(log.log.store);
  log.log.store.tile = (level, n) => {
    const nodes = tile(level, n);
    return nodes && flipBit(nodes, 8 * 32 * 3);
  };
  const paths = [
    'get-sth-consistency?first=3&second=600',
    'get-sth-consistency?first=4&second=8', // all of it from damaged nodes, and so consistent in itself
    'get-entry-and-proof?leaf_index=2&tree_size=300',
    'get-entry-and-proof?leaf_index=2&tree_size=4',
  ];
  for (const path of paths) {
    const { status, body } = await log.json(`/ct/v1/${path}`);
    assert.is(status, 500, path);
    assert.not.match(JSON.stringify(body), /prefix|proof|tile/, 'the text of a 5xx stays here');
  }
  assert.is(log.failed.length, paths.length);
});

test('a live opaque log answers in these shapes, by the hash of what was added', async () => {
  const root = folder();
  const data = `${root}/log`;
  const made = await limmat('init', '--data', data, '--origin', 'log.example/ct', '--entries', 'opaque');
  assert.is(made.code, 0, made.stderr);
  const server = await serve(data);
  const get = async (path: string) => (await fetch(`${server.url}/ct/v1/${path}`)).json() as Promise<never>;
  for (let n = 0; n < 20; n++) {
    const body = oracle.entry(n) as BodyInit;
    assert.is(await (await fetch(`${server.url}/add`, { method: 'POST', body })).text(), String(n));
  }
  let sth: Sth = await get('get-sth');
  while (sth.tree_size < 20) sth = await get('get-sth'); // which waits for what was acknowledged, but not for ever
  assert.is(sth.sha256_root_hash, toBase64(oracle.mth(oracle.leaves(20))));
  const [, , proof] = await Promise.all([
    get('get-sth-consistency?first=7&second=20'),
    get('get-entries?start=0&end=19'),
    get(`get-proof-by-hash?hash=${escaped(leaves[13] as Uint8Array)}&tree_size=20`),
  ]);
  assert.equal(proof, { leaf_index: 13, audit_path: base64(oracle.path(13, oracle.leaves(20))) });
  const missing = await fetch(`${server.url}/ct/v1/get-proof-by-hash?hash=${unknown}&tree_size=20`);
  assert.is(missing.status, 404);
  assert.is(missing.headers.get('cache-control'), 'no-store');
  assert.is(await server.end('SIGTERM'), 0);
});

test.run();
