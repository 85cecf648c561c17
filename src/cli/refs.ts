/** References that are given as an index alone: the leaf hash is read from the log, through checked tiles. @module */
import { toHex } from '../core/bytes.ts';
import type { CborMap } from '../core/cbor.ts';
import type { Json } from '../registry/json.ts';
import { type AdmittedKind, KINDS } from '../registry/kinds.ts';
import { fieldsOf, itemOf, type Node } from '../registry/schema.ts';
import type { Fields } from './draft.ts';

/** Answers the leaf hash of an entry. */
export type LeafHashOf = (index: number) => Promise<Uint8Array>;

/** The fields with every `41` and `{index: 41}` that stands where a reference is wanted made whole. */
export async function fillRefs(kind: AdmittedKind, fields: Fields, leafHashOf: LeafHashOf): Promise<Fields> {
  return (await fill(KINDS[kind].schema, fields, leafHashOf)) as Fields;
}

/** What is not as the schema wants it stays as it is: reading the payload finds it, and names its path. */
async function fill(node: Node | undefined, json: Json, leafHashOf: LeafHashOf): Promise<Json> {
  if (node?.type === 'map' && node.isRef) {
    const index = bareIndex(json);
    return index === undefined ? json : { index, leafHash: toHex(await leafHashOf(index)) };
  }
  if (Array.isArray(json)) return Promise.all(json.map((item: Json) => fill(itemOf(node), item, leafHashOf)));
  if (typeof json !== 'object' || json === null) return json;
  const entries = Object.entries(json);
  const known = fieldsOf(node, new Map(entries.filter(([, item]) => typeof item === 'string')) as CborMap);
  const filled = entries.map(async ([name, item]) => [name, await fill(known.get(name)?.node, item, leafHashOf)]);
  return Object.fromEntries((await Promise.all(filled)) as [string, Json][]);
}

/** The index of a reference without a leaf hash. */
function bareIndex(json: Json): number | undefined {
  if (typeof json === 'number') return isIndex(json) ? json : undefined;
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return undefined;
  const { index, ...more } = json as Fields;
  return isIndex(index) && Object.keys(more).length === 0 ? index : undefined;
}

function isIndex(value: Json | undefined): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
