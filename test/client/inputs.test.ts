import { runInNewContext } from 'node:vm';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { formatBundle, parseBundle } from '../../src/client/proofbundle.ts';
import { parseTrust, type Trust } from '../../src/client/trust.ts';
import { verify } from '../../src/client/verify.ts';
import { concat, utf8 } from '../../src/core/bytes.ts';
import { formatVkey, NOTE_ED25519, vkeyOf } from '../../src/core/note.ts';
import { signerOf } from '../../src/core/signature.ts';
import { parseTlogProof } from '../../src/core/tlogproof.ts';
import { faults } from '../check.ts';

// What the functions of `limmat/verify` say of what is not what they take, before anything of it is read.

const vkey = formatVkey(vkeyOf('log.example/x', NOTE_ED25519, signerOf('ed25519', new Uint8Array(32).fill(3)).key));
const policy = `log ${vkey}\nquorum none\n`;
const trust = parseTrust(utf8(policy));
const bundle = formatBundle({ proof: utf8('c2sp.org/tlog-proof@v1\n') });
const marked = (text: string): Uint8Array => concat(Uint8Array.of(0xef, 0xbb, 0xbf), utf8(text));

test('a file that an editor has begun with a byte order mark is told so, whichever it is', () => {
  const json = JSON.stringify({ format: 'limmat-trust/v1', policy: policy.trimEnd().split('\n') });
  assert.is(parseTrust(utf8(json)).policy.logs.length, 1);
  for (const text of [json, policy, vkey]) {
    assert.match(
      faults('bad-policy', () => parseTrust(marked(text))).message,
      /begins with a byte order mark.*without/,
    );
  }
  for (const text of [bundle, 'c2sp.org/tlog-proof@v1\n']) {
    assert.match(faults('bad-proof', () => parseBundle(marked(text))).message, /begins with a byte order mark/);
    assert.match(faults('bad-proof', () => verify(marked(text), trust)).message, /begins with a byte order mark/);
    assert.match(faults('bad-proof', () => parseTlogProof(marked(text))).message, /begins with a byte order mark/);
  }
  faults('bad-policy', () => parseTrust(Uint8Array.of(0xef, 0xbb)));
});

const bytes = utf8(policy);
/** What a caller in JavaScript may have in hand instead of bytes. */
const NO_BYTES: unknown[] = [
  undefined,
  null,
  'a string',
  '{}',
  7,
  {},
  [123],
  new ArrayBuffer(9),
  new DataView(new ArrayBuffer(9)),
];

test('what is no Uint8Array is told by its name, and is nothing that a file shows', () => {
  for (const wrong of NO_BYTES as Uint8Array[]) {
    const says = (name: string, call: () => unknown) => {
      const { message } = faults('bad-request', call, String(wrong));
      assert.is(message, `${name} must be a Uint8Array`);
    };
    says('a trust file', () => parseTrust(wrong));
    says('a bundle', () => parseBundle(wrong));
    says('a bundle', () => verify(wrong, trust));
    says('a proof', () => formatBundle({ proof: wrong }));
    if (wrong === undefined) continue;
    says('file', () => verify(utf8(bundle), trust, { file: wrong }));
    says('an enrolment', () => formatBundle({ proof: bytes, enrolment: wrong }));
  }
});

test('trust that was not read is told to be so', () => {
  for (const wrong of [undefined, null, bytes, policy, {}] as unknown[] as Trust[]) {
    const { message } = faults('bad-request', () => verify(utf8(bundle), wrong));
    assert.is(message, 'trust must be what parseTrust gives');
  }
});

test('a Buffer, and an array of another realm, are Uint8Arrays', () => {
  const foreign = runInNewContext('new Uint8Array(bytes)', { bytes }) as Uint8Array;
  assert.not.ok(foreign instanceof Uint8Array);
  for (const same of [Buffer.from(bytes), foreign]) {
    assert.is(parseTrust(same).policy.logs.length, 1);
    assert.is(parseBundle(same).proof, same);
    faults('bad-proof', () => verify(same, trust, { file: same }), 'it is no proof');
    assert.ok(formatBundle({ proof: same }).includes('quorum none'));
  }
});

test.run();
