import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { Sign1 } from '@auth0/cose';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Hash, toHex } from '../../src/core/bytes.ts';
import { encode } from '../../src/core/cbor.ts';
import { decodeStatement, readSign1, verifyStatement, writeSign1 } from '../../src/core/cose.ts';
import { decodeReceipt, verifyReceipt } from '../../src/core/receipt.ts';
import { kidOf, type PublicKey, publicKey } from '../../src/core/signature.ts';
import { faults, flipBit, sameBytes } from '../check.ts';
import * as oracle from '../oracle.ts';
import { brokenStatements, issuerKey, missigned, nodeKey, SIZES, StatementLog } from './statements.ts';

// @auth0/cose knows COSE_Sign1 with ES256 and EdDSA, and nothing of trees: it verifies our statements, and our receipts
// over the root that their proofs lead to. Importing it changes how every cbor-x decoder of this process reads tag 18,
// so that what passes here shows too that we do not depend on that.

const log = await StatementLog.make();
const leaves = log.statements.map(({ entry }) => oracle.leaf(entry));
type VerifyKey = Parameters<Sign1['verify']>[0];

/** Whether @auth0/cose takes a message for one that the key has signed. */
async function accepts(bytes: Uint8Array, key: KeyObject, detachedPayload?: Uint8Array): Promise<boolean> {
  try {
    const options = detachedPayload === undefined ? {} : { detachedPayload };
    await Sign1.decode(bytes).verify(key as VerifyKey, options);
    return true;
  } catch {
    return false;
  }
}

test('it verifies our statements, of both algorithms, and no others', async () => {
  for (const [n, { entry, payload }] of log.statements.slice(0, 100).entries()) {
    assert.ok(await accepts(entry, issuerKey(n)), `statement ${n}`);
    assert.not.ok(await accepts(entry, issuerKey(n + 1)), 'the key of the other issuer');
    sameBytes(Uint8Array.from(Sign1.decode(entry).payload), payload);
  }
});

test('it refuses our statements with any byte changed that is signed, or of the signature', async () => {
  for (const n of [0, 1]) {
    let count = 0;
    for (const broken of brokenStatements(log.statements[n] as (typeof log.statements)[number])) {
      assert.not.ok(await accepts(broken, issuerKey(n)), `change ${count} of statement ${n}`);
      count++;
    }
    assert.ok(count > 150, `${count} changes`);
  }
});

test('it verifies our receipts in trees of 2, 3, 7, 8 and 1000 leaves over the root of their proofs', async () => {
  const key = nodeKey(log.receiptKey);
  const sizes = new Set<number>();
  for (const { size, index, published } of log.cases()) {
    const receipt = published.receipt(index);
    const root = verifyReceipt(decodeReceipt(receipt), leaves[index] as Hash, log.receiptKey);
    sameBytes(root, oracle.mth(leaves, 0, size));
    assert.ok(await accepts(receipt, key, root), `leaf ${index} of ${size}`);
    assert.not.ok(await accepts(receipt, key, flipBit(root)), 'another root');
    assert.not.ok(await accepts(missigned(receipt), key, root), 'another signature');
    assert.not.ok(await accepts(receipt, issuerKey(0), root), 'another key');
    sizes.add(size);
  }
  assert.equal([...sizes], [...SIZES]);
});

/** A new key pair, for Node and for us. */
function newKey(alg: -7 | -8): { key: PublicKey; secret: KeyObject } {
  const pair = alg === -7 ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('ed25519');
  const der = pair.publicKey.export({ format: 'der', type: 'spki' });
  const bytes = Uint8Array.from(der.subarray(alg === -7 ? 26 : 12));
  return { key: publicKey(alg === -7 ? 'p256' : 'ed25519', bytes), secret: pair.privateKey };
}

type Headers = Parameters<typeof Sign1.sign>[0];

for (const alg of [-7, -8] as const) {
  test(`we verify statements that it signed with algorithm ${alg}, and no others`, async () => {
    const [{ key, secret }, other] = [newKey(alg), newKey(alg)];
    const claims = new Map([
      [1, 'https://issuer.example'],
      [2, 'pkg:generic/theirs@1'],
    ]);
    const header = [
      [1, alg],
      [3, 'text/plain'],
      [4, kidOf(key)],
      [15, claims],
    ];
    const signed = await Sign1.sign(header as unknown as Headers, undefined, Buffer.from('theirs'), secret as never);
    const statement = decodeStatement(Uint8Array.from(signed.encode()));
    assert.is(statement.iss, 'https://issuer.example');
    assert.is(toHex(statement.payload), Buffer.from('theirs').toString('hex'));
    assert.ok(verifyStatement(statement, key));
    assert.not.ok(verifyStatement(statement, other.key));
    for (const broken of brokenStatements(statement)) {
      let verified = false;
      try {
        verified = verifyStatement(decodeStatement(broken), key);
      } catch {
        // it does not even parse
      }
      assert.not.ok(verified);
    }
  });

  test(`we verify receipts that it signed with algorithm ${alg}, the root attached or not`, async () => {
    const { key, secret } = newKey(alg);
    for (const size of SIZES) {
      const root = oracle.mth(leaves, 0, size);
      for (const index of [0, 1, size - 2, size - 1]) {
        const proof = encode([size, index, oracle.path(index, leaves, 0, size)]);
        const header = [
          [1, alg],
          [4, Buffer.from('their log')],
          [395, 1],
        ];
        const proofs = new Map([[396, new Map([[-1, [proof]]])]]);
        const signed = await Sign1.sign(
          header as unknown as Headers,
          proofs as never,
          Buffer.from(root),
          secret as never,
        );
        const attached = Uint8Array.from(signed.encode());
        const { protected: signedHeader, signature } = readSign1(attached, 'bad-receipt');
        const detached = writeSign1(signedHeader, encode(proofs), null, signature);
        for (const bytes of [attached, detached]) {
          sameBytes(verifyReceipt(decodeReceipt(bytes), leaves[index] as Hash, key), root, `leaf ${index} of ${size}`);
        }
        const broken = decodeReceipt(missigned(detached));
        faults('bad-signature', () => verifyReceipt(broken, leaves[index] as Hash, key));
        faults('bad-signature', () => verifyReceipt(decodeReceipt(detached), flipBit(leaves[index] as Hash), key));
        faults('bad-proof', () => verifyReceipt(decodeReceipt(attached), flipBit(leaves[index] as Hash), key));
      }
    }
  });
}

test.run();
