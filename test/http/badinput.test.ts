import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Cbor, type CborMap, Cursor, writeByteStrings } from '../../src/core/cbor.ts';
import { decodeReceipt } from '../../src/core/receipt.ts';
import { BUILD, say } from '../registry/world.ts';
import { GROUPS, good, worldOfKeys } from './badstatements.ts';
import { buildingLog, bytesOf, COSE, closeAll, problemOf } from './httplog.ts';

// Bad submissions over a socket: each has its own answer, and none leaves a trace in the tree.

const log = await buildingLog(worldOfKeys());
const server = await log.listen();
test.after(closeAll);

for (const [group, cases] of Object.entries(GROUPS)) {
  test(`${group}: ${cases.length} bad submissions, each with its answer, none with a trace`, async () => {
    const before = log.store.head();
    for (const [name, body, status, title, detail] of cases) {
      const response = await fetch(`${server.url}/entries`, { method: 'POST', headers: COSE, body: body as BodyInit });
      assert.is(response.headers.get('content-type'), 'application/concise-problem-details+cbor', name);
      const problem = problemOf(await bytesOf(response));
      assert.equal(
        [response.status, problem.status, problem.title],
        [status, status, title],
        `${name}: ${problem.detail}`,
      );
      assert.ok(detail.test(problem.detail), `${name}: ${problem.detail}`);
      assert.equal(log.store.head(), before, name);
    }
    // The next good one has the next index: nothing was reserved or lost.
    const next = say('bld', 'acme', 'build', { ...BUILD, version: `after ${group}` });
    const response = await fetch(`${server.url}/entries`, {
      method: 'POST',
      headers: COSE,
      body: next.entry as BodyInit,
    });
    assert.is(response.status, 201);
    assert.is(decodeReceipt(await bytesOf(response)).proofs[0]?.index, before.size);
    assert.equal(log.failures, [], 'no bug was met on the way');
  });
}

test('the messages of CBOR say what and where', async () => {
  const response = await log.post('/entries', good.entry.subarray(0, -1));
  assert.match(problemOf(await bytesOf(response)).detail, /^CBOR has .* at byte [0-9]+ of [0-9]+$/);
});

test('each item of a batch may be bad in its own way, and the good ones get in', async () => {
  const bad = Object.values(GROUPS)
    .flat()
    .filter(([, body]) => body.length < 66_000);
  assert.ok(bad.length > 100, `${bad.length} are enough`);
  const before = log.store.head().size;
  const first = say('bld', 'acme', 'build', { ...BUILD, version: 'first' });
  const last = say('bld', 'acme', 'build', { ...BUILD, version: 'last' });
  const bodies = [first.entry, ...bad.map(([, body]) => body), last.entry];
  const response = await fetch(`${server.url}/entries`, {
    method: 'POST',
    headers: { 'content-type': 'application/cbor-seq' },
    body: writeByteStrings(bodies) as BodyInit,
  });
  assert.equal([response.status, response.headers.get('content-type')], [200, 'application/cbor-seq']);
  const answer = new Cursor(await bytesOf(response));
  const next = () => answer.value() as readonly [number, Cbor];
  const indexOf = ([status, receipt]: readonly [number, Cbor]) => {
    assert.is(status, 201);
    return decodeReceipt(receipt as Uint8Array).proofs[0]?.index;
  };
  assert.is(indexOf(next()), before);
  for (const [name, , status, title, detail] of bad) {
    const [code, problem] = next() as [number, CborMap];
    assert.equal([code, problem.get(-4), problem.get(-1)], [status, status, title], name);
    assert.ok(detail.test(problem.get(-2) as string), `${name}: ${problem.get(-2)}`);
  }
  assert.is(indexOf(next()), before + 1);
  answer.end();
  assert.is(log.store.head().size, before + 2);
});

test.run();
