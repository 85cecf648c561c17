import { generateKeyPairSync } from 'node:crypto';
import * as transmute from '@transmute/cose';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Hash, toHex } from '../../src/core/bytes.ts';
import { encodeConsistencyReceipt } from '../../src/core/consistency.ts';
import { decodeStatement, verifyStatement } from '../../src/core/cose.ts';
import { thumbprintOf } from '../../src/core/cosekey.ts';
import { Fault } from '../../src/core/fault.ts';
import { attachReceipts, decodeReceipt, splitTransparent, verifyReceipt } from '../../src/core/receipt.ts';
import { kidOf, type PublicKey, publicKey } from '../../src/core/signature.ts';
import { faults, flipBit, sameBytes } from '../check.ts';
import * as oracle from '../oracle.ts';
import {
  issuerKey,
  issuerOf,
  missigned,
  nodeKey,
  type Published,
  reproved,
  resigned,
  SIZES,
  StatementLog,
} from './statements.ts';

// @transmute/cose knows receipts: it recomputes the root from our inclusion proofs (ES256 alone), verifies whole
// Transparent Statements, and makes receipts of its own, which we verify.

const log = await StatementLog.make();
const leaves = log.statements.map(({ entry }) => oracle.leaf(entry));

type Jwk = Awaited<ReturnType<Parameters<typeof transmute.receipt.verifier>[0]['resolve']>>;
const jwkOf = (key: ReturnType<typeof nodeKey>): Jwk => ({ ...key.export({ format: 'jwk' }), alg: 'ES256' }) as Jwk;
const receiptJwk = jwkOf(nodeKey(log.receiptKey));
const verifierFor = (jwk: Jwk) => transmute.detached.verifier({ resolver: { resolve: async () => jwk } });
/** Bytes as it wants them: it does not look at where a view begins. */
const whole = (bytes: Uint8Array) => Uint8Array.from(bytes).buffer as ArrayBuffer;

/** The root that it finds and believes, undefined if it does not. */
async function rootOf(receipt: Uint8Array, leaf: Uint8Array, jwk = receiptJwk): Promise<string | undefined> {
  try {
    const parts = { entry: Uint8Array.from(leaf), receipt: whole(receipt), verifier: verifierFor(jwk) };
    return toHex(new Uint8Array(await transmute.receipt.inclusion.verify(parts)));
  } catch {
    return undefined;
  }
}

/** Whether we believe a receipt. */
function weAccept(receipt: Uint8Array, leaf: Uint8Array): boolean {
  try {
    verifyReceipt(decodeReceipt(receipt), leaf as Hash, log.receiptKey);
    return true;
  } catch (error) {
    assert.instance(error, Fault);
    return false;
  }
}

test('it verifies our receipts in trees of 2, 3, 7, 8 and 1000 leaves, and finds the same roots', async () => {
  const sizes = new Set<number>();
  for (const { size, index, published } of log.cases()) {
    const leaf = leaves[index] as Hash;
    assert.is(
      await rootOf(published.receipt(index), leaf),
      toHex(oracle.mth(leaves, 0, size)),
      `leaf ${index} of ${size}`,
    );
    sizes.add(size);
  }
  assert.equal([...sizes], [...SIZES]);
});

const pathLength = (receipt: Uint8Array) => decodeReceipt(receipt).proofs[0]?.path.length ?? 0;

test('nothing that was tampered with is believed, by it or by us', async () => {
  for (const { size, index, published } of log.cases()) {
    const [receipt, leaf] = [published.receipt(index), leaves[index] as Hash];
    const { root } = published.head;
    const beside = index + 1 < size ? index + 1 : index - 1;
    const tampered: [string, Uint8Array][] = [
      ['a flipped signature', missigned(receipt)],
      ['an index beside', reproved(receipt, (proof) => ({ ...proof, index: beside }))],
      ['a path without its last hash', reproved(receipt, (proof) => ({ ...proof, path: proof.path.slice(0, -1) }))],
      ['a path with a hash more', reproved(receipt, (proof) => ({ ...proof, path: [...proof.path, leaf] }))],
      ['vds 2', resigned(receipt, root, (header) => header.set(395, 2))],
      ['no vds', resigned(receipt, root, (header) => header.delete(395))],
      ['another kid, not signed', flipBit(receipt, 8 * 20)],
      ['another alg', resigned(receipt, root, (header) => header.set(1, -8))],
      ...Array.from({ length: pathLength(receipt) }, (_, at): [string, Uint8Array] => [
        `hash ${at} of the path`,
        reproved(receipt, ({ path, ...numbers }) => ({
          ...numbers,
          path: path.map((hash, i) => (i === at ? flipBit(hash, 77) : hash)),
        })),
      ]),
    ];
    for (const [what, bytes] of tampered) {
      assert.is(await rootOf(bytes, leaf), undefined, `leaf ${index} of ${size}, by it: ${what}`);
      assert.not.ok(weAccept(bytes, leaf), `leaf ${index} of ${size}, by us: ${what}`);
    }
    const otherLeaf = flipBit(leaf, 9);
    assert.is(await rootOf(receipt, otherLeaf), undefined, 'another leaf');
    assert.not.ok(weAccept(receipt, otherLeaf));
    assert.is(await rootOf(receipt, leaf, jwkOf(issuerKey(0))), undefined, 'another key');
  }
});

test('what the tampering starts from is good: signed again without a change it is believed by both', async () => {
  const { head, receipt } = log.at.get(7) as Published;
  for (const same of [resigned(receipt(4), head.root, () => {}), reproved(receipt(4), (proof) => proof)]) {
    assert.is(await rootOf(same, leaves[4] as Hash), toHex(head.root));
    assert.ok(weAccept(same, leaves[4] as Hash));
  }
});

test('it verifies our Transparent Statements whole: issuer, leaf, path and log', async () => {
  // The issuer's key and the log's are found by the key ids in the protected headers, as its users do.
  const jwks = new Map([
    [toHex(kidOf(issuerOf(0))), jwkOf(issuerKey(0))],
    [toHex(thumbprintOf(log.receiptKey)), receiptJwk],
  ]);
  const resolve = async (message: ArrayBuffer) => {
    const { value } = transmute.cbor.decode(message);
    return jwks.get(toHex(Uint8Array.from(transmute.cbor.decode(value[0]).get(4)))) as Jwk;
  };
  const verifier = await transmute.receipt.verifier({ resolve });
  let count = 0;
  for (const { size, index, published, statement } of log.cases()) {
    if (statement.algorithm !== 'p256') continue;
    const transparent = attachReceipts(statement.entry, [published.receipt(index)]);
    const { receipts } = await verifier.verify({ coseSign1: whole(transparent), payload: whole(statement.payload) });
    assert.equal(
      receipts.map((root) => toHex(new Uint8Array(root))),
      [toHex(oracle.mth(leaves, 0, size))],
    );
    count++;
    // The receipt of another statement.
    const mixed = attachReceipts(statement.entry, [published.receipt(index === 0 ? 1 : 0)]);
    const refused = await verifier.verify({ coseSign1: whole(mixed), payload: whole(statement.payload) }).then(
      () => false,
      () => true,
    );
    assert.ok(refused, `statement ${index} of ${size} with the receipt of another`);
  }
  assert.ok(count > 10, `${count} statements`);
});

test('it verifies our consistency receipts, where its own arithmetic is right', async () => {
  // Its fold is wrong where the older size is a power of two: it does not put the old root in front of the path.
  for (const [first, second] of [
    [3, 7],
    [3, 8],
    [7, 8],
    [3, 1000],
    [7, 1000],
  ] as const) {
    const { head } = log.at.get(second) as Published;
    const path = oracle.consistency(first, leaves, second);
    const signed = { protected: head.receiptHeader, signature: head.receiptSignature };
    const receipt = encodeConsistencyReceipt({ ...signed, first, second, path });
    const check = (bytes: Uint8Array, old: Uint8Array) =>
      transmute.receipt.consistency
        .verify({
          oldRoot: whole(old),
          newRoot: whole(head.root),
          receipt: whole(bytes),
          verifier: verifierFor(receiptJwk),
        })
        .catch(() => false);
    const old = oracle.mth(leaves, 0, first);
    assert.is(await check(receipt, old), true, `${first} to ${second}`);
    assert.is(await check(receipt, flipBit(old)), false, 'another old root');
    assert.is(await check(missigned(receipt), old), false, 'another signature');
  }
});

function newKey(): { key: PublicKey; jwk: Parameters<typeof transmute.crypto.signer>[0]['privateKeyJwk'] } {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const bytes = Uint8Array.from(pair.publicKey.export({ format: 'der', type: 'spki' }).subarray(26));
  return {
    key: publicKey('p256', bytes),
    jwk: { ...pair.privateKey.export({ format: 'jwk' }), alg: 'ES256' } as never,
  };
}

test('we verify receipts and Transparent Statements that it made', async () => {
  const [issuer, service] = [newKey(), newKey()];
  const issue = transmute.attached.signer({ remote: transmute.crypto.signer({ privateKeyJwk: issuer.jwk }) });
  const signer = transmute.detached.signer({ remote: transmute.crypto.signer({ privateKeyJwk: service.jwk }) });
  const claims = new Map([
    [1, 'https://issuer.example'],
    [2, 'theirs'],
  ]);
  const header = new Map<number, unknown>([
    [1, -7],
    [3, 'text/plain'],
    [4, Buffer.from(kidOf(issuer.key))],
    [15, claims],
  ]);
  const signed = await issue.sign({
    protectedHeader: header,
    unprotectedHeader: new Map(),
    payload: whole(Buffer.from('theirs')),
  });
  const statement = decodeStatement(new Uint8Array(signed));
  assert.ok(verifyStatement(statement, issuer.key));
  for (const size of SIZES) {
    const index = Math.floor(size / 2);
    const entries = [...leaves.slice(0, index), oracle.leaf(statement.entry), ...leaves.slice(index + 1, size)];
    const protectedHeader = new Map<number, unknown>([
      [1, -7],
      [4, Buffer.from('their log')],
      [395, 1],
    ]);
    const receipt = await transmute.receipt.inclusion.issue({
      protectedHeader,
      entry: index,
      entries,
      signer: signer as never,
    });
    const transparent = new Uint8Array(await transmute.receipt.add(whole(statement.entry), receipt));
    const split = splitTransparent(transparent);
    sameBytes(split.statement, statement.entry);
    const [theirs] = split.receipts as [Uint8Array];
    const root = verifyReceipt(decodeReceipt(theirs), oracle.leaf(split.statement), service.key);
    sameBytes(root, oracle.mth(entries), `size ${size}`);
    faults('bad-signature', () => verifyReceipt(decodeReceipt(theirs), leaves[0] as Hash, service.key));
    faults('bad-signature', () => verifyReceipt(decodeReceipt(missigned(theirs)), entries[index] as Hash, service.key));
    faults('bad-signature', () => verifyReceipt(decodeReceipt(theirs), entries[index] as Hash, issuer.key));
  }
});

test.run();
