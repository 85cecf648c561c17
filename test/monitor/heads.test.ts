import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { packBundle } from '../../src/core/bundle.ts';
import { concat, utf8 } from '../../src/core/bytes.ts';
import { formatCheckpoint } from '../../src/core/checkpoint.ts';
import { Fault } from '../../src/core/fault.ts';
import { formatVkey, parseNote } from '../../src/core/note.ts';
import type { Get } from '../../src/core/reader.ts';
import { parsePolicy } from '../../src/core/tlogpolicy.ts';
import { CLEAN } from '../../src/monitor/alert.ts';
import { Heads } from '../../src/monitor/heads.ts';
import { Monitor } from '../../src/monitor/monitor.ts';
import { Party } from '../../src/monitor/party.ts';
import { EMPTY_WATCH } from '../../src/monitor/watch.ts';
import { openMonitorStore } from '../../src/store/monitor.ts';
import { sameBytes } from '../check.ts';
import { folder } from '../folder.ts';
import * as oracle from '../oracle.ts';
import { COSIGNERS, LOG_KEYS, leaves, lineBy, noteOf, ORIGIN, rootAt, WITNESS } from '../witness/testlog.ts';

// What others say of a head while its tree is being read, and after.

const SIZE = 5;
const [LOG] = LOG_KEYS;
const [COSIGNER] = COSIGNERS as [(typeof LOG_KEYS)[0]];
const START = 1_000_000;
const HOUR = 3600;

const cosignedAt = (time: number) =>
  noteOf(SIZE, {
    more: [lineBy(COSIGNER, formatCheckpoint({ origin: ORIGIN, size: SIZE, root: rootAt(SIZE) }), time)],
  });

/** A monitor of a log that is held in memory; `during` is called while the tree is read. */
function monitorOf(during: () => Promise<void>) {
  const store = openMonitorStore(join(folder(), 'monitor.db'));
  const world = { now: START, note: noteOf(SIZE) };
  const get: Get = async (path) => {
    if (path === `tile/0/000.p/${SIZE}`) {
      await during();
      return concat(...leaves(SIZE));
    }
    if (path === `tile/entries/000.p/${SIZE}`) return packBundle(leaves(SIZE).map((_, n) => oracle.entry(n)));
    throw new Fault('unknown-resource', path);
  };
  const url = 'http://log.example';
  const policy = parsePolicy(utf8(`witness w ${formatVkey(COSIGNER.vkey)}\nquorum w\n`));
  const monitor = new Monitor({
    logs: [
      {
        keys: { origin: ORIGIN, vkeys: [LOG.vkey], witnesses: [COSIGNER.vkey] },
        policy,
        copies: [{ name: url, get, fresh: get }],
        sources: { copies: [url], witnesses: [], peers: [], distributors: [], most: 0 },
        freshness: 2 * HOUR,
      },
    ],
    store,
    ask: async () => ({ status: 200, body: world.note }),
    clock: () => new Date(1000 * world.now),
    pick: () => 0,
    watch: () => EMPTY_WATCH,
    grace: 0,
    startAtEnd: false,
    note: () => {},
  });
  return { monitor, world, store, party: new Party(monitor, store, () => {}) };
}

test('a cosignature that comes while the tree of its head is read is kept, and counts', async () => {
  const { monitor, party, store } = monitorOf(() => party.put(ORIGIN, WITNESS, cosignedAt(START)));
  assert.is(await monitor.round(), CLEAN);
  assert.is(store.heads(ORIGIN, { size: SIZE })[0]?.status, 'verified');
  assert.equal(
    parseNote(party.byCount(ORIGIN, 1) as Uint8Array).signatures.map(({ name }) => name),
    [ORIGIN, WITNESS],
  );
  sameBytes(party.latest(ORIGIN), cosignedAt(START));
});

test('a cosignature that comes while a head is found to conflict is kept beside it', async () => {
  const store = openMonitorStore(join(folder(), 'monitor.db'));
  const log = { origin: ORIGIN, vkeys: [LOG.vkey], witnesses: [COSIGNER.vkey] };
  const heads = new Heads({ log, store, clock: () => new Date(0), tell: () => {} });
  await heads.take(noteOf(SIZE), 'one');
  const [before] = store.heads(ORIGIN, { size: SIZE });
  assert.ok(before);
  await heads.take(cosignedAt(START), 'another'); // while whoever convicts reads the tree
  heads.convict(before, before.note, undefined, before.source);
  const [after] = store.heads(ORIGIN, { size: SIZE });
  assert.is(after?.status, 'conflict');
  sameBytes(after?.note, cosignedAt(START));
});

test('a quiet log that is cosigned again every hour gives signs of life, and one that is not gives none', async () => {
  const { monitor, world, store } = monitorOf(async () => {});
  for (let hour = 0; hour < 5; hour++) {
    world.now = START + hour * HOUR;
    world.note = cosignedAt(world.now);
    assert.is(await monitor.round(), CLEAN, `after ${hour} hours`);
  }
  world.now += 2 * HOUR + 1;
  await monitor.round();
  assert.equal(
    [...store.alerts()].map(({ kind, rule }) => [kind, rule]),
    [['stale', 'freshness']],
  );
});

test.run();
