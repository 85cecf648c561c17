/**
 * Reads a value against its schema. A refusal names the path of the field (`artifacts[2].digests.sha256`); what comes
 * out holds the known fields alone, typed. Unknown fields are ignored here and kept in the bytes. @module
 */
import { type Cbor, type CborKey, type CborMap, decodeDeterministic } from '../core/cbor.ts';
import { Fault } from '../core/fault.ts';
import type { Ref } from './common.ts';
import { COUNTRIES } from './countries.ts';
import type { Rule } from './rule.ts';
import { refuse } from './rule.ts';
import type { BytesNode, CasesNode, ListNode, MapNode, Node, Schema, TextNode } from './schema.ts';
import { textLength } from './text.ts';
import { isTime } from './time.ts';

export type Reading<T> = {
  readonly value: T;
  /** The references that stand anywhere in it. */
  readonly refs: readonly Ref[];
  /** The paths of fields that the schema does not know. They may be from a later rule set, or misspelt. */
  readonly unknown: readonly string[];
};

export function read<T>(schema: Schema<T>, value: Cbor): Reading<T> {
  const reader = new Reader();
  return { value: reader.read(schema, value) as T, refs: reader.refs, unknown: reader.unknown };
}

/** Reads the payload of a statement. */
export function readBytes<T>(schema: Schema<T>, bytes: Uint8Array): Reading<T> {
  return read(schema, decodePayload(bytes));
}

export function decodePayload(bytes: Uint8Array): Cbor {
  return asSchemaFault(() => decodeDeterministic(bytes));
}

/** Runs what may fault with `bad-cbor`: of a payload, that is a refusal like others. */
export function asSchemaFault<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    if (error instanceof Fault && error.code === 'bad-cbor') refuse('schema', `the payload: ${error.message}`);
    throw error;
  }
}

// Names that a person may read aloud and that no language treats as its own (`__proto__`), and none of them prose.
export const FIELD_NAME = /^[A-Za-z][A-Za-z0-9._-]{0,63}$/;
const NAMES = 'names are a letter and up to 63 letters, digits, dots, dashes and underlines';
const NO_FIELDS: MapNode = { type: 'map', fields: new Map() };

const UNCLEAN = 'is not NFC, or has characters that text may not have (controls, private use, newer than Unicode 14)';

class Reader {
  readonly refs: Ref[] = [];
  readonly unknown: string[] = [];
  /** Names and indexes from the payload to the value at hand. */
  readonly #path: (string | number)[] = [];

  read(node: Node, value: Cbor): unknown {
    switch (node.type) {
      case 'map':
        return this.#map(node, value);
      case 'text':
        return this.#text(node, value);
      case 'list':
        return this.#list(node, value);
      case 'bytes':
        return this.#bytes(node, value);
      case 'integer':
        if (typeof value === 'number' && value >= node.min && value <= node.max) return value;
        return this.#fail(`must be an integer from ${node.min} to ${node.max}`);
      case 'enum':
        if (typeof value === 'string' && node.values.includes(value)) return value;
        return this.#fail(`must be ${node.values.length === 1 ? '' : 'one of '}${node.values.join(', ')}`);
      case 'time':
        if (typeof value === 'string' && isTime(value)) return value;
        return this.#fail('must be a time in UTC with seconds, like 2018-11-13T00:00:00Z');
      case 'boolean':
        return typeof value === 'boolean' ? value : this.#fail('must be true or false');
      case 'country':
        if (typeof value === 'string' && COUNTRIES.has(value)) return value;
        return this.#fail('must be an ISO 3166-1 alpha-2 code of one country, like CH', 'country');
      case 'cases':
        return this.#cases(node, value);
    }
  }

  #text(node: TextNode, value: Cbor): string {
    if (typeof value !== 'string') return this.#fail('must be text');
    const length = textLength(value);
    if (length === undefined) return this.#fail(UNCLEAN);
    if (length < node.min || length > node.max) {
      return this.#fail(`must have ${node.min} to ${node.max} characters, not ${length}`);
    }
    if (node.pattern !== undefined && !node.pattern.test(value)) return this.#fail(`must be ${node.says}`);
    return value;
  }

  #bytes({ lengths, max }: BytesNode, value: Cbor): Uint8Array {
    if (!(value instanceof Uint8Array)) return this.#fail('must be bytes (in JSON: lower-case hexadecimal)');
    if (lengths?.includes(value.length) ?? (value.length >= 1 && value.length <= max)) return value;
    return this.#fail(`must have ${lengths?.join(' or ') ?? `1 to ${max}`} bytes, not ${value.length}`);
  }

  #list(node: ListNode, value: Cbor): unknown[] {
    if (!Array.isArray(value)) return this.#fail('must be a list');
    if (value.length < node.min || value.length > node.max) {
      this.#fail(`must have ${node.min} to ${node.max} items, not ${value.length}`);
    }
    const items: unknown[] = [];
    for (let i = 0; i < value.length; i++) {
      this.#path.push(i);
      items.push(this.read(node.of, value[i] as Cbor));
      this.#path.pop();
    }
    if (node.distinct) {
      const twice = items.find((item, i) => items.indexOf(item) !== i);
      if (twice !== undefined) this.#fail(`must not have ${twice} twice`);
    }
    return items;
  }

  #map(node: MapNode, value: Cbor): unknown {
    if (!(value instanceof Map)) return this.#fail('must be a map');
    const given: CborMap = value;
    const out: Record<string, unknown> = {};
    let known = 0;
    for (const field of node.fields.values()) {
      const item = given.get(field.name);
      if (item === undefined) {
        if (field.required) this.#fail('is missing', 'schema', field.name);
        continue;
      }
      this.#path.push(field.name);
      out[field.name] = this.read(field.node, item);
      this.#path.pop();
      known++;
    }
    if (known < given.size) this.#unknownFields(node, given);
    if (node.someOf !== undefined && !node.someOf.some((name) => given.has(name))) {
      this.#fail(`must have one of ${node.someOf.join(', ')}`);
    }
    if (node.isRef) this.refs.push(out as Ref);
    return out;
  }

  #cases(node: CasesNode, value: Cbor): unknown {
    if (!(value instanceof Map)) return this.#fail('must be a map');
    const found = node.of.get((value as CborMap).get(node.by) as string);
    if (found !== undefined) {
      this.#otherCases(node, found, value);
      return this.#map(found, value);
    }
    return this.#fail(`must be one of ${[...node.of.keys()].join(', ')}`, 'schema', node.by);
  }

  /** A field of another case is known, and says something that is not so here: it cannot just be ignored. */
  #otherCases(node: CasesNode, found: MapNode, given: CborMap): void {
    for (const name of given.keys()) {
      if (found.fields.has(name as string)) continue;
      const cases = [...node.of].filter(([, other]) => other.fields.has(name as string)).map(([value]) => value);
      if (cases.length > 0) this.#fail(`goes with the ${node.by} ${cases.join(' or ')} alone`, 'schema', name);
    }
  }

  /** SPEC: Unknown fields are kept and ignored. So they need only be such that JSON can hold them. */
  #unknownFields(node: MapNode, given: CborMap): void {
    for (const [name, item] of given) {
      if (node.fields.has(name as string)) continue;
      if (typeof name !== 'string' || !FIELD_NAME.test(name))
        this.#fail(`has a field with the name "${name}"; ${NAMES}`);
      if (node.closed) this.#fail(`is not known here; known are ${[...node.fields.keys()].join(', ')}`, 'schema', name);
      this.#path.push(name);
      this.unknown.push(pathText(this.#path));
      this.#ignored(item);
      this.#path.pop();
    }
  }

  #ignored(value: Cbor): void {
    if (typeof value === 'string' && textLength(value) === undefined) this.#fail(UNCLEAN);
    if (value instanceof Map) this.#unknownFields(NO_FIELDS, value);
    if (!Array.isArray(value)) return;
    for (let i = 0; i < value.length; i++) {
      this.#path.push(i);
      this.#ignored(value[i] as Cbor);
      this.#path.pop();
    }
  }

  #fail(what: string, rule: Rule = 'schema', below?: CborKey): never {
    const name = pathText(below === undefined ? this.#path : [...this.#path, below]);
    return refuse(rule, `${name === '' ? 'the payload' : name} ${what}`);
  }
}

function pathText(path: readonly (string | number)[]): string {
  const steps = path.map((step, i) => (typeof step === 'number' ? `[${step}]` : i === 0 ? step : `.${step}`));
  return steps.join('');
}
