import { createHash } from 'node:crypto';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { artifactIn, verifyProof } from '../../src/client/offline.ts';
import { type Hash, utf8 } from '../../src/core/bytes.ts';
import { formatCheckpoint } from '../../src/core/checkpoint.ts';
import { statementIn } from '../../src/core/cose.ts';
import { signedMessage, toNoteSignature } from '../../src/core/cosignature.ts';
import { COSIGNATURE_MLDSA44, formatNote, NOTE_ED25519, vkeyOf } from '../../src/core/note.ts';
import { signerOf } from '../../src/core/signature.ts';
import { formatTlogProof } from '../../src/core/tlogproof.ts';
import { faults, flipBit, sameBytes } from '../check.ts';
import * as oracle from '../oracle.ts';
import { BUILD, say } from '../registry/world.ts';

// What a file and pinned keys show, and what they must not be taken for.

const ORIGIN = 'log.example/offline';
const ed25519 = signerOf('ed25519', new Uint8Array(32).fill(1));
const mldsa44 = signerOf('mldsa44', new Uint8Array(32).fill(2));
const vkeys = [vkeyOf(ORIGIN, NOTE_ED25519, ed25519.key), vkeyOf(ORIGIN, COSIGNATURE_MLDSA44, mldsa44.key)] as const;
const other = vkeyOf(ORIGIN, NOTE_ED25519, signerOf('ed25519', new Uint8Array(32).fill(3)).key);
const TIME = 1_600_000_000;

const SIZE = 9;
const INDEX = 4;
const entry = say('bld', 'acme', 'build', BUILD).entry;
const leaves = oracle.leaves(SIZE).with(INDEX, oracle.leaf(entry));
const root = oracle.mth(leaves);

function noteOf(head: { size: number; root: Hash }): Uint8Array {
  const text = formatCheckpoint({ origin: ORIGIN, ...head });
  const [own, quantum] = vkeys;
  const signatures = [
    toNoteSignature(own, ed25519.sign(signedMessage(own, text, 0)), 0),
    toNoteSignature(quantum, mldsa44.sign(signedMessage(quantum, text, TIME)), TIME),
  ];
  return utf8(formatNote({ text, signatures }));
}

const parts = {
  index: INDEX,
  path: oracle.path(INDEX, leaves),
  checkpoint: noteOf({ size: SIZE, root }),
  extra: entry,
};
const proofOf = (change: Partial<typeof parts> = {}) => formatTlogProof({ ...parts, ...change });

test('a good proof shows the entry, its place, the tree, and who signed it when', () => {
  const proven = verifyProof(proofOf(), vkeys);
  assert.is(proven.origin, ORIGIN);
  assert.is(proven.index, INDEX);
  assert.is(proven.size, SIZE);
  sameBytes(proven.root, root);
  sameBytes(proven.leafHash, leaves[INDEX] as Hash);
  sameBytes(proven.entry, entry);
  assert.equal(
    proven.signed.map(({ vkey, time }) => [vkey.type, time]),
    [
      [NOTE_ED25519, undefined],
      [COSIGNATURE_MLDSA44, TIME],
    ],
  );
});

test('either pinned key is enough; a key that is not pinned is none', () => {
  for (const vkey of vkeys) assert.is(verifyProof(proofOf(), [vkey]).signed.length, 1);
  faults('unknown-signer', () => verifyProof(proofOf(), [other]));
  faults('unknown-signer', () => verifyProof(proofOf(), []));
});

test('the entry is the one that is given, before the one in the proof', () => {
  const { extra: _, ...bare } = parts;
  const without = formatTlogProof(bare);
  sameBytes(verifyProof(without, vkeys, entry).entry, entry);
  assert.match(faults('bad-request', () => verifyProof(without, vkeys)).message, /give the file that was logged/);
  faults('bad-proof', () => verifyProof(proofOf(), vkeys, utf8('another')));
});

test('another index, path, entry, size or root is no proof', () => {
  for (let index = 0; index < SIZE; index++) {
    if (index !== INDEX) faults('bad-proof', () => verifyProof(proofOf({ index }), vkeys), `index ${index}`);
  }
  faults('bad-proof', () => verifyProof(proofOf({ index: SIZE }), vkeys));
  faults('bad-proof', () => verifyProof(proofOf({ path: parts.path.slice(1) }), vkeys));
  faults('bad-proof', () => verifyProof(proofOf({ path: [...parts.path, root] }), vkeys));
  faults('bad-proof', () => verifyProof(proofOf({ extra: flipBit(entry) }), vkeys));
  for (const i of parts.path.keys()) {
    const path = parts.path.with(i, flipBit(parts.path[i] as Hash) as Hash);
    faults('bad-proof', () => verifyProof(proofOf({ path }), vkeys));
  }
  faults('bad-proof', () => verifyProof(proofOf({ checkpoint: noteOf({ size: SIZE - 1, root }) }), vkeys));
  faults('bad-proof', () =>
    verifyProof(proofOf({ checkpoint: noteOf({ size: SIZE, root: oracle.mth(leaves, 0, 8) }) }), vkeys),
  );
});

test('a bit flipped anywhere before the signatures of a proof is a fault', () => {
  const proof = proofOf();
  const signatures = new TextDecoder().decode(proof).indexOf('\u2014');
  for (let bit = 0; bit < signatures * 8; bit += 3) {
    assert.throws(() => verifyProof(flipBit(proof, bit), [vkeys[0]]), undefined, `bit ${bit}`);
  }
});

test('statementIn reads statements, and takes nothing else for one', () => {
  assert.is(statementIn(entry)?.iss, 'acme');
  for (const bytes of [utf8('hello'), new Uint8Array(0), entry.subarray(0, -1), flipBit(entry)]) {
    assert.is(statementIn(bytes), undefined);
  }
});

test('artifactIn names the file by any digest that it knows, and by no other', () => {
  const digest = (name: string) => new Uint8Array(createHash(name).update('a file').digest());
  const file = new Map(['sha256', 'sha384', 'sha512'].map((name) => [name, digest(name)]));
  const build = (digests: (typeof BUILD)['artifacts'][number]['digests']) => ({
    ...BUILD,
    artifacts: [...BUILD.artifacts, { name: 'it', digests }],
  });
  assert.is(artifactIn(build({ sha256: digest('sha256') }), file), 'it');
  assert.is(artifactIn(build({ sha512: digest('sha512') }), file), 'it');
  faults('bad-proof', () => artifactIn(BUILD, file));
  faults('bad-proof', () => artifactIn(build({ sha256: flipBit(digest('sha256')) }), file));
  faults('bad-proof', () => artifactIn(build({ sha256: digest('sha256') }), new Map()));
});

test.run();
