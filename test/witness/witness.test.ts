import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { formatAddCheckpoint, MAX_ADD_CHECKPOINT, parseAddCheckpoint } from '../../src/core/addcheckpoint.ts';
import { equal, type Hash, utf8 } from '../../src/core/bytes.ts';
import { openCheckpoint } from '../../src/core/cosignature.ts';
import { COSIGNATURE_ED25519, formatVkey, MAX_NOTE } from '../../src/core/note.ts';
import { showsFork, verifyConsistency } from '../../src/core/proof.ts';
import { createWitnessStore, openWitnessStore } from '../../src/store/witness.ts';
import { refusal } from '../../src/witness/decide.ts';
import { checkLogs, parseLogs } from '../../src/witness/loglist.ts';
import type { WitnessStore } from '../../src/witness/ports.ts';
import { Witness } from '../../src/witness/witness.ts';
import { faults } from '../check.ts';
import { folder } from '../folder.ts';
import { emptyState, faulty, memoryStore } from './memorystore.ts';
import { COSIGNERS, keyOf, LOG_KEYS, ORIGIN, proofTo, requestOf, rootAt, STRANGER, WITNESS } from './testlog.ts';

const NOW = 1_800_000_000;
const witnessOver = (store: WitnessStore, alarms: string[] = []) =>
  new Witness({
    store,
    cosigners: COSIGNERS,
    clock: () => new Date(NOW * 1000),
    alarm: ({ kind }) => alarms.push(kind),
  });

/** A witness database that knows the log. */
function database(): string {
  const path = join(folder(), 'witness.db');
  createWitnessStore(path, WITNESS);
  const store = openWitnessStore(path);
  for (const { vkey } of LOG_KEYS) store.addLog(ORIGIN, vkey);
  store.close();
  return path;
}

/** A store in which something else happens just before an effect. */
const before = (store: WitnessStore, happens: () => void): WitnessStore => ({
  log: (origin) => store.log(origin),
  originOf: (hash) => store.originOf(hash),
  origins: () => store.origins(),
  keep: (evidence, max) => store.keep(evidence, max),
  advance(origin, from, to) {
    happens();
    return store.advance(origin, from, to);
  },
});

// Two processes on one database, and the second is always quicker between the first one's check and its write.

test('of two that fork from one state, the first to write wins and the other hears of its size', () => {
  const path = database();
  const [one, two] = [openWitnessStore(path), openWitnessStore(path)];
  witnessOver(one).addCheckpoint(requestOf(0, 5));
  const quicker = witnessOver(two);
  let raced = false;
  const slower = witnessOver(
    before(one, () => {
      if (!raced) quicker.addCheckpoint(requestOf(5, 9));
      raced = true;
    }),
  );
  const fault = faults('stale-size', () => slower.addCheckpoint(requestOf(5, 12)));
  assert.is(fault.size, 9);
  assert.is(one.log(ORIGIN)?.known.size, 9);
});

test('the race of the specification: a smaller tree does not roll a larger one back', () => {
  const path = database();
  const [one, two] = [openWitnessStore(path), openWitnessStore(path)];
  const slower = witnessOver(
    before(one, () => void (two.log(ORIGIN)?.known.size === 0 && witnessOver(two).addCheckpoint(requestOf(0, 20)))),
  );
  assert.is(faults('stale-size', () => slower.addCheckpoint(requestOf(0, 9))).size, 20);
  assert.is(two.log(ORIGIN)?.known.size, 20);
});

test('a fresh time lost to another fresh time is taken again, and never goes back', () => {
  const path = database();
  const [one, two] = [openWitnessStore(path), openWitnessStore(path)];
  witnessOver(one).addCheckpoint(requestOf(0, 5));
  let raced = 0;
  const ahead = new Witness({
    store: two,
    cosigners: COSIGNERS,
    clock: () => new Date((NOW + 100) * 1000),
    alarm: () => {},
  });
  const slower = witnessOver(before(one, () => void (raced++ === 0 && ahead.addCheckpoint(requestOf(5, 5)))));
  slower.addCheckpoint(requestOf(5, 5));
  assert.is(raced, 2);
  assert.is(one.log(ORIGIN)?.known.time, NOW + 100);
});

test('a writer that never wins gives up, and that is not told to strangers as theirs', () => {
  const path = database();
  const [one, two] = [openWitnessStore(path), openWitnessStore(path)];
  witnessOver(one).addCheckpoint(requestOf(0, 5));
  let time = NOW;
  const slower = witnessOver(
    before(one, () => {
      const clock = () => new Date(++time * 1000);
      new Witness({ store: two, cosigners: COSIGNERS, clock, alarm: () => {} }).addCheckpoint(requestOf(5, 5));
    }),
  );
  assert.throws(() => slower.addCheckpoint(requestOf(5, 9)), /replaced 5 times/);
});

// Every effect, its write lost or kept: nothing signed got out, and the log goes on with what the witness says.

for (const point of ['advance', 'keep'] as const)
  for (const kept of [false, true])
    test(`${point} fails, write ${kept ? 'kept' : 'lost'}: the log goes on, and a fork is still refused`, () => {
      const state = emptyState();
      const store = faulty(memoryStore(state));
      for (const { vkey } of LOG_KEYS) store.addLog(ORIGIN, vkey);
      witnessOver(store).addCheckpoint(requestOf(0, 5));
      store.arm(point, kept);
      const request = point === 'advance' ? requestOf(5, 9) : requestOf(5, 9, { fork: true });
      assert.throws(() => witnessOver(store).addCheckpoint(request), /failed, write/);
      const moved = point === 'advance' && kept;
      const again = witnessOver(memoryStore(state));
      assert.is(memoryStore(state).log(ORIGIN)?.known.size, moved ? 9 : 5);
      faults(moved ? 'stale-size' : 'bad-proof', () => again.addCheckpoint(requestOf(5, 9, { fork: true })));
      if (moved) assert.is(faults('stale-size', () => again.addCheckpoint(requestOf(5, 9))).size, 9);
      again.addCheckpoint(requestOf(moved ? 9 : 5, 9));
      assert.is(memoryStore(state).log(ORIGIN)?.known.size, 9);
      const kinds = [...memoryStore(state).evidence()].map(({ kind }) => kind);
      if (!moved) assert.equal(kinds, ['inconsistent']);
    });

for (const kept of [false, true])
  test(`kill -9 ${kept ? 'between store and answer' : 'just before the store'}: nothing is answered, the log is healed`, async () => {
    const path = database();
    const first = openWitnessStore(path);
    witnessOver(first).addCheckpoint(requestOf(0, 5));
    first.close();
    const child = join(import.meta.dirname, 'killed.ts');
    const args = ['--conditions=source', '--import', 'tsx', child, path, kept ? 'kept' : 'lost', String(NOW)];
    const ended = await promisify(execFile)(process.execPath, args).then(
      () => ({ signal: 'none', stdout: '' }),
      (error: { signal: string; stdout: string }) => error,
    );
    assert.is(ended.signal, 'SIGKILL');
    assert.is(ended.stdout, '', 'a cosignature got out');
    const store = openWitnessStore(path);
    assert.is(store.log(ORIGIN)?.known.size, kept ? 9 : 5);
    const again = witnessOver(store);
    if (kept) {
      // What was to be answered is served, since it was signed for a state that is on disk.
      const known = store.log(ORIGIN)?.known.note as Uint8Array;
      assert.is(
        openCheckpoint(
          known,
          COSIGNERS.map(({ vkey }) => vkey),
        ).signed.length,
        2,
      );
      assert.is(faults('stale-size', () => again.addCheckpoint(requestOf(5, 9))).size, 9);
    }
    again.addCheckpoint(requestOf(kept ? 9 : 5, 9));
    faults('bad-proof', () => again.addCheckpoint(requestOf(9, 12, { fork: true })));
  });

test('evidence is told once, and two notes of it convict the log', () => {
  const store = memoryStore(emptyState());
  for (const { vkey } of LOG_KEYS) store.addLog(ORIGIN, vkey);
  const alarms: string[] = [];
  const witness = witnessOver(store, alarms);
  witness.addCheckpoint(requestOf(0, 5));
  for (let i = 0; i < 3; i++) faults('bad-proof', () => witness.addCheckpoint(requestOf(5, 5, { fork: true })));
  faults('unknown-signer', () => witness.addCheckpoint(requestOf(5, 5, { fork: true, keys: [STRANGER] })));
  assert.equal(alarms, ['same-size']);
  const [{ known, offered } = {}] = [...store.evidence()];
  const keys = LOG_KEYS.map(({ vkey }) => vkey);
  const notes = [known, offered].map((note) => openCheckpoint(note as Uint8Array, keys).checkpoint);
  assert.is(notes[0]?.size, notes[1]?.size);
  assert.not.ok(equal(notes[0]?.root as Hash, notes[1]?.root as Hash));
});

test('a witness restored from an old state cosigns what grew from there, and nothing else', () => {
  const state = emptyState();
  const store = memoryStore(state);
  store.addLog(ORIGIN, LOG_KEYS[0].vkey);
  witnessOver(store).addCheckpoint(requestOf(0, 5));
  const backup = structuredClone(state);
  witnessOver(store).addCheckpoint(requestOf(5, 20));
  const restored = witnessOver(memoryStore(backup));
  assert.is(faults('stale-size', () => restored.addCheckpoint(requestOf(20, 30))).size, 5);
  faults('bad-proof', () => restored.addCheckpoint(requestOf(5, 30, { fork: true })));
  restored.addCheckpoint(requestOf(5, 30));
});

test('property: a fork is shown exactly where the proof is of a tree with another beginning', () => {
  for (let second = 2; second <= 40; second++) {
    for (let first = 1; first < second; first++) {
      const [a, b, c] = [rootAt(first), rootAt(second), rootAt(second, true)];
      assert.not.ok(showsFork(first, second, a, b, proofTo(first, second)), 'an honest proof shows nothing');
      assert.not.ok(showsFork(first, second, a, c, proofTo(first, second)), 'a failing proof shows nothing');
      assert.not.ok(
        showsFork(first, second, a, b, proofTo(first, second, true)),
        'a proof to another root shows nothing',
      );
      const seedIsLeftOut = Number.isInteger(Math.log2(first));
      const differs = !equal(a, rootAt(first, true));
      assert.is(
        showsFork(first, second, a, c, proofTo(first, second, true)),
        differs && !seedIsLeftOut,
        `${first} ${second}`,
      );
      if (differs) faults('bad-proof', () => verifyConsistency(first, second, a, c, proofTo(first, second, true)));
    }
  }
});

test('property: every honest step is cosigned and every fork refused, at all small sizes', () => {
  for (let known = 0; known <= 24; known++) {
    for (let size = known; size <= 24; size++) {
      const state = { size: known, root: rootAt(known) };
      const ask = (fork: boolean) =>
        refusal(state, { old: known, proof: proofTo(known, size, fork), head: { size, root: rootAt(size, fork) } });
      assert.is(ask(false), undefined, `${known} ${size}`);
      // Trees that differ only beyond what is known are not forks of it.
      if (known > 3) assert.is(ask(true)?.code, 'bad-proof', `${known} ${size}`);
    }
  }
});

const hashes = fc.array(fc.uint8Array({ minLength: 32, maxLength: 32 }) as fc.Arbitrary<Hash>, { maxLength: 63 });
const requests = fc.record({ old: fc.maxSafeNat(), proof: hashes, note: fc.uint8Array({ maxLength: 300 }) });

test('property: an add-checkpoint body comes back, and has one form', () => {
  fc.assert(
    fc.property(requests, (request) => {
      const body = formatAddCheckpoint(request);
      const parsed = parseAddCheckpoint(body);
      assert.equal(parsed, { ...request });
      assert.ok(equal(formatAddCheckpoint(parsed), body));
    }),
  );
});

test('the longest body comes back, and one hash more does not fit', () => {
  const proof = Array.from({ length: 63 }, () => rootAt(1));
  const longest = formatAddCheckpoint({ old: Number.MAX_SAFE_INTEGER, proof, note: new Uint8Array(MAX_NOTE) });
  assert.is(longest.length, MAX_ADD_CHECKPOINT);
  assert.is(parseAddCheckpoint(longest).proof.length, 63);
  faults('too-large', () => parseAddCheckpoint(new Uint8Array(MAX_ADD_CHECKPOINT + 1)));
  const [head = '', hash = ''] = new TextDecoder().decode(longest).split('\n');
  assert.is(head, 'old 9007199254740991');
  faults('bad-request', () => parseAddCheckpoint(utf8(`old 0\n${`${hash}\n`.repeat(64)}\nnote`)));
});

test('property: bytes that are not an add-checkpoint body are a fault, and those that are have one form', () => {
  const near = fc.tuple(requests, fc.nat(), fc.nat({ max: 255 })).map(([request, at, octet]) => {
    const body = formatAddCheckpoint(request);
    body[at % body.length] = octet;
    return body;
  });
  fc.assert(
    fc.property(fc.oneof(near, fc.uint8Array({ maxLength: 200 })), (body) => {
      let parsed: ReturnType<typeof parseAddCheckpoint> | undefined;
      try {
        parsed = parseAddCheckpoint(body);
      } catch (error) {
        faults('bad-request', () => {
          throw error;
        });
      }
      if (parsed) assert.ok(equal(formatAddCheckpoint(parsed), body));
    }),
    { numRuns: 2000 },
  );
});

const VKEY = formatVkey(LOG_KEYS[0].vkey);
const LIST = `# revision 1\nlogs/v0\n\nvkey ${VKEY}\nqpd 86400\ncontact me\n\n  vkey ${formatVkey(STRANGER.vkey)}\t\n# other\norigin else.example\nqpd 1\ncontact a b c\n`;

test('lists of logs, and files of vkeys', () => {
  assert.equal(
    parseLogs(LIST).map(({ origin, vkey }) => [origin, vkey.id]),
    [
      [ORIGIN, LOG_KEYS[0].vkey.id],
      ['else.example', STRANGER.vkey.id],
    ],
  );
  assert.equal(parseLogs('logs/v0\n'), []);
  assert.throws(() => parseLogs('logs/v1\n'), /only logs\/v0 can be read/);
  const file = LOG_KEYS.map(({ vkey }) => `${formatVkey(vkey)}\n`).join('');
  assert.equal(
    parseLogs(`# ours\n${file}`).map(({ origin }) => origin),
    [ORIGIN, ORIGIN],
  );
});

const WRONG_LISTS: readonly (readonly [string, string])[] = [
  ['no vkey', 'logs/v0\nqpd 1\ncontact x\n'],
  ['no qpd', `logs/v0\nvkey ${VKEY}\ncontact x\n`],
  ['no contact', `logs/v0\nvkey ${VKEY}\nqpd 1\n`],
  ['another order', `logs/v0\nvkey ${VKEY}\nqpd 1\norigin x\ncontact x\n`],
  ['a qpd of 0', `logs/v0\nvkey ${VKEY}\nqpd 0\ncontact x\n`],
  ['a qpd of 2^31', `logs/v0\nvkey ${VKEY}\nqpd 2147483648\ncontact x\n`],
  ['a qpd of 01', `logs/v0\nvkey ${VKEY}\nqpd 01\ncontact x\n`],
  ['a damaged key', 'logs/v0\nvkey x+00000000+AAAA\nqpd 1\ncontact x\n'],
  ['another version', `logs/v1\nvkey ${VKEY}\nqpd 1\ncontact x\n`],
  ['nothing', ''],
];
for (const [what, list] of WRONG_LISTS)
  test(`a list with ${what} is refused`, () => void faults('bad-vkey', () => parseLogs(list)));

test('a log that cannot be told from the witness, or from another log, is refused', () => {
  const [own] = parseLogs(VKEY);
  assert.ok(own);
  checkLogs(WITNESS, [own], [own]);
  checkLogs(WITNESS, [own], [{ origin: ORIGIN, vkey: STRANGER.vkey }]);
  faults('bad-request', () => checkLogs(ORIGIN, [], [own]));
  faults('bad-request', () => checkLogs(ORIGIN, [], [{ ...own, origin: 'x.example' }]));
  faults('bad-request', () => checkLogs(WITNESS, [own], [{ ...own, origin: 'x.example' }]));
  faults('bad-request', () => checkLogs(WITNESS, [], [own, { ...own, origin: 'x.example' }]));
  faults('bad-request', () => checkLogs(WITNESS, [], [{ ...own, origin: 'x'.repeat(256) }]));
  const cosigner = keyOf(ORIGIN, COSIGNATURE_ED25519, 30);
  faults('bad-request', () => checkLogs(WITNESS, [], [{ origin: ORIGIN, vkey: cosigner.vkey }]));
});

test.run();
