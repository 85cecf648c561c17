import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { iso31661 } from 'iso-3166';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Cbor } from '../../src/core/cbor.ts';
import { digests, evidence, ref, sourceDigests } from '../../src/registry/common.ts';
import { COUNTRIES } from '../../src/registry/countries.ts';
import { KINDS } from '../../src/registry/kinds.ts';
import { payloadOf, readPayload } from '../../src/registry/payload.ts';
import { read } from '../../src/registry/read.ts';
import { isInRepertoire } from '../../src/registry/repertoire.ts';
import {
  boolean,
  bytes,
  bytesUpTo,
  cases,
  integer,
  list,
  map,
  type Node,
  oneOf,
  type Schema,
  set,
  text,
  time,
  withSomeOf,
} from '../../src/registry/schema.ts';
import { textLength } from '../../src/registry/text.ts';
import { isTime, secondsBetween } from '../../src/registry/time.ts';
import { faults, sameBytes } from '../check.ts';
import { BUILD, map as cbor } from './world.ts';

const of = (fields: Record<string, Cbor>) => new Map(Object.entries(fields));
const says = (schema: Schema, value: Cbor, message: RegExp, rule = 'schema') => {
  const fault = faults('refused', () => read(schema, value), String(message));
  assert.match(fault.message, message);
  assert.is(fault.rule, rule);
};
const takes = (schema: Schema, value: Cbor) => read(schema, value).value;

test('bounds, just inside and just outside', () => {
  takes(text(3), 'abc');
  says(text(3), 'abcd', /^the payload must have 1 to 3 characters, not 4$/);
  says(text(3), '', /not 0$/);
  says(text(3), 3, /must be text/);
  takes(text(3), '\u{1f30d}\u{1f30d}\u{1f30d}');
  takes(bytes(2, 4), new Uint8Array(4));
  says(bytes(2, 4), new Uint8Array(3), /must have 2 or 4 bytes, not 3/);
  says(bytes(2), 'aaaa', /must be bytes/);
  takes(bytesUpTo(2), new Uint8Array(2));
  says(bytesUpTo(2), new Uint8Array(3), /1 to 2 bytes, not 3/);
  says(bytesUpTo(2), new Uint8Array(0), /1 to 2 bytes, not 0/);
  for (const good of [1, 5]) takes(integer(1, 5), good);
  for (const wrong of [0, 6, '1', null]) says(integer(1, 5), wrong, /integer from 1 to 5/);
  takes(boolean, false);
  says(boolean, 0, /true or false/);
  takes(oneOf('a', 'b'), 'b');
  says(oneOf('a', 'b'), 'c', /must be one of a, b$/);
  takes(set(text(3), 1, 3), ['a', 'b']);
  says(set(text(3), 1, 3), ['a', 'b', 'a'], /must not have a twice/);
  takes(list(boolean, 1, 2), [true, false]);
  says(list(boolean, 1, 2), [], /1 to 2 items, not 0/);
  says(list(boolean, 1, 2), [true, true, true], /1 to 2 items, not 3/);
  says(list(boolean, 1, 2), of({}), /must be a list/);
  says(map({}, {}), [], /must be a map/);
  says(cases('is', { a: map({}, {}) }), 'a', /must be a map/);
  const union = cases('is', { a: map({ x: boolean }, {}), b: map({}, {}), c: map({}, { x: boolean, y: boolean }) });
  takes(union, of({ is: 'a', x: true, z: 1 }));
  takes(union, of({ is: 'c', y: true }));
  says(union, of({ is: 'b', x: true }), /^x goes with the is a or c alone$/);
  says(union, of({ is: 'a', x: true, y: true }), /^y goes with the is c alone$/);
  const either = withSomeOf(map({}, { x: boolean, y: boolean }), 'x', 'y');
  takes(either, of({ y: true }));
  says(either, of({ z: true }), /must have one of x, y/);
});

test('a refusal names the path', () => {
  const build = (more: object) => () => payloadOf('build', { ...BUILD, ...more });
  const path = (more: object, message: RegExp) => assert.match(faults('refused', build(more)).message, message);
  const [artifact] = BUILD.artifacts;
  const wrong = { name: 'x', digests: { sha256: new Uint8Array(31) } };
  path({ artifacts: [artifact, artifact, wrong] }, /^artifacts\[2\]\.digests\.sha256 must have 32 bytes, not 31$/);
  path(
    { artifacts: [{ name: 'x', digests: { sha1: new Uint8Array(20) } }] },
    /^artifacts\[0\]\.digests must have one of sha256, /,
  );
  path(
    { artifacts: [{ name: 'x', digests: { sha255: new Uint8Array(32) } }] },
    /^artifacts\[0\]\.digests\.sha255 is not known here/,
  );
  path({ artifacts: [{ name: 'x' }] }, /^artifacts\[0\]\.digests is missing$/);
  path({ product: 7 }, /^product must be text$/);
  path({ refs: [{ index: 1, leafHash: new Uint8Array(3) }] }, /^refs\[0\]\.leafHash must have 32 bytes/);
  path({ note: 'a\nb' }, /^note is not NFC, or has/);
  const digest = { alg: 'sha256', value: new Uint8Array(48) };
  path(
    { evidence: { mediaType: 'a/b', digest, salted: false } },
    /^evidence\.digest\.value must have 32 bytes, not 48$/,
  );
  path(
    { evidence: { mediaType: 'a/b', digest: { alg: 'md5' }, salted: false } },
    /^evidence\.digest\.alg must be one of sha256, /,
  );
  path({ nested: [{ x: '\u0007' }] }, /^nested\[0\]\.x is not NFC/);
});

test('references are collected wherever they stand, and unknown fields are told', () => {
  const leafHash = new Uint8Array(32);
  const schema = map({ one: ref }, { more: list(map({ ref }, {}), 0, 9) });
  const at = (index: number) => of({ index, leafHash });
  const reading = read(
    schema,
    of({ one: at(1), more: [of({ ref: at(2), y: of({ ref: at(3), z: [of({ q: 1 })] }) })], x: 1 }),
  );
  assert.equal(
    reading.refs.map(({ index }) => index),
    [1, 2],
  );
  assert.equal([...reading.unknown].sort(), [
    'more[0].y',
    'more[0].y.ref',
    'more[0].y.ref.index',
    'more[0].y.ref.leafHash',
    'more[0].y.z',
    'more[0].y.z[0].q',
    'x',
  ]);
  assert.equal(reading.value, { one: { index: 1, leafHash }, more: [{ ref: { index: 2, leafHash } }] });
});

test('unknown fields may hold anything that JSON can show', () => {
  const schema = map({}, {});
  takes(schema, of({ x: null, y: [1, new Uint8Array(3), of({ z: of({}) })] }));
  for (const name of ['', '__proto__', '$bytes', 'a b', '1a', 'é', 'x'.repeat(65)]) {
    says(schema, of({ [name]: 1 }), /has a field with the name/);
    says(schema, of({ x: [of({ [name]: 1 })] }), /^x\[0\] has a field with the name/);
  }
  takes(schema, of({ ['x'.repeat(64)]: 1 }));
  says(schema, new Map([[1, 1]]), /has a field with the name "1"/);
  says(schema, of({ x: 'a\u0000' }), /^x is not NFC/);
});

test('digests: one that identifies content, of the right lengths, by names that are known', () => {
  const d = (...pairs: [string, number][]) =>
    of(Object.fromEntries(pairs.map(([name, n]) => [name, new Uint8Array(n)])));
  for (const [name, ...lengths] of [
    ['sha256', 32],
    ['sha384', 48],
    ['sha512', 64],
    ['sha3-256', 32],
    ['blake2b-256', 32],
    ['sha1', 20],
    ['gitCommit', 20, 32],
  ] as [string, ...number[]][]) {
    for (const length of lengths) takes(sourceDigests, d([name, length]));
    for (const length of lengths) takes(digests, d(['sha256', 32], [name, length]));
    says(sourceDigests, d([name, 21]), new RegExp(`^${name} must have`));
  }
  says(digests, d(['sha1', 20], ['gitCommit', 20], ['sha3-256', 32]), /one of sha256, sha384, sha512/);
  says(digests, d(), /one of/);
  says(sourceDigests, d(), /one of/);
  takes(
    evidence,
    of({
      mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
      digest: of({ alg: 'sha512', value: new Uint8Array(64) }),
      salted: true,
    }),
  );
});

/** Every pattern and bound of the schemas, found by walking them. */
function* nodes(node: Node): Iterable<Node> {
  yield node;
  if (node.type === 'list') yield* nodes(node.of);
  if (node.type === 'map') for (const field of node.fields.values()) yield* nodes(field.node);
  if (node.type === 'cases') for (const one of node.of.values()) yield* nodes(one);
}

test('the schemas are data: all nodes are reached, patterns keep no state and are anchored', () => {
  for (const { schema } of Object.values(KINDS)) {
    const all = [...nodes(schema)];
    assert.ok(all.length > 8);
    for (const node of all) {
      if (node.type !== 'text' || node.pattern === undefined) continue;
      assert.is(node.pattern.flags, '');
      assert.match(node.pattern.source, /^\^.*\$$/);
      assert.ok(node.says);
    }
  }
});

test('the patterns of VOCABULARY: ids, places, URIs', () => {
  const site = (more: Record<string, Cbor>) => () =>
    readPayload('site', cbor({ event: 'declare', siteId: 'a', country: 'CH', operator: 'x', ...more }));
  for (const siteId of ['a', '0', 'zrh-1', 'a._-', 'a'.repeat(64)]) site({ siteId })();
  for (const siteId of ['', 'A', '-a', '.a', 'a/b', 'a b', 'é', 'a'.repeat(65), 'a\n'])
    faults('refused', site({ siteId }));
  for (const locode of ['CHZRH', 'US22A', 'DE2ZZ']) site({ locode })();
  for (const locode of ['CHZR', 'CHZR1', 'CHZR0', 'chzrh', 'C1ZRH', 'CHZRHX']) faults('refused', site({ locode }));
  for (const subdivision of ['CH-ZH', 'GB-ENG', 'FR-1', 'DE-9A9']) site({ subdivision })();
  for (const subdivision of ['CH', 'CH-', 'CHZH', 'CH-ZHHH', 'ch-zh', 'CH-Z!'])
    faults('refused', site({ subdivision }));
  const built = (builder: string) => () => payloadOf('build', { ...BUILD, builder });
  for (const builder of ['https://a', 'urn:x', `a:${'b'.repeat(2046)}`]) built(builder)();
  for (const builder of ['https:', '//a', 'a b:c', 'https://a b', 'https://ü', `a:${'b'.repeat(2047)}`])
    faults('refused', built(builder));
});

test('payloads that are no deterministic map of text keys are refused under schema', () => {
  for (const hex of ['', 'a0a0', '01', '80', 'bf61616161ff', 'a2616101616101', 'a2616201616101', 'a10101', 'f6']) {
    assert.is(faults('refused', () => readPayload('heartbeat', Buffer.from(hex, 'hex')), hex).rule, 'schema');
  }
});

test('typed payloads go out and come back', () => {
  const payload = { ...BUILD, channel: undefined, note: 'Zürich' };
  const { channel: _, ...expected } = payload;
  assert.equal(readPayload('build', payloadOf('build', payload)).value, expected);
  assert.is(faults('refused', () => payloadOf('build', { ...BUILD, artifacts: [] })).rule, 'schema');
  assert.is(faults('refused', () => payloadOf('heartbeat', { at: 1.5 } as never)).rule, 'schema');
});

test('times: one form, dates that there are', () => {
  for (const good of [
    '1970-01-01T00:00:00Z',
    '2018-11-13T23:59:59Z',
    '2000-02-29T00:00:00Z',
    '2024-02-29T12:00:00Z',
    '9999-12-31T23:59:59Z',
  ]) {
    assert.ok(isTime(good), good);
  }
  for (const bad of [
    ...[
      '1969-12-31T23:59:59Z',
      '2019-02-29T00:00:00Z',
      '1900-02-29T00:00:00Z',
      '2100-02-29T00:00:00Z',
      '2018-04-31T00:00:00Z',
    ],
    ...[
      '2018-00-01T00:00:00Z',
      '2018-13-01T00:00:00Z',
      '2018-01-00T00:00:00Z',
      '2018-01-32T00:00:00Z',
      '2018-01-01T24:00:00Z',
    ],
    ...[
      '2018-01-01T00:60:00Z',
      '2016-12-31T23:59:60Z',
      '2018-01-01T00:00:00.0Z',
      '2018-01-01T00:00:00+00:00',
      '2018-01-01t00:00:00z',
    ],
    ...[
      '2018-01-01 00:00:00Z',
      '2018-1-1T00:00:00Z',
      '02018-01-01T00:00:00Z',
      '2018-01-01T00:00:00Z\n',
      '',
      '10000-01-01T00:00:00Z',
    ],
  ]) {
    assert.not.ok(isTime(bad), bad);
  }
});

test('times: as the calendar of the platform, and in the order of text', () => {
  const moment = fc.date({ min: new Date('1970-01-01'), max: new Date('9999-12-31'), noInvalidDate: true });
  const form = (date: Date) => date.toISOString().replace(/\.\d+Z/, 'Z');
  fc.assert(
    fc.property(moment, moment, (a, b) => {
      assert.ok(isTime(form(a)));
      const seconds = Math.floor(b.getTime() / 1000) - Math.floor(a.getTime() / 1000);
      assert.is(secondsBetween(form(a), form(b)), seconds);
      assert.is(form(a) < form(b), seconds > 0);
    }),
  );
  const pad = (n: number) => String(n).padStart(2, '0');
  for (let year = 1970; year < 2410; year++) {
    for (let day = 28; day <= 32; day++) {
      for (let month = 1; month <= 12; month++) {
        const exists = new Date(Date.UTC(year, month - 1, day)).getUTCMonth() === month - 1;
        assert.is(isTime(`${year}-${pad(month)}-${pad(day)}T00:00:00Z`), exists, `${year}-${month}-${day}`);
      }
    }
  }
});

test('text: NFC, no controls, nothing that is newer than the table', () => {
  for (const good of ['a', 'Zürich', 'ألمانيا', '日本', '한국', 'नेपाल', 'a\u200db', '\u{1f1e8}\u{1f1ed}']) {
    assert.is(textLength(good), [...good].length, good);
  }
  for (const bad of [
    '\u0000',
    'a\n',
    '\t',
    '\u007f',
    '\u0085',
    'u\u0308',
    '\u212b',
    '\u2028',
    '\u202e',
    '\u2066',
    '\ue000',
    '\uffff',
    '\u{10ffff}',
    '\u{1fae8}',
  ]) {
    assert.is(textLength(bad), undefined, JSON.stringify(bad));
  }
});

test('the repertoire: nothing that this platform calls a control or unassigned, and all of Unicode 14.0', () => {
  const never = /[\p{Cc}\p{Cn}\p{Co}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/u;
  let total = 0;
  for (let code = 0; code <= 0x10ffff; code++) {
    if (!isInRepertoire(code)) continue;
    total++;
    if (never.test(String.fromCodePoint(code))) assert.unreachable(code.toString(16));
  }
  // Unicode 14.0 has 144,697 graphic and format characters; two of them are separators, twelve bidirectional controls.
  assert.is(total, 144_697 - 2 - 12);
});

test('countries: 249, with the ones that lists forget and without those that are none', () => {
  assert.is(COUNTRIES.size, 249);
  for (const code of ['CH', 'RU', 'TW', 'XK', 'SS', 'BQ', 'CW', 'SX', 'AX', 'GG', 'HK', 'PS', 'UM', 'AQ', 'ME', 'RS']) {
    assert.is(COUNTRIES.has(code), code !== 'XK', code);
  }
  for (const code of ['EU', 'UK', 'AN', 'SU', 'YU', 'XX', 'ZZ', 'ch', 'CHE', ''])
    assert.not.ok(COUNTRIES.has(code), code);
  for (const code of COUNTRIES) assert.match(code, /^[A-Z]{2}$/);
});

test('countries: the table is frozen, and what ISO has assigned since is known to be left out', () => {
  // A code that comes or goes fails here. Then it is time for a new rule set beside this one, and for these two lists.
  const [assigned, withdrawn]: [string[], string[]] = [[], []];
  const iso = new Set(iso31661.filter(({ state }) => state === 'assigned').map(({ alpha2 }) => alpha2));
  assert.equal(
    [...iso].filter((code) => !COUNTRIES.has(code)),
    assigned,
  );
  assert.equal(
    [...COUNTRIES].filter((code) => !iso.has(code)),
    withdrawn,
  );
  assert.is(
    createHash('sha256')
      .update([...COUNTRIES].join(' '))
      .digest('hex'),
    'e1c950d24ceb933ac49eaa44de8d1a7ffb6bf40bfe519a5a99d791cb50332197',
  );
});

test('the schema of a time field is what isTime says', () => {
  takes(time, '2018-11-13T00:00:00Z');
  says(time, '2018-11-13', /like 2018-11-13T00:00:00Z/);
  sameBytes(payloadOf('heartbeat', { at: '2018-11-13T00:00:00Z' }), cbor({ at: '2018-11-13T00:00:00Z' }));
});

test.run();
