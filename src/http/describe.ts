/** What a route says about itself, beside its handler: what it takes, what it answers, and an example that works. @module */
import { toBase64 } from '../core/bytes.ts';

/** A JSON Schema, draft 2020-12. */
export type Schema = { readonly [keyword: string]: unknown };

/** What the log that answers can be asked about: its first entry, and the size of its tree. */
export type Sample = {
  readonly entry: Uint8Array;
  readonly leafHash: Uint8Array;
  readonly size: number;
  /** Its newest checkpoint, and the SHA-256 of its origin in hexadecimal. */
  readonly note: Uint8Array;
  readonly originHash: string;
  /** In base64url: the statement of the entry and the key of receipts; of an opaque log, neither. */
  readonly entryId: string;
  readonly receiptKid: string;
};

type Example = (sample: Sample) => string;

export type Parameter = {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly says: string;
  readonly required: boolean;
  readonly schema: Schema;
  readonly example?: Example;
};

/** What one status means, and how its body may be written: by media type, with the schema of what is JSON. */
export type Answer = { readonly says: string; readonly types: { readonly [mediaType: string]: Schema } };

export type Described = {
  readonly summary: string;
  readonly parameters?: readonly Parameter[];
  /** The bodies that it takes, each with an example of its bytes. */
  readonly body?: { readonly [mediaType: string]: (sample: Sample) => Uint8Array };
  /** By status; refusals of every route are added to these. */
  readonly answers: { readonly [status: string]: Answer };
  /** Schemas that its own refer to as `#/components/schemas/…`. */
  readonly definitions?: { readonly [name: string]: Schema };
};

/** A route that answers 200 in one form. */
export function answers(says: string, mediaType: string, schema: Schema = ANYTHING): Described['answers'] {
  return { 200: { says, types: { [mediaType]: schema } } };
}

export function query(name: string, says: string, schema: Schema, example?: Example): Parameter {
  return { name, in: 'query', says, required: false, schema, ...(example ? { example } : {}) };
}

/** A parameter without which there is no answer. */
export function needed(parameter: Parameter): Parameter {
  return { ...parameter, required: true };
}

export function inPath(name: string, says: string, schema: Schema, example: Example): Parameter {
  return { name, in: 'path', says, required: true, schema, example };
}

/** Bytes that are no JSON, which JSON Schema says nothing about. */
export const ANYTHING: Schema = {};
export const SIZE: Schema = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER };
export const BASE64: Schema = { type: 'string', contentEncoding: 'base64', pattern: '^[A-Za-z0-9+/]*={0,2}$' };
export const HASH: Schema = {
  type: 'string',
  description: 'SHA-256 in lower-case hexadecimal',
  pattern: '^[0-9a-f]{64}$',
};
export const HASH64: Schema = { ...BASE64, description: 'SHA-256 in base64', minLength: 44, maxLength: 44 };
export const ID: Schema = { type: 'string', description: '32 bytes in base64url', pattern: '^[A-Za-z0-9_-]{43}$' };

/** An object with exactly these members; a name that ends in a question mark may be missing. */
export function object(members: { readonly [name: string]: Schema }): Schema {
  const entries = Object.entries(members).map(([name, schema]) => [name.replace(/\?$/, ''), schema] as const);
  const required = Object.keys(members).filter((name) => !name.endsWith('?'));
  return { type: 'object', properties: Object.fromEntries(entries), required, additionalProperties: false };
}

export function arrayOf(items: Schema): Schema {
  return { type: 'array', items };
}

/** What stands in the document for bytes that JSON has no form for. */
export function exampleOf(mediaType: string, bytes: Uint8Array): Schema {
  if (mediaType.startsWith('text/')) return { example: new TextDecoder().decode(bytes) };
  return { 'x-example-base64': toBase64(bytes) };
}
