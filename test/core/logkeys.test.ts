import { hkdfSync } from 'node:crypto';
import { p256 } from '@noble/curves/nist.js';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { toHex } from '../../src/core/bytes.ts';
import { deriveSeed } from '../../src/core/logkeys.ts';

// Keys that were derived once must come out the same for ever: beside OpenSSL's HKDF and another reduction to a scalar.

const seed = fc.uint8Array({ minLength: 32, maxLength: 32 });
const number = fc.nat(20);
const expanded = (from: Uint8Array, info: string, bytes: number) =>
  new Uint8Array(hkdfSync('sha256', from, new Uint8Array(), info, bytes));

test('a seed of 32 bytes for each use and number', () => {
  const use = fc.constantFrom(
    ...(['checkpoint-ed25519', 'checkpoint-mldsa44', 'statement-ed25519'] as const),
    ...(['witness-ed25519', 'witness-mldsa44', 'mirror-ed25519', 'mirror-mldsa44'] as const),
  );
  fc.assert(
    fc.property(seed, use, number, (from, purpose, n) => {
      assert.equal(toHex(deriveSeed(from, purpose, n)), toHex(expanded(from, `limmat/${purpose}/${n}`, 32)));
    }),
  );
});

test('the key that signs receipts is a scalar of P-256, from 48 bytes', () => {
  fc.assert(
    fc.property(seed, number, (from, n) => {
      const scalar = deriveSeed(from, 'receipt-p256', n);
      assert.equal(toHex(scalar), toHex(p256.utils.randomSecretKey(expanded(from, `limmat/receipt-p256/${n}`, 48))));
      assert.ok(p256.utils.isValidSecretKey(scalar));
    }),
    { numRuns: 2000 }, // of 256 scalars, one begins with a zero
  );
});

test('a seed of another length is a mistake of ours', () => {
  for (const bytes of [0, 31, 33]) assert.throws(() => deriveSeed(new Uint8Array(bytes), 'receipt-p256', 0), /bug:/);
});

test.run();
