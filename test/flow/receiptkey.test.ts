import { readFileSync, writeFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readBundle } from '../../src/core/bundle.ts';
import { equal, toBase64url, toHex } from '../../src/core/bytes.ts';
import { decode } from '../../src/core/cbor.ts';
import { decodeStatement, entryIdOf } from '../../src/core/cose.ts';
import { type CoseKey, decodeKeySet, fromCoseKey, thumbprintOf } from '../../src/core/cosekey.ts';
import { leafHash } from '../../src/core/hash.ts';
import { decodeReceipt, splitTransparent, verifyReceipt } from '../../src/core/receipt.ts';
import { flipBit, sameBytes } from '../check.ts';
import { folder } from '../folder.ts';
import { limmat, type Server, serve } from './server.ts';

// The receipt key is rotated: what it signed still verifies, and what is asked for now is signed by the new one.

const data = `${folder()}/log`;
const publicUrl = 'https://log.example';

async function bytesAt(server: Server, path: string): Promise<Uint8Array> {
  const response = await fetch(`${server.url}${path}`);
  assert.is(response.status, 200, `${path}: ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

async function keySet(server: Server): Promise<CoseKey[]> {
  return decodeKeySet(await bytesAt(server, '/.well-known/scitt-keys'));
}

async function keyOf(server: Server, kid: Uint8Array): Promise<CoseKey> {
  return fromCoseKey(decode(await bytesAt(server, `/.well-known/scitt-keys/${toBase64url(kid)}`)));
}

/** Verifies a receipt with the key that its kid names; returns that kid. */
async function check(server: Server, receipt: Uint8Array, entry: Uint8Array): Promise<Uint8Array> {
  const decoded = decodeReceipt(receipt);
  const { key } = await keyOf(server, decoded.kid as Uint8Array);
  verifyReceipt(decoded, leafHash(entry), key, { iss: publicUrl, sub: 'log.example/keys' });
  return decoded.kid as Uint8Array;
}

/** The receipt of the first entry, which the log began with, and that entry. */
async function firstReceipt(server: Server): Promise<{ receipt: Uint8Array; entry: Uint8Array; place: string }> {
  const [entry] = readBundle(await bytesAt(server, '/tile/entries/000.p/2'), 2) as [Uint8Array, Uint8Array];
  const place = `/entries/${entryIdOf(decodeStatement(entry).id)}`;
  return { receipt: await bytesAt(server, place), entry, place };
}

test('a rotated receipt key: old receipts verify by their kid, new ones are by the new key', async () => {
  const made = await limmat('init', '--data', data, '--origin', 'log.example/keys', '--operator', 'example');
  assert.is(made.code, 0, made.stderr);

  let server = await serve(data, '--public-url', publicUrl);
  const [before] = (await keySet(server)) as [CoseKey];
  const old = await firstReceipt(server);
  writeFileSync(`${data}.cose`, await bytesAt(server, `${old.place}/transparent-statement`));
  const oldKid = await check(server, old.receipt, old.entry);
  sameBytes(oldKid, thumbprintOf(before.key));
  const running = await limmat('key', 'rotate-receipt-key', '--data', data);
  assert.is(running.code, 2, 'a log that is served is not touched');
  assert.match(running.stderr, /another process has this log open/);
  assert.is(await server.end('SIGTERM'), 0);

  const { code, stdout, stderr } = await limmat('key', 'rotate-receipt-key', '--data', data, '--json');
  assert.is(code, 0, stderr);
  const rotated = JSON.parse(stdout) as { receiptKey: string; retired: string; number: number };
  assert.is(rotated.retired, toBase64url(oldKid));
  assert.is(rotated.number, 1);

  server = await serve(data, '--public-url', publicUrl);
  const [after, ...others] = (await keySet(server)) as [CoseKey, ...CoseKey[]];
  assert.equal(
    others.map(({ key }) => toHex(key.bytes)),
    [toHex(before.key.bytes)],
    'the key in use, then those of before',
  );
  assert.is(toBase64url(thumbprintOf(after.key)), rotated.receiptKey);
  assert.not.ok(equal(after.key.bytes, before.key.bytes));
  sameBytes((await keyOf(server, oldKid)).key.bytes, before.key.bytes);
  sameBytes(await check(server, old.receipt, old.entry), oldKid, 'the old receipt verifies as before');

  const newKid = thumbprintOf(after.key);
  const fresh = await bytesAt(server, old.place);
  sameBytes(await check(server, fresh, old.entry), newKid);

  // A client that pins the keys now can check what was given out before.
  const pins = ['--url', server.url, '--vkey', `${data}/log.vkey`, '--out', `${data}.json`];
  const pinned = await limmat('trust', 'bundle', ...pins);
  assert.is(pinned.code, 0, pinned.stderr);
  const verified = await limmat('verify', `${data}.cose`, '--trust', `${data}.json`);
  assert.is(verified.code, 0, verified.stderr);

  const transparent = splitTransparent(await bytesAt(server, `${old.place}/transparent-statement`));
  sameBytes(transparent.statement, old.entry);
  assert.is(transparent.receipts.length, 1);
  sameBytes(await check(server, transparent.receipts[0] as Uint8Array, transparent.statement), newKid);
  assert.is((await fetch(`${server.url}/.well-known/scitt-keys/${toBase64url(new Uint8Array(32))}`)).status, 404);
  assert.is(await server.end('SIGTERM'), 0);

  const checked = await limmat('fsck', '--data', data);
  assert.is(checked.code, 0, checked.stdout);
});

test('fsck verifies what each key signed: the one in use, and the retired one', async () => {
  const place = `${folder()}/log`;
  await limmat('init', '--data', place, '--origin', 'log.example/two', '--entries', 'opaque');
  const addOne = async (n: number) => {
    const server = await serve(place);
    assert.is(await (await fetch(`${server.url}/add`, { method: 'POST', body: `entry ${n}` })).text(), String(n));
    await server.end('SIGTERM');
  };
  await addOne(0);
  assert.is((await limmat('key', 'rotate-receipt-key', '--data', place)).code, 0);
  await addOne(1);
  assert.is((await limmat('fsck', '--data', place)).code, 0);
  const db = new Database(`${place}/log.db`);
  db.exec('DROP TRIGGER checkpoint_is_fixed');
  const flip = (column: string, size: number) => {
    const bytes = db.prepare(`SELECT ${column} FROM checkpoint WHERE size = ?`).pluck().get(size) as Uint8Array;
    db.prepare(`UPDATE checkpoint SET ${column} = ? WHERE size = ?`).run(flipBit(bytes), size);
  };
  for (const size of [1, 2]) {
    for (const column of ['receipt_signature', 'tree_head_signature']) {
      flip(column, size);
      const { code, stdout } = await limmat('fsck', '--data', place);
      assert.is(code, 1, stdout);
      assert.match(stdout, new RegExp(`^checkpoint ${size}: its ${column} does not verify.*\\n.*1 findings\\n$`));
      flip(column, size);
    }
  }
  db.close();
});

test('a frozen log goes on answering with receipts by the key that signed its newest head', async () => {
  const guard = `${data}.guard`;
  const whole = readFileSync(guard);
  writeFileSync(guard, `${whole}not a line\n`);
  const rotated = await limmat('key', 'rotate-receipt-key', '--data', data, '--json');
  assert.is(rotated.code, 0, rotated.stderr);
  const { retired, number } = JSON.parse(rotated.stdout) as { retired: string; number: number };
  assert.is(number, 2);

  const server = await serve(data, '--public-url', publicUrl);
  assert.is((await fetch(`${server.url}/healthz`)).status, 503);
  const { receipt, entry } = await firstReceipt(server);
  assert.is(toBase64url(await check(server, receipt, entry)), retired);
  assert.is((await fetch(`${server.url}/ct/v1/get-sth`)).status, 200);
  assert.is((await fetch(`${server.url}/consistency?first=1`)).status, 200);
  await server.end('SIGTERM');
  writeFileSync(guard, whole);
});

test.run();
