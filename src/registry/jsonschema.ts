/**
 * JSON Schema (2020-12) of each kind, for the JSON form of `json.ts`, out of the schema that admission reads. It cannot
 * say everything: that text is NFC and of the repertoire, that a day exists in its month, how deep and how large a
 * payload is as a whole, and what other entries decide. All that it refuses is refused by `fromJson` too. @module
 */
import { COUNTRIES } from './countries.ts';
import type { Json } from './json.ts';
import { type AdmittedKind, KINDS } from './kinds.ts';
import { FIELD_NAME } from './read.ts';
import type { BytesNode, CasesNode, ListNode, MapNode, Node, TextNode } from './schema.ts';
import { TIME_FORM } from './time.ts';

export type JsonSchema = { readonly [keyword: string]: Json };

/** The schema of a kind. It stands alone: what it refers to is in its own `$defs`. */
export function jsonSchemaOf(kind: AdmittedKind): JsonSchema {
  const { schema, about } = KINDS[kind];
  const writer = new Writer();
  const body = writer.write(schema);
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: `limmat ${kind}`,
    description: about,
    ...body,
    $defs: Object.fromEntries([...writer.defs].sort()),
  };
}

/** The schemas of several nodes, which refer to what they share at `under`, such as `#/components/schemas/`. */
export function jsonSchemasOf(
  nodes: readonly Node[],
  under: string,
): { readonly schemas: JsonSchema[]; readonly definitions: { readonly [name: string]: JsonSchema } } {
  const writer = new Writer(under);
  const schemas = nodes.map((node) => writer.write(node));
  return { schemas, definitions: Object.fromEntries([...writer.defs].sort()) };
}

// Controls alone: the repertoire and NFC are beyond a pattern.
const CLEAN = '^[^\\u0000-\\u001f\\u007f-\\u009f]*$';
const HEX = '(?:[0-9a-f]{2})';

const OWN = '#/$defs/';

/** Any value that an unknown field may have. */
const unknownValue = (under: string): JsonSchema => ({
  anyOf: [
    { type: ['null', 'boolean'] },
    { type: 'integer', minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER },
    { type: 'string', pattern: CLEAN },
    { type: 'array', items: { $ref: `${under}unknown` } },
    { type: 'object', propertyNames: { $ref: `${under}name` }, additionalProperties: { $ref: `${under}unknown` } },
    {
      type: 'object',
      properties: { $bytes: { type: 'string', pattern: `^${HEX}*$` } },
      required: ['$bytes'],
      additionalProperties: false,
    },
  ],
});

class Writer {
  readonly defs = new Map<string, JsonSchema>();
  readonly #under: string;

  constructor(under = OWN) {
    this.#under = under;
  }

  write(node: Node): JsonSchema {
    const name = node.def ?? (node.type === 'country' || node.type === 'time' ? node.type : undefined);
    const body = name === undefined ? this.#body(node) : this.#refer(name, () => this.#body(node));
    return node.doc === undefined ? body : { description: node.doc, ...body };
  }

  #refer(name: string, make: () => JsonSchema): JsonSchema {
    if (!this.defs.has(name)) this.defs.set(name, make());
    return { $ref: `${this.#under}${name}` };
  }

  #body(node: Node): JsonSchema {
    switch (node.type) {
      case 'text':
        return textSchema(node);
      case 'bytes':
        return bytesSchema(node);
      case 'integer':
        return { type: 'integer', minimum: node.min, maximum: node.max };
      case 'enum':
        return node.values.length === 1 ? { const: node.values[0] as string } : { enum: node.values };
      case 'boolean':
        return { type: 'boolean' };
      case 'country':
        return { description: 'ISO 3166-1 alpha-2', enum: [...COUNTRIES] };
      case 'time':
        return {
          type: 'string',
          format: 'date-time',
          pattern: TIME_FORM.source,
          examples: ['2018-11-13T00:00:00Z'],
          description: 'RFC 3339 in UTC with seconds',
        };
      case 'list':
        return this.#list(node);
      case 'map':
        return this.#map(node);
      case 'cases':
        return this.#cases(node);
    }
  }

  #list({ of, min, max, distinct }: ListNode): JsonSchema {
    const bounds = { minItems: min, maxItems: max, ...(distinct ? { uniqueItems: true } : {}) };
    return { type: 'array', items: this.write(of), ...bounds };
  }

  #map(node: MapNode): JsonSchema {
    const fields = [...node.fields.values()];
    const required = fields.filter((field) => field.required).map(({ name }) => name);
    const properties = Object.fromEntries(fields.map((field) => [field.name, this.write(field.node)]));
    return {
      type: 'object',
      properties,
      ...(required.length === 0 ? {} : { required }),
      ...someOf(node),
      ...(node.closed ? { additionalProperties: false } : this.#rest()),
    };
  }

  /** SPEC: Unknown fields are kept and ignored. */
  #rest(): JsonSchema {
    return {
      propertyNames: this.#refer('name', () => ({ type: 'string', pattern: FIELD_NAME.source })),
      additionalProperties: this.#refer('unknown', () => unknownValue(this.#under)),
    };
  }

  /** What all cases share, and then what is different for each, so that a validator can say what is wrong. */
  #cases({ by, of }: CasesNode): JsonSchema {
    const cases = [...of].map(([value, node]) => ({ value, node, schema: this.#map(node) as MapSchema }));
    const every = cases.map(({ schema }) => schema);
    const names = new Set(every.flatMap(({ properties }) => Object.keys(properties)));
    names.delete(by);
    const common = new Map<string, Json>();
    for (const name of names) {
      const kinds = new Map(every.flatMap(({ properties: { [name]: one } }) => (one ? [[textOf(one), one]] : [])));
      common.set(name, kinds.size === 1 ? ([...kinds.values()][0] as Json) : true);
    }
    const required = [...names].filter((name) => every.every((schema) => schema.required?.includes(name)));
    const groups = new Map<string, { values: string[]; then: JsonSchema }>();
    for (const { value, node, schema } of cases) {
      const own = [...names].flatMap((name): [string, Json][] => {
        const one = schema.properties[name];
        if (one === undefined) return [[name, false]];
        return common.get(name) === true ? [[name, one]] : [];
      });
      const needed = (schema.required ?? []).filter((name) => name !== by && !required.includes(name));
      const then = {
        ...(own.length === 0 ? {} : { properties: Object.fromEntries(own) }),
        ...(needed.length === 0 ? {} : { required: needed }),
        ...someOf(node),
      };
      const group = groups.get(textOf(then)) ?? { values: [], then };
      groups.set(textOf(then), { ...group, values: [...group.values, value] });
    }
    const differing = [...groups.values()].filter(({ then }) => Object.keys(then).length > 0);
    return {
      type: 'object',
      properties: { [by]: { enum: cases.map(({ value }) => value) }, ...Object.fromEntries(common) },
      required: [by, ...required],
      ...(differing.length === 0 ? {} : { allOf: differing.map(({ values, then }) => ({ if: is(by, values), then })) }),
      ...this.#rest(),
    };
  }
}

type MapSchema = JsonSchema & {
  readonly properties: { readonly [name: string]: Json };
  readonly required?: readonly string[];
};

const textOf = (schema: Json): string => JSON.stringify(schema);
const is = (by: string, values: readonly string[]): JsonSchema => ({ properties: { [by]: { enum: values } } });

function someOf({ someOf: names }: MapNode): JsonSchema {
  return names === undefined ? {} : { anyOf: names.map((name) => ({ required: [name] })) };
}

function textSchema({ min, max, pattern, says }: TextNode): JsonSchema {
  const bounds = { minLength: min, maxLength: max, pattern: pattern?.source ?? CLEAN };
  return { type: 'string', ...bounds, ...(says === undefined ? {} : { description: says }) };
}

/** SPEC: bytes are lower-case hex. */
function bytesSchema({ lengths, max }: BytesNode): JsonSchema {
  const description = 'bytes as lower-case hexadecimal';
  if (lengths === undefined) return { type: 'string', description, pattern: `^${HEX}+$`, maxLength: 2 * max };
  const exact = lengths.map((length) => `${HEX}{${length}}`);
  return { type: 'string', description, pattern: `^(?:${exact.join('|')})$` };
}
