import { createPublicKey, verify } from 'node:crypto';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fromHex, type Hash, toHex } from '../../src/core/bytes.ts';
import { signerOf, spki } from '../../src/core/signature.ts';
import { digitallySigned, treeHeadToSign } from '../../src/core/treehead.ts';
import { flipBit } from '../check.ts';

const root = Uint8Array.from({ length: 32 }, (_, i) => i) as Hash;

test('the bytes that are signed are those of RFC 6962 §3.5, also beyond 32 bits', () => {
  const head = { timestamp: 0x0000_018f_0203_0405, size: 2 ** 40 + 7, root };
  assert.is(toHex(treeHeadToSign(head)), `00010000018f020304050000010000000007${toHex(root)}`);
});

test('a signature is written as TLS does, each integer of its DER in the shortest form', () => {
  const signature = (r: string, s: string) => fromHex(r.padStart(64, '0') + s.padStart(64, '0'), 'bad-request');
  assert.is(toHex(digitallySigned(signature('01', '7f'))), '04030008300602010102017f');
  assert.is(toHex(digitallySigned(signature('80', 'ff00'))), '0403000b300902020080020300ff00');
  const high = 'ff'.repeat(32);
  assert.is(
    toHex(digitallySigned(signature(high, high))),
    `0403004830460221 00${high}0221 00${high}`.replaceAll(' ', ''),
  );
});

test('OpenSSL verifies many of them, and none over another head', () => {
  const signer = signerOf('p256', new Uint8Array(32).fill(7));
  const key = createPublicKey({ key: Buffer.from(spki(signer.key)), format: 'der', type: 'spki' });
  for (let n = 0; n < 300; n++) {
    const message = treeHeadToSign({ timestamp: 1_700_000_000_000 + n, size: n, root });
    const signed = digitallySigned(signer.sign(message));
    assert.is(toHex(signed.subarray(0, 2)), '0403');
    assert.is((signed[2] as number) * 256 + (signed[3] as number), signed.length - 4);
    assert.ok(verify('sha256', message, key, signed.subarray(4)), `head ${n}`);
    assert.not.ok(verify('sha256', flipBit(message, n % (8 * message.length)), key, signed.subarray(4)));
  }
});

test.run();
