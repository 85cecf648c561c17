import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { formatBundle } from '../../src/client/proofbundle.ts';
import { parseTrust } from '../../src/client/trust.ts';
import { verify } from '../../src/client/verify.ts';
import { type Hash, utf8 } from '../../src/core/bytes.ts';
import { formatCheckpoint } from '../../src/core/checkpoint.ts';
import { signedMessage, toNoteSignature } from '../../src/core/cosignature.ts';
import { formatNote, formatVkey, NOTE_ED25519, vkeyOf } from '../../src/core/note.ts';
import { formatTlogProof } from '../../src/core/tlogproof.ts';
import { faults } from '../check.ts';
import * as oracle from '../oracle.ts';
import * as w from '../registry/world.ts';

// A trust file that pins two logs: what one of them says of a key is nothing that the other has said.

const LOGS = ['log.one.example', 'log.two.example'].map((origin) => {
  const signer = w.key(origin);
  return { origin, signer, vkey: vkeyOf(origin, NOTE_ED25519, signer.key) };
});
const trust = parseTrust(utf8(`${LOGS.map(({ vkey }) => `log ${formatVkey(vkey)}\n`).join('')}quorum none\n`));

/** The proof of one of two entries of a log. */
function proofOf(log: 0 | 1, entries: [Uint8Array, Uint8Array], index: 0 | 1): Uint8Array {
  const { origin, signer, vkey } = LOGS[log] as (typeof LOGS)[number];
  const leaves = entries.map((entry) => oracle.leaf(entry));
  const text = formatCheckpoint({ origin, size: 2, root: oracle.mth(leaves) });
  const checkpoint = utf8(
    formatNote({ text, signatures: [toNoteSignature(vkey, signer.sign(signedMessage(vkey, text, 0)), 0)] }),
  );
  return formatTlogProof({ index, path: [leaves[1 - index] as Hash], checkpoint, extra: entries[index] });
}

const enrolment = w.enrol('acme1', 'acme', 'build1', 'build').entry;
const build = w.say('build1', 'acme', 'build', w.BUILD).entry;

test('an enrolment counts in its own log, under the same checkpoint or another', () => {
  for (const other of [build, utf8('later')]) {
    const bundle = { proof: proofOf(0, [enrolment, build], 1), enrolment: proofOf(0, [enrolment, other], 0) };
    assert.is(verify(utf8(formatBundle(bundle)), trust).enrolment?.organisation, 'acme');
  }
});

test('an enrolment in another log that is pinned too is none', () => {
  const bundle = { proof: proofOf(0, [utf8('x'), build], 1), enrolment: proofOf(1, [enrolment, utf8('y')], 0) };
  const { message } = faults('bad-proof', () => verify(utf8(formatBundle(bundle)), trust));
  assert.match(message, 'the enrolment is in log.two.example, and the entry in log.one.example');
});

test.run();
