/**
 * Payloads as JSON, as people write and read them: the same names, bytes as lower-case hexadecimal. No bit is lost:
 * `fromJson(kind, toJson(kind, bytes))` is `bytes`, fields that the schema does not know included. @module
 */
import { fromHex, toHex } from '../core/bytes.ts';
import { type Cbor, type CborMap, decodeDeterministic, encode } from '../core/cbor.ts';
import { type AdmittedKind, KINDS } from './kinds.ts';
import { readPayload } from './payload.ts';
import { asSchemaFault } from './read.ts';
import { refuse } from './rule.ts';
import { fieldsOf, itemOf, type Node } from './schema.ts';

export type Json = number | string | boolean | null | readonly Json[] | { readonly [name: string]: Json };

/** How bytes are told from text where no schema does. No field has such a name. */
const BYTES = '$bytes';

/** A payload for people; its known fields first, in the order of the schema. */
export function toJson(kind: AdmittedKind, payload: Uint8Array): Json {
  readPayload(kind, payload);
  return write(KINDS[kind].schema, decodeDeterministic(payload));
}

/** The inverse of `toJson`. Faults as admission would, with the path of the field. */
export function fromJson(kind: AdmittedKind, json: Json): Uint8Array {
  const payload = asSchemaFault(() => encode(parse(KINDS[kind].schema, json)));
  readPayload(kind, payload);
  return payload;
}

function write(node: Node | undefined, value: Cbor): Json {
  if (value instanceof Uint8Array) return node === undefined ? { [BYTES]: toHex(value) } : toHex(value);
  if (Array.isArray(value)) return value.map((item: Cbor) => write(itemOf(node), item));
  if (!(value instanceof Map)) return value as Json;
  const map: CborMap = value;
  const fields = fieldsOf(node, map);
  const known = [...fields.keys()].filter((name) => map.has(name));
  const unknown = [...map.keys()].filter((name) => !fields.has(name as string));
  return Object.fromEntries(
    [...known, ...unknown].map((name) => [name, write(fields.get(name as string)?.node, map.get(name) as Cbor)]),
  );
}

/** What is not as the schema wants it stays as it is: reading the payload finds it, and names its path. */
function parse(node: Node | undefined, json: Json): Cbor {
  if (typeof json === 'string') return node?.type === 'bytes' && isHex(json) ? fromHex(json, 'bad-request') : json;
  if (typeof json === 'number' && !Number.isSafeInteger(json)) {
    refuse('schema', `the payload has the number ${json}, and only integers below 2^53 are possible`);
  }
  if (typeof json !== 'object' || json === null) return json;
  if (Array.isArray(json)) return json.map((item: Json) => parse(itemOf(node), item));
  const entries = Object.entries(json);
  const [first, ...more] = entries;
  if (node === undefined && first?.[0] === BYTES && more.length === 0 && isHex(first[1]))
    return fromHex(first[1], 'bad-request');
  const fields = fieldsOf(node, new Map(entries.filter(([, item]) => typeof item === 'string')) as CborMap);
  return new Map(entries.map(([name, item]) => [name, parse(fields.get(name)?.node, item)]));
}

function isHex(json: Json): json is string {
  return typeof json === 'string' && /^(?:[0-9a-f]{2})*$/.test(json);
}
