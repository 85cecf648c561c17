/** Random values of any schema, as CBOR, with unknown fields of every sort among them. */
import * as fc from 'fast-check';
import type { Cbor } from '../../src/core/cbor.ts';
import { COUNTRIES } from '../../src/registry/countries.ts';
import type { CasesNode, MapNode, Node } from '../../src/registry/schema.ts';
import { textLength } from '../../src/registry/text.ts';

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
const EXAMPLES = [
  'zrh-1',
  'gva-1',
  'mow.1',
  'acme/zrh-1',
  'https://a.example/b',
  'application/json',
  'CH-ZH',
  'CHZRH',
  'log.example/acme',
];

export function valuesOf(node: Node): fc.Arbitrary<Cbor> {
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
    case 'list': {
      const most = Math.max(node.min, Math.min(3, node.max));
      if (node.distinct) return fc.uniqueArray(valuesOf(node.of), { minLength: node.min, maxLength: most });
      return fc.array(valuesOf(node.of), { minLength: node.min, maxLength: most });
    }
    case 'cases':
      return fc.constantFrom(...node.of.values()).chain((one) => mapOf(one, namesOf(node)));
    case 'map':
      return mapOf(node);
  }
}

/** The names that a union of maps knows; a field of another case is not unknown. */
const namesOf = (node: CasesNode) => new Set([...node.of.values()].flatMap(({ fields }) => [...fields.keys()]));

function mapOf(node: MapNode, known: ReadonlySet<string> = new Set(node.fields.keys())): fc.Arbitrary<Cbor> {
  const fields = [...node.fields.values()].map((field) => {
    const item = valuesOf(field.node).map((value): [string, Cbor][] => [[field.name, value]]);
    const needed = field.required || node.someOf?.[0] === field.name;
    return needed ? item : fc.oneof(fc.constant([] as [string, Cbor][]), item);
  });
  const more = node.closed ? fc.constant([]) : fc.array(fc.tuple(name, unknown), { maxLength: 2 });
  return fc.tuple(fc.tuple(...fields), more).map(([given, extra]) => {
    const all = new Map(given.flat());
    for (const [key, value] of extra) if (!known.has(key)) all.set(key, value);
    return all;
  });
}
