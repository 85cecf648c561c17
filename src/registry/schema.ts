/**
 * Schemas as data. One definition of a kind drives its validation (`read.ts`), its TypeScript type, its JSON form
 * (`json.ts`) and the watch for personal data (`privacy.ts`). Our own and not a library: admission is replayed for
 * years, and a dependency that changes its mind about one value would make an honest log look like a liar. @module
 */
import type { CborMap } from '../core/cbor.ts';
import type { Ref } from './common.ts';

/** How closely `privacy.ts` looks at a text before it is sent. */
export type Watch = 'prose' | 'uri';

export type TextNode = {
  readonly type: 'text';
  readonly min: number;
  readonly max: number;
  readonly pattern?: RegExp;
  /** What the pattern asks for, in words. */
  readonly says?: string;
  readonly watch?: Watch;
};
export type BytesNode = { readonly type: 'bytes'; readonly lengths?: readonly number[]; readonly max: number };
export type IntegerNode = { readonly type: 'integer'; readonly min: number; readonly max: number };
export type EnumNode = { readonly type: 'enum'; readonly values: readonly string[] };
export type ListNode = {
  readonly type: 'list';
  readonly of: Node;
  readonly min: number;
  readonly max: number;
  /** No item stands there twice. */
  readonly distinct?: true;
};
export type Field = { readonly name: string; readonly node: Node; readonly required: boolean };
export type MapNode = {
  readonly type: 'map';
  readonly fields: ReadonlyMap<string, Field>;
  /** No fields but these. Elsewhere unknown fields are kept and ignored. */
  readonly closed?: true;
  /** At least one of these is there. */
  readonly someOf?: readonly string[];
  /** It points to an earlier entry, which is looked up. */
  readonly isRef?: true;
};
/** A map whose fields depend on the text of one of them. */
export type CasesNode = { readonly type: 'cases'; readonly by: string; readonly of: ReadonlyMap<string, MapNode> };
type SimpleNode = { readonly type: 'boolean' | 'country' | 'time' };
/** For people alone: what a field says, and the name of a node that stands in many places. */
type Notes = { readonly doc?: string; readonly def?: string };
export type Node = (TextNode | BytesNode | IntegerNode | EnumNode | ListNode | MapNode | CasesNode | SimpleNode) &
  Notes;

/** A node, and the type of what it accepts. */
export type Schema<T = unknown> = Node & { readonly __is?: T };
export type MapSchema<T = unknown> = MapNode & { readonly __is?: T };
export type TypeOf<S> = S extends { readonly __is?: infer T } ? T : never;

type Shape = Readonly<Record<string, Schema>>;
type Fields<R extends Shape, O extends Shape> = { readonly [K in keyof R]: TypeOf<R[K]> } & {
  readonly [K in keyof O]?: TypeOf<O[K]> | undefined;
};

/** Text of 1 to `max` code points, from a list of names or codes that programs keep. */
export const text = (max: number): Schema<string> => ({ type: 'text', min: 1, max });

/** Text that a person writes: before it is sent it is searched for personal data and secrets. */
export const prose = (max: number): Schema<string> => ({ type: 'text', min: 1, max, watch: 'prose' });

export const pattern = (max: number, of: RegExp, says: string, watch?: Watch): Schema<string> => ({
  ...{ type: 'text', min: 1, max, pattern: of, says },
  ...(watch === undefined ? {} : { watch }),
});

/** Bytes of one of these lengths. */
export const bytes = (...lengths: readonly number[]): Schema<Uint8Array> => ({
  type: 'bytes',
  lengths,
  max: Math.max(...lengths),
});

/** From 1 to `max` bytes. */
export const bytesUpTo = (max: number): Schema<Uint8Array> => ({ type: 'bytes', max });

export const integer = (min: number, max: number): Schema<number> => ({ type: 'integer', min, max });
export const boolean: Schema<boolean> = { type: 'boolean' };
export const country: Schema<string> = { type: 'country' };
export const time: Schema<string> = { type: 'time' };

export const oneOf = <const V extends readonly string[]>(...values: V): Schema<V[number]> => ({ type: 'enum', values });

/** A list of `min` to `max` items. */
export const list = <T>(of: Schema<T>, min: number, max: number): Schema<readonly T[]> => ({
  type: 'list',
  of,
  min,
  max,
});

/** A list of names or codes, none of them twice. */
export const set = <T extends string>(of: Schema<T>, min: number, max: number): Schema<readonly T[]> => ({
  ...{ type: 'list', of, min, max },
  distinct: true,
});

/** The same schema with a sentence for those who fill it in. */
export const doc = <S extends Schema>(text: string, schema: S): S => ({ ...schema, doc: text });

/** The same schema under a name, by which other formats refer to it. */
export const named = <S extends Schema>(name: string, schema: S): S => ({ ...schema, def: name });

export function map<R extends Shape, O extends Shape>(required: R, optional: O): MapSchema<Fields<R, O>> {
  const field =
    (isRequired: boolean) =>
    ([name, node]: [string, Schema]) =>
      [name, { name, node, required: isRequired }] as const;
  const all = [...Object.entries(required).map(field(true)), ...Object.entries(optional).map(field(false))];
  return { type: 'map', fields: new Map(all) };
}

/** A map of optional fields, one of which at least is there, and no others. */
export const closedMap = <O extends Shape>(optional: O, someOf: readonly (keyof O & string)[]) =>
  ({ ...map({}, optional), closed: true, someOf }) as MapSchema<Fields<Record<never, Schema>, O>>;

/** At least one of these optional fields is there. */
export const withSomeOf = <T>(schema: MapSchema<T>, ...someOf: readonly (keyof T & string)[]): MapSchema<T> => ({
  ...schema,
  someOf,
});

/** `{index, leafHash}` of an earlier entry. */
export const refTo = (index: Schema<number>, leafHash: Schema<Uint8Array>): MapSchema<Ref> =>
  ({ ...map({ index, leafHash }, {}), isRef: true }) as MapSchema<Ref>;

type Cases = Readonly<Record<string, MapSchema>>;

/** The union of maps that the field `by` tells apart. */
export function cases<const B extends string, M extends Cases>(
  by: B,
  of: M,
): Schema<{ [K in keyof M]: { readonly [P in B]: K } & TypeOf<M[K]> }[keyof M]> {
  const withField = ([name, node]: [string, MapSchema]): [string, MapNode] => {
    const first: Field = { name: by, node: oneOf(name), required: true };
    return [name, { ...node, fields: new Map([[by, first], ...node.fields]) }];
  };
  return { type: 'cases', by, of: new Map(Object.entries(of).map(withField)) };
}

/** The fields that a map has by this schema; none are known if it is not one for maps, or for no such case. */
export function fieldsOf(node: Node | undefined, value: CborMap): MapNode['fields'] {
  const found = node?.type === 'cases' ? node.of.get(value.get(node.by) as string) : node;
  return found?.type === 'map' ? found.fields : NO_FIELDS;
}

const NO_FIELDS: MapNode['fields'] = new Map();

/** The schema of the items of a list. */
export function itemOf(node: Node | undefined): Node | undefined {
  return node?.type === 'list' ? node.of : undefined;
}
