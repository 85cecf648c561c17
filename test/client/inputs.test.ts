import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { formatBundle, parseBundle } from '../../src/client/proofbundle.ts';
import { parseTrust } from '../../src/client/trust.ts';
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

test.run();
