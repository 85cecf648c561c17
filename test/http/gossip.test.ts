import { join } from 'node:path';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { concat, equal, type Hash, utf8 } from '../../src/core/bytes.ts';
import { parseEvidence, verifyEvidence } from '../../src/core/evidence.ts';
import { formatHeads, parseHeads } from '../../src/core/headlist.ts';
import { formatVkey, MAX_NOTE, parseNote } from '../../src/core/note.ts';
import { createApp } from '../../src/http/app.ts';
import { distributorRoutes } from '../../src/http/distributor.ts';
import { gossipRoutes } from '../../src/http/gossip.ts';
import { Limiter } from '../../src/http/limiter.ts';
import type { Route } from '../../src/http/route.ts';
import type { Finding } from '../../src/monitor/alert.ts';
import { Heads, MAX_EVIDENCE } from '../../src/monitor/heads.ts';
import { MirrorGossip } from '../../src/monitor/mirrorgossip.ts';
import { logId, originHash } from '../../src/monitor/peers.ts';
import type { MirroredCheckpoint } from '../../src/monitor/ports.ts';
import { addEntries } from '../../src/monitor/upload.ts';
import { openMonitorStore } from '../../src/store/monitor.ts';
import { WitnessGossip } from '../../src/witness/gossip.ts';
import { faults, faultsLater, sameBytes } from '../check.ts';
import { folder } from '../folder.ts';
import {
  checkpointOf,
  STRANGER as MIRROR_STRANGER,
  ORIGIN as MIRRORED,
  LOG as MIRRORED_LOG,
  noteOf as mirroredNote,
  TestMirror,
  uploadOf,
} from '../monitor/testmirror.ts';
import { emptyState, memoryStore } from '../witness/memorystore.ts';
import {
  COSIGNERS,
  knownAt,
  LOG_KEYS,
  leaves,
  type NoteOptions,
  noteOf,
  ORIGIN,
  STRANGER,
  WITNESS,
} from '../witness/testlog.ts';
import { monitorOf } from './party.ts';

// The exchange of heads and the distributor API, without sockets: a monitor that knows a tree of 20 entries.

const vkeys = LOG_KEYS.map(({ vkey }) => vkey);
const cosigned = (size: number, options: NoteOptions = {}) =>
  noteOf(size, { ...options, keys: [LOG_KEYS[0], ...COSIGNERS] });
const SIZE = 20;

function party() {
  let arrived = 0;
  const { store, monitor, party: one } = monitorOf(SIZE, () => arrived++);
  const ask = asking([...gossipRoutes(one, () => 0), ...distributorRoutes(one, () => 0)]);
  return { store, monitor, ask, arrived: () => arrived };
}

function asking(routes: Route[]) {
  const app = createApp(routes, {
    count: () => {},
    refused: () => {},
    failed: (error) => assert.unreachable(String(error)),
  });
  return async (path: string, method = 'GET', body?: Uint8Array) => {
    const init = body ? { method, body: body as BodyInit } : { method };
    const response = await app.request(path, init);
    return { status: response.status, body: new Uint8Array(await response.arrayBuffer()) };
  };
}

const BASE = `/gossip/v1/${originHash(ORIGIN)}`;

test('a head of every size is judged as it is: a prefix, too large to tell, or a conflict with evidence', async () => {
  const { ask, store } = party();
  for (let size = 0; size <= SIZE + 2; size++) {
    const { status, body } = await ask(`${BASE}/heads`, 'POST', noteOf(size));
    assert.is(status, size <= SIZE ? 200 : 202, `size ${size}`);
    if (status === 200) assert.is(parseNote(body).text, parseNote(noteOf(SIZE)).text);
  }
  // The trees differ from index 3 on.
  for (let size = 4; size <= SIZE; size++) {
    const { status, body } = await ask(`${BASE}/heads`, 'POST', noteOf(size, { fork: true }));
    assert.is(status, 409, `size ${size}`);
    assert.is(verifyEvidence(parseEvidence(body), vkeys).kind, 'same-size');
  }
  assert.is(store.evidence(ORIGIN).length, SIZE - 3);
  const list = await ask(`${BASE}/evidence`);
  const ids = new TextDecoder().decode(list.body).trim().split('\n');
  assert.equal(ids, store.evidence(ORIGIN));
  for (const id of ids)
    sameBytes((await ask(`${BASE}/evidence/${id}`)).body, store.evidenceFile(ORIGIN, id) as Uint8Array);
});

test('two heads of one size that come at once convict the log, though neither has a tree yet', async () => {
  const { monitor, store } = party();
  const heads = monitor.heads(ORIGIN) as Heads;
  const pair = [noteOf(SIZE + 1), noteOf(SIZE + 1, { fork: true })];
  const taken = await Promise.all(pair.map((note) => heads.take(note, 'both')));
  assert.equal(
    taken.map(({ status }) => status),
    ['pending', 'conflict'],
  );
  assert.is(store.evidence(ORIGIN).length, 1);
});

test('where no note of the size is held, the evidence has the nodes: every pair of sizes', async () => {
  for (let size = 4; size < SIZE; size++) {
    const { ask } = party();
    const { status, body } = await ask(`${BASE}/heads`, 'POST', noteOf(size, { fork: true }));
    assert.is(status, 409, `size ${size}`);
    const { kind, checkpoints } = verifyEvidence(parseEvidence(body), vkeys);
    assert.is(kind, 'inconsistent');
    assert.equal(
      checkpoints.map((one) => one.size),
      [size, SIZE],
    );
  }
});

test('evidence is listed in pages, and a monitor keeps no more of it than convicts', async () => {
  const ids = Array.from({ length: 250 }, (_, n) => n.toString(16).padStart(64, '0'));
  const none = { latest: () => undefined, after: () => [], evidenceFile: () => undefined };
  const listed = { ...none, originOf: () => ORIGIN, post: () => ({ kind: 'queued' as const }), evidence: () => ids };
  const ask = asking(gossipRoutes(listed, () => 0));
  const page = async (after = '') =>
    new TextDecoder()
      .decode((await ask(`${BASE}/evidence${after}`)).body)
      .split('\n')
      .slice(0, -1);
  assert.equal(await page(), ids.slice(0, 100));
  assert.equal(await page(`?after=${ids[99]}`), ids.slice(100, 200));
  assert.equal(await page(`?after=${ids[199]}`), ids.slice(200));
  assert.equal(await page(`?after=${ids[249]}`), []);
  assert.equal(await page('?after=unknown'), ids.slice(0, 100));
  const { store, monitor } = party();
  const heads = monitor.heads(ORIGIN) as Heads;
  for (let n = 0; n < MAX_EVIDENCE + 5; n++) {
    const root = leaves(1, false).map((leaf) => concat(leaf.subarray(0, 31), Uint8Array.of(n)) as typeof leaf)[0];
    const taken = await heads.take(noteOf(7, { root: root as Hash }), 'test');
    assert.ok(taken.status === 'conflict' && taken.file, 'each is answered with its evidence');
  }
  assert.is(store.evidence(ORIGIN).length, MAX_EVIDENCE);
  assert.is(store.heads(ORIGIN, { status: 'conflict' }).length, MAX_EVIDENCE);
  assert.is([...store.alerts()].length, 2, 'one with the tree, and one with each other');
});

test('whoever posts too many heads from one address has to wait; others do not', async () => {
  let now = 0;
  const limiter = new Limiter({ most: 3, seconds: 60, now: () => now });
  const from = (address: string | undefined, forwarded?: string) =>
    limiter.take({ method: 'POST', path: '/', query: '', from: address, header: () => forwarded });
  const isLimited = (address: string, forwarded?: string) => {
    const fault = faults('too-many', () => from(address, forwarded));
    assert.is(fault.retryAfter, 60 - Math.floor(now / 1000));
  };
  for (let n = 0; n < 3; n++) from('192.0.2.1');
  isLimited('192.0.2.1');
  isLimited('::ffff:192.0.2.1');
  isLimited('127.0.0.1', '198.51.100.7, 192.0.2.1');
  isLimited('192.0.2.1', '198.51.100.7');
  from('192.0.2.2');
  from('127.0.0.1', '192.0.2.3');
  for (const tail of ['::1', ':5:6:7:8', ':9::']) from(`2001:db8:0:1${tail}`);
  isLimited('2001:DB8:0:1:ffff:ffff:ffff:ffff');
  from('2001:db8:0:2::1');
  isLimited('2001:db8::1:0:0:0:1');
  now = 59_000;
  isLimited('192.0.2.1');
  now = 60_000;
  from('192.0.2.1');
  for (let n = 0; n < 20_000; n++) from(`10.${n % 256}.${Math.floor(n / 256)}.1`);
  for (let n = 0; n < 1000; n++) from(undefined);
});

test('what the log has not signed is refused and not kept', async () => {
  const { ask, store, arrived } = party();
  const refused: [Uint8Array, number][] = [
    [utf8('nonsense'), 400],
    [noteOf(5, { keys: [STRANGER] }), 403],
    [noteOf(5, { origin: 'log.example/other' }), 404],
    [new Uint8Array(128 * 1024 + 1), 413],
  ];
  for (const [body, status] of refused) assert.is((await ask(`${BASE}/heads`, 'POST', body)).status, status);
  assert.equal(store.heads(ORIGIN, {}), []);
  assert.is((await ask('/gossip/v1/00/latest')).status, 404);
  await ask(`${BASE}/heads`, 'POST', noteOf(SIZE + 1));
  await ask(`${BASE}/heads`, 'POST', noteOf(SIZE + 1));
  assert.is(arrived(), 1, 'a round is due for a new head, and once');
  for (let size = SIZE + 2; size < SIZE + 101; size++) await ask(`${BASE}/heads`, 'POST', noteOf(size));
  assert.is((await ask(`${BASE}/heads`, 'POST', noteOf(SIZE + 200))).status, 503, 'no log grows like that');
});

test('heads are listed in the order they came, and resumed; the largest is served with all its cosignatures', async () => {
  const { ask } = party();
  for (const size of [9, 5, 7]) await ask(`${BASE}/heads`, 'POST', noteOf(size));
  const listed = async (after: number) => parseHeads((await ask(`${BASE}/heads?after=${after}`)).body);
  const all = await listed(0);
  assert.equal(
    all.map(({ note }) => parseNote(note).text.split('\n')[1]),
    ['9', '5', '7'],
  );
  assert.equal((await listed(all[0]?.seq as number)).length, 2);
  assert.is((await ask(`${BASE}/heads?after=x`)).status, 400);
  await ask(`${BASE}/heads`, 'POST', cosigned(SIZE, { time: 2000 }));
  await ask(`${BASE}/heads`, 'POST', noteOf(SIZE));
  await ask(`${BASE}/heads`, 'POST', cosigned(SIZE, { time: 1000 }));
  const latest = (await ask(`${BASE}/latest`)).body;
  sameBytes(latest, cosigned(SIZE, { time: 2000 }), 'the later cosignatures stay');
});

test('lists of heads are read back as they were written, and nothing else is', () => {
  const head = fc.record({ seq: fc.nat(), note: fc.uint8Array({ maxLength: 200 }) });
  fc.assert(
    fc.property(fc.array(head, { maxLength: 10 }), (heads) => {
      const bytes = formatHeads(heads);
      const read = parseHeads(bytes);
      assert.ok(read.every(({ seq, note }, i) => seq === heads[i]?.seq && equal(note, heads[i].note)));
      assert.is(read.length, heads.length);
      if (bytes.length > 0)
        faults('bad-request', () => parseHeads(bytes.slice(0, -1).length === 0 ? utf8('x') : concat(bytes, utf8('x'))));
    }),
  );
});

test('the distributor: puts by witnesses, got by witness and by number; what they may not put', async () => {
  const { ask } = party();
  const base = '/distributor/v0';
  const log = `${base}/logs/${logId(ORIGIN)}`;
  const mine = `${log}/byWitness/${encodeURIComponent(WITNESS)}/checkpoint`;
  assert.equal(JSON.parse(new TextDecoder().decode((await ask(`${base}/logs`)).body)), [logId(ORIGIN)]);
  const named = JSON.parse(new TextDecoder().decode((await ask(`${base}/witnesses`)).body));
  assert.equal(
    named,
    COSIGNERS.map(({ vkey }) => formatVkey(vkey)),
  );
  assert.is((await ask(mine)).status, 404);
  assert.is((await ask(`${log}/checkpoint.1`)).status, 404);
  for (const [body, status] of [
    [cosigned(9), 200],
    [cosigned(8), 400],
    [cosigned(8, { fork: true }), 409],
    [cosigned(9), 200],
    [noteOf(10), 403],
    [cosigned(9, { fork: true }), 409],
    [new Uint8Array(0), 400],
    [new Uint8Array(MAX_NOTE + 1), 413],
  ] as const) {
    assert.is((await ask(mine, 'PUT', body)).status, status);
  }
  sameBytes((await ask(mine)).body, cosigned(9));
  sameBytes((await ask(`${log}/checkpoint.1`)).body, cosigned(9));
  assert.is((await ask(`${log}/checkpoint.2`)).status, 404, 'two keys of one witness are one witness');
  for (const path of ['checkpoint.0', 'checkpoint.101', 'checkpoint.x'])
    assert.is((await ask(`${log}/${path}`)).status, 400);
  assert.is((await ask(`${base}/logs/00/checkpoint.1`)).status, 400);
});

test('the distributor: one address has only so many puts a minute, whatever it puts', async () => {
  let now = 0;
  const { party: one } = monitorOf(SIZE, () => {});
  const put = distributorRoutes(one, () => now).find(({ method }) => method === 'PUT') as Route;
  const path = `/distributor/v0/logs/${logId(ORIGIN)}/byWitness/${encodeURIComponent(WITNESS)}/checkpoint`;
  const note = cosigned(9);
  const watch = { count: () => {}, refused: () => {}, failed: () => {} };
  const from = async (address: string) =>
    put.handler({ method: 'PUT', path, query: '', from: address, header: () => undefined }, note, watch);
  for (let n = 0; n < 600; n++) assert.is((await from('192.0.2.1')).status, 200);
  await faultsLater('too-many', () => from('192.0.2.1'));
  assert.is((await from('192.0.2.2')).status, 200, 'another address');
  now = 60_000;
  assert.is((await from('192.0.2.1')).status, 200, 'a minute later');
});

test('a mirror judges heads by checkpoints that are still pending', async () => {
  const { mirror, known, alarms } = new TestMirror();
  const ask = asking(gossipRoutes(new MirrorGossip(mirror, known), () => 0));
  const post = (note: Uint8Array) => ask(`/gossip/v1/${originHash(MIRRORED)}/heads`, 'POST', note);
  await mirror.addCheckpoint(checkpointOf(0, 300));
  assert.is((await post(mirroredNote(300))).status, 202, 'nothing of it is stored yet');
  assert.is((await post(mirroredNote(299))).status, 202);
  const first = await post(mirroredNote(300, true));
  assert.is(first.status, 409);
  assert.is(verifyEvidence(parseEvidence(first.body), [MIRRORED_LOG.vkey]).kind, 'same-size');
  assert.is((await post(mirroredNote(300, true, MIRROR_STRANGER))).status, 403);
  assert.is(addEntries(mirror, uploadOf(0, 300)).status, 200);
  await mirror.addCheckpoint(checkpointOf(300, 700));
  assert.is((await post(mirroredNote(700, true))).status, 409, 'beyond what is mirrored');
  assert.is((await post(mirroredNote(700))).status, 202);
  assert.equal(
    alarms.map(({ kind }) => kind),
    ['same-size', 'same-size'],
  );
});

test('a witness answers with evidence to another head of the size it cosigned, and keeps it', async () => {
  const store = memoryStore(emptyState());
  for (const { vkey } of LOG_KEYS) store.addLog(ORIGIN, vkey);
  store.advance(ORIGIN, { ...knownAt(0, 0) }, knownAt(7));
  const alarms: string[] = [];
  const gossip = new WitnessGossip({
    store,
    kept: () => store.evidence(),
    clock: () => new Date(),
    alarm: ({ kind }) => alarms.push(kind),
  });
  assert.is(gossip.originOf(originHash(ORIGIN)), ORIGIN);
  sameBytes(gossip.latest(ORIGIN), noteOf(7));
  assert.equal(gossip.after(ORIGIN, 0).length, 1);
  assert.equal(gossip.after(ORIGIN, 1000).length, 0);
  assert.is(gossip.post(ORIGIN, noteOf(7)).kind, 'consistent');
  assert.is(gossip.post(ORIGIN, noteOf(6, { fork: true })).kind, 'queued', 'it keeps no tree');
  const conflict = gossip.post(ORIGIN, noteOf(7, { fork: true }));
  assert.is(conflict.kind, 'conflict');
  if (conflict.kind === 'conflict') verifyEvidence(parseEvidence(conflict.file as Uint8Array), vkeys);
  gossip.post(ORIGIN, noteOf(7, { fork: true }));
  assert.equal(alarms, ['same-size']);
  assert.is(gossip.evidence(ORIGIN).length, 1);
  faults('unknown-signer', () => gossip.post(ORIGIN, noteOf(7, { keys: [STRANGER] })));
});

test('a mirror judges heads by its copy, of any size, and keeps what convicts the log', async () => {
  const { mirror, known, alarms } = new TestMirror();
  const ask = asking(gossipRoutes(new MirrorGossip(mirror, known), () => 0));
  const base = `/gossip/v1/${originHash(MIRRORED)}`;
  assert.is((await ask(`${base}/latest`)).status, 404);
  assert.is((await ask(`${base}/heads`, 'POST', mirroredNote(7))).status, 404, 'nothing is mirrored yet');
  await mirror.addCheckpoint(checkpointOf(0, 300));
  assert.is(addEntries(mirror, uploadOf(0, 300)).status, 200);
  const { note, size } = mirror.mirrored() as MirroredCheckpoint;
  sameBytes((await ask(`${base}/latest`)).body, note);
  assert.equal(
    parseHeads((await ask(`${base}/heads`)).body).map(({ seq }) => seq),
    [size],
  );
  assert.equal(parseHeads((await ask(`${base}/heads?after=${size}`)).body), []);
  assert.is(parseHeads((await ask(`${base}/heads?after=${size - 1}`)).body).length, 1);
  assert.is((await ask(`${base}/heads`, 'POST', mirroredNote(299))).status, 200);
  assert.is((await ask(`${base}/heads`, 'POST', mirroredNote(301))).status, 202);
  assert.is((await ask(`${base}/heads`, 'POST', mirroredNote(7, false, MIRROR_STRANGER))).status, 403);
  for (const [size, kind] of [
    [300, 'same-size'],
    [7, 'inconsistent'],
  ] as const) {
    for (const _ of [1, 2]) {
      const { status, body } = await ask(`${base}/heads`, 'POST', mirroredNote(size, true));
      assert.is(status, 409);
      assert.is(verifyEvidence(parseEvidence(body), [MIRRORED_LOG.vkey]).kind, kind);
    }
  }
  assert.equal(
    alarms.map(({ kind }) => kind),
    ['same-size', 'inconsistent'],
    'told once each',
  );
  const [id] = known.evidence();
  sameBytes((await ask(`${base}/evidence/${id}`)).body, known.evidenceFile(id as string) as Uint8Array);
});

test('evidence that others made is believed if it convicts, and is told once', () => {
  const store = openMonitorStore(join(folder(), 'monitor.db'));
  const told: Finding[] = [];
  const log = { origin: ORIGIN, vkeys, witnesses: [] };
  const heads = new Heads({ log, store, clock: () => new Date(), tell: (finding) => told.push(finding) });
  faults('bad-evidence', () => heads.takeEvidence(utf8('nothing'), 'x'));
  assert.equal(told, []);
});

test.run();
