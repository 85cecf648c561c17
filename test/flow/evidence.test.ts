import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { utf8 } from '../../src/core/bytes.ts';
import { formatCheckpoint } from '../../src/core/checkpoint.ts';
import { signedMessage, toNoteSignature } from '../../src/core/cosignature.ts';
import { formatEvidence, makeEvidence } from '../../src/core/evidence.ts';
import { leafHash } from '../../src/core/hash.ts';
import { COSIGNATURE_ED25519, formatNote, formatVkey, NOTE_ED25519, vkeyOf } from '../../src/core/note.ts';
import { signerOf } from '../../src/core/signature.ts';
import { folder } from '../folder.ts';
import { limmat } from './server.ts';

// `limmat verify-evidence` and `limmat inspect` as a person runs them.

const ORIGIN = 'log.example/liar';
const [log, witness, other] = ([1, 2, 3] as const).map((fill) =>
  signerOf('ed25519', new Uint8Array(32).fill(fill)),
) as [ReturnType<typeof signerOf>, ReturnType<typeof signerOf>, ReturnType<typeof signerOf>];
const keys = [
  { vkey: vkeyOf(ORIGIN, NOTE_ED25519, log.key), signer: log },
  { vkey: vkeyOf('w.example', COSIGNATURE_ED25519, witness.key), signer: witness },
];
const [logVkey, witnessVkey] = keys.map(({ vkey }) => vkey) as [(typeof keys)[0]['vkey'], (typeof keys)[0]['vkey']];

function note(root: string): Uint8Array {
  const text = formatCheckpoint({ origin: ORIGIN, size: 5, root: leafHash(utf8(root)) });
  const signatures = keys.map(({ vkey, signer }) =>
    toNoteSignature(vkey, signer.sign(signedMessage(vkey, text, 7)), 7),
  );
  return utf8(formatNote({ text, signatures }));
}

const root = folder();
const [file, broken, vkey, both, policy] = ['e.tlog-evidence', 'broken', 'log.vkey', 'both.vkey', 'policy'].map(
  (name) => join(root, name),
) as [string, string, string, string, string];

test('evidence convicts with exit code 0, and names the witness that signed both sides', async () => {
  const evidence = await makeEvidence([logVkey], [note('a'), note('b')], () => []);
  writeFileSync(file, formatEvidence(evidence));
  writeFileSync(broken, formatEvidence({ ...evidence, notes: [note('a'), note('a')] }));
  writeFileSync(vkey, `${formatVkey(logVkey)}\n`);
  writeFileSync(both, `${formatVkey(logVkey)}\n${formatVkey(witnessVkey)}\n`);
  writeFileSync(policy, `log ${formatVkey(logVkey)}\nwitness w ${formatVkey(witnessVkey)}\nquorum w\n`);
  const alone = await limmat('verify-evidence', file, '--vkey', vkey);
  assert.is(alone.code, 0, alone.stderr);
  assert.match(alone.stdout, 'signed two trees of size 5 with different roots');
  assert.match(alone.stdout, /linesOfUnknownKeys +w\.example/);
  for (const given of [
    ['--vkey', both],
    ['--policy', policy],
  ]) {
    const named = await limmat('verify-evidence', file, ...given);
    assert.is(named.code, 0, named.stderr);
    assert.match(named.stdout, /witnessesOnBothSides +w\.example/);
  }
});

test('what is not proven is 1, what cannot be used is 2', async () => {
  const stranger = join(root, 'stranger.vkey');
  writeFileSync(stranger, `${formatVkey(vkeyOf(ORIGIN, NOTE_ED25519, other.key))}\n`);
  assert.is((await limmat('verify-evidence', file, '--vkey', stranger)).code, 1);
  assert.is((await limmat('verify-evidence', broken, '--vkey', vkey)).code, 1);
  assert.is((await limmat('verify-evidence', vkey, '--vkey', vkey)).code, 2);
  assert.is((await limmat('verify-evidence', file)).code, 2);
  assert.is((await limmat('verify-evidence', join(root, 'nothing'), '--vkey', vkey)).code, 2);
});

test('inspect shows what evidence says', async () => {
  const { code, stdout } = await limmat('inspect', file);
  assert.is(code, 0);
  for (const part of ['tlog-evidence', 'same-size', `${ORIGIN} (key ${logVkey.id})`]) assert.match(stdout, part);
});

test.run();
