import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fromUtf8, type Hash, toBase64, utf8 } from '../../src/core/bytes.ts';
import { formatCheckpoint, parseCheckpoint } from '../../src/core/checkpoint.ts';
import { openCheckpoint, signedMessage, toNoteSignature } from '../../src/core/cosignature.ts';
import { EMPTY_ROOT, leafHash } from '../../src/core/hash.ts';
import {
  COSIGNATURE_ED25519,
  COSIGNATURE_MLDSA44,
  formatNote,
  formatVkey,
  NOTE_ED25519,
  type NoteKeyType,
  parseNote,
  parseVkey,
  parseVkeys,
  type Vkey,
  vkeyOf,
} from '../../src/core/note.ts';
import { signerOf } from '../../src/core/signature.ts';
import { formatTlogProof, parseTlogProof, verifyTlogProof } from '../../src/core/tlogproof.ts';
import { faults, flipBit, sameBytes } from '../check.ts';
import * as oracle from '../oracle.ts';

const EXAMPLE_VKEY = 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k';
const EXAMPLE_NOTE = `This is an example message.

— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=
`;

const signers = {
  [NOTE_ED25519]: signerOf('ed25519', new Uint8Array(32).fill(1)),
  [COSIGNATURE_ED25519]: signerOf('ed25519', new Uint8Array(32).fill(2)),
  [COSIGNATURE_MLDSA44]: signerOf('mldsa44', new Uint8Array(32).fill(3)),
} as const;

const origin = 'log.example/test';
const vkey = (type: NoteKeyType, name = origin): Vkey => vkeyOf(name, type, signers[type].key);
const line = (key: Vkey, text: string, time = 1_700_000_000) =>
  toNoteSignature(key, signers[key.type].sign(signedMessage(key, text, time)), time);
const text = formatCheckpoint({ origin, size: 0, root: EMPTY_ROOT });
const note = (...keys: Vkey[]) => utf8(formatNote({ text, signatures: keys.map((key) => line(key, text)) }));

test('the example of signed-note: key, id, message and signature', () => {
  const key = parseVkey(EXAMPLE_VKEY);
  assert.is(key.id, '530d903a');
  assert.is(formatVkey(key), EXAMPLE_VKEY);
  const parsed = parseNote(utf8(EXAMPLE_NOTE));
  assert.is(parsed.text, 'This is an example message.\n');
  assert.is(formatNote(parsed), EXAMPLE_NOTE);
  assert.is(parsed.signatures[0]?.id, key.id);
});

test('vkeys of all three types come back, and every damage is refused', () => {
  for (const type of [NOTE_ED25519, COSIGNATURE_ED25519, COSIGNATURE_MLDSA44] as const) {
    const made = formatVkey(vkey(type));
    assert.equal(formatVkey(parseVkey(made)), made);
    faults('bad-vkey', () => parseVkey(made.replace(/\+[0-9a-f]{8}\+/, '+00000000+')));
    faults('bad-vkey', () => parseVkey(made.replace('log.example', 'Log.example')));
    faults('bad-vkey', () => parseVkey(`${made} `));
  }
  faults('bad-vkey', () => parseVkey('nothing'));
  faults('bad-vkey', () => parseVkey(`a+00000000+${toBase64(Uint8Array.of(2, ...new Uint8Array(32)))}`));
  faults('bad-key', () => parseVkey(`a+00000000+${toBase64(Uint8Array.of(1, 2, 3))}`));
  assert.is(parseVkeys(`# keys\n\n${EXAMPLE_VKEY}\n`).length, 1);
  faults('bad-vkey', () => parseVkeys('# none\n'));
});

test('one key under two names or types has two ids', () => {
  const key = signers[NOTE_ED25519].key;
  const ids = [vkeyOf('a', NOTE_ED25519, key), vkeyOf('b', NOTE_ED25519, key), vkeyOf('a', COSIGNATURE_ED25519, key)];
  assert.is(new Set(ids.map(({ id }) => id)).size, 3);
});

test('a checkpoint signed by all three types opens with each key alone and with all', () => {
  const keys = [vkey(NOTE_ED25519), vkey(COSIGNATURE_ED25519, 'witness'), vkey(COSIGNATURE_MLDSA44)];
  const bytes = note(...keys);
  for (const known of [...keys.map((key) => [key]), keys]) {
    const opened = openCheckpoint(bytes, known);
    assert.is(opened.signed.length, known.length);
    assert.is(opened.checkpoint.origin, origin);
  }
  const times = openCheckpoint(bytes, keys).signed.map(({ time }) => time);
  assert.equal(times, [undefined, 1_700_000_000, 1_700_000_000]);
});

test('no known signer, a known line that fails, a line under another name', () => {
  const [own, other] = [vkey(NOTE_ED25519), vkey(COSIGNATURE_MLDSA44)];
  faults('unknown-signer', () => openCheckpoint(note(own), [other]));
  faults('unknown-signer', () => openCheckpoint(note(own), []));
  for (const key of [own, other, vkey(COSIGNATURE_ED25519)]) {
    const good = line(key, text);
    for (const bit of [0, 70, 500]) {
      const bad = utf8(formatNote({ text, signatures: [{ ...good, signature: flipBit(good.signature, bit) }] }));
      faults('bad-signature', () => openCheckpoint(bad, [key]), `type ${key.type} bit ${bit}`);
    }
    const short = utf8(formatNote({ text, signatures: [{ ...good, signature: good.signature.subarray(1) }] }));
    faults('bad-signature', () => openCheckpoint(short, [key]));
    const renamed = utf8(formatNote({ text, signatures: [{ ...good, name: 'someone' }] }));
    faults('unknown-signer', () => openCheckpoint(renamed, [key]));
  }
  // One bad line by a known key makes the whole note bad, whatever the others say.
  const forged = { ...line(own, text), signature: new Uint8Array(64) };
  const mixed = utf8(formatNote({ text, signatures: [line(other, text), forged] }));
  faults('bad-signature', () => openCheckpoint(mixed, [own, other]));
  assert.is(openCheckpoint(mixed, [other]).signed.length, 1);
});

test('a signature is for its checkpoint alone', () => {
  const changed = formatCheckpoint({ origin, size: 1, root: leafHash(utf8('x')) });
  for (const type of [NOTE_ED25519, COSIGNATURE_ED25519, COSIGNATURE_MLDSA44] as const) {
    const moved = utf8(formatNote({ text: changed, signatures: [line(vkey(type), text)] }));
    faults('bad-signature', () => openCheckpoint(moved, [vkey(type)]));
  }
});

test('notes that are not notes', () => {
  const bad = ['', 'text\n', 'text\n\n', 'text\n\nnot a line\n', `${EXAMPLE_NOTE}\n`, EXAMPLE_NOTE.slice(0, -1)];
  bad.push(EXAMPLE_NOTE.replace('—', '-'), EXAMPLE_NOTE.replace('Uw2Q', 'Uw2!'), EXAMPLE_NOTE.replace('Th', 'T\th'));
  bad.push(EXAMPLE_NOTE.replace('Th', 'T\r'), EXAMPLE_NOTE.replace(' Uw', '  Uw'), 'a\n\n— b AAAAAA==\n');
  bad.push(`a\n\n${'— b AAAAAAAA\n'.repeat(101)}`, 'a\n\n— b+c AAAAAAAA\n', `${'a'.repeat(140_000)}\n\n— b AAAAAAAA\n`);
  for (const each of bad) faults('bad-note', () => parseNote(utf8(each)), each.slice(0, 60));
  faults('bad-note', () => parseNote(Uint8Array.of(0xff, 0x0a, 0x0a)));
  assert.is(parseNote(utf8(`a\n\n${'— b AAAAAAA=\n'.repeat(16)}`)).signatures.length, 16);
});

test('note text may hold empty lines: the last one separates', () => {
  const parsed = parseNote(utf8('a\n\nb\n\n— c AAAAAAA=\n'));
  assert.is(parsed.text, 'a\n\nb\n');
});

test('checkpoints come back, and only in their one form', () => {
  const root = leafHash(utf8('leaf')) as Hash;
  fc.assert(
    fc.property(fc.maxSafeNat(), (size) => {
      const made = formatCheckpoint({ origin, size, root });
      assert.is(formatCheckpoint(parseCheckpoint(made)), made);
    }),
  );
  const good = formatCheckpoint({ origin, size: 7, root });
  assert.equal(parseCheckpoint(`${good}ext 1\next 2\n`).extension, ['ext 1', 'ext 2']);
  const bad = ['', origin, `${origin}\n7\n`, good.slice(0, -1), good.replace('7', '07'), good.replace('7', '-7')];
  bad.push(good.replace('7', '9007199254740992'), `\n${good}`, `${good}\n`, good.replace(/=\n$/, '\n'));
  bad.push(`${origin}\n7\n${toBase64(root.subarray(1))}\n`, good.replace('7', '７'));
  for (const each of bad) faults('bad-checkpoint', () => parseCheckpoint(each), JSON.stringify(each));
});

test('tlog-proofs: format, parse, verify, and every tampering', () => {
  const leaves = oracle.leaves(7);
  const root = oracle.mth(leaves);
  const signed = formatCheckpoint({ origin, size: 7, root });
  const checkpoint = utf8(formatNote({ text: signed, signatures: [line(vkey(NOTE_ED25519), signed)] }));
  const proof = { index: 4, path: oracle.path(4, leaves), checkpoint };
  const keys = [vkey(NOTE_ED25519)];
  const leaf = leaves[4] as Hash;
  const bytes = formatTlogProof(proof);
  assert.is(verifyTlogProof(parseTlogProof(bytes), leaf, keys).checkpoint.size, 7);
  sameBytes(formatTlogProof(parseTlogProof(bytes)), bytes);
  const extra = { ...proof, extra: utf8('more') };
  sameBytes(parseTlogProof(formatTlogProof(extra)).extra, utf8('more'));

  faults('bad-proof', () => verifyTlogProof(proof, leaves[3] as Hash, keys));
  faults('bad-proof', () => verifyTlogProof({ ...proof, index: 3 }, leaf, keys));
  faults('bad-proof', () => verifyTlogProof({ ...proof, path: proof.path.slice(1) }, leaf, keys));
  faults('unknown-signer', () => verifyTlogProof(proof, leaf, [vkey(COSIGNATURE_MLDSA44)]));
  proof.path.forEach((hash, i) => {
    faults('bad-proof', () => verifyTlogProof({ ...proof, path: proof.path.with(i, flipBit(hash)) }, leaf, keys));
  });
  const asText = fromUtf8(formatTlogProof(proof), 'bad-proof');
  for (const changed of [
    asText.replace('v1', 'v2'),
    asText.replace('index 4', 'index 04'),
    asText.replace('index 4\n', ''),
    asText.replace('index 4\n', 'index 4\nzzzz\n'),
    asText.replace('\n\n', '\n'),
    '',
  ]) {
    faults('bad-proof', () => parseTlogProof(utf8(changed)), changed.slice(0, 80));
  }
});

test.run();
