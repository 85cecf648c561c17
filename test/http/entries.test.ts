import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fromHex, toHex, utf8 } from '../../src/core/bytes.ts';
import { decodeStatement, entryIdOf, withUnprotected } from '../../src/core/cose.ts';
import { leafHash } from '../../src/core/hash.ts';
import { decodeReceipt } from '../../src/core/receipt.ts';
import { sameBytes } from '../check.ts';
import { buildingLog, bytesOf, COSE, closeAll, PUBLIC_URL, problemOf } from './httplog.ts';
import { build, checkProof, checkReceipt, type Everything, JSON_TYPE, PROOF, pathOf } from './statements.ts';

// `/entries` of SCRAPI draft 11, and the other shapes of DESIGN.md section 7.

const log = await buildingLog();
test.after(closeAll);

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

test.run();
