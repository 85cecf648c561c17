import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sha256 } from '#sha256';
import { concat, fromBase64, type Hash, toBase64, utf8 } from '../../src/core/bytes.ts';
import { formatCheckpoint, type Head } from '../../src/core/checkpoint.ts';
import { signedMessage, toNoteSignature } from '../../src/core/cosignature.ts';
import { type Evidence, formatEvidence, makeEvidence, parseEvidence, verifyEvidence } from '../../src/core/evidence.ts';
import { Fault } from '../../src/core/fault.ts';
import { EMPTY_ROOT, leafHash } from '../../src/core/hash.ts';
import {
  COSIGNATURE_ED25519,
  COSIGNATURE_MLDSA44,
  formatNote,
  NOTE_ED25519,
  type NoteKeyType,
  type Vkey,
  vkeyOf,
} from '../../src/core/note.ts';
import { foldPlan } from '../../src/core/proof.ts';
import { type Signer, signerOf } from '../../src/core/signature.ts';
import { subtreePlan } from '../../src/core/subtree.ts';
import { faults, faultsLater, flipBit, sameBytes } from '../check.ts';
import * as oracle from '../oracle.ts';

const ORIGIN = 'log.example/evidence';
type Key = { readonly vkey: Vkey; readonly signer: Signer };

function key(name: string, type: NoteKeyType, fill: number): Key {
  const signer = signerOf(type === COSIGNATURE_MLDSA44 ? 'mldsa44' : 'ed25519', new Uint8Array(32).fill(fill));
  return { vkey: vkeyOf(name, type, signer.key), signer };
}

const log = key(ORIGIN, NOTE_ED25519, 1);
const quantum = key(ORIGIN, COSIGNATURE_MLDSA44, 2);
const [w1, w2, w3] = [
  key('w1.example', COSIGNATURE_ED25519, 3),
  key('w2.example', COSIGNATURE_MLDSA44, 4),
  key('w3.example', COSIGNATURE_ED25519, 5),
];
const vkeys = (...keys: Key[]) => keys.map(({ vkey }) => vkey);

function note(head: Head, keys: readonly Key[] = [log], origin = ORIGIN): Uint8Array {
  const text = formatCheckpoint({ origin, ...head });
  const signatures = keys.map(({ vkey, signer }) =>
    toNoteSignature(vkey, signer.sign(signedMessage(vkey, text, 1_700_000_000)), 1_700_000_000),
  );
  return utf8(formatNote({ text, signatures }));
}

const honest = oracle.leaves(70);
const forked = honest.with(1, leafHash(utf8('another')));
const head = (leaves: readonly Hash[], size: number): Head => ({ size, root: oracle.mth(leaves, 0, size) });
/** The nodes of the larger tree that evidence carries. */
const nodesOf = (leaves: readonly Hash[]) => (first: number, second: number) =>
  foldPlan(subtreePlan({ start: 0, end: first }, second, true), (nodes) =>
    nodes.map(({ height, index }) => oracle.mth(leaves, index * 2 ** height, (index + 1) * 2 ** height)),
  );
const none = () => [];

test('two roots at one size convict, and the bytes read back as they were written', async () => {
  const [a, b] = [note(head(honest, 9)), note(head(forked, 9))];
  const evidence = await makeEvidence(vkeys(quantum, log), [a, b], none);
  const bytes = formatEvidence(evidence);
  assert.equal(parseEvidence(bytes), evidence);
  sameBytes(formatEvidence(parseEvidence(bytes)), bytes);
  const { kind, checkpoints } = verifyEvidence(parseEvidence(bytes), vkeys(log));
  assert.is(kind, 'same-size');
  assert.equal(
    checkpoints.map(({ size }) => size),
    [9, 9],
  );
});

test('a fork between any two sizes up to 40 convicts; an honest pair of sizes never does', async () => {
  const notes = new Map(honest.map((_, i) => [i + 1, [note(head(honest, i + 1)), note(head(forked, i + 1))]]));
  for (let second = 1; second <= 40; second++) {
    for (let first = 1; first < second; first++) {
      const [fair] = notes.get(first) as [Uint8Array, Uint8Array];
      const [large, forkedLarge] = notes.get(second) as [Uint8Array, Uint8Array];
      if (first > 1) {
        const evidence = await makeEvidence(vkeys(log), [forkedLarge, fair], nodesOf(forked));
        assert.is(verifyEvidence(evidence, vkeys(log)).kind, 'inconsistent');
      }
      if (first % 7 === 0)
        await faultsLater('bad-proof', () => makeEvidence(vkeys(log), [fair, large], nodesOf(honest)), `${first}`);
    }
  }
});

test('a root of the empty tree that is not the hash of nothing convicts', async () => {
  const evidence = await makeEvidence(vkeys(log), [note({ size: 0, root: leafHash(utf8('x')) })], none);
  assert.is(verifyEvidence(parseEvidence(formatEvidence(evidence)), vkeys(log)).kind, 'empty-root');
  await faultsLater('bad-proof', () => makeEvidence(vkeys(log), [note({ size: 0, root: EMPTY_ROOT })], none));
  await faultsLater('bad-proof', () => makeEvidence(vkeys(log), [note(head(honest, 1))], none));
});

test('the vector of the reference: 4 of 7 leaves, seed written out', () => {
  const leaves = ['e0', 'e1', 'e2', 'e3', 'e4', 'e5', 'e6'].map((name) => leafHash(utf8(name)));
  const small = [...leaves.slice(0, 3), leafHash(utf8('x'))];
  const hashes = nodesOf(leaves)(4, 7);
  assert.equal(hashes.map(toBase64), [
    'lWabN2vE41RNoJgl5ZriAqNawPxeWAmiymPYHonRfWw=',
    '9fNP4FejGK1lmZw0+Msnd3fjNkUp/nARcLCQjQMUxEI=',
  ]);
  const notes = [note(head(small, 4)), note(head(leaves, 7))];
  assert.is(toBase64(head(leaves, 7).root), 'TL2ONYSUUEANTpxMCuf3HHmtRBD5rSxiRiL/X4YXMT0=');
  assert.is(toBase64(head(small, 4).root), 'KiCkz/FzhTAji0ZO5aqWslLLCXmXb9GebjJiyVm+Ngw=');
  verifyEvidence({ kind: 'inconsistent', log: log.vkey, hashes, notes }, vkeys(log));
});

test('a proof that fails is never evidence: hashes of anything but the larger tree convict nobody', () => {
  const notes = [note(head(honest, 5)), note(head(honest, 11))];
  const good = nodesOf(honest)(5, 11);
  const bad = (hashes: readonly Hash[], sides = notes) =>
    faults('bad-proof', () =>
      verifyEvidence({ kind: 'inconsistent', log: log.vkey, hashes, notes: sides }, vkeys(log)),
    );
  bad(good);
  bad(nodesOf(forked)(5, 11));
  bad(good.slice(1));
  bad([...good, good[0] as Hash]);
  for (const i of good.keys()) bad(good.with(i, flipBit(good[i] as Hash)));
  bad(good, notes.toReversed());
  bad(nodesOf(honest)(5, 11), [notes[0], note(head(forked, 11))] as Uint8Array[]);
});

test('whoever signed both sides is named, if their keys are given; lines that were not checked are said to be so', async () => {
  const a = note(head(honest, 9), [log, w1, w2, w3]);
  const b = note(head(forked, 9), [log, w2, w1]);
  const evidence = await makeEvidence(vkeys(log), [a, b], none);
  const all = verifyEvidence(evidence, vkeys(w3, w1, log, w2));
  assert.equal(all.cosigners, vkeys(w1, w2));
  assert.equal(all.unchecked, []);
  const some = verifyEvidence(evidence, vkeys(log, w1));
  assert.equal(some.cosigners, vkeys(w1));
  assert.equal(some.unchecked, [`w2.example (key ${w2.vkey.id})`]);
});

test('a line of a cosigner that fails names nobody, and does not save the log', async () => {
  const a = note(head(honest, 9), [log, w1]);
  const forged = note(head(forked, 9), [log]);
  const line = new TextDecoder().decode(a).split('\n').at(-2);
  const evidence = await makeEvidence(vkeys(log), [a, concat(forged, utf8(`${line}\n`))], none);
  assert.equal(verifyEvidence(evidence, vkeys(log, w1)).cosigners, []);
});

test('a cosigner that signed two trees convicts itself and not the log', async () => {
  const [a, b] = [note(head(honest, 9), [log, w1]), note(head(forked, 9), [log, w1])];
  const evidence: Evidence = { kind: 'same-size', log: w1.vkey, hashes: [], notes: [a, b] };
  faults('bad-proof', () => verifyEvidence(evidence, vkeys(w1)));
  await faultsLater('bad-proof', () => makeEvidence(vkeys(w2, w1), [a, b], none));
  const pq = await makeEvidence(
    vkeys(quantum),
    [note(head(honest, 9), [quantum]), note(head(forked, 9), [quantum])],
    none,
  );
  assert.is(verifyEvidence(pq, vkeys(quantum)).log, quantum.vkey);
});

test('the key must be one that the verifier holds, and the notes of one log', async () => {
  const evidence = await makeEvidence(vkeys(log), [note(head(honest, 9)), note(head(forked, 9))], none);
  faults('unknown-signer', () => verifyEvidence(evidence, vkeys(quantum)));
  const other = key(ORIGIN, NOTE_ED25519, 9);
  faults('unknown-signer', () => verifyEvidence({ ...evidence, log: other.vkey }, vkeys(other)));
  const elsewhere = note(head(forked, 9), [log], 'log.example/other');
  faults('bad-proof', () =>
    verifyEvidence({ ...evidence, notes: [elsewhere, evidence.notes[0] as Uint8Array] }, vkeys(log)),
  );
});

const files: Promise<Uint8Array[]> = Promise.all([
  makeEvidence(vkeys(log), [note(head(honest, 9)), note(head(forked, 9))], none),
  makeEvidence(vkeys(log), [note(head(honest, 8)), note(head(forked, 13))], nodesOf(forked)),
  makeEvidence(vkeys(log), [note(head(honest, 11)), note(head(forked, 70))], nodesOf(forked)),
  makeEvidence(vkeys(log), [note({ size: 0, root: leafHash(utf8('x')) })], none),
]).then((all) => all.map(formatEvidence));

test('every byte changed by every single bit, and every byte gone, is a fault', async () => {
  for (const [which, bytes] of (await files).entries()) {
    const broken = (changed: Uint8Array, what: string) => {
      try {
        verifyEvidence(parseEvidence(changed), vkeys(log));
      } catch (error) {
        if (error instanceof Fault) return;
        throw error;
      }
      assert.unreachable(`file ${which} convicts with ${what}`);
    };
    for (let bit = 0; bit < 8 * bytes.length; bit++) broken(flipBit(bytes, bit), `bit ${bit} changed`);
    for (let at = 0; at < bytes.length; at++) {
      broken(concat(bytes.subarray(0, at), bytes.subarray(at + 1)), `byte ${at} gone`);
      broken(bytes.subarray(0, at), `the end gone from ${at}`);
    }
    broken(concat(bytes, utf8('\n')), 'a line more');
  }
});

test('any bytes at all are a fault or read back as they were', async () => {
  const some = await files;
  const mutated = fc
    .tuple(fc.constantFrom(...some), fc.nat(), fc.nat({ max: 40 }), fc.uint8Array({ maxLength: 40 }))
    .map(([file, at, cut, more]) => {
      const from = at % file.length;
      return concat(file.subarray(0, from), more, file.subarray(from + cut));
    });
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), mutated), (bytes) => {
      try {
        sameBytes(formatEvidence(parseEvidence(bytes)), bytes);
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
      }
    }),
    { numRuns: 2000 },
  );
});

test('limits: notes, hashes and the whole file are bounded', () => {
  const line = `hash ${toBase64(sha256(utf8('h')))}\n`;
  const start = `limmat/evidence@v1\nkind inconsistent\nlog ${'x'.repeat(10)}\n`;
  faults('bad-evidence', () => parseEvidence(new Uint8Array(300_000)));
  faults('bad-vkey', () => parseEvidence(utf8(start)));
  const real = new TextDecoder().decode(formatEvidence({ kind: 'same-size', log: log.vkey, hashes: [], notes: [] }));
  faults('bad-evidence', () => parseEvidence(utf8(real.replace('same-size', 'inconsistent') + line.repeat(65))));
  faults('bad-evidence', () => parseEvidence(utf8(`${real}note 007\n${'x'.repeat(7)}`)));
  faults('bad-evidence', () => parseEvidence(utf8(real)));
  assert.is(fromBase64(line.slice(5, -1), 'bad-evidence').length, 32);
});

test.run();
