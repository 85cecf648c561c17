import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Cbor, decodeDeterministic, encode } from '../../src/core/cbor.ts';
import { COUNTRIES } from '../../src/registry/countries.ts';
import { fromJson, type Json, toJson } from '../../src/registry/json.ts';
import { type AdmittedKind, KINDS } from '../../src/registry/kinds.ts';
import { payloadOf } from '../../src/registry/payload.ts';
import type { MapNode, Node } from '../../src/registry/schema.ts';
import { textLength } from '../../src/registry/text.ts';
import { faults, sameBytes } from '../check.ts';
import { BUILD, map, ORGANISATIONS, policyOf } from './world.ts';

// Payloads are made from the schemas, with unknown fields of every sort among them.

const clean = fc.string({ unit: 'grapheme', maxLength: 12 }).map((text) => text.normalize('NFC'));
const unknownText = clean.filter((text) => textLength(text) !== undefined);
const name = fc.stringMatching(/^[A-Za-z][A-Za-z0-9._-]{0,10}$/);
const { unknown } = fc.letrec<{ unknown: Cbor }>((tie) => ({
  unknown: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.oneof(unknownText, fc.boolean(), fc.constant(null), fc.maxSafeInteger(), fc.uint8Array({ maxLength: 9 })),
    fc.array(tie('unknown'), { maxLength: 3 }),
    fc
      .uniqueArray(fc.tuple(name, tie('unknown')), { maxLength: 3, selector: ([key]) => key })
      .map((all) => new Map(all)),
  ),
}));

/** One text for each pattern; that it matches is checked by what it is used for. */
const EXAMPLES = ['zrh-1', 'https://a.example/b', 'application/json', 'CH-ZH', 'CHZRH', 'log.example/acme'];

function valuesOf(node: Node): fc.Arbitrary<Cbor> {
  switch (node.type) {
    case 'text': {
      const { pattern } = node;
      if (pattern !== undefined) return fc.constantFrom(...EXAMPLES.filter((text) => pattern.test(text)));
      return unknownText.filter((text) => text !== '');
    }
    case 'bytes':
      if (node.lengths === undefined) return fc.uint8Array({ minLength: 1, maxLength: 40 });
      return fc
        .constantFrom(...node.lengths)
        .chain((length) => fc.uint8Array({ minLength: length, maxLength: length }));
    case 'integer':
      return fc.integer({ min: node.min, max: Math.min(node.max, 2 ** 31 - 1) });
    case 'boolean':
      return fc.boolean();
    case 'enum':
      return fc.constantFrom(...node.values);
    case 'country':
      return fc.constantFrom(...COUNTRIES);
    case 'time':
      return fc.constant('2018-11-13T00:00:00Z');
    case 'list':
      return fc.array(valuesOf(node.of), { minLength: node.min, maxLength: Math.max(node.min, Math.min(3, node.max)) });
    case 'cases':
      return fc.constantFrom(...node.of.values()).chain(valuesOf);
    case 'map':
      return mapOf(node);
  }
}

function mapOf(node: MapNode): fc.Arbitrary<Cbor> {
  const fields = [...node.fields.values()].map((field) => {
    const item = valuesOf(field.node).map((value): [string, Cbor][] => [[field.name, value]]);
    const needed = field.required || node.someOf?.[0] === field.name;
    return needed ? item : fc.oneof(fc.constant([] as [string, Cbor][]), item);
  });
  const more = node.closed ? fc.constant([]) : fc.array(fc.tuple(name, unknown), { maxLength: 2 });
  return fc.tuple(fc.tuple(...fields), more).map(([known, extra]) => {
    const all = new Map(known.flat());
    for (const [key, value] of extra) if (!node.fields.has(key)) all.set(key, value);
    return all;
  });
}

for (const [kind, { schema }] of Object.entries(KINDS) as [AdmittedKind, { schema: Node }][]) {
  test(`${kind}: to JSON text and back, bit by bit`, () => {
    let bytes = 0;
    fc.assert(
      fc.property(valuesOf(schema), (value) => {
        const payload = encode(value);
        const json = JSON.stringify(toJson(kind, payload));
        sameBytes(fromJson(kind, JSON.parse(json) as Json), payload);
        bytes += payload.length;
      }),
      { numRuns: 200 },
    );
    assert.ok(bytes > 5000, 'the payloads were not empty');
  });
}

test('people see the names of VOCABULARY, hexadecimal, and known fields first', () => {
  const payload = payloadOf('build', { ...BUILD, ...{ aside: new Uint8Array(2), zone: { b: [1] } } });
  assert.is(
    JSON.stringify(toJson('build', payload)),
    '{"product":"kdb","version":"2018.12.31.14","artifactKind":"detection-rules","artifacts":[{"name":"kdb.cab",' +
      `"digests":{"sha256":"${'01'.repeat(32)}"},"size":12345}],"builder":"https://acme.example/builders/zrh",` +
      '"site":"zrh-1","zone":{"b":[1]},"aside":{"$bytes":"0000"}}',
  );
  const policy = toJson('policy', payloadOf('policy', policyOf(ORGANISATIONS))) as { logKey: string };
  assert.match(policy.logKey, /^a301012006215820[0-9a-f]{64}$/);
});

test('what people get wrong is told with its path', () => {
  const good = toJson('build', payloadOf('build', BUILD)) as { [name: string]: Json };
  const says = (json: Json, message: RegExp) => {
    const fault = faults('refused', () => fromJson('build', json), String(message));
    assert.match(fault.message, message);
    assert.is(fault.rule, 'schema');
  };
  says(
    { ...good, artifacts: [{ name: 'x', digests: { sha256: 'AB' } }] },
    /^artifacts\[0\]\.digests\.sha256 must be bytes .*lower-case/,
  );
  says(
    { ...good, artifacts: [{ name: 'x', digests: { sha256: 'ab' } }] },
    /^artifacts\[0\]\.digests\.sha256 must have 32/,
  );
  says(
    { ...good, artifacts: [{ name: 'x', digests: { sha256: { $bytes: 'ab' } } }] },
    /^artifacts\[0\]\.digests\.sha256 must be bytes/,
  );
  says({ ...good, artifacts: {} }, /^artifacts must be a list/);
  says({ ...good, site: null }, /^site must be text/);
  says({ ...good, x: { $bytes: 'AB' } }, /^x has a field with the name "\$bytes"/);
  says({ ...good, x: { $bytes: 'ab', y: 1 } }, /^x has a field with the name "\$bytes"/);
  says({ ...good, x: 1.5 }, /the number 1.5/);
  says({ ...good, x: 2 ** 53 }, /the number 9007199254740992/);
  says(JSON.parse('{"__proto__": 1}') as Json, /is missing|__proto__/);
  says([], /must be a map/);
  says('x', /must be a map/);
  says(
    Array.from({ length: 20 }).reduce<Json>((inner) => ({ x: inner }), 1),
    /too large or nested too deep|is missing/,
  );
});

test('an unknown field that looks like hexadecimal stays text', () => {
  const payload = map({ at: '2018-11-13T00:00:00Z', x: 'abcd', y: Uint8Array.of(0xab, 0xcd) });
  const json = toJson('heartbeat', payload) as { x: Json; y: Json };
  assert.equal([json.x, json.y], ['abcd', { $bytes: 'abcd' }]);
  assert.equal(decodeDeterministic(fromJson('heartbeat', json as never)), decodeDeterministic(payload));
});

test('what is no payload of the kind has no JSON', () => {
  faults('refused', () => toJson('build', map({ at: '2018-11-13T00:00:00Z' })));
  faults('refused', () => toJson('build', Uint8Array.of(0xff)));
});

test.run();
