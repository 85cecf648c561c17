/** The contract of `Keyring`, for every adapter. `open` gives the same keys again, as a new process would find them. */
import { createPublicKey, verify } from 'node:crypto';
import type { Test } from 'uvu';
import * as assert from 'uvu/assert';
import { toHex, utf8 } from '../../src/core/bytes.ts';
import { spki } from '../../src/core/signature.ts';
import type { Keyring, KeyringUse } from '../../src/log/ports.ts';
import { sameBytes } from '../check.ts';

const ALGORITHM = { 'checkpoint-ed25519': 'ed25519', 'receipt-p256': 'p256', 'statement-ed25519': 'ed25519' } as const;
const USES = Object.keys(ALGORITHM) as KeyringUse[];

export function testKeyring(test: Test, name: string, create: () => { open(): Keyring }): void {
  test(`${name}: a key signs what OpenSSL verifies, short or long`, () => {
    const keyring = create().open();
    for (const use of USES) {
      keyring.make(use, 0);
      const { key, sign } = keyring.signer(use, 0);
      assert.is(key.algorithm, ALGORITHM[use]);
      const theirs = createPublicKey({ key: Buffer.from(spki(key)), format: 'der', type: 'spki' });
      for (const message of [utf8('a message'), new Uint8Array(100_000).fill(7)]) {
        const digest = ALGORITHM[use] === 'p256' ? 'sha256' : null;
        assert.ok(verify(digest, message, { key: theirs, dsaEncoding: 'ieee-p1363' }, sign(message)), use);
      }
    }
    keyring.close();
  });

  test(`${name}: each use and each number has a key of its own, which stays the same`, () => {
    const place = create();
    const first = place.open();
    const keys = USES.flatMap((use) => [0, 1, 10].map((n) => ({ use, n })));
    for (const { use, n } of keys) first.make(use, n);
    const before = keys.map(({ use, n }) => first.signer(use, n).key.bytes);
    assert.is(new Set(before.map(toHex)).size, keys.length);
    for (const { use, n } of keys) first.make(use, n); // changes nothing
    first.close();
    const again = place.open();
    for (const [i, { use, n }] of keys.entries()) sameBytes(again.signer(use, n).key.bytes, before[i] as Uint8Array);
    again.close();
  });
}
