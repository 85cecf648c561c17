import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { formatAddEntries, parseAddEntries } from '../../src/core/addentries.ts';
import { concat, type Hash, utf8 } from '../../src/core/bytes.ts';
import { openCheckpoint } from '../../src/core/cosignature.ts';
import { Fault } from '../../src/core/fault.ts';
import { createApp } from '../../src/http/app.ts';
import { mirrorRoutes } from '../../src/http/mirror.ts';
import { PublishedTree } from '../../src/log/published.ts';
import { flipBit, sameBytes } from '../check.ts';
import * as oracle from '../oracle.ts';
import {
  COSIGNERS,
  checkpointOf,
  LOG,
  noteOf,
  ORIGIN,
  packagesFor,
  STRANGER,
  TestMirror,
  uploadOf,
} from './testmirror.ts';

// The answers of tlog-mirror, each asked of the real routes over a real disk.

const HASH = 'a'.repeat(64);
const watch = { count: () => {}, refused: () => {}, failed: (error: unknown) => console.error(error) };

function appOf(test: TestMirror) {
  const { mirror, copy } = test;
  const tile = (wanted: Parameters<PublishedTree['tile']>[0]) => {
    const mirrored = mirror.mirrored();
    assert.ok(mirrored);
    return new PublishedTree(copy, mirrored).tile(wanted);
  };
  return createApp(mirrorRoutes(mirror, HASH, tile), watch);
}

async function ask(test: TestMirror, path: string, body: Uint8Array, headers: Record<string, string> = {}) {
  const type = { 'content-type': 'application/octet-stream', ...headers };
  const response = await appOf(test).request(path, { method: 'POST', headers: type, body: body as BodyInit });
  const kind = response.headers.get('content-type') ?? '';
  return { status: response.status, type: kind, body: await response.text() };
}

const push = (test: TestMirror, body: Uint8Array, headers = {}) => ask(test, '/add-entries', body, headers);
const point = (test: TestMirror, body: Uint8Array) => ask(test, '/add-checkpoint', body);

const INFO = 'text/x.tlog.mirror-info';

test('a log pushes in packages, breaks off, goes on, and gets the cosignatures of all of it', async () => {
  const mirror = new TestMirror();
  assert.equal(await point(mirror, checkpointOf(0, 1000)), {
    status: 200,
    type: 'text/plain; charset=utf-8',
    body: '',
  });
  assert.is(mirror.mirror.mirrored(), undefined, 'add-checkpoint signs nothing');
  assert.equal(await push(mirror, uploadOf(0, 1000, 2)), { status: 202, type: INFO, body: '1000\n512\n\n' });
  mirror.open();
  const cut = uploadOf(512, 1000);
  assert.equal(await push(mirror, cut.subarray(0, cut.length - 1)), { status: 202, type: INFO, body: '1000\n768\n\n' });
  const done = await push(mirror, uploadOf(768, 1000));
  assert.is(done.status, 200, done.body);
  assert.is(done.body.split('\n').length, 3);
  const mirrored = mirror.mirror.mirrored();
  assert.ok(mirrored);
  assert.is(mirrored.size, 1000);
  const vkeys = [LOG, ...COSIGNERS].map(({ vkey }) => vkey);
  assert.is(openCheckpoint(mirrored.note, vkeys).signed.length, 3);
  assert.ok(new TextDecoder().decode(mirrored.note).endsWith(done.body), 'it serves what it answered');
  const served = await appOf(mirror).request(`/${HASH}/checkpoint`);
  assert.is(await served.text(), new TextDecoder().decode(mirrored.note));
  const bundle = await appOf(mirror).request(`/${HASH}/tile/entries/003.p/232`);
  assert.is(bundle.status, 200);
  mirror.open();
  for (const index of [0, 255, 256, 767, 768, 999]) {
    sameBytes(mirror.copy.entries(index, index + 1).subarray(2), oracle.entry(index));
  }
});

test('uploads that overlap, repeat, start inside a package and come compressed', async () => {
  const mirror = new TestMirror();
  await point(mirror, checkpointOf(0, 300));
  assert.is((await push(mirror, gzipSync(uploadOf(0, 300)), { 'content-encoding': 'gzip' })).status, 200);
  await point(mirror, checkpointOf(300, 700));
  assert.is((await push(mirror, uploadOf(290, 700, 1))).body, '700\n512\n\n');
  assert.is((await push(mirror, uploadOf(100, 700, 1))).body, '700\n512\n\n', 'all of it was there');
  assert.is((await push(mirror, uploadOf(500, 700))).status, 200);
  mirror.now = new Date('2026-01-02T00:00:00Z');
  const time = mirror.mirror.mirrored()?.time ?? 0;
  assert.is((await push(mirror, uploadOf(700, 700))).status, 200, '[N, N) is a fresh cosignature');
  assert.is(mirror.mirror.mirrored()?.time, time + 86_400);
  mirror.now = new Date('2025-01-02T00:00:00Z');
  assert.is((await push(mirror, uploadOf(700, 700))).status, 200);
  assert.is(mirror.mirror.mirrored()?.time, time + 86_400, 'a clock that went back makes none older');
});

test('an upload may end at an earlier pending checkpoint, and never rewinds the mirror', async () => {
  const mirror = new TestMirror();
  for (const [old, size] of [
    [0, 100],
    [100, 300],
    [300, 600],
  ] as const)
    await point(mirror, checkpointOf(old, size));
  assert.is((await push(mirror, uploadOf(0, 300))).status, 200);
  assert.is(mirror.mirror.mirrored()?.size, 300);
  assert.equal(await push(mirror, uploadOf(100, 100)), { status: 409, type: INFO, body: '600\n300\n\n' });
  assert.is(mirror.mirror.mirrored()?.size, 300);
  for (let size = 600; size < 620; size++) await point(mirror, checkpointOf(size, size + 1));
  assert.is((await push(mirror, uploadOf(300, 600))).status, 409, 'too long ago to be known');
  assert.is((await push(mirror, uploadOf(300, 620))).status, 200);
});

test('the refusals of add-entries', async () => {
  const mirror = new TestMirror();
  const nothing = formatAddEntries({ origin: ORIGIN, start: 0, end: 0, ticket: new Uint8Array(0) }, []);
  assert.is((await push(mirror, nothing)).status, 422, 'no checkpoint was ever pending');
  await point(mirror, checkpointOf(0, 2900));
  assert.equal(await push(mirror, nothing), { status: 409, type: INFO, body: '2900\n0\n\n' }, 'where to go on');
  const head = { origin: ORIGIN, start: 0, end: 2900, ticket: utf8('a ticket') };
  assert.is((await push(mirror, formatAddEntries({ ...head, origin: 'log.example/no' }, []))).status, 404);
  assert.is((await push(mirror, uploadOf(0, 2899))).status, 409, 'no such checkpoint');
  assert.is((await push(mirror, uploadOf(256, 2900))).status, 409, 'a gap');
  assert.is((await push(mirror, formatAddEntries(head, []))).status, 400, 'no package');
  assert.is((await push(mirror, uploadOf(0, 2900).subarray(0, 300))).status, 400, 'no whole package');
  assert.is((await push(mirror, utf8('x'))).status, 400);
  assert.is((await push(mirror, formatAddEntries({ ...head, start: 1, end: 0 }, []))).status, 400);
  assert.is((await push(mirror, uploadOf(0, 2900), { 'content-type': 'text/plain' })).status, 415);
  assert.is((await push(mirror, utf8('x'), { 'content-encoding': 'gzip' })).status, 400);
  assert.is((await push(mirror, utf8('x'), { 'content-encoding': 'br' })).status, 415);
  const bomb = gzipSync(new Uint8Array(65 * 2 ** 20));
  assert.is((await push(mirror, bomb, { 'content-encoding': 'gzip' })).status, 413);
  assert.is(mirror.mirror.tree.head.size, 0);
  assert.is((await push(mirror, formatAddEntries(head, packagesFor(0, 2900)))).status, 200);
  await point(mirror, checkpointOf(2900, 3000));
  assert.is((await push(mirror, uploadOf(851, 3000))).status, 409, 'more than 2048 entries again');
  assert.is((await push(mirror, uploadOf(852, 3000))).status, 200);
});

test('a package with anything changed is 422; those before it stay', async () => {
  const [good, bad] = packagesFor(0, 600, 2) as [ReturnType<typeof packagesFor>[0], ReturnType<typeof packagesFor>[0]];
  assert.ok(good && bad);
  const head = { origin: ORIGIN, start: 0, end: 600, ticket: new Uint8Array(0) };
  const [first = new Uint8Array(0), ...others] = bad.entries;
  for (const wrong of [
    { ...bad, entries: [flipBit(first), ...others] },
    { ...bad, entries: [...others, first] },
    { ...bad, proof: bad.proof.slice(1) },
    { ...bad, proof: [...bad.proof, good.proof[0] as Hash] },
    { ...bad, proof: bad.proof.with(0, flipBit(bad.proof[0] as Hash)) },
    { ...bad, proof: packagesFor(0, 600, 2, true)[1]?.proof ?? [] },
  ]) {
    const mirror = new TestMirror();
    await point(mirror, checkpointOf(0, 600));
    assert.is((await push(mirror, formatAddEntries(head, [good, wrong]))).status, 422);
    mirror.open();
    assert.is(mirror.mirror.tree.head.size, 256);
    assert.is((await push(mirror, uploadOf(256, 600))).status, 200);
  }
});

test('add-checkpoint answers like a witness, signs nothing, and keeps what convicts the log', async () => {
  const mirror = new TestMirror();
  await point(mirror, checkpointOf(0, 7));
  assert.equal(await point(mirror, checkpointOf(0, 9)), { status: 409, type: 'text/x.tlog.size', body: '7\n' });
  assert.is((await point(mirror, checkpointOf(7, 7))).status, 200);
  assert.is((await point(mirror, concat(utf8('old 7\n\n'), noteOf(9, false, STRANGER)))).status, 403);
  assert.is((await point(mirror, concat(utf8('old 7\n\n'), noteOf(9, false, LOG, 'log.example/no')))).status, 404);
  const missing = await point(mirror, concat(utf8('old 7\n\n'), noteOf(9)));
  assert.is(missing.status, 422, 'a proof that is missing shows nothing');
  assert.is(mirror.alarms.length, 0);
  assert.is((await point(mirror, concat(utf8('old 7\n\n'), noteOf(7, true)))).status, 422);
  assert.is((await point(mirror, checkpointOf(7, 9, true))).status, 422);
  assert.is((await point(mirror, checkpointOf(7, 9, true))).status, 422);
  const stale = await point(mirror, concat(utf8('old 3\n\n'), noteOf(7, true)));
  assert.is(stale.status, 409, 'a wrong old size decides the answer first');
  assert.is((await point(mirror, concat(utf8('old 7\n\n'), noteOf(0)))).status, 400);
  assert.equal(
    mirror.alarms.map(({ kind }) => kind),
    ['same-size', 'inconsistent'],
  );
  assert.is(mirror.known.evidence().length, 2);
  assert.is((await point(mirror, checkpointOf(7, 9))).status, 200, 'the honest history goes on');
  assert.is(mirror.mirror.pending()[0]?.size, 9);
});

test('an upload reads back as it was written; any other bytes are a fault or a prefix', () => {
  const body = uploadOf(300, 1000);
  const { head, packages } = parseAddEntries(body);
  const all = [...packages];
  assert.equal(all, packagesFor(300, 1000));
  sameBytes(formatAddEntries(head, all), body);
  fc.assert(
    fc.property(fc.nat(body.length), fc.uint8Array({ maxLength: 30 }), fc.nat(60), (at, more, cut) => {
      const bytes = concat(body.subarray(0, at), more, body.subarray(at + cut));
      try {
        const parsed = parseAddEntries(bytes);
        const again = formatAddEntries(parsed.head, [...parsed.packages]);
        sameBytes(bytes.subarray(0, again.length), again);
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
      }
    }),
    { numRuns: 300 },
  );
});

test.run();
