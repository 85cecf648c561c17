import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { concat, fromHex, type Hash, toHex, utf8 } from '../../src/core/bytes.ts';
import { type Cbor, Cursor, decode, encode } from '../../src/core/cbor.ts';
import { decodeStatement, EMPTY_MAP, readSign1, sigStructure, writeSign1 } from '../../src/core/cose.ts';
import { thumbprintOf } from '../../src/core/cosekey.ts';
import { Fault, type FaultCode } from '../../src/core/fault.ts';
import { leafHash } from '../../src/core/hash.ts';
import { foldInclusion, verifyConsistency } from '../../src/core/proof.ts';
import {
  attachReceipts,
  decodeReceipt,
  encodeReceipt,
  type Inclusion,
  type Receipt,
  receiptProtected,
  receiptToSign,
  splitTransparent,
  verifyReceipt,
} from '../../src/core/receipt.ts';
import { type Signer, signerOf } from '../../src/core/signature.ts';
import { faults, flipBit, sameBytes } from '../check.ts';
import * as oracle from '../oracle.ts';
import { haveVectors, vector } from '../vectors.ts';

const hex = (text: string) => fromHex(text.replaceAll(/\s/g, ''), 'bad-cbor');
const seed = (first: number, step: number) => Uint8Array.from({ length: 32 }, (_, i) => first + step * i);
const signer = signerOf('p256', seed(1, 1));
const log = { iss: 'https://log.example', sub: 'log.example/2026', kid: thumbprintOf(signer.key) };
const header = receiptProtected(log);
const all = oracle.leaves(300);

/** The proof of a leaf, and the signature over its root. */
function proofOf(index: number, size: number) {
  const root = oracle.mth(all, 0, size);
  const inclusion: Inclusion = { size, index, path: oracle.path(index, all, 0, size) };
  return { ...inclusion, root, protected: header, signature: signer.sign(receiptToSign(header, root)) };
}
const receiptOf = (index: number, size: number) => encodeReceipt(proofOf(index, size));

const vdp = (...proofs: Cbor[]) => encode(new Map([[396, new Map([[-1, proofs]])]]));
const proofBytes = ({ size, index, path }: Inclusion) => encode([size, index, path]);

test('the receipt, byte for byte', () => {
  const { path, signature, ...proof } = proofOf(4, 7);
  const expected = `d284 58 53 a4 0126 045820 ${toHex(log.kid)}
    0fa2 01 73 ${toHex(utf8(log.iss))} 02 70 ${toHex(utf8(log.sub))} 19018b01
    a1 19018c a1 20 81 58 6a 83 07 04 83 ${path.map((hash) => `5820 ${toHex(hash)}`).join('')}
    f6 5840 ${toHex(signature)}`;
  sameBytes(encodeReceipt({ ...proof, path, signature }), hex(expected));
  sameBytes(receiptToSign(header, proof.root), encode(['Signature1', header, new Uint8Array(0), proof.root]));
});

test('the worked example of reference/scitt-cose.md §3.1', () => {
  const statement =
    hex(`d2845850a4012703706170706c69636174696f6e2f6a736f6e04486973737565722d310fa2017668747470733a2f2f6973737565
    722e6578616d706c650275706b673a6e706d2f6578616d706c6540312e302e30a0477b2261223a317d5840e36132db81aeaf297b4515c426ace1e57e
    e9a879b57b784d7855ed190f7fd2aa1959f1b6816f9e092a01cc72d134949422f1aab7d22d26eab8fe9ec430ad1a0b`);
  const leaves = Array.from({ length: 7 }, (_, i) => leafHash(i === 4 ? statement : utf8(`e${i}`)));
  const root = oracle.mth(leaves);
  sameBytes(root, hex('f3c71894b62ea0ba35d1b3adcd1cf1e9b99a7a4e2e8d436fe909602118e9f2f7'));
  const eddsa = signerOf('ed25519', seed(255, -1));
  const claims = new Map([1, 2].map((label) => [label, label === 1 ? 'https://log.example' : 'pkg:npm/example@1.0.0']));
  const labels = encode(
    new Map<number, Cbor>([
      [1, -8],
      [4, utf8('log-1')],
      [15, claims],
      [395, 1],
    ]),
  );
  const signature = eddsa.sign(receiptToSign(labels, root));
  assert.is(toHex(signature.subarray(0, 4)), 'bca3a8d5');
  const path = oracle.path(4, leaves);
  assert.equal(
    path.map((hash) => toHex(hash.subarray(0, 4))),
    ['ae486abe', 'a63dce61', '95669b37'],
  );
  const bytes = encodeReceipt({ protected: labels, signature, size: 7, index: 4, path });
  assert.is(bytes.length, 246);
  assert.ok(toHex(bytes).startsWith(`d284583c${toHex(labels)}a119018ca12081586a83070483`));
  const receipt = decodeReceipt(bytes);
  assert.equal(
    [receipt.algorithm, receipt.iss, receipt.sub],
    ['ed25519', 'https://log.example', 'pkg:npm/example@1.0.0'],
  );
  sameBytes(verifyReceipt(receipt, leafHash(statement), eddsa.key), root);
});

const places = [1, 2, 3, 7, 8, 300].flatMap((size) =>
  [...new Set([0, 1, 2, 3, 4, 5, 6, 7, 255, 256, 298, 299])]
    .filter((index) => index < size)
    .map((index) => [index, size] as const),
);

test('receipts of every place verify, and say where they claim to be', () => {
  for (const [index, size] of places) {
    const proof = proofOf(index, size);
    const receipt = decodeReceipt(encodeReceipt(proof));
    assert.equal([receipt.algorithm, receipt.iss, receipt.sub, receipt.root], ['p256', log.iss, log.sub, null]);
    sameBytes(receipt.kid, log.kid);
    assert.equal(
      receipt.proofs.map(({ path, ...place }) => place),
      [{ size, index }],
    );
    for (const expected of [undefined, {}, log, { iss: log.iss }, { sub: log.sub }]) {
      sameBytes(verifyReceipt(receipt, all[index] as Hash, signer.key, expected), proof.root);
    }
  }
});

test('nothing about a receipt can be changed but the unsigned size and index', () => {
  for (const [index, size] of places) {
    const leaf = all[index] as Hash;
    const receipt = decodeReceipt(receiptOf(index, size));
    const [{ path }] = receipt.proofs as [Inclusion];
    const bad = (code: FaultCode, changes: Partial<Receipt>, by = signer, of = leaf, expected = {}) =>
      faults(code, () => verifyReceipt({ ...receipt, ...changes }, of, by.key, expected), `${index} of ${size}`);
    const moved = (changes: Partial<Inclusion>): Partial<Receipt> => ({ proofs: [{ size, index, path, ...changes }] });

    bad('bad-signature', {}, signer, flipBit(leaf));
    bad('bad-signature', {}, signerOf('p256', seed(2, 1)));
    bad('bad-signature', {}, signerOf('ed25519', seed(1, 1)));
    bad('bad-signature', { algorithm: 'ed25519' });
    bad('bad-signature', { protected: flipBit(receipt.protected, 8 * 60) });
    for (const bit of [0, 255, 256, 511]) bad('bad-signature', { signature: flipBit(receipt.signature, bit) });
    bad('bad-receipt', {}, signer, leaf, { iss: 'https://other.example' });
    bad('bad-receipt', {}, signer, leaf, { sub: 'other.example' });
    bad('bad-receipt', { iss: undefined }, signer, leaf, log);
    bad('bad-proof', moved({ index: size }));
    bad('bad-proof', moved({ size: 0 }));
    bad('bad-proof', moved({ path: [...path, leaf] }));
    bad('bad-proof', { root: leafHash(leaf) });
    if (path.length > 0) bad('bad-proof', moved({ path: path.slice(1) }));
    path.forEach((hash, i) => {
      bad('bad-signature', moved({ path: path.with(i, flipBit(hash, i)) }));
    });
    if (size % 2 === 0) bad('bad-signature', moved({ index: index % 2 === 0 ? index + 1 : index - 1 }));
  }
});

test('size and index are claims: another place with a path of the same shape verifies as well', () => {
  const { path, root } = proofOf(5, 8);
  const receipt = { ...decodeReceipt(receiptOf(5, 8)), proofs: [{ size: 7, index: 5, path }] };
  sameBytes(verifyReceipt(receipt, all[5] as Hash, signer.key), root);
});

test('no bit of the bytes can change: a fault, or the same root from another claimed place', () => {
  for (const [index, size] of [
    [0, 1],
    [2, 3],
    [5, 8],
  ] as const) {
    const bytes = receiptOf(index, size);
    const { root } = proofOf(index, size);
    let held = 0;
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      try {
        const receipt = decodeReceipt(flipBit(bytes, bit));
        sameBytes(verifyReceipt(receipt, all[index] as Hash, signer.key, log), root);
        const [changed] = receipt.proofs as [Inclusion];
        assert.not.equal([changed.size, changed.index], [size, index]);
        sameBytes(foldInclusion(changed.index, changed.size, all[index] as Hash, changed.path), root);
        held++;
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
      }
    }
    assert.ok(held < 16, `${held} bits do not matter`);
  }
});

test('one signature serves every receipt of a head', () => {
  const { signature, root } = proofOf(0, 8);
  for (let index = 0; index < 8; index++) {
    const bytes = encodeReceipt({ ...proofOf(index, 8), signature });
    sameBytes(verifyReceipt(decodeReceipt(bytes), all[index] as Hash, signer.key), root);
  }
});

test('a receipt that is not a proof of its place is not made', () => {
  const proof = proofOf(4, 7);
  assert.throws(() => encodeReceipt({ ...proof, path: proof.path.slice(1) }), /^bug: |not a proof/);
});

test('several proofs: one that is right is enough, in any order; sixteen at most', () => {
  const proof = proofOf(4, 7);
  const [right, otherRoot, noPlace] = [
    proofBytes(proof),
    proofBytes(proofOf(4, 8)),
    proofBytes({ ...proof, index: 7 }),
  ];
  const tooLong = proofBytes({ ...proof, path: [...proof.path, proof.root] });
  const make = (...proofs: Uint8Array[]) => decodeReceipt(writeSign1(header, vdp(...proofs), null, proof.signature));
  const check = (receipt: Receipt) => verifyReceipt(receipt, all[4] as Hash, signer.key);
  for (const proofs of [[right, otherRoot, noPlace], [noPlace, tooLong, otherRoot, right], Array(16).fill(right)]) {
    sameBytes(check(make(...proofs)), proof.root);
  }
  faults('bad-signature', () => check(make(otherRoot, noPlace)));
  faults('bad-proof', () => check(make(noPlace, noPlace)));
  faults('bad-receipt', () => make(...Array(17).fill(right)));
  faults('bad-receipt', () => make());
});

test('an attached root must be the one that the proof leads to', () => {
  const proof = proofOf(4, 7);
  const make = (root: Uint8Array) => decodeReceipt(writeSign1(header, vdp(proofBytes(proof)), root, proof.signature));
  sameBytes(verifyReceipt(make(proof.root), all[4] as Hash, signer.key), proof.root);
  for (const root of [flipBit(proof.root), new Uint8Array(0), proof.root.subarray(1)]) {
    faults('bad-proof', () => verifyReceipt(make(root), all[4] as Hash, signer.key));
  }
  faults('bad-proof', () => verifyReceipt(make(proof.root), all[3] as Hash, signer.key));
});

test('the algorithms of other logs, under either of their numbers', () => {
  const cases: [number, Signer][] = [
    [-7, signer],
    [-9, signer],
    [-8, signerOf('ed25519', seed(1, 1))],
    [-19, signerOf('ed25519', seed(1, 1))],
    [-48, signerOf('mldsa44', seed(1, 1))],
  ];
  for (const [alg, by] of cases) {
    // No kid and no claims: a receipt need not say whose it is to be verified.
    const labels = encode(
      new Map([
        [1, alg],
        [395, 1],
      ]),
    );
    const { root, ...proof } = proofOf(4, 7);
    const signature = by.sign(receiptToSign(labels, root));
    const receipt = decodeReceipt(encodeReceipt({ ...proof, protected: labels, signature }));
    assert.equal([receipt.kid, receipt.iss, receipt.sub], [undefined, undefined, undefined]);
    sameBytes(verifyReceipt(receipt, all[4] as Hash, by.key), root);
    faults('bad-receipt', () => verifyReceipt(receipt, all[4] as Hash, by.key, { iss: log.iss }));
  }
});

const labelled = (changes: [number, Cbor | undefined][], unprotected = vdp(proofBytes(proofOf(4, 7)))) => {
  const labels = new Map(decode(header) as ReadonlyMap<number, Cbor>);
  for (const [label, value] of changes) {
    if (value === undefined) labels.delete(label);
    else labels.set(label, value);
  }
  return writeSign1(encode(labels), unprotected, null, new Uint8Array(64));
};
const proving = (...proof: Cbor[]) => labelled([], vdp(encode(proof)));
const hashes = (count: number, length = 32) => Array.from({ length: count }, () => new Uint8Array(length));
const raw = (bytes: string) => labelled([], concat(hex('a1 19018c a1 20 81'), encode(hex(bytes))));
const unprotectedVds = encode(
  new Map<number, Cbor>([
    [395, 1],
    [396, new Map([[-1, [proofBytes(proofOf(4, 7))]]])],
  ]),
);

const refusals: [FaultCode, string, () => Uint8Array][] = [
  ['bad-receipt', 'nothing', () => new Uint8Array(0)],
  ['bad-receipt', 'no tag', () => labelled([]).subarray(1)],
  ['bad-cbor', 'trailing bytes', () => concat(labelled([]), Uint8Array.of(0))],
  ['bad-cbor', 'a missing byte', () => labelled([]).subarray(0, -1)],
  ['bad-receipt', 'no vds', () => labelled([[395, undefined]])],
  ['bad-receipt', 'another vds', () => labelled([[395, 2]])],
  ['bad-receipt', 'vds in the unprotected header alone', () => labelled([[395, undefined]], unprotectedVds)],
  ['bad-receipt', 'vds in both headers', () => labelled([], unprotectedVds)],
  [
    'bad-receipt',
    'the labels of old drafts',
    () =>
      labelled([
        [395, undefined],
        [-111, 1],
      ]),
  ],
  ['bad-receipt', 'crit', () => labelled([[2, [395]]])],
  ['bad-algorithm', 'no algorithm', () => labelled([[1, undefined]])],
  ['bad-algorithm', 'ES384', () => labelled([[1, -35]])],
  ['bad-signature', 'a signature of another length', () => labelled([[1, -48]])],
  ['bad-receipt', 'a kid that is text', () => labelled([[4, 'key']])],
  ['bad-receipt', 'claims that are text', () => labelled([[15, 'iss']])],
  ['bad-receipt', 'an iss that is bytes', () => labelled([[15, new Map([[1, utf8('iss')]])]])],
  ['bad-receipt', 'a sub that is a number', () => labelled([[15, new Map([[2, 7]])]])],
  ['bad-receipt', 'a receipt that expires', () => labelled([[15, new Map([[4, 2_000_000_000]])]])],
  ['bad-receipt', 'a receipt that is not valid yet', () => labelled([[15, new Map([[5, 0]])]])],
  ['bad-receipt', 'no proofs at all', () => labelled([], EMPTY_MAP)],
  ['bad-receipt', 'proofs that are an array', () => labelled([], encode(new Map([[396, []]])))],
  [
    'bad-receipt',
    'consistency alone',
    () => labelled([], encode(new Map([[396, new Map([[-2, [encode([3, 5, hashes(2)])]]])]]))),
  ],
  ['bad-receipt', 'a proof that is not wrapped', () => labelled([], vdp([7, 4, hashes(3)]))],
  [
    'bad-receipt',
    'one proof instead of a list',
    () => labelled([], encode(new Map([[396, new Map([[-1, proofBytes(proofOf(4, 7))]])]]))),
  ],
  ['bad-receipt', 'a proof of two', () => proving(7, 4)],
  ['bad-receipt', 'a proof of four', () => proving(7, 4, hashes(3), 0)],
  ['bad-receipt', 'a proof that is a map', () => labelled([], vdp(EMPTY_MAP))],
  ['bad-receipt', 'a negative size', () => proving(-7, 4, hashes(3))],
  ['bad-receipt', 'a negative index', () => proving(7, -4, hashes(3))],
  ['bad-receipt', 'a size that is text', () => proving('7', 4, hashes(3))],
  ['bad-cbor', 'a size of 2^53', () => raw('83 1b0020000000000000 00 80')],
  ['bad-cbor', 'a size of 2^63', () => raw('83 1b8000000000000000 00 80')],
  ['bad-cbor', 'an index of 2^64-1', () => raw('83 07 1bffffffffffffffff 80')],
  ['bad-cbor', 'a size in a long head', () => raw('83 1807 04 80')],
  ['bad-cbor', 'bytes behind the proof', () => raw('83 07 04 80 00')],
  ['bad-cbor', 'an empty proof', () => raw('')],
  ['bad-cbor', 'an indefinite path', () => raw('83 07 04 9fff')],
  ['bad-receipt', 'a path that is bytes', () => proving(7, 4, new Uint8Array(96))],
  ['bad-receipt', 'a hash of 31 bytes', () => proving(7, 4, hashes(3, 31))],
  ['bad-receipt', 'a hash of 33 bytes', () => proving(7, 4, hashes(3, 33))],
  ['bad-receipt', 'a hash that is text', () => proving(7, 4, ['x'.repeat(32)])],
  ['bad-receipt', 'a path of 65', () => proving(7, 4, hashes(65))],
  ['bad-cbor', 'a path of 100,000', () => raw(`83 07 04 9a000186a0 ${`5820${'00'.repeat(32)}`.repeat(100_000)}`)],
];

test('what is not a receipt, each by its fault', () => {
  decodeReceipt(labelled([]));
  decodeReceipt(proving(2 ** 53 - 1, 0, hashes(64)));
  for (const [code, what, bytes] of refusals) {
    const made = bytes();
    const started = performance.now();
    faults(code, () => decodeReceipt(made), what);
    assert.ok(performance.now() - started < 250, `${what} took too long`);
  }
});

test('Transparent Statements: receipts attached and split again, the entry unchanged', () => {
  const claims = new Map([1, 2].map((label) => [label, 'x']));
  const labels = encode(
    new Map<number, Cbor>([
      [1, -7],
      [3, 'text/plain'],
      [4, new Uint8Array(32)],
      [15, claims],
    ]),
  );
  const entry = writeSign1(labels, EMPTY_MAP, utf8('payload'), signer.sign(sigStructure(labels, utf8('payload'))));
  const receipts = [receiptOf(4, 7), receiptOf(0, 1)];
  const transparent = attachReceipts(entry, receipts);
  const split = splitTransparent(transparent);
  sameBytes(split.statement, entry);
  assert.equal(split.receipts.map(toHex), receipts.map(toHex));
  sameBytes(decodeStatement(transparent).entry, entry);
  sameBytes(attachReceipts(transparent, receipts), transparent);
  assert.equal(splitTransparent(entry).receipts, []);

  const withUnprotected = (map: Cbor) => writeSign1(labels, encode(map), utf8('payload'), new Uint8Array(64));
  const more = splitTransparent(
    withUnprotected(
      new Map<number, Cbor>([
        [33, utf8('x5chain')],
        [394, receipts],
      ]),
    ),
  );
  assert.is(more.receipts.length, 2);
  assert.ok(toHex(more.statement).startsWith(`d284${toHex(encode(labels))}a0`));
  for (const bad of [utf8('receipt'), ['receipt'], [[]], Array(17).fill(receipts[0])]) {
    faults('bad-statement', () => splitTransparent(withUnprotected(new Map<number, Cbor>([[394, bad]]))));
  }
  faults('bad-statement', () => splitTransparent(Uint8Array.of(0x80)));
  assert.throws(() => attachReceipts(entry, []), /^bug: |too few/);
  assert.throws(() => attachReceipts(entry, Array(17).fill(receipts[0])), /^bug: |too many/);
});

if (haveVectors('rfc9942-examples')) {
  test('the examples of RFC 9942: both receipts agree on the root of five', () => {
    const receipt = decodeReceipt(vector('rfc9942-examples/inclusion-receipt.cbor'));
    assert.equal(
      [receipt.iss, receipt.sub, receipt.algorithm],
      ['https://transparency-service.example.com', undefined, 'p256'],
    );
    sameBytes(receipt.kid, utf8('test-key-1'));
    const [{ size, index, path }] = receipt.proofs as [Inclusion];
    assert.equal([size, index, path.length], [5, 3, 3]);

    const other = vector('rfc9942-examples/consistency-receipt.cbor');
    faults('bad-receipt', () => decodeReceipt(other));
    const proofs = readSign1(other, 'bad-receipt').unprotected.get(396) as Map<number, Uint8Array[]>;
    const [first, second, nodes] = decode(proofs.get(-2)?.[0] as Uint8Array) as [number, number, Hash[]];
    const root3 = hex('688928db5e565af2fb9b29db5cce83de0e0352a0f0c671b450b9dc86bed2de3c') as Hash;
    const root5 = hex('895731b5a570ea1967dd7804b5f43146175f9ac87d1565985de3ecf09c98589c') as Hash;
    verifyConsistency(first, second, root3, root5, nodes);
    // The consistency proof begins with leaf 2, the sibling of leaf 3, and goes on with leaf 3 itself.
    sameBytes(path[0], nodes[0] as Hash);
    sameBytes(foldInclusion(index, size, nodes[1] as Hash, path), root5);
    // No key was published, so the signature is good for nobody.
    faults('bad-signature', () => verifyReceipt(receipt, nodes[1] as Hash, signer.key));
  });
}

if (haveVectors('transmute')) {
  test('receipts of other kinds of log, in statements of transmute-industries', () => {
    const seen = ['1ts', '2ts'].map((name) => {
      const message = vector(`transmute/${name}-statement.scitt`);
      // The protected header holds a tagged time, so that only the unprotected one can be read.
      faults('bad-cbor', () => splitTransparent(message));
      const cursor = new Cursor(message);
      cursor.at = 2;
      cursor.byteString();
      const receipts = (cursor.value() as Map<number, Uint8Array[]>).get(394) ?? [];
      return receipts.map((receipt) => {
        try {
          return decodeReceipt(receipt);
        } catch (error) {
          return (error as Fault).code;
        }
      });
    });
    // CCF signs with ES384 (and has vds 2); the other log counts its leaves beyond 2^53.
    assert.equal(seen, [['bad-algorithm'], ['bad-algorithm', 'bad-cbor']]);
  });
}

test.run();
