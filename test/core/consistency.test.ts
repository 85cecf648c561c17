import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Hash, type Thumbprint, toHex } from '../../src/core/bytes.ts';
import { type Cbor, encode } from '../../src/core/cbor.ts';
import {
  decodeConsistencyReceipt,
  encodeConsistencyReceipt,
  verifyConsistencyReceipt,
} from '../../src/core/consistency.ts';
import { writeSign1 } from '../../src/core/cose.ts';
import { Fault } from '../../src/core/fault.ts';
import { foldConsistency } from '../../src/core/proof.ts';
import { decodeReceipt, receiptProtected, receiptToSign } from '../../src/core/receipt.ts';
import { signerOf } from '../../src/core/signature.ts';
import { faults, flipBit, sameBytes } from '../check.ts';
import * as oracle from '../oracle.ts';
import { haveVectors, vector } from '../vectors.ts';

const signer = signerOf('p256', new Uint8Array(32).fill(5));
const other = signerOf('p256', new Uint8Array(32).fill(6));
const log = { iss: 'https://log.example', sub: 'log.example/test', kid: new Uint8Array(32) as Thumbprint };
const header = receiptProtected(log);
const leaves = oracle.leaves(64);
const root = (size: number) => oracle.mth(leaves, 0, size);
const signatures = Array.from({ length: 65 }, (_, size) => size > 0 && signer.sign(receiptToSign(header, root(size))));

function receipt(first: number, second: number, path = oracle.consistency(first, leaves, second)): Uint8Array {
  const signature = signatures[second] as Uint8Array;
  return encodeConsistencyReceipt({ protected: header, signature, first, second, path });
}

/** A receipt with any proofs, as another log may write them. */
function withProofs(signature: Uint8Array, ...proofs: Cbor[]): Uint8Array {
  const vdp = new Map([[396, new Map([[-2, proofs.map((proof) => encode(proof))]])]]);
  return writeSign1(header, encode(vdp), null, signature);
}

test('a receipt between any two sizes up to 64 leads from the old root to the new one', () => {
  for (let second = 2; second <= 64; second++) {
    for (let first = 1; first < second; first++) {
      const decoded = decodeConsistencyReceipt(receipt(first, second));
      assert.is(decoded.proofs.length, 1);
      sameBytes(verifyConsistencyReceipt(decoded, root(first), signer.key, log), root(second), `${first} to ${second}`);
    }
  }
});

test('its bytes are those of RFC 9942: proof -2 among the proofs 396, the root detached', () => {
  const text = toHex(receipt(3, 4));
  assert.ok(text.includes('a119018ca12181'), text);
  assert.ok(text.includes('8303048'), text);
  assert.is(decodeConsistencyReceipt(receipt(3, 4)).root, null);
});

test('every flipped bit of a receipt is a fault, but for sizes of trees of the same shape, which nobody signs', () => {
  const bytes = receipt(3, 7);
  const relabelled: string[] = [];
  for (let bit = 0; bit < 8 * bytes.length; bit++) {
    try {
      const decoded = decodeConsistencyReceipt(flipBit(bytes, bit));
      sameBytes(verifyConsistencyReceipt(decoded, root(3), signer.key, log), root(7));
      relabelled.push(decoded.proofs.map(({ first, second }) => `${first} ${second}`).join());
    } catch (error) {
      assert.instance(error, Fault, `bit ${bit}`);
    }
  }
  assert.equal(relabelled, ['3 6', '3 5']);
});

test('another old root, another key, another log, or a hash too few is a fault', () => {
  const decoded = decodeConsistencyReceipt(receipt(3, 7));
  faults('bad-proof', () => verifyConsistencyReceipt(decoded, root(4), signer.key));
  faults('bad-signature', () => verifyConsistencyReceipt(decoded, root(3), other.key));
  faults('bad-receipt', () => verifyConsistencyReceipt(decoded, root(3), signer.key, { iss: 'https://else.example' }));
  faults('bad-receipt', () => verifyConsistencyReceipt(decoded, root(3), signer.key, { sub: 'else.example' }));
  const short = decodeConsistencyReceipt(receipt(3, 7, oracle.consistency(3, leaves, 7).slice(1)));
  faults('bad-proof', () => verifyConsistencyReceipt(short, root(3), signer.key));
});

test('sizes that cannot be, and a proof that does not start from the old root, prove nothing', () => {
  const signature = signatures[7] as Uint8Array;
  const path = oracle.consistency(3, leaves, 7);
  for (const proof of [
    [0, 7, path],
    [7, 7, []],
    [7, 7, path],
    [8, 7, path],
    [3, 0, path],
    [4, 7, path],
  ]) {
    const decoded = decodeConsistencyReceipt(withProofs(signature, proof as Cbor));
    faults(
      'bad-proof',
      () => verifyConsistencyReceipt(decoded, root(3), signer.key),
      JSON.stringify(proof?.slice(0, 2)),
    );
  }
  // A tree and itself: the signed root is the old root, and still nothing was proven.
  const same = decodeConsistencyReceipt(withProofs(signature, [7, 7, []]));
  faults('bad-proof', () => verifyConsistencyReceipt(same, root(7), signer.key));
});

test('one proof of several is enough, in any order', () => {
  const signature = signatures[7] as Uint8Array;
  const good: Cbor = [3, 7, oracle.consistency(3, leaves, 7)];
  const bad: Cbor = [5, 7, oracle.consistency(5, leaves, 7)];
  for (const proofs of [
    [good, bad],
    [bad, good],
  ]) {
    const decoded = decodeConsistencyReceipt(withProofs(signature, ...proofs));
    sameBytes(verifyConsistencyReceipt(decoded, root(3), signer.key), root(7));
  }
});

test('a receipt of one kind is none of the other', () => {
  faults('bad-receipt', () => decodeReceipt(receipt(3, 7)));
  faults('bad-receipt', () => decodeConsistencyReceipt(withProofs(signatures[7] as Uint8Array)));
  faults('bad-receipt', () =>
    decodeConsistencyReceipt(writeSign1(header, encode(new Map()), null, new Uint8Array(64))),
  );
});

if (haveVectors('rfc9942-examples')) {
  test('the example of the working group parses, and its proof leads to the roots that it should', () => {
    const { proofs } = decodeConsistencyReceipt(vector('rfc9942-examples/consistency-receipt.cbor'));
    const [{ first, second, path }] = proofs as [(typeof proofs)[number]];
    assert.equal([first, second], [3, 5]);
    const old = fromHexHash('688928db5e565af2fb9b29db5cce83de0e0352a0f0c671b450b9dc86bed2de3c');
    const [start, end] = foldConsistency(first, second, old, path);
    sameBytes(start, old);
    assert.is(toHex(end), '895731b5a570ea1967dd7804b5f43146175f9ac87d1565985de3ecf09c98589c');
  });
}

function fromHexHash(text: string): Hash {
  return Uint8Array.from(Buffer.from(text, 'hex')) as Hash;
}

test.run();
