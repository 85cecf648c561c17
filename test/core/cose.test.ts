import { p256 } from '@noble/curves/nist.js';
import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { concat, fromBase64url, fromHex, type Kid, toHex, utf8 } from '../../src/core/bytes.ts';
import { type Cbor, decode, encode } from '../../src/core/cbor.ts';
import {
  decodeStatement,
  EMPTY_MAP,
  entryIdOf,
  parseEntryId,
  readSign1,
  type SignedStatement,
  signStatement,
  sigStructure,
  verifyStatement,
  verifyStatementLater,
  writeSign1,
} from '../../src/core/cose.ts';
import {
  algorithmId,
  algorithmOf,
  decodeKeySet,
  encodeKeySet,
  fromCoseKey,
  thumbprintOf,
  toCoseKey,
} from '../../src/core/cosekey.ts';
import { Fault, type FaultCode } from '../../src/core/fault.ts';
import { MAX_ENTRY } from '../../src/core/hash.ts';
import { accelerate, kidOf, type PublicKey, publicKey, signerOf, verify } from '../../src/core/signature.ts';
import { faults, flipBit, sameBytes } from '../check.ts';
import { haveVectors, jsonVectors, vector } from '../vectors.ts';

const hex = (text: string) => fromHex(text.replaceAll(/\s/g, ''), 'bad-cbor');
const seed = Uint8Array.from({ length: 32 }, (_, i) => i + 1);
const signers = {
  ed25519: signerOf('ed25519', seed),
  p256: signerOf('p256', seed),
  mldsa44: signerOf('mldsa44', seed),
} as const;
const algorithms = ['ed25519', 'p256', 'mldsa44'] as const;
const payload = encode(new Map([['at', '2026-11-23T10:00:00Z']]));

/** A statement by the signer of an algorithm, with anything about it changed. */
function make(changes: Partial<Parameters<typeof signStatement>[0]> = {}): Uint8Array {
  const signer = changes.signer ?? signers.ed25519;
  return signStatement({
    signer,
    kid: kidOf(signer.key),
    contentType: 'application/vnd.limmat.heartbeat+cbor',
    iss: 'operator',
    sub: 'heartbeat',
    payload,
    ...changes,
  });
}

type Labels = ReadonlyMap<number | string, Cbor>;
const claims: Labels = new Map([1, 2].map((label) => [label, `claim ${label}`]));
const header: Labels = new Map<number, Cbor>([
  [1, -8],
  [3, 'text/plain'],
  [4, kidOf(signers.ed25519.key)],
  [15, claims],
]);

/** A COSE_Sign1 put together by hand, signed by the Ed25519 key whatever it says. */
function byHand(protectedBytes: Uint8Array, unprotected: Uint8Array = EMPTY_MAP, body: Uint8Array | null = payload) {
  const signature = signers.ed25519.sign(sigStructure(protectedBytes, body ?? new Uint8Array(0)));
  return writeSign1(protectedBytes, unprotected, body, signature);
}
const change = (from: Labels, label: number, value: Cbor | undefined): Labels => {
  const copy = new Map(from);
  if (value === undefined) copy.delete(label);
  else copy.set(label, value);
  return copy;
};
const withHeader = (label: number, value: Cbor | undefined) => byHand(encode(change(header, label, value)));
const withClaim = (label: number, value: Cbor | undefined) => withHeader(15, change(claims, label, value));

test('the worked example of reference/scitt-cose.md §2.2: bytes signed, signature, message', () => {
  const example =
    hex(`d2845850a4012703706170706c69636174696f6e2f6a736f6e04486973737565722d310fa2017668747470733a2f2f6973737565
    722e6578616d706c650275706b673a6e706d2f6578616d706c6540312e302e30a0477b2261223a317d5840e36132db81aeaf297b4515c426ace1e57e
    e9a879b57b784d7855ed190f7fd2aa1959f1b6816f9e092a01cc72d134949422f1aab7d22d26eab8fe9ec430ad1a0b`);
  const message = readSign1(example, 'bad-statement');
  const signed = sigStructure(message.protected, message.payload as Uint8Array);
  sameBytes(
    signed,
    hex(`846a5369676e6174757265315850a4012703706170706c69636174696f6e2f6a736f6e04486973737565722d310fa201766874747073
      3a2f2f6973737565722e6578616d706c650275706b673a6e706d2f6578616d706c6540312e302e3040477b2261223a317d`),
  );
  sameBytes(signers.ed25519.sign(signed), message.signature);
  sameBytes(writeSign1(message.protected, EMPTY_MAP, message.payload, message.signature), example);
  // Its kid is a name, and ours are hashes of keys.
  faults('bad-statement', () => decodeStatement(example));
});

test('our own statement, byte for byte', () => {
  const statement = decodeStatement(make({ aud: 'log.example', iat: 1_700_000_000 }));
  const expected = `d2 84 58 78 a4 01 27 03 78 25 ${toHex(utf8('application/vnd.limmat.heartbeat+cbor'))}
    04 58 20 ${toHex(kidOf(signers.ed25519.key))}
    0f a4 01 68 ${toHex(utf8('operator'))} 02 69 ${toHex(utf8('heartbeat'))} 03 6b ${toHex(utf8('log.example'))} 06 1a 6553f100
    a0 58 19 a1 62 6174 74 ${toHex(utf8('2026-11-23T10:00:00Z'))}
    58 40 ${toHex(statement.signature)}`;
  sameBytes(statement.entry, hex(expected));
  assert.is(entryIdOf(statement.id), 'ZtR2Ho2jNygE2lBWHI_hCGU4J9TtL54Ne-BYV-9qTZ8');
});

test('what was signed is read again, for every algorithm and identifier', async () => {
  for (const [alg, algorithm] of [
    [-8, 'ed25519'],
    [-19, 'ed25519'],
    [-7, 'p256'],
    [-9, 'p256'],
    [-48, 'mldsa44'],
  ] as const) {
    const signer = signers[algorithm];
    const entry = make({ signer, alg, aud: 'log.example', iat: 1_700_000_000 });
    const statement = decodeStatement(entry);
    const { contentType, iss, sub, aud, iat } = statement;
    assert.equal([statement.alg, statement.algorithm], [alg, algorithm]);
    assert.equal([contentType, iss, sub], ['application/vnd.limmat.heartbeat+cbor', 'operator', 'heartbeat']);
    assert.equal([aud, iat], ['log.example', 1_700_000_000]);
    sameBytes(statement.kid, kidOf(signer.key));
    sameBytes(statement.entry, entry);
    sameBytes(statement.payload, payload);
    sameBytes(statement.toBeSigned, encode(['Signature1', statement.protected, new Uint8Array(0), payload]));
    sameBytes(
      statement.id,
      new Uint8Array(await crypto.subtle.digest('SHA-256', Uint8Array.from(statement.toBeSigned))),
    );
    assert.ok(verifyStatement(statement, signer.key));
    assert.ok(await verifyStatementLater(statement, signer.key));
    const others: PublicKey[] = [signerOf(algorithm, seed.toReversed()).key];
    others.push(...algorithms.filter((other) => other !== algorithm).map((other) => signers[other].key));
    for (const key of others) {
      assert.not(verifyStatement(statement, key));
      assert.not(await verifyStatementLater(statement, key));
    }
  }
  const plain = decodeStatement(make());
  assert.equal([plain.alg, plain.aud, plain.iat], [-8, undefined, undefined]);
  assert.is(decodeStatement(make({ signer: signers.p256 })).alg, -7);
});

test('a key for another algorithm is never asked', async () => {
  // Both signatures have 64 bytes; only the algorithm that the statement names tells them apart.
  const statement = decodeStatement(byHand(encode(change(header, 1, -7))));
  assert.is(statement.algorithm, 'p256');
  assert.ok(verify(signers.ed25519.key, statement.toBeSigned, statement.signature));
  assert.not(verifyStatement(statement, signers.ed25519.key));
  assert.not(await verifyStatementLater(statement, signers.ed25519.key));
});

test('no bit of an entry can change: a fault, or a bad signature', () => {
  for (const signer of [signers.ed25519, signers.p256]) {
    const entry = make({ signer });
    for (let bit = 0; bit < entry.length * 8; bit++) {
      const held = () => assert.not(verifyStatement(decodeStatement(flipBit(entry, bit)), signer.key), `bit ${bit}`);
      isFault(held);
    }
  }
});

/** Whether the call throws a fault; anything else that it throws is a bug. */
function isFault(call: () => unknown): boolean {
  try {
    call();
    return false;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return true;
  }
}

test('random changes and random bytes: a statement or a fault, never anything else', () => {
  const good = [...make()];
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.array(fc.nat(255), { maxLength: 8 }), fc.nat(8), (at, bytes, cut) => {
      isFault(() => {
        const statement = decodeStatement(Uint8Array.from(good.toSpliced(at, cut, ...bytes)));
        sameBytes(decodeStatement(statement.entry).id, statement.id);
      });
    }),
    { numRuns: 5000 },
  );
});

test('the unprotected header is dropped, and nothing else is', () => {
  const bare = byHand(encode(header));
  const { entry, id, ...rest } = decodeStatement(bare);
  sameBytes(entry, bare);
  for (const dropped of [
    'a1 19018a 81 41aa',
    'a2 1821 43010203 04 423131',
    'a1 61 61 a1 01 82 f6 f5',
    'a2 04 40 01 26',
  ]) {
    const received = decodeStatement(byHand(encode(header), hex(dropped)));
    sameBytes(received.entry, bare, dropped);
    sameBytes(received.id, id);
    assert.ok(verifyStatement(received, signers.ed25519.key));
  }
  sameBytes(rest.protected, encode(header));
});

test('labels of the protected header come in any order, unknown ones are let through, and bytes stay as they are', () => {
  const unsorted = concat(
    hex('a6 0f a3 1863 f6 02'),
    encode('sub'),
    hex('01'),
    encode('iss'),
    hex('61 78 f5 04'),
    encode(kidOf(signers.ed25519.key)),
    hex('10 00 03'),
    encode('text/plain'),
    hex('01 27'),
  );
  const received = byHand(unsorted);
  const statement = decodeStatement(received);
  assert.equal([statement.iss, statement.sub, statement.contentType], ['iss', 'sub', 'text/plain']);
  sameBytes(statement.protected, unsorted);
  sameBytes(statement.entry, received);
  assert.ok(verifyStatement(statement, signers.ed25519.key));
});

test('the same statement signed twice has one id', () => {
  const [first, second] = [make({ signer: signers.p256 }), make({ signer: signers.p256 })].map(decodeStatement);
  sameBytes(first?.id, second?.id as Uint8Array);
  // Anyone can turn s into n - s; it verifies still, and is the same statement.
  const s = p256.Point.Fn.fromBytes((first as SignedStatement).signature.subarray(32));
  const high = concat(
    (first as SignedStatement).signature.subarray(0, 32),
    p256.Point.Fn.toBytes(p256.Point.Fn.neg(s)),
  );
  const { protected: signed, entry } = first as SignedStatement;
  const altered = decodeStatement(writeSign1(signed, EMPTY_MAP, payload, high));
  assert.not.equal(toHex(altered.entry), toHex(entry));
  assert.ok(verifyStatement(altered, signers.p256.key));
  sameBytes(altered.id, first?.id as Uint8Array);
});

const good = byHand(encode(header));
const long = 'x'.repeat(8193);
const shape = toHex(good.subarray(2));
const refusals: [FaultCode, string, () => Uint8Array][] = [
  ['bad-statement', 'nothing', () => new Uint8Array(0)],
  ['bad-statement', 'no tag', () => good.subarray(1)],
  ['bad-statement', 'tag 18 in two bytes', () => hex(`d812 84 ${shape}`)],
  ['bad-statement', 'tag 98', () => hex(`d862 84 ${shape}`)],
  ['bad-statement', 'an array of five', () => hex(`d2 85 ${shape} 00`)],
  ['bad-statement', 'an array of three', () => hex(`d2 83 ${shape}`)],
  ['bad-statement', 'a long array head', () => hex(`d2 9804 ${shape}`)],
  ['bad-statement', 'an indefinite array', () => hex(`d2 9f ${shape} ff`)],
  ['bad-cbor', 'trailing bytes', () => concat(good, Uint8Array.of(0))],
  ['bad-cbor', 'a missing byte', () => good.subarray(0, -1)],
  ['bad-cbor', 'a long head before the protected header', () => hex(`d284 59 00 ${shape.slice(2)}`)],
  [
    'bad-cbor',
    'a protected header that is a map',
    () => concat(hex('d284'), encode(header), hex('a0 4101'), hex('4101')),
  ],
  ['bad-statement', 'a protected header that is an array', () => byHand(hex('820126'))],
  ['bad-statement', 'an empty protected header', () => byHand(new Uint8Array(0))],
  ['bad-statement', 'a protected header with an empty map', () => byHand(EMPTY_MAP)],
  ['bad-cbor', 'a label twice', () => byHand(hex('a2 01 27 01 27'))],
  ['bad-cbor', 'bytes behind the protected map', () => byHand(concat(encode(header), Uint8Array.of(0)))],
  ['bad-cbor', 'a long integer in the protected map', () => byHand(hex('a1 01 3807'))],
  ['bad-cbor', 'an unprotected label twice', () => byHand(encode(header), hex('a2 04 40 04 40'))],
  ['bad-cbor', 'a tag in the unprotected header', () => byHand(encode(header), hex('a1 04 c0 60'))],
  ['bad-statement', 'an unprotected header that is an array', () => byHand(encode(header), hex('80'))],
  ['bad-statement', 'a payload that is text', () => hex(toHex(good).replace(toHex(encode(payload)), '6161'))],
  ['bad-cbor', 'a payload under tag 24', () => hex(toHex(good).replace(toHex(encode(payload)), 'd8184101'))],
  ['payload-missing', 'a detached payload', () => byHand(encode(header), EMPTY_MAP, null)],
  ['payload-missing', 'an empty payload', () => byHand(encode(header), EMPTY_MAP, new Uint8Array(0))],
  ['bad-statement', 'crit', () => withHeader(2, [1])],
  ['bad-statement', 'crit, empty', () => withHeader(2, [])],
  ['bad-statement', 'a hash envelope', () => withHeader(258, -16)],
  ['bad-statement', 'a preimage content type', () => withHeader(259, 'text/plain')],
  ['bad-statement', 'a payload location', () => withHeader(260, 'https://example.com')],
  ['bad-algorithm', 'no algorithm', () => withHeader(1, undefined)],
  ['bad-algorithm', 'ES384', () => withHeader(1, -35)],
  ['bad-algorithm', 'ESP384', () => withHeader(1, -51)],
  ['bad-algorithm', 'ML-DSA-65', () => withHeader(1, -49)],
  ['bad-algorithm', 'an algorithm by name', () => withHeader(1, 'EdDSA')],
  [
    'bad-algorithm',
    'an algorithm only in the unprotected header',
    () => byHand(encode(change(header, 1, undefined)), hex('a10127')),
  ],
  ['bad-signature', 'a signature of another algorithm', () => withHeader(1, -48)],
  [
    'bad-signature',
    'a signature one byte short',
    () => writeSign1(encode(header), EMPTY_MAP, payload, new Uint8Array(63)),
  ],
  ['bad-signature', 'no signature', () => writeSign1(encode(header), EMPTY_MAP, payload, new Uint8Array(0))],
  ['bad-statement', 'no content type', () => withHeader(3, undefined)],
  ['bad-statement', 'a content type by number', () => withHeader(3, 60)],
  ['bad-statement', 'an empty content type', () => withHeader(3, '')],
  ['bad-statement', 'no kid', () => withHeader(4, undefined)],
  ['bad-statement', 'a kid of 31 bytes', () => withHeader(4, new Uint8Array(31))],
  ['bad-statement', 'a kid of 33 bytes', () => withHeader(4, new Uint8Array(33))],
  ['bad-statement', 'a kid that is text', () => withHeader(4, 'x'.repeat(32))],
  ['bad-statement', 'no claims', () => withHeader(15, undefined)],
  ['bad-statement', 'claims that are an array', () => withHeader(15, ['a', 'b'])],
  [
    'bad-statement',
    'claims only in the unprotected header',
    () => byHand(encode(change(header, 15, undefined)), encode(new Map([[15, claims]]))),
  ],
  ['bad-statement', 'no iss', () => withClaim(1, undefined)],
  ['bad-statement', 'an empty iss', () => withClaim(1, '')],
  ['bad-statement', 'an iss that is bytes', () => withClaim(1, utf8('acme'))],
  ['bad-statement', 'an iss of 8193 characters', () => withClaim(1, long)],
  ['bad-statement', 'no sub', () => withClaim(2, undefined)],
  ['bad-statement', 'a sub of 8193 characters', () => withClaim(2, long)],
  ['bad-statement', 'an aud that is a list', () => withClaim(3, ['log.example'])],
  ['bad-statement', 'an empty aud', () => withClaim(3, '')],
  ['bad-statement', 'an iat that is text', () => withClaim(6, '2026')],
];

test('what is not a statement of ours, each by its fault', () => {
  decodeStatement(good);
  for (const [code, what, bytes] of refusals) faults(code, () => decodeStatement(bytes()), what);
  assert.match(faults('bad-statement', () => decodeStatement(withHeader(258, -16))).message, /`evidence`/);
  decodeStatement(withClaim(1, 'x'.repeat(8192)));
});

test('an entry has at most 65,535 bytes; what is dropped does not count', () => {
  const room = MAX_ENTRY - (good.length - payload.length + 1);
  const largest = byHand(encode(header), EMPTY_MAP, new Uint8Array(room));
  assert.is(largest.length, MAX_ENTRY);
  decodeStatement(largest);
  const unprotected = encode(new Map([[394, [new Uint8Array(100_000)]]]));
  assert.is(decodeStatement(byHand(encode(header), unprotected, new Uint8Array(room))).entry.length, MAX_ENTRY);
  faults('too-large', () => decodeStatement(byHand(encode(header), EMPTY_MAP, new Uint8Array(room + 1))));
  faults('too-large', () => make({ payload: new Uint8Array(MAX_ENTRY) }));
});

test('signing what could not be read is refused', () => {
  faults('payload-missing', () => make({ payload: new Uint8Array(0) }));
  faults('bad-statement', () => make({ iss: '' }));
  faults('bad-statement', () => make({ kid: new Uint8Array(3) as Kid }));
  faults('bad-cbor', () => make({ sub: '\ud800' }));
  faults('bad-cbor', () => make({ iat: 1.5 }));
  assert.throws(() => make({ alg: -7 }), /^bug: |does not go with/);
});

test('entry ids: back and forth, and in one form only', () => {
  const { id } = decodeStatement(make());
  sameBytes(parseEntryId(entryIdOf(id)), id);
  const text = entryIdOf(id);
  const last = text.slice(0, -1);
  for (const bad of [
    '',
    'x',
    last,
    `${text}A`,
    `${text}=`,
    `${last}~`,
    `${last}+`,
    'A'.repeat(300),
    `${'A'.repeat(42)}B`,
    ` ${last}`,
  ]) {
    faults('bad-locator', () => parseEntryId(bad), bad);
  }
});

test('COSE_Key: every kind of key, back and forth', () => {
  for (const algorithm of algorithms) {
    const { key } = signers[algorithm];
    for (const beside of [
      {},
      { kid: utf8('name') },
      { alg: algorithmId(algorithm) },
      { kid: kidOf(key), alg: algorithmId(algorithm) },
    ]) {
      const read = fromCoseKey(decode(encode(toCoseKey({ key, ...beside }))));
      assert.is(read.key.algorithm, algorithm);
      sameBytes(read.key.bytes, key.bytes);
      if (beside.kid) sameBytes(read.kid, beside.kid);
      assert.is(read.alg, algorithm === 'mldsa44' ? -48 : beside.alg);
    }
  }
  assert.throws(() => toCoseKey({ key: signers.p256.key, alg: -8 }), /does not go with/);
  assert.equal([-8, -19, -7, -9, -48].map(algorithmOf), ['ed25519', 'ed25519', 'p256', 'p256', 'mldsa44']);
  assert.equal([-35, -49, -50, -51, 0, undefined, 'ES256'].map(algorithmOf), Array(7).fill(undefined));
});

test('COSE_Key: what is no public key of ours', () => {
  const [x, y] = [signers.p256.key.bytes.subarray(1, 33), signers.p256.key.bytes.subarray(33)];
  const maps = {
    ed25519: toCoseKey(signers.ed25519),
    p256: toCoseKey(signers.p256),
    mldsa44: toCoseKey(signers.mldsa44),
  };
  const bad = (value: Cbor, message: RegExp) =>
    assert.match(faults('bad-key', () => fromCoseKey(value)).message, message);
  for (const map of Object.values(maps)) {
    fromCoseKey(map);
    bad(change(map, 1, undefined), /one for Ed25519/);
    bad(change(map, 1, 4), /one for Ed25519/);
    bad(change(map, 1, 3), /one for Ed25519/);
    bad(change(map, 2, 'kid'), /kid/);
    bad(change(map, 2, new Uint8Array(65)), /kid/);
    bad(change(map, 3, -35), /alg|one for Ed25519/);
    bad(change(map, 4, [1]), /key_ops/);
    fromCoseKey(change(map, 4, [2]));
  }
  bad(change(maps.ed25519, -4, seed), /private/);
  bad(change(maps.p256, -4, seed), /private/);
  bad(change(maps.mldsa44, -2, seed), /private/);
  bad(change(maps.ed25519, 3, -7), /alg/);
  bad(change(maps.p256, 3, -8), /alg/);
  bad(change(maps.mldsa44, 3, undefined), /one for Ed25519/);
  bad(change(maps.ed25519, -1, 4), /one for Ed25519/);
  bad(change(maps.p256, -1, 2), /one for Ed25519/);
  bad(change(maps.ed25519, -2, seed.subarray(1)), /32 bytes/);
  bad(change(maps.ed25519, -2, undefined), /bytes at -2/);
  bad(change(maps.ed25519, -2, 'x'.repeat(32)), /bytes at -2/);
  bad(change(maps.ed25519, -2, new Uint8Array(32)), /small order/);
  bad(change(maps.mldsa44, -1, new Uint8Array(1311)), /1312 bytes/);
  bad(change(maps.p256, -3, true), /compressed/);
  bad(change(maps.p256, -3, undefined), /bytes at -3/);
  bad(change(maps.p256, -3, flipBit(y)), /point of the curve/);
  // 31 and 33 bytes make 64 as well.
  bad(change(change(maps.p256, -2, x.subarray(1)), -3, concat(x.subarray(0, 1), y)), /coordinate/);
  for (const value of [null, 1, [], 'key', utf8('key')]) bad(value, /map/);
});

test('thumbprints: the example of RFC 9679, and nothing but the key counts', () => {
  const example = new Map<number, Cbor>([
    [1, 2],
    [-1, 1],
    [-2, hex('65eda5a12577c2bae829437fe338701a10aaa375e1bb5b5de108de439c08551d')],
    [-3, hex('1e52ed75701163f7f9e40ddf9f341b3dc9ba860af7e0ca7ca7e9eecd0084d19c')],
  ]);
  const expected = hex('496bd8afadf307e5b08c64b0421bf9dc01528a344a43bda88fadd1669da253ec');
  sameBytes(thumbprintOf(fromCoseKey(example).key), expected);
  sameBytes(thumbprintOf(fromCoseKey(change(change(example, 2, utf8('kid')), 3, -7)).key), expected);
  const ed25519 = concat(hex('a3 01 01 20 06 21 5820'), signers.ed25519.key.bytes);
  sameBytes(encode(toCoseKey(signers.ed25519)), ed25519);
});

test('key sets: back and forth; what is not understood is ignored', () => {
  const keys = algorithms.map((algorithm) => ({ key: signers[algorithm].key, alg: algorithmId(algorithm) }));
  const read = decodeKeySet(encodeKeySet(keys));
  assert.equal(
    read.map(({ key }) => key.algorithm),
    [...algorithms],
  );
  const mixed = encode([new Map([[1, 99]]), 'key', toCoseKey(signers.p256)]);
  assert.equal(
    decodeKeySet(mixed).map(({ key }) => key.algorithm),
    ['p256'],
  );
  faults('bad-key', () => decodeKeySet(encode(toCoseKey(signers.p256))));
  faults('bad-cbor', () => decodeKeySet(hex('9fff')));
});

// Vectors of others, most of which are COSE_Sign1 and no statements: judged by the same parts.
type Jwk = { kty: string; crv?: string; x?: string; y?: string; x_hex?: string; y_hex?: string };

function keyOf(jwk: Jwk): PublicKey | undefined {
  const read = (text = '', inHex?: string) => (inHex ? hex(inHex) : fromBase64url(text, 'bad-key'));
  if (jwk.crv === 'Ed25519') return publicKey('ed25519', read(jwk.x, jwk.x_hex));
  if (jwk.crv === 'P-256')
    return publicKey('p256', concat(Uint8Array.of(4), read(jwk.x, jwk.x_hex), read(jwk.y, jwk.y_hex)));
  return undefined;
}

/** `verifies`, `fails`, or the code of the fault. */
function judge(bytes: Uint8Array, key: PublicKey | undefined): string {
  try {
    const { algorithm, payload: body, signature, ...message } = readSign1(bytes, 'bad-statement');
    if (body === null || key?.algorithm !== algorithm) return 'fails';
    return verify(key, sigStructure(message.protected, body), signature) ? 'verifies' : 'fails';
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return error.code;
  }
}

if (haveVectors('cose-wg-examples')) {
  test('cose-wg examples', () => {
    type Example = {
      title: string;
      input: { sign0?: { key: Jwk; external?: string } };
      intermediates?: { ToBeSign_hex?: string };
      output: { cbor: string };
    };
    const verdicts: Record<string, string> = {
      'CWT/A_3.json': 'verifies',
      'RFC8152/Appendix_C_2_1.json': 'verifies',
      'ecdsa-examples/ecdsa-sig-01.json': 'verifies',
      'ecdsa-examples/ecdsa-sig-02.json': 'bad-algorithm', // ES384
      'ecdsa-examples/ecdsa-sig-03.json': 'bad-algorithm', // ES512
      'ecdsa-examples/ecdsa-sig-04.json': 'bad-algorithm', // ES512 with P-256
      'eddsa-examples/eddsa-sig-01.json': 'verifies',
      'eddsa-examples/eddsa-sig-02.json': 'bad-signature', // EdDSA with Ed448
      'sign1-tests/sign-fail-01.json': 'bad-statement', // tag 998
      'sign1-tests/sign-fail-02.json': 'fails',
      'sign1-tests/sign-fail-03.json': 'bad-algorithm',
      'sign1-tests/sign-fail-04.json': 'bad-algorithm',
      'sign1-tests/sign-fail-06.json': 'fails',
      'sign1-tests/sign-fail-07.json': 'fails',
      'sign1-tests/sign-pass-01.json': 'bad-statement', // an empty protected header
      'sign1-tests/sign-pass-02.json': 'fails', // external data, which SCITT does not use
      'sign1-tests/sign-pass-03.json': 'bad-statement', // no tag
    };
    const seen: Record<string, string> = {};
    for (const { name, value } of jsonVectors<Example>('cose-wg-examples')) {
      const bytes = hex(value.output.cbor.toLowerCase());
      assert.ok(
        isFault(() => decodeStatement(bytes)),
        name,
      ); // none has a kid of ours
      const { sign0 } = value.input;
      if (!sign0) continue;
      seen[name] = judge(bytes, keyOf(sign0.key));
      if (seen[name] !== 'verifies') continue;
      const message = readSign1(bytes, 'bad-statement');
      const signed = sigStructure(message.protected, message.payload as Uint8Array);
      sameBytes(signed, hex((value.intermediates?.ToBeSign_hex ?? '').toLowerCase()), name);
    }
    assert.equal(seen, verdicts);
  });
}

if (haveVectors('go-cose')) {
  test('go-cose: what verifies, and what is malformed', () => {
    type Case = {
      key: Jwk;
      'sign1::verify'?: { taggedCOSESign1: { cborHex: string }; external?: string; shouldVerify: boolean };
    };
    const seen: Record<string, string> = {};
    for (const { name, value } of jsonVectors<Case>('go-cose')) {
      const check = value['sign1::verify'];
      if (check) seen[name] = judge(hex(check.taggedCOSESign1.cborHex), keyOf(value.key));
    }
    assert.equal(seen, {
      'sign1-verify-0000.json': 'fails', // external data
      'sign1-verify-0001.json': 'verifies',
      'sign1-verify-0002.json': 'bad-algorithm', // ES384
      'sign1-verify-0003.json': 'bad-algorithm', // ES512
      'sign1-verify-0004.json': 'bad-algorithm', // PS256
      'sign1-verify-0005.json': 'bad-algorithm', // PS384
      'sign1-verify-0006.json': 'bad-algorithm', // PS512
      'sign1-verify-negative-0000.json': 'bad-cbor', // the protected header is a map
      'sign1-verify-negative-0001.json': 'bad-statement', // it is an array
      'sign1-verify-negative-0002.json': 'bad-cbor', // a label twice
      'sign1-verify-negative-0003.json': 'bad-cbor', // an unprotected label twice
    });
  });
}

if (haveVectors('rfc9864')) {
  test('RFC 9864: -19 and -9 verify, high S included', () => {
    for (const { name, value } of jsonVectors<{ x_hex: string; y_hex?: string; cbor: string }>('rfc9864')) {
      const key = keyOf({ kty: '', crv: value.y_hex ? 'P-256' : 'Ed25519', ...value });
      assert.is(judge(hex(value.cbor), key), 'verifies', name);
    }
  });
}

if (haveVectors('ml-dsa')) {
  test('RFC 9964: ML-DSA-44 verifies, its kid is its thumbprint; the larger ones are not ours', async () => {
    for (const [name, verdict] of [
      ['44', 'verifies'],
      ['65', 'bad-algorithm'],
      ['87', 'bad-algorithm'],
    ]) {
      const { key, sign1 } = JSON.parse(vector(`ml-dsa/ML_DSA_${name}.cose.json`).toString()) as Record<string, string>;
      const map = decode(hex(key as string)) as Labels;
      assert.match(faults('bad-key', () => fromCoseKey(map)).message, /private/);
      if (verdict !== 'verifies') {
        faults('bad-key', () => fromCoseKey(change(map, -2, undefined)));
        assert.is(judge(hex(sign1 as string), undefined), verdict);
        continue;
      }
      const read = fromCoseKey(change(map, -2, undefined));
      assert.is(judge(hex(sign1 as string), read.key), verdict);
      await accelerate();
      assert.is(judge(hex(sign1 as string), read.key), verdict);
      sameBytes(read.kid, thumbprintOf(read.key));
    }
  });
}

if (haveVectors('ccf') && haveVectors('transmute')) {
  test('large real statements, each refused for what it is', () => {
    const expected: [string, FaultCode, RegExp][] = [
      ['ccf/cosesign1tool-scitt-a3be7e5.cose', 'bad-statement', /kid/],
      ['ccf/css-attested-cosesign1-20250617.cose', 'bad-cbor', /a tag/], // a time among its claims
      ['ccf/css-attested-cosesign1-20250812.cose', 'bad-cbor', /a tag/],
      ['ccf/css-attested-cosesign1-20250925.cose', 'bad-statement', /crit/],
      ['ccf/css-attested-cosesign1-20260302.cose', 'bad-statement', /crit/],
      ['ccf/cts-hashv-cwtclaims-b64url.cose', 'bad-cbor', /a tag/],
      ['ccf/manifest.spdx.json.sha384.digest.cose', 'bad-cbor', /a tag/],
      ['ccf/uvm_0.2.10.cose', 'bad-cbor', /a tag/],
      ['transmute/1ts-statement.scitt', 'bad-cbor', /a tag/],
      ['transmute/2ts-statement.scitt', 'bad-cbor', /a tag/],
    ];
    for (const [name, code, message] of expected) {
      assert.match(faults(code, () => decodeStatement(vector(name)), name).message, message);
    }
  });
}

test.run();
