import { Ajv2020 } from 'ajv/dist/2020.js';
import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { encode } from '../../src/core/cbor.ts';
import { fromJson, type Json, toJson } from '../../src/registry/json.ts';
import { jsonSchemaOf } from '../../src/registry/jsonschema.ts';
import { KINDS } from '../../src/registry/kinds.ts';
import { KIND_NAMES, type KindName } from '../../src/registry/names.ts';
import type { Node } from '../../src/registry/schema.ts';
import { faults } from '../check.ts';
import { valuesOf } from './values.ts';
import { RELOCATION } from './world.ts';

// What is an entry is decided by `fromJson`; the JSON Schema is held against it with a validator that we did not write.

const ajv = new Ajv2020({ strict: true, strictTypes: false, strictRequired: false, formats: { 'date-time': true } });
const validators = new Map(KIND_NAMES.map((kind) => [kind, ajv.compile(jsonSchemaOf(kind))]));
const accepts = (kind: KindName, json: Json) => (validators.get(kind) as (json: Json) => boolean)(json);
const complaints = (kind: KindName) => ajv.errorsText(validators.get(kind)?.errors);

const payloads = (kind: KindName) => {
  const schema: Node = KINDS[kind].schema;
  return valuesOf(schema).map((value) => JSON.parse(JSON.stringify(toJson(kind, encode(value)))) as Json);
};

/** Whether `fromJson` takes it, and if not, why. */
function taken(kind: KindName, json: Json): string | undefined {
  try {
    fromJson(kind, json);
    return undefined;
  } catch {
    return faults('refused', () => fromJson(kind, json)).message;
  }
}

/** What no JSON Schema can say; the messages are those of `read.ts`. */
const INEXPRESSIBLE = /is not NFC, or has|too large or nested too deep/;

for (const kind of KIND_NAMES) {
  test(`${kind}: what is an entry is valid`, () => {
    fc.assert(
      fc.property(payloads(kind), (json) => {
        assert.ok(accepts(kind, json), complaints(kind));
      }),
      { numRuns: 150 },
    );
  });

  test(`${kind}: whatever one changes, both say the same`, () => {
    const tally = { both: 0, neither: 0 };
    fc.assert(
      fc.property(payloads(kind).chain(mutated), (json) => {
        const why = taken(kind, json);
        const valid = accepts(kind, json);
        if (why === undefined) assert.ok(valid, `refused by the schema alone: ${complaints(kind)}`);
        else if (!INEXPRESSIBLE.test(why)) assert.not.ok(valid, `accepted by the schema alone: ${why}`);
        tally[why === undefined ? 'both' : 'neither']++;
      }),
      { numRuns: 400 },
    );
    assert.ok(tally.both > 5 && tally.neither > 50, JSON.stringify(tally));
  });
}

/** Every place in a JSON value, as the steps to it. */
function* places(json: Json, path: readonly (string | number)[] = []): Iterable<readonly (string | number)[]> {
  yield path;
  if (Array.isArray(json)) for (const [i, item] of json.entries()) yield* places(item, [...path, i]);
  else if (typeof json === 'object' && json !== null)
    for (const [name, item] of Object.entries(json)) yield* places(item, [...path, name]);
}

/** The value with one place replaced, or taken away. */
function replaced(
  json: Json,
  [step, ...rest]: readonly (string | number)[],
  change: (old: Json) => Json | undefined,
): Json | undefined {
  if (step === undefined) return change(json);
  if (Array.isArray(json)) {
    return json.flatMap((item: Json, i) => {
      const next = i === step ? replaced(item, rest, change) : item;
      return next === undefined ? [] : [next];
    });
  }
  const entries = Object.entries(json as object).map(([name, item]: [string, Json]) => [
    name,
    name === step ? replaced(item, rest, change) : item,
  ]);
  return Object.fromEntries(entries.filter(([, item]) => item !== undefined)) as Json;
}

/** Changes that cross a bound, a type, a pattern or a list of names, and some that cross nothing. */
const changes: fc.Arbitrary<(old: Json) => Json | undefined> = fc.oneof(
  fc.constant(() => undefined),
  fc
    .constantFrom<Json>(
      null,
      true,
      0,
      -1,
      2 ** 53,
      1.5,
      '',
      'x',
      'XX',
      'ab',
      'AB',
      [],
      {},
      ['x', 'x'],
      { x: 1 },
      { '': 1 },
    )
    .map((json) => () => json),
  fc
    .constantFrom<Json>(
      { $bytes: 'ab' },
      { $bytes: 'A' },
      { $bytes: 'ab', x: 1 },
      { $bytes: '' },
      'a\n',
      'x'.repeat(3000),
      'gva-1',
      'CH',
    )
    .map((json) => () => json),
  fc.constant((old: Json) => (typeof old === 'string' ? `${old}${old}` : typeof old === 'number' ? old + 1 : old)),
  fc.constant((old: Json) =>
    typeof old === 'string' ? [...old].slice(1).join('') : Array.isArray(old) ? [...old, ...old] : old,
  ),
  fc.constant((old: Json) =>
    Array.isArray(old) ? Array.from({ length: 300 }, (_, i) => old[i % old.length] ?? 'x') : old,
  ),
  fc.constantFrom('due', 'percent', 'successor', 'notAfter', 'x', 'a b', 'sha257').map((name) => (old: Json) => {
    const isMap = typeof old === 'object' && old !== null && !Array.isArray(old);
    return isMap ? { ...old, [name]: 'zrh-1' } : old;
  }),
);

function mutated(json: Json): fc.Arbitrary<Json> {
  const all = [...places(json)];
  return fc.tuple(fc.constantFrom(...all), changes).map(([path, change]) => replaced(json, path, change) ?? {});
}

test('the schemas stand alone, and say what they are', () => {
  for (const kind of KIND_NAMES) {
    const text = JSON.stringify(jsonSchemaOf(kind));
    const { title, description, $defs } = jsonSchemaOf(kind) as { title: string; description: string; $defs: object };
    assert.is(title, `limmat ${kind}`);
    assert.match(description, /sub is /);
    const names = [...text.matchAll(/"#\/\$defs\/(\w+)"/g)].map(([, name]) => name as string);
    assert.equal([...new Set(names)].sort(), Object.keys($defs));
  }
});

test('where a schema cannot follow: NFC, days of a month, and depth', () => {
  const heartbeat = { at: '2018-11-13T00:00:00Z' };
  const deep = (levels: number): Json => (levels === 0 ? 1 : { x: deep(levels - 1) });
  const beyond: [object, RegExp][] = [
    [{ note: 'u\u0308' }, /is not NFC/],
    [{ note: '\u202e' }, /is not NFC, or has/],
    [{ at: '2019-02-29T00:00:00Z' }, /must be a time/],
    [{ x: deep(40) }, /too large or nested too deep/],
  ];
  for (const [more, why] of beyond) {
    const json = { ...heartbeat, ...more } as Json;
    assert.ok(accepts('heartbeat', json), complaints('heartbeat'));
    assert.match(taken('heartbeat', json) ?? '', why);
  }
});

test('a field of another case is refused by both, and beside its own case taken by both', () => {
  const phase = (name: string, more: object) => ({ ...RELOCATION, phase: name, ...more }) as Json;
  const event = (name: string, more: object) => ({ keyId: 'a', event: name, ...more }) as Json;
  const [due, percent, successor] = [{ due: '2018-12-31T00:00:00Z' }, { percent: 5 }, { successor: 'b' }];
  const rows: [KindName, Json, boolean][] = [
    ['relocation', phase('announced', due), true],
    ['relocation', phase('announced', {}), false],
    ['relocation', phase('announced', { ...due, ...percent }), false],
    ['relocation', phase('started', {}), true],
    ['relocation', phase('started', due), false],
    ['relocation', phase('partial', percent), true],
    ['relocation', phase('partial', {}), false],
    ['key', event('supersede', successor), true],
    ['key', event('retire', successor), false],
    ['key', event('retire', {}), true],
    ['key', event('expire', {}), false],
  ];
  for (const [kind, json, expected] of rows) {
    assert.is(accepts(kind, json), expected, `${JSON.stringify(json)} ${complaints(kind)}`);
    assert.is(taken(kind, json) === undefined, expected, taken(kind, json));
  }
  assert.is(taken('relocation', phase('started', due)), 'due goes with the phase announced alone');
});

test('people are told what a field is for', () => {
  const { properties } = jsonSchemaOf('relocation') as { properties: Record<string, { description?: string }> };
  assert.match(properties.effectiveAt?.description ?? '', /in fact/);
});

test.run();
