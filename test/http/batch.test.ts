import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { screen } from '../../src/cli/screen.ts';
import { concat, fromHex } from '../../src/core/bytes.ts';
import { type Cbor, type CborMap, Cursor, writeByteStrings } from '../../src/core/cbor.ts';
import type { SignedStatement } from '../../src/core/cose.ts';
import { leafHash } from '../../src/core/hash.ts';
import { signerOf } from '../../src/core/signature.ts';
import { Answers } from '../../src/http/answers.ts';
import { registerHandler, type Verify } from '../../src/http/entries.ts';
import { BUILD, building, enrol, keyEvent, ORIGIN, say } from '../registry/world.ts';
import { buildingLog, bytesOf, closeAll, PUBLIC_URL, problemOf } from './httplog.ts';
import { build, checkReceipt, pathOf } from './statements.ts';

// `POST /entries` with a CBOR sequence: admitted in order, each on its own.

const ORGANISATIONS = {
  op: { role: 'operator', roots: ['op1'], threshold: 1 },
  acme: { role: 'vendor', roots: ['acme1'], threshold: 1 },
  duo: { role: 'vendor', roots: ['duo1', 'duo2'], threshold: 2 },
} as const;
const log = await buildingLog(building(ORGANISATIONS));
test.after(closeAll);

const BATCH = { 'content-type': 'application/cbor-seq' };
type Item = readonly [number, Cbor];

async function send(statements: readonly SignedStatement[]): Promise<Item[]> {
  const response = await log.post('/entries', writeByteStrings(statements.map(({ entry }) => entry)), BATCH);
  assert.equal([response.status, response.headers.get('content-type')], [200, 'application/cbor-seq']);
  const cursor = new Cursor(await bytesOf(response));
  const items = statements.map(() => cursor.value() as Item);
  cursor.end();
  return items;
}

const indexOf = ([status, body]: Item, { entry }: SignedStatement) => {
  assert.is(status, 201, body instanceof Map ? String(body.get(-2)) : '');
  return checkReceipt(body as Uint8Array, entry);
};
const detailOf = ([status, body]: Item) => `${status} ${(body as CborMap).get(-2)}`;

test('256 statements: indexes in order, a receipt each, all for one head', async () => {
  const size = log.size;
  const statements = Array.from({ length: 256 }, build);
  const items = await send(statements);
  items.forEach((item, i) => {
    assert.is(indexOf(item, statements[i] as SignedStatement), size + i);
  });
  assert.is(log.size, size + 256);
});

test('the same statement twice in a batch, and one of an earlier batch: one entry each', async () => {
  const size = log.size;
  const [one, two] = [build(), build()];
  await send([one]);
  const items = await send([two, one, two]);
  assert.equal(
    items.map((item, i) => indexOf(item, [two, one, two][i] as SignedStatement)),
    [size + 1, size, size + 1],
  );
});

test('each verdict is that of its own item, whatever is refused around it', async () => {
  const size = log.size;
  const forged = (good: SignedStatement): SignedStatement => {
    const entry = Uint8Array.from(good.entry);
    entry[entry.length - 1] = (entry.at(-1) as number) ^ 1;
    return { ...good, entry };
  };
  // Of a key that nobody has enrolled, so that its signature is not verified at the door.
  const stranger = say('stranger', 'acme', 'build', BUILD);
  const broken = { ...build(), entry: fromHex('d284', 'bad-cbor') };
  const [one, two, three] = [build(), build(), build()];
  const items = await send([forged(build()), one, broken, stranger, two, forged(build()), three]);
  assert.equal(
    [items[1], items[4], items[6]].map((item, i) => indexOf(item as Item, [one, two, three][i] as SignedStatement)),
    [size, size + 1, size + 2],
  );
  for (const [i, why] of [
    [0, /^400 the signature of the statement does not verify/],
    [2, /^400 /],
    [3, /^400 key-unknown: /],
    [5, /^400 the signature of the statement does not verify/],
  ] as const) {
    assert.match(detailOf(items[i] as Item), why);
  }
  assert.is(log.size, size + 3);
});

test('where no receipt can be made of what was logged, the items say so, and the others why they were refused', async () => {
  const size = log.size;
  // Not the key of this log: none of its receipts would verify, and so none is sent.
  const receiptKeys = [signerOf('p256', new Uint8Array(32).fill(7)).key] as const;
  const answers = new Answers({ origin: ORIGIN, publicUrl: PUBLIC_URL, receiptKeys });
  const verify: Verify = async (signed) => signed.map(() => true);
  const handle = registerHandler({ log: log.handle, answers, verify, screen });
  const failed: unknown[] = [];
  const watch = { ...log.watch, failed: (error: unknown) => failed.push(error) };
  const ask = { method: 'POST', path: '/entries', query: '', header: () => BATCH['content-type'] };
  const body = writeByteStrings([build().entry, fromHex('d284', 'bad-cbor')]);
  const { status, body: answer } = await handle(ask, body, watch);
  const cursor = new Cursor(answer as Uint8Array);
  const statuses = [cursor.value(), cursor.value()].map((item) => (item as Item)[0]);
  cursor.end();
  assert.equal([status, statuses, failed.length, log.size], [200, [500, 400], 1, size + 1]);
});

test('a key may be enrolled, activated and used in one batch, in that order', async () => {
  const size = log.size;
  const [enrolment, activation] = [enrol('acme1', 'acme', 'k1', 'build'), keyEvent('acme1', 'acme', 'k1', 'activate')];
  const use = say('k1', 'acme', 'build', { ...BUILD, version: 'k1' });
  const early = await send([use, activation, enrolment]);
  assert.match(detailOf(early[0] as Item), /^400 key-unknown: /);
  assert.match(detailOf(early[1] as Item), /^400 key-unknown: /);
  assert.is(indexOf(early[2] as Item, enrolment), size);
  const items = await send([enrolment, use, activation, use]);
  assert.is(indexOf(items[0] as Item, enrolment), size, 'a repeat');
  assert.match(detailOf(items[1] as Item), /^400 key-state: /);
  assert.is(indexOf(items[2] as Item, activation), size + 1);
  // What was refused in a batch was refused for good: the same statement later in it shares the answer.
  assert.match(detailOf(items[3] as Item), /^400 key-state: /);
  assert.is(indexOf((await send([use]))[0] as Item, use), size + 2);
  assert.is(log.size, size + 3);
});

test('an approval of what stands earlier in the batch holds only if its index was guessed right', async () => {
  const size = log.size;
  const enrolment = enrol('duo1', 'duo', 'k2', 'build');
  const approve = (index: number) =>
    say('duo2', 'duo', 'approval', { ref: { index, leafHash: leafHash(enrolment.entry) } });
  const items = await send([approve(size), build(), enrolment, approve(size)]);
  assert.match(detailOf(items[0] as Item), /^400 reference: /);
  assert.is(items[2]?.[0], 201);
  assert.match(detailOf(items[3] as Item), /^400 reference: /);
  const later = approve(size + 1);
  assert.is(indexOf((await send([later]))[0] as Item, later), size + 2);
});

test('broken framing is one 400, too many or too large one 413, before anything is pooled', async () => {
  const size = log.size;
  const { entry } = build();
  const good = writeByteStrings([entry]);
  for (const [name, body, status] of [
    ['cut off', good.subarray(0, -1), 400],
    ['not framed', entry, 400],
    ['text at the end', concat(good, fromHex('6161', 'bad-cbor')), 400],
    ['an array around', concat(fromHex('81', 'bad-cbor'), good), 400],
    ['an indefinite string', concat(good, fromHex('5fff', 'bad-cbor')), 400],
    ['257 items', writeByteStrings(Array.from({ length: 257 }, () => entry)), 413],
    ['more than 4 MiB', writeByteStrings([entry, ...Array.from({ length: 65 }, () => new Uint8Array(65_000))]), 413],
  ] as const) {
    const response = await log.post('/entries', body, BATCH);
    assert.is(response.status, status, name);
    assert.is(problemOf(await bytesOf(response)).status, status, name);
  }
  assert.is(log.store.head().size, size);
});

test('an Accept without the type of the answer is refused before anything is pooled', async () => {
  const size = log.store.head().size;
  for (const [accept, status] of [
    ['text/html', 406],
    ['application/cose', 406],
    ['application/cbor-seq;q=0', 406],
    ['application/cose, application/cbor-seq;q=0.1', 200],
    ['application/*', 200],
    ['*/*', 200],
  ] as const) {
    const response = await log.post('/entries', writeByteStrings([build().entry]), { ...BATCH, accept });
    assert.is(response.status, status, accept);
    if (status === 406)
      assert.match(problemOf(await bytesOf(response)).detail, /an answer can be application\/cbor-seq$/);
  }
  assert.is(log.store.head().size, size + 3);
});

test('past the deadline each item that is certain gets 202 and its Location', async () => {
  const release = log.hold();
  const size = log.size;
  const statements = [build(), build()];
  const answer = send([...statements]);
  while (log.store.head().size < size + 2) await new Promise((resolve) => setImmediate(resolve));
  log.deadlinePasses();
  assert.equal(
    await answer,
    statements.map((statement) => [202, `${PUBLIC_URL}${pathOf(statement)}`]),
  );
  release();
  await send([build()]);
  for (const statement of statements) assert.is((await log.ask(pathOf(statement))).status, 200);
});

test.run();
