import { Decoder, Encoder } from 'cbor-x';
import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fromHex, toHex } from '../../src/core/bytes.ts';
import {
  ARRAY,
  BYTES,
  type Cbor,
  type CborKey,
  decode,
  decodeDeterministic,
  encode,
  head,
  readByteStrings,
  UNSIGNED,
  writeByteStrings,
} from '../../src/core/cbor.ts';
import { Fault, type FaultCode } from '../../src/core/fault.ts';
import { faults, sameBytes } from '../check.ts';

const hex = (text: string) => fromHex(text.replaceAll(' ', ''), 'bad-cbor');

/** RFC 8949 §4.2.1 written the slow way: heads by bigint arithmetic, keys ordered as hexadecimal text. */
function oracle(value: Cbor): string {
  const byte = (n: number) => n.toString(16).padStart(2, '0');
  const withHead = (major: number, n: bigint, rest = '') => {
    if (n < 24n) return byte(major * 32 + Number(n)) + rest;
    const width = [1, 2, 4, 8].find((w) => n < 256n ** BigInt(w)) as number;
    return byte(major * 32 + 24 + Math.log2(width)) + n.toString(16).padStart(2 * width, '0') + rest;
  };
  if (value === null) return 'f6';
  if (typeof value === 'boolean') return value ? 'f5' : 'f4';
  if (typeof value === 'number') return value < 0 ? withHead(1, -1n - BigInt(value)) : withHead(0, BigInt(value));
  if (value instanceof Uint8Array) return withHead(2, BigInt(value.length), toHex(value));
  if (typeof value === 'string') {
    const text = Buffer.from(value).toString('hex');
    return withHead(3, BigInt(text.length / 2), text);
  }
  if (!(value instanceof Map)) {
    const items = value as readonly Cbor[];
    return withHead(4, BigInt(items.length), items.map(oracle).join(''));
  }
  const entries = [...(value as Map<CborKey, Cbor>)].map(([key, item]) => [oracle(key), oracle(item)] as const);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return withHead(5, BigInt(entries.length), entries.flat().join(''));
}

const text = fc.string({ unit: 'binary', maxLength: 300 });
const key: fc.Arbitrary<CborKey> = fc.oneof(fc.integer({ min: -30, max: 30 }), fc.maxSafeInteger(), text);
const { value: values } = fc.letrec<{ value: Cbor; leaf: Cbor }>((tie) => ({
  leaf: fc.oneof(fc.maxSafeInteger(), text, fc.boolean(), fc.constant(null), fc.uint8Array({ maxLength: 300 })),
  value: fc.oneof(
    { maxDepth: 6, withCrossShrink: true },
    tie('leaf'),
    fc.array(tie('value'), { maxLength: 30 }),
    fc.uniqueArray(fc.tuple(key, tie('value')), { maxLength: 30, selector: ([k]) => k }).map((all) => new Map(all)),
  ),
}));

// From RFC 8949 Appendix A, and the edges of what we take.
const pairs: [string, Cbor][] = [
  ['00', 0],
  ['17', 23],
  ['1818', 24],
  ['18ff', 255],
  ['190100', 256],
  ['19ffff', 65_535],
  ['1a00010000', 65_536],
  ['1a000f4240', 1_000_000],
  ['1affffffff', 2 ** 32 - 1],
  ['1b0000000100000000', 2 ** 32],
  ['1b000000e8d4a51000', 1_000_000_000_000],
  ['1b001fffffffffffff', Number.MAX_SAFE_INTEGER],
  ['20', -1],
  ['37', -24],
  ['3818', -25],
  ['3863', -100],
  ['3903e7', -1000],
  ['3affffffff', -(2 ** 32)],
  ['3b0000000100000000', -(2 ** 32) - 1],
  ['3b001ffffffffffffe', Number.MIN_SAFE_INTEGER],
  ['f4', false],
  ['f5', true],
  ['f6', null],
  ['40', hex('')],
  ['4401020304', hex('01020304')],
  ['60', ''],
  ['6161', 'a'],
  ['6449455446', 'IETF'],
  ['62225c', '"\\'],
  ['62c3bc', 'ü'],
  ['63e6b0b4', '水'],
  ['64f0908591', '𐅑'],
  ['63efbbbf', '\ufeff'],
  ['80', []],
  ['8301820203820405', [1, [2, 3], [4, 5]]],
  ['98190102030405060708090a0b0c0d0e0f101112131415161718181819', Array.from({ length: 25 }, (_, i) => i + 1)],
  ['a0', new Map()],
  ['a201020304', new Map([1, 3].map((n) => [n, n + 1]))],
];

test('the examples of RFC 8949, both ways', () => {
  for (const [bytes, value] of pairs) {
    sameBytes(encode(value), hex(bytes), bytes);
    assert.equal(decodeDeterministic(hex(bytes)), value, bytes);
    assert.is(oracle(value), bytes);
  }
});

test('keys are sorted by their encoding, whatever order they are given in', () => {
  const keys: CborKey[] = ['aa', '', -24, 100, 1, 'b', -1, 394, 0, 24, -25, 2 ** 32, 'é', 65_536, 23];
  const expected = [0, 1, 23, 24, 100, 394, 65_536, 2 ** 32, -1, -24, -25, '', 'b', 'aa', 'é'];
  const bytes = encode(new Map(keys.map((each) => [each, null])));
  assert.equal([...(decodeDeterministic(bytes) as Map<CborKey, Cbor>).keys()], expected);
});

test('any value: encoded as the oracle does, decoded to itself', () => {
  fc.assert(
    fc.property(values, (value) => {
      const bytes = encode(value);
      assert.is(toHex(bytes), oracle(value));
      for (const read of [decode, decodeDeterministic]) assert.is(oracle(read(bytes)), oracle(value));
    }),
    { numRuns: 1000 },
  );
});

test('any value: another implementation reads what is written, and what it writes in order is the same', () => {
  const options = { useRecords: false, mapsAsObjects: false, variableMapSize: true, tagUint8Array: false };
  const [encoder, decoder] = [new Encoder(options), new Decoder({ ...options, int64AsNumber: true } as typeof options)];
  /** Keys in the order of their encodings, and as bigints what it would write as floats. */
  const prepared = (value: Cbor): unknown => {
    if (typeof value === 'number') return Math.abs(value) < 2 ** 32 ? value : BigInt(value);
    if (Array.isArray(value)) return value.map(prepared);
    if (!(value instanceof Map)) return value;
    const entries = [...(value as Map<CborKey, Cbor>)].sort(([a], [b]) => (oracle(a) < oracle(b) ? -1 : 1));
    return new Map(entries.map(([key, item]) => [prepared(key), prepared(item)]));
  };
  fc.assert(
    fc.property(values, (value) => {
      const bytes = encode(value);
      assert.is(oracle(decoder.decode(bytes) as Cbor), oracle(value));
      sameBytes(bytes, encoder.encode(prepared(value)));
    }),
    { numRuns: 500 },
  );
});

/** Decodes what may be anything: nothing but a `bad-cbor` may be thrown. */
function attempt(bytes: Uint8Array, read: typeof decode): Cbor | undefined {
  try {
    return read(bytes);
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== 'bad-cbor') throw error;
    assert.match(error.message, / at byte \d+ of \d+$/);
    return undefined;
  }
}

/** What decodes is in its one form, up to the order of keys. */
function checkOneForm(bytes: Uint8Array): boolean {
  const strict = attempt(bytes, decodeDeterministic);
  if (strict !== undefined) sameBytes(encode(strict), bytes);
  const loose = attempt(bytes, decode);
  if (loose !== undefined) assert.is(encode(loose).length, bytes.length);
  if (strict !== undefined) assert.ok(loose !== undefined);
  return loose !== undefined;
}

test('any change to valid bytes is refused, or is another value in its one form', () => {
  let accepted = 0;
  fc.assert(
    fc.property(
      values,
      fc.nat(),
      fc.integer({ min: 0, max: 255 }),
      fc.integer({ min: 0, max: 3 }),
      (value, n, b, how) => {
        const good = [...encode(value)];
        const at = n % good.length;
        if (how === 0) good[at] = b;
        else if (how === 1) good.splice(at, 1);
        else if (how === 2) good.splice(at, 0, b);
        else good.length = at;
        accepted += Number(checkOneForm(Uint8Array.from(good)));
      },
    ),
    { numRuns: 5000 },
  );
  assert.ok(accepted > 100, `only ${accepted} changed values decoded: the test tests little`);
});

test('random bytes: a value in its one form or a fault, never anything else', () => {
  const heads = fc.constantFrom(
    0xa1,
    0xa2,
    0x82,
    0x81,
    0x61,
    0x41,
    0x18,
    0x20,
    0xf6,
    0xbf,
    0x9f,
    0xff,
    0x5f,
    0x7f,
    0xd2,
  );
  const bytes = fc.array(fc.oneof(heads, fc.integer({ min: 0, max: 255 })), { maxLength: 40 });
  fc.assert(
    fc.property(bytes, (all) => void checkOneForm(Uint8Array.from(all))),
    { numRuns: 20_000 },
  );
});

const bad: [string, string][] = [
  ['', 'nothing'],
  ['0000', 'two items'],
  ['a1', 'a map without its key'],
  ['a101', 'a map without its value'],
  ['8201', 'an array cut off'],
  ['18', 'a head cut off'],
  ['1900', 'a head cut off'],
  ['1b00000000000000', 'a head cut off'],
  ['4401', 'bytes cut off'],
  ['6261', 'text cut off'],
  ['1801', '1 in two bytes'],
  ['1817', '23 in two bytes'],
  ['190017', '23 in three bytes'],
  ['1900ff', '255 in three bytes'],
  ['1a0000ffff', '65535 in five bytes'],
  ['1b00000000ffffffff', '2^32-1 in nine bytes'],
  ['3817', '-24 in two bytes'],
  ['5801aa', 'the length of bytes in two bytes'],
  ['7801 61', 'the length of text in two bytes'],
  ['980101', 'the length of an array in two bytes'],
  ['b8010102', 'the length of a map in two bytes'],
  ['1b0020000000000000', '2^53'],
  ['1b8000000000000000', '2^63'],
  ['1bffffffffffffffff', '2^64-1'],
  ['3b001fffffffffffff', '-2^53'],
  ['3bffffffffffffffff', '-2^64'],
  ['5bffffffffffffffff', '2^64-1 bytes'],
  ['5b001fffffffffffff', '2^53-1 bytes'],
  ['7affffffff', '2^32-1 bytes of text'],
  ['9a7fffffff', '2^31-1 items'],
  ['9b001fffffffffffff', '2^53-1 items'],
  ['ba7fffffff', '2^31-1 keys'],
  ['a2 0102 0103', 'a key twice'],
  ['a2 2001 2002', 'a negative key twice'],
  ['a2 616101 616102', 'a text key twice'],
  ['81 a1 01 a2 0102 0103', 'a key twice, deep inside'],
  ['a1 f93c00 01', 'a float as a key'],
  ['a1 4101 01', 'bytes as a key'],
  ['a1 f5 01', 'true as a key'],
  ['a1 80 01', 'an array as a key'],
  ['a1 a0 01', 'a map as a key'],
  ['f93c00', 'float16'],
  ['fa3f800000', 'float32'],
  ['fb3ff0000000000000', 'float64'],
  ['f7', 'undefined'],
  ['e0', 'a simple value'],
  ['f3', 'a simple value'],
  ['f820', 'a simple value in two bytes'],
  ['f8f5', 'true in two bytes'],
  ['c0 60', 'a date'],
  ['c11a514b67b0', 'a time'],
  ['c2 4101', 'a bignum'],
  ['d2 80', 'tag 18'],
  ['d8 40 4101', 'a typed array'],
  ['d9 0103 a0', 'tag 259'],
  ['d9 dfff 80', 'a record of cbor-x'],
  ['9f01ff', 'an indefinite array'],
  ['bf0102ff', 'an indefinite map'],
  ['5f4101ff', 'indefinite bytes'],
  ['7f6161ff', 'indefinite text'],
  ['ff', 'a break'],
  ['1c', 'a reserved head'],
  ['3d', 'a reserved head'],
  ['5e', 'a reserved head'],
  [`1c${'00'.repeat(15)}ff`, 'a reserved head as 16 bytes'],
  [`1d${'00'.repeat(31)}ff`, 'a reserved head as 32 bytes'],
  [`1e${'00'.repeat(63)}ff`, 'a reserved head as 64 bytes'],
  ['61ff', 'text that is not UTF-8'],
  ['62c0af', 'an overlong slash'],
  ['63eda080', 'half a surrogate pair'],
  ['64f4908080', 'beyond Unicode'],
  ['a1 61ff 01', 'a key that is not UTF-8'],
];

test('everything else is refused', () => {
  for (const [bytes, what] of bad) {
    for (const read of [decode, decodeDeterministic]) faults('bad-cbor', () => read(hex(bytes)), `${bytes}: ${what}`);
  }
});

test('the message says what is wrong, and where', () => {
  const says = (bytes: string, message: RegExp) =>
    assert.match(faults('bad-cbor', () => decode(hex(bytes))).message, message);
  says('82 00 1801', /longer than it need be at byte 2 of 4$/);
  says('a2 0102 0103', /a key that was there before at byte 3 of 5$/);
  says('81 61ff', /not UTF-8 at byte 1 of 3$/);
  says('81 d2 80', /a tag at byte 1 of 3$/);
  says('81', /cut off at byte 1 of 1$/);
  says('00 00', /bytes after the last item at byte 1 of 2$/);
  says('9f', /indefinite length at byte 0 of 1$/);
});

test('only the deterministic form asks for sorted keys', () => {
  for (const bytes of [
    'a2 03 04 01 02',
    'a2 20 00 00 00',
    'a2 6162 00 6161 00',
    'a2 626161 00 6162 00',
    'a2 6161 00 01 00',
  ]) {
    assert.is((decode(hex(bytes)) as Map<CborKey, Cbor>).size, 2);
    faults('bad-cbor', () => decodeDeterministic(hex(bytes)), bytes);
    faults('bad-cbor', () => decodeDeterministic(hex(`81${bytes}`)), `${bytes}, inside`);
  }
});

test('1 and "1", and "__proto__", are keys like others', () => {
  const map = decode(hex('a3 01 00 6131 01 69 5f5f70726f746f5f5f 02')) as Map<CborKey, Cbor>;
  assert.equal(
    [...map],
    [
      [1, 0],
      ['1', 1],
      ['__proto__', 2],
    ],
  );
});

test('bounds: 16 levels, 64 keys, 4096 items, each the same both ways', () => {
  const nested = (depth: number): Cbor =>
    depth === 0 ? 0 : depth % 2 ? [nested(depth - 1)] : new Map([[1, nested(depth - 1)]]);
  const map = (size: number) => new Map(Array.from({ length: size }, (_, i) => [i, i]));
  const array = (size: number) => Array.from({ length: size }, () => 0);
  for (const [make, most] of [
    [nested, 16],
    [map, 64],
    [array, 4096],
  ] as const) {
    assert.is(oracle(decode(encode(make(most)))), oracle(make(most)));
    faults('bad-cbor', () => encode(make(most + 1)));
    faults('bad-cbor', () => decode(hex(oracle(make(most + 1)))));
  }
});

test('hostile input is refused at once', () => {
  const hostile: Uint8Array[] = [0x81, 0xa1, 0x9f, 0xbf, 0xd2, 0x5f].map((byte) =>
    new Uint8Array(4_000_000).fill(byte),
  );
  hostile.push(hex('9b000fffffffffffff'), hex('5b000fffffffffffff'), hex('bb000fffffffffffff'));
  const started = performance.now();
  for (const bytes of hostile) faults('bad-cbor', () => decode(bytes));
  assert.ok(performance.now() - started < 500, 'it took too long');
});

test('what has no encoding is refused: theirs by a fault, ours by a bug', () => {
  for (const value of [
    1.5,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    2 ** 53,
    -(2 ** 53),
    '\ud800',
    'a\udc00b',
    ['\ud800'],
  ]) {
    faults('bad-cbor', () => encode(value), String(value));
  }
  faults('bad-cbor', () => encode(new Map([['\udfff', 1]])));
  faults('bad-cbor', () => encode(new Map([[0.5, 1]])));
  for (const value of [undefined, 1n, {}, new Date(0), new Set(), [undefined], new Map([[1, undefined]]), () => 0]) {
    assert.throws(() => encode(value as Cbor), /^bug: |is not CBOR/);
  }
});

test('encoded bytes are their own, and decoded byte strings are views', () => {
  const first = encode([1, 2, 3]);
  const [copy, second] = [Uint8Array.from(first), encode('something else')];
  sameBytes(first, copy);
  assert.is(first.buffer.byteLength, first.length);
  assert.is(second.constructor, Uint8Array);
  const whole = hex('ff 82 4101 4102 ff');
  const items = decode(whole.subarray(1, 6)) as Uint8Array[];
  whole[3] = 9;
  sameBytes(items[0], Uint8Array.of(9));
  sameBytes((decode(Buffer.from('4101', 'hex')) as Uint8Array) ?? undefined, Uint8Array.of(1));
});

test('heads alone are those of whole items', () => {
  for (const n of [0, 23, 24, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER]) {
    sameBytes(head(UNSIGNED, n), encode(n));
  }
  for (const n of [0, 23, 24, 255, 256, 4096]) {
    const bytes = new Uint8Array(n);
    sameBytes(head(BYTES, n), encode(bytes).subarray(0, -n || undefined));
    const items = Array.from(bytes);
    sameBytes(head(ARRAY, n), encode(items).subarray(0, -n || undefined));
  }
});

test('sequences of byte strings: back and forth, and strict', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 }), (items) => {
      const bytes = writeByteStrings(items);
      sameBytes(bytes, hex(items.map(oracle).join('')));
      const read = readByteStrings(bytes, items.length);
      assert.is(read.map(toHex).join(), items.map(toHex).join());
      if (items.length > 0) faults('too-large', () => readByteStrings(bytes, items.length - 1));
    }),
  );
  const cases: [string, FaultCode][] = [
    ['01', 'bad-cbor'],
    ['4101 6161', 'bad-cbor'],
    ['4101 42 01', 'bad-cbor'],
    ['5801 01', 'bad-cbor'],
    ['5f4101ff', 'bad-cbor'],
    ['81 4101', 'bad-cbor'],
    ['d8 18 4101', 'bad-cbor'],
    ['40 40 40 40', 'too-large'],
  ];
  for (const [bytes, code] of cases) faults(code, () => readByteStrings(hex(bytes), 3), bytes);
});

test.run();
