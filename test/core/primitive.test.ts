import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { ed25519 as curve } from '@noble/curves/ed25519.js';
import { p256 } from '@noble/curves/nist.js';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { concat, fromHex, utf8 } from '../../src/core/bytes.ts';
import * as ed25519Noble from '../../src/core/primitive/ed25519.noble.ts';
import * as ed25519Node from '../../src/core/primitive/ed25519.node.ts';
import * as sodium from '../../src/core/primitive/ed25519.sodium.ts';
import { keyCache } from '../../src/core/primitive/keycache.node.ts';
import * as mldsa44Noble from '../../src/core/primitive/mldsa44.noble.ts';
import * as mldsa44Node from '../../src/core/primitive/mldsa44.node.ts';
import { compile } from '../../src/core/primitive/mldsa44.wasm.ts';
import { verify as verifyInWasm } from '../../src/core/primitive/mldsa44verify.node.ts';
import * as p256Noble from '../../src/core/primitive/p256.noble.ts';
import * as p256Node from '../../src/core/primitive/p256.node.ts';
import * as sha256Noble from '../../src/core/primitive/sha256.noble.ts';
import * as sha256Node from '../../src/core/primitive/sha256.node.ts';
import { isSmallOrder } from '../../src/core/primitive/smallorder.ts';
import { publicKey } from '../../src/core/signature.ts';
import { faults, flipBit, sameBytes } from '../check.ts';

// The contract of the primitives: whatever the platform offers, the same bytes and the same verdicts.

const seed = Uint8Array.from({ length: 32 }, (_, i) => i + 1);
const message = utf8('a message');

for (const [name, primitive] of Object.entries({ node: sha256Node, noble: sha256Noble })) {
  test(`sha256 ${name}: every length around the block size, and into a place`, () => {
    for (const length of [0, 1, 55, 56, 63, 64, 65, 300, 65_536]) {
      const data = new Uint8Array(length).fill(length % 251);
      const expected = createHash('sha256').update(data).digest();
      sameBytes(primitive.sha256(data), expected);
      const out = new Uint8Array(96).fill(9);
      primitive.sha256Into(data, out, 32);
      sameBytes(out.subarray(32, 64), expected);
      assert.ok([...out.subarray(0, 32), ...out.subarray(64)].every((byte) => byte === 9));
    }
  });

  test(`sha256 ${name}: a view into a larger buffer is read as a view`, () => {
    const whole = Uint8Array.from({ length: 100 }, (_, i) => i);
    sameBytes(primitive.sha256(whole.subarray(7, 40)), createHash('sha256').update(whole.slice(7, 40)).digest());
  });
}

const compiled = await compile();
const mldsa44Compiled: typeof mldsa44Noble = {
  ...mldsa44Noble,
  signer(from: Uint8Array) {
    const { publicKey: key, secretKey } = mldsa44Noble.keysOf(from);
    return { publicKey: key, sign: (text: Uint8Array) => compiled.sign(text, secretKey, key) };
  },
  verify: (key, text, signature) =>
    key.length === 1312 && signature.length === 2420 && compiled.verify(key, text, signature),
};
const ed25519Sodium: typeof ed25519Node = {
  ...ed25519Node,
  verify: (key, text, signature) =>
    ed25519Node.isKey(key) &&
    signature.length === 64 &&
    !isSmallOrder(signature) &&
    sodium.verify(key, text, signature),
};
/** What Node does where its OpenSSL has no ML-DSA. */
const mldsa44Wasm: typeof mldsa44Noble = {
  ...mldsa44Noble,
  verify: (key, text, signature) =>
    key.length === 1312 && signature.length === 2420 && verifyInWasm(key, text, signature),
};
const pairs = [
  ['ed25519', ed25519Node, ed25519Noble],
  ['ed25519 by libsodium', ed25519Sodium, ed25519Noble],
  ['p256', p256Node, p256Noble],
  ['mldsa44', mldsa44Node, mldsa44Noble],
  ['mldsa44 by liboqs', mldsa44Compiled, mldsa44Noble],
  ['mldsa44 of our own', mldsa44Wasm, mldsa44Noble],
] as const;

for (const [name, node, noble] of pairs) {
  test(`${name}: the same public key, and each verifies the other`, async () => {
    const [a, b] = [node.signer(seed), noble.signer(seed)];
    sameBytes(a.publicKey, b.publicKey);
    for (const signature of [a.sign(message), b.sign(message)]) {
      for (const verifier of [node, noble]) {
        assert.ok(verifier.verify(a.publicKey, message, signature));
        assert.not(verifier.verify(a.publicKey, utf8('another'), signature));
        assert.not(verifier.verify(a.publicKey, message, flipBit(signature, 77)));
        assert.not(verifier.verify(a.publicKey, message, signature.subarray(1)));
        assert.not(verifier.verify(flipBit(a.publicKey, 13), message, signature));
        assert.not(verifier.verify(new Uint8Array(3), message, signature));
        const { verifyLater } = verifier as Partial<typeof ed25519Node>;
        if (verifyLater) {
          assert.ok(await verifyLater(a.publicKey, message, signature));
          assert.not(await verifyLater(a.publicKey, message, flipBit(signature, 77)));
          assert.not(await verifyLater(new Uint8Array(3), message, signature));
          assert.not(await verifyLater(a.publicKey, message, new Uint8Array(3)));
        }
      }
    }
  });
}

test('mldsa44: a server that accelerates it signs with the same key, and anyone verifies that', async () => {
  await mldsa44Node.accelerate();
  const { publicKey: key, sign } = mldsa44Node.signer(seed);
  sameBytes(key, mldsa44Noble.signer(seed).publicKey);
  for (const text of [message, Buffer.from(message), new Uint8Array(0), new Uint8Array(70_000)]) {
    assert.ok(mldsa44Noble.verify(key, text, sign(text)));
    assert.ok(mldsa44Node.verify(key, text, Buffer.from(mldsa44Noble.signer(seed).sign(text))));
  }
  assert.throws(() => compiled.sign(message, mldsa44Noble.keysOf(seed).secretKey, flipBit(key, 5)));
});

const mldsaVerifiers = { noble: mldsa44Noble, liboqs: mldsa44Compiled, ours: mldsa44Wasm };

/** What all verifiers of ML-DSA-44 say. */
function mldsaVerdict(key: Uint8Array, text: Uint8Array, signature: Uint8Array): boolean {
  const verdicts = Object.entries(mldsaVerifiers).map(([name, { verify }]) => [name, verify(key, text, signature)]);
  const [[, first]] = verdicts as [[string, boolean]];
  assert.equal(
    verdicts,
    Object.keys(mldsaVerifiers).map((name) => [name, first]),
  );
  return first;
}

const [CHALLENGE, HINTS, OMEGA] = [32, 32 + 4 * 576, 80];

test('mldsa44: every implementation takes every honest signature, and refuses it with any bit changed', () => {
  for (let i = 0; i < 16; i++) {
    const { publicKey: key, sign } = mldsa44Noble.signer(new Uint8Array(32).fill(i));
    const text = new Uint8Array(7 * i).fill(i);
    const signature = sign(text);
    assert.ok(mldsaVerdict(key, text, signature));
    for (const from of [0, CHALLENGE, HINTS, HINTS + OMEGA]) {
      const bit = 8 * from + ((i * 1237) % (8 * ((from < HINTS ? HINTS : 2420) - from)));
      assert.not(mldsaVerdict(key, text, flipBit(signature, bit)), `bit ${bit} of the signature`);
    }
    for (const bit of [i, 256 + 640 * i])
      assert.not(mldsaVerdict(flipBit(key, bit), text, signature), `bit ${bit} of the key`);
  }
});

test('mldsa44: one verification leaves nothing behind for the next, whatever the lengths and the order', () => {
  const { publicKey: key, sign } = mldsa44Noble.signer(seed);
  const other = mldsa44Noble.signer(new Uint8Array(32));
  // Around a block of SHAKE256 behind the 66 bytes in front of a message, a part, and a page of memory.
  const lengths = [0, 1, 69, 70, 71, 206, 4095, 4096, 4097, 8192, 65_535, 65_536, 65_537, 200_000];
  const good = lengths.map((length) => {
    const text = Uint8Array.from({ length }, (_, i) => (i * 7 + length) % 251);
    return [text, sign(text)] as const;
  });
  const place = (bytes: Uint8Array) => concat(Uint8Array.of(7, 8), bytes, Uint8Array.of(7)).subarray(2, -1);
  for (const [text, signature] of [...good, ...good.toReversed()]) {
    assert.ok(mldsaVerdict(place(key), place(text), place(signature)), `${text.length} bytes`);
    assert.ok(verifyInWasm(Buffer.from(key), Buffer.from(text), Buffer.from(signature)));
    assert.not(verifyInWasm(key, text, flipBit(signature, 8 * CHALLENGE + 17)));
    assert.not(verifyInWasm(other.publicKey, text, signature));
    assert.not(verifyInWasm(key, concat(text, Uint8Array.of(0)), signature), `a zero behind ${text.length} bytes`);
    if (text.length > 0) assert.not(verifyInWasm(key, flipBit(text, 8 * text.length - 1), signature));
  }
});

/**
 * A signature over `message` under the key of zeros, with z = 0: there w′ is zero too, so that a hint makes 43 of it, and
 * anyone can say what the challenge is. `hinted` are the coefficients that the hints, read leniently, would be for.
 */
function forge(hints: Uint8Array, hinted: readonly [row: number, index: number][]): Uint8Array {
  const shake = (length: number, ...parts: Uint8Array[]) =>
    new Uint8Array(
      createHash('shake256', { outputLength: length })
        .update(concat(...parts))
        .digest(),
    );
  const mu = shake(64, shake(64, new Uint8Array(1312)), Uint8Array.of(0, 0), message);
  const w1 = new Uint8Array(4 * 192);
  for (const [row, index] of hinted) {
    const bits = BigInt(43) << BigInt(6 * (index % 4));
    for (let i = 0; i < 3; i++) {
      const at = 192 * row + 3 * Math.floor(index / 4) + i;
      w1[at] = (w1[at] as number) | Number((bits >> BigInt(8 * i)) & 255n);
    }
  }
  return concat(shake(CHALLENGE, mu, w1), packZ(0), hints);
}

/** The vector z whose first coefficient is `value`, and all others zero. */
function packZ(value: number): Uint8Array {
  const coefficients = Array.from(
    { length: 1024 },
    (_, i) => BigInt(2 ** 17 - (i === 0 ? value : 0)) << BigInt(18 * i),
  );
  const packed = coefficients.reduce((sum, one) => sum + one);
  return Buffer.from(packed.toString(16).padStart(2 * 4 * 576, '0'), 'hex').reverse();
}

test('mldsa44: hints have one encoding: indexes that rise, zeros behind the last, counts that rise to at most 80', () => {
  const hintsOf = (indexes: readonly number[], counts: readonly number[]) =>
    Uint8Array.from([...indexes, ...Array<number>(OMEGA - indexes.length).fill(0), ...counts]);
  const row = (n: number, indexes: readonly number[]) => indexes.map((index) => [n, index] as [number, number]);
  const all = Array.from({ length: OMEGA }, (_, i) => i);
  const cases: [string, boolean, Uint8Array, [number, number][]][] = [
    ['no hint', true, hintsOf([], [0, 0, 0, 0]), []],
    ['one', true, hintsOf([5], [1, 1, 1, 1]), row(0, [5])],
    ['a few', true, hintsOf([5, 7, 0, 255], [2, 2, 3, 4]), [...row(0, [5, 7]), [2, 0], [3, 255]]],
    ['80', true, hintsOf(all, [80, 80, 80, 80]), row(0, all)],
    ['two swapped', false, hintsOf([7, 5], [2, 2, 2, 2]), row(0, [5, 7])],
    ['one twice', false, hintsOf([5, 5], [2, 2, 2, 2]), row(0, [5])],
    ['something behind the last', false, hintsOf([5, 7], [1, 1, 1, 1]), row(0, [5])],
    [
      'something in the last place',
      false,
      hintsOf([5, ...Array<number>(OMEGA - 2).fill(0), 7], [1, 1, 1, 1]),
      row(0, [5]),
    ],
    ['a count that falls', false, hintsOf([5], [1, 0, 1, 1]), row(0, [5])],
    ['81, the last read from the counts', false, hintsOf(all, [80, 80, 80, 81]), [...row(0, all), [3, 80]]],
  ];
  for (const [what, good, hints, hinted] of cases) {
    assert.is(mldsaVerdict(new Uint8Array(1312), message, forge(hints, hinted)), good, what);
  }
});

test('mldsa44: the challenge is compared whole', () => {
  // Under the key of zeros w₁ does not depend on it, so that only the comparison can tell.
  const signature = forge(new Uint8Array(OMEGA + 4), []);
  assert.ok(mldsaVerdict(new Uint8Array(1312), message, signature));
  for (let i = 0; i < CHALLENGE; i++)
    assert.not(mldsaVerdict(new Uint8Array(1312), message, flipBit(signature, 8 * i + (i % 8))), `byte ${i}`);
});

/** The key of `rho` whose t₁ is zero, and a signature by it: its first coefficient is `value` and no other is not zero. */
function withoutT1(value: number, challenge: string, rho = ''): [key: Uint8Array, signature: Uint8Array] {
  const key = new Uint8Array(1312);
  key.set(fromHex(rho, 'bad-key'));
  return [key, concat(fromHex(challenge, 'bad-key'), packZ(value), new Uint8Array(OMEGA + 4))];
}

test('mldsa44: where there is no WebAssembly, it says so', () => {
  const program = `
    import { verify } from './dist/core/primitive/mldsa44verify.node.js';
    verify(new Uint8Array(1312), new Uint8Array(1), new Uint8Array(2420));
  `;
  const args = ['--jitless', '--input-type=module', '-e', program];
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: join(import.meta.dirname, '../..') });
  assert.is(status, 1);
  assert.match(stderr.toString(), /Error: before Node 24, .* do without --jitless/);
});

test('mldsa44: z has no coefficient of γ₁ − β or more', () => {
  const challenges: [number, string][] = [
    [130_993, 'a0fc95ced54441275988de24eedb10d54cfd21be0ef32296811faf959ff60195'],
    [-130_993, 'd089131dcdb5e7f635a643ebeb95af3f44e485ace4938254c0bddbd31f802435'],
    [130_994, 'e6e5f2aed207999b485ec02928be438f2c49d2f9f9b21990159a5848d6cb5820'],
    [-130_994, '302ae40b83b3f0d476b0465db94360519db8ee60b43b6d937919178b8852ae63'],
  ];
  for (const [value, challenge] of challenges) {
    const [key, signature] = withoutT1(value, challenge);
    assert.is(mldsaVerdict(key, message, signature), Math.abs(value) < 130_994, `${value}`);
  }
});

test('mldsa44: what is at the edge of a range is on the side where the standard has it', () => {
  // A coefficient of w is γ₂ modulo 2 · γ₂; and the 158th number in the expansion of an entry of Â is Q, so it is not taken.
  const edges = [
    withoutT1(11, '7ce41a5d6db2d08adeb233ffd205d6f18641f4df4ca22b6dd1322cd3a64bdebb'),
    withoutT1(1, '782b92d0876066ed7d6384b87493ca6c4a22a87467d1c91fd21413c119ec4978', '000016b6'),
  ];
  for (const [key, signature] of edges) assert.ok(mldsaVerdict(key, message, signature));
});

test('ed25519: both adapters take the same bytes for keys', () => {
  const half = fc.uint8Array({ minLength: 32, maxLength: 32 });
  const edge = fc.tuple(fc.bigInt(-40n, 40n), fc.boolean()).map(([y, sign]) => {
    const value = (2n ** 255n - 19n + y) % 2n ** 255n;
    return fromScalar(value + (sign ? 2n ** 255n : 0n));
  });
  const kinds = new Set<boolean>();
  fc.assert(
    fc.property(fc.oneof(half, edge), (bytes) => {
      kinds.add(ed25519Node.isKey(bytes));
      return ed25519Node.isKey(bytes) === ed25519Noble.isKey(bytes);
    }),
    { numRuns: 1000 },
  );
  assert.is(kinds.size, 2);
});

test('ed25519: a server that accelerates it comes to the same verdicts, also on views and on no message', async () => {
  await ed25519Node.accelerate();
  const { publicKey: key, sign } = ed25519Node.signer(seed);
  const place = (bytes: Uint8Array) => concat(Uint8Array.of(7), bytes, Uint8Array.of(7)).subarray(1, -1);
  const change = fc.record({ part: fc.constantFrom('none', 'key', 'text', 'signature'), bit: fc.nat(255) });
  const kinds = new Set<boolean>();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), change, (text, { part, bit }) => {
      const changed = (name: string, bytes: Uint8Array) =>
        place(name === part && bytes.length > 0 ? flipBit(bytes, bit % (8 * bytes.length)) : bytes);
      const given = [changed('key', key), changed('text', text), changed('signature', sign(text))] as const;
      const verdicts = [ed25519Node, ed25519Noble].map(({ verify }) => verify(...given));
      kinds.add(verdicts[0] as boolean);
      return verdicts[0] === verdicts[1];
    }),
    { numRuns: 200 },
  );
  assert.is(kinds.size, 2);
  const signature = sign(message);
  assert.ok(await ed25519Node.verifyLater(key, message, signature));
  assert.not(await ed25519Node.verifyLater(key, message, flipBit(signature, 77)));
  assert.not(await ed25519Node.verifyLater(new Uint8Array(3), message, signature));
});

test('p256: both adapters take the same bytes for keys', () => {
  const { publicKey: key } = p256Node.signer(seed);
  const compressed = Uint8Array.from([2 + ((key[64] as number) & 1), ...key.subarray(1, 33)]);
  for (const bytes of [key, compressed, flipBit(key, 300), flipBit(key, 1), new Uint8Array(65), key.subarray(1)]) {
    assert.is(p256Node.isKey(bytes), bytes === key);
    assert.is(p256Noble.isKey(bytes), bytes === key);
  }
});

test('p256: both know the points of the curve by coordinates below its prime', () => {
  const prime = p256.Point.Fp.ORDER;
  const point = (x: bigint, y: bigint) =>
    fromHex(`04${[x, y].map((n) => n.toString(16).padStart(64, '0')).join('')}`, 'bad-key');
  const both = (bytes: Uint8Array) => [p256Node.isKey(bytes), p256Noble.isKey(bytes)];
  fc.assert(
    fc.property(fc.bigInt(1n, p256.Point.Fn.ORDER - 1n), fc.nat({ max: 511 }), (scalar, bit) => {
      const { x, y } = p256.Point.BASE.multiply(scalar).toAffine();
      assert.equal(both(point(x, y)), [true, true]);
      assert.equal(both(point(x, prime - y)), [true, true]);
      assert.equal(both(flipBit(point(x, y), 8 + bit)), [false, false]);
    }),
    { numRuns: 30 },
  );
  // Of x = 5 the equation also holds for x + p, which fits into 32 bytes too; and 0, 0 solves no equation of this curve.
  const { x, y } = p256.Point.fromHex(`02${'05'.padStart(64, '0')}`).toAffine();
  assert.equal(both(point(x, y)), [true, true]);
  assert.equal(both(point(x + prime, y)), [false, false]);
  assert.equal(both(point(0n, 0n)), [false, false]);
});

test('ed25519: RFC 8032 §7.1 test 2', () => {
  const signer = ed25519Node.signer(
    fromHex('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb', 'bad-key'),
  );
  sameBytes(signer.publicKey, Buffer.from('3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c', 'hex'));
  sameBytes(
    signer.sign(Uint8Array.of(0x72)),
    Buffer.from(
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da' +
        '085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
      'hex',
    ),
  );
});

const { Point } = curve;
const L = Point.Fn.ORDER;
const toScalar = (bytes: Uint8Array) => bytes.reduceRight((value, byte) => value * 256n + BigInt(byte), 0n);
const fromScalar = (value: bigint) =>
  Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * i)) & 255n));
const challenge = (r: Uint8Array, a: Uint8Array, m: Uint8Array) =>
  toScalar(
    new Uint8Array(
      createHash('sha512')
        .update(concat(r, a, m))
        .digest(),
    ),
  ) % L;

/** A signature by scalar 7 whose key and nonce may carry torsion components. */
function signWithTorsion(
  keyTorsion: InstanceType<typeof Point>,
  nonceTorsion: InstanceType<typeof Point>,
  nonce = 11n,
) {
  const secret = 7n;
  const a = Point.BASE.multiply(secret).add(keyTorsion).toBytes();
  const r = Point.BASE.multiplyUnsafe(nonce).add(nonceTorsion).toBytes();
  return { a, signature: concat(r, fromScalar((nonce + challenge(r, a, message) * secret) % L)) };
}

/** A point of order 8, found by multiplying points by the order of the large subgroup. */
const torsion = (() => {
  for (let y = 2; ; y++) {
    try {
      const point = Point.fromBytes(fromScalar(BigInt(y)), false);
      const small = point.multiplyUnsafe(L - 1n).add(point);
      if (!small.multiplyUnsafe(4n).equals(Point.ZERO)) return small;
    } catch {
      // no point has this y
    }
  }
})();

const agree = (what: string, a: Uint8Array, signature: Uint8Array, expected?: boolean) => {
  const verdicts = [ed25519Node, ed25519Noble, ed25519Sodium].map(({ verify }) => verify(a, message, signature));
  assert.is(new Set(verdicts).size, 1, `the adapters disagree on ${what}`);
  if (expected !== undefined) assert.is(verdicts[0], expected, what);
};

test('ed25519: both adapters agree on torsion, and refuse what only holds with the cofactor', () => {
  const plain = signWithTorsion(Point.ZERO, Point.ZERO);
  agree('an ordinary signature', plain.a, plain.signature, true);
  const identity = signWithTorsion(Point.ZERO, Point.ZERO, 0n);
  agree('R the neutral element', identity.a, identity.signature, false);
  const nonce = signWithTorsion(Point.ZERO, torsion);
  agree('a nonce with torsion', nonce.a, nonce.signature, false);
  for (let i = 1n; i < 8n; i++) {
    const both = signWithTorsion(torsion.multiplyUnsafe(i), Point.ZERO);
    agree(`a key with torsion ${i}`, both.a, both.signature);
    const smallNonce = signWithTorsion(Point.ZERO, torsion.multiplyUnsafe(i), 0n);
    agree(`R of small order ${i}`, smallNonce.a, smallNonce.signature, false);
    const mixed = signWithTorsion(torsion.multiplyUnsafe(i), torsion.multiplyUnsafe(i));
    agree(`both with torsion ${i}`, mixed.a, mixed.signature);
  }
});

test('ed25519: both adapters agree on small order, non-canonical encodings and large S', () => {
  for (let i = 0n; i < 8n; i++) {
    const a = (i === 0n ? Point.ZERO : torsion.multiplyUnsafe(i)).toBytes();
    for (let j = 0n; j < 8n; j++) {
      const r = (j === 0n ? Point.ZERO : torsion.multiplyUnsafe(j)).toBytes();
      agree(`small order ${i}, R ${j}`, a, concat(r, new Uint8Array(32)), false);
    }
    faults('bad-key', () => publicKey('ed25519', a), `order ${i} may not be enrolled`);
  }
  const p = 2n ** 255n - 19n;
  for (const y of [p, p + 1n, 2n ** 255n - 1n]) {
    for (const sign of [0n, 2n ** 255n]) {
      const bytes = fromScalar(y + sign);
      agree(`key y = ${y}`, bytes, concat(Point.ZERO.toBytes(), new Uint8Array(32)), false);
      faults('bad-key', () => publicKey('ed25519', bytes));
    }
  }
  agree('minus zero', fromScalar(1n + 2n ** 255n), concat(Point.ZERO.toBytes(), new Uint8Array(32)), false);
  const { a, signature } = signWithTorsion(Point.ZERO, Point.ZERO);
  const large = toScalar(signature.subarray(32)) + L;
  agree('S + L', a, concat(signature.subarray(0, 32), fromScalar(large)), false);
});

test('a key is looked into once, also one that this platform can do nothing with', () => {
  let looks = 0;
  const find = keyCache((key) => {
    looks++;
    return key[0] === 1 ? 'good' : undefined;
  });
  const found = [1, 2, 1, 2].map((first) => find(Uint8Array.of(first)));
  assert.equal([found, looks], [['good', undefined, 'good', undefined], 2]);
});

test('p256: high and low S both verify; a key off the curve does not', () => {
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
  const signer = p256Node.signer(seed);
  const signature = signer.sign(message);
  const s = BigInt(`0x${Buffer.from(signature.subarray(32)).toString('hex')}`);
  const other = concat(
    signature.subarray(0, 32),
    Uint8Array.from(Buffer.from((order - s).toString(16).padStart(64, '0'), 'hex')),
  );
  for (const verifier of [p256Node, p256Noble]) {
    assert.ok(verifier.verify(signer.publicKey, message, signature));
    assert.ok(verifier.verify(signer.publicKey, message, other));
    const offCurve = flipBit(signer.publicKey, 300);
    assert.not(verifier.verify(offCurve, message, signature));
    faults('bad-key', () => publicKey('p256', offCurve));
    const zeros = new Uint8Array(64);
    assert.not(verifier.verify(signer.publicKey, message, zeros));
  }
});

test.run();
