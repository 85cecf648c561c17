import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeDeterministic, encode } from '../../src/core/cbor.ts';
import { fromJson, type Json, toJson } from '../../src/registry/json.ts';
import { type AdmittedKind, KINDS } from '../../src/registry/kinds.ts';
import { payloadOf } from '../../src/registry/payload.ts';
import type { Node } from '../../src/registry/schema.ts';
import { faults, sameBytes } from '../check.ts';
import { valuesOf } from './values.ts';
import { BUILD, map, ORGANISATIONS, policyOf } from './world.ts';

// Payloads are made from the schemas, with unknown fields of every sort among them.

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
