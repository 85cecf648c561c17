/** `GET /openapi.json`: the interface of a log as OpenAPI 3.1, from the routes that serve it, with examples of its own. @module */
import { sha256 } from '#sha256';
import { toBase64url, toHex, utf8 } from '../core/bytes.ts';
import { parseCheckpoint } from '../core/checkpoint.ts';
import { decodeStatement, entryIdOf } from '../core/cose.ts';
import { thumbprintOf } from '../core/cosekey.ts';
import { Fault, must } from '../core/fault.ts';
import { parseNote } from '../core/note.ts';
import type { LogHandle } from '../log/handle.ts';
import type { LogPublicKeys } from '../log/sign.ts';
import {
  type Answer,
  answers,
  type Described,
  exampleOf,
  object,
  type Parameter,
  type Sample,
  type Schema,
} from './describe.ts';
import { asAccepted, asJson, asText, noBody, type Route } from './route.ts';
import { open } from './tiles.ts';

export type About = { readonly title: string; readonly version: string; readonly url: string };

const PATH = '/openapi.json';
const described: Described = {
  summary: 'This document.',
  answers: answers('OpenAPI 3.1', 'application/json', {
    type: 'object',
    properties: { openapi: { const: '3.1.0' } },
    required: ['openapi', 'info', 'paths', 'components'],
  }),
};

/** For what has no entries of its own, such as a witness. */
export const NO_SAMPLE: Sample = {
  entry: new Uint8Array(0),
  leafHash: new Uint8Array(0),
  size: 0,
  note: new Uint8Array(0),
  originHash: '0'.repeat(64),
  entryId: '',
  receiptKid: '',
};

/** The first entry of what a log has published; undefined before there is one. */
export function sampleOf({ published }: LogHandle, [receiptKey]: LogPublicKeys['receipts']): Sample | undefined {
  const size = published?.head.size ?? 0;
  if (!published || size === 0) return undefined;
  const entry = published.tree.entry(0);
  const receiptKid = toBase64url(thumbprintOf(receiptKey));
  const { note } = published.head;
  const originHash = toHex(sha256(utf8(parseCheckpoint(parseNote(note).text).origin)));
  return { entry, leafHash: published.tree.leaf(0), size, note, originHash, entryId: idIn(entry), receiptKid };
}

function idIn(entry: Uint8Array): string {
  try {
    return entryIdOf(decodeStatement(entry).id);
  } catch (error) {
    if (error instanceof Fault) return ''; // raw bytes
    throw error;
  }
}

/** All routes and the one that describes them. `sample` is undefined as long as the log has nothing to show. */
export function withOpenApi(routes: readonly Route[], about: About, sample: () => Sample | undefined): Route[] {
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-cache', ...open };
  let made: string | undefined;
  const handler = () => {
    const found = made === undefined ? sample() : undefined;
    const body = made ?? JSON.stringify(openApi(all, about, found));
    // Its examples go on to work: a log only grows.
    if (found) made = body;
    return { status: 200, headers, body };
  };
  const all: Route[] = [
    ...routes,
    { method: 'GET', path: PATH, form: asJson, limit: noBody, handler, hot: false, described },
  ];
  return all;
}

export function openApi(routes: readonly Route[], { title, version, url }: About, sample: Sample | undefined): Schema {
  const paths: Record<string, Record<string, Schema>> = {};
  const schemas: Record<string, Schema> = { ...PROBLEMS };
  for (const route of routes) {
    const path = templated(route.path);
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route, sample) };
    for (const [name, schema] of Object.entries(route.described.definitions ?? {})) {
      const known = schemas[name];
      must(!known || JSON.stringify(known) === JSON.stringify(schema), `two schemas are called ${name}`);
      schemas[name] = schema;
    }
  }
  return {
    openapi: '3.1.0',
    jsonSchemaDialect: 'https://json-schema.org/draft/2020-12/schema',
    info: { title, version, description: 'Every GET can be asked by HEAD too; reads are open to pages of any origin.' },
    servers: [{ url }],
    paths,
    components: { schemas },
  };
}

/** A path as OpenAPI writes it. */
export function templated(path: string): string {
  return path.replace(/:([a-z]+)/g, '{$1}').replace('*', '{rest}');
}

function operation(
  { form, described: { summary, parameters = [], body, answers: own } }: Route,
  sample: Sample | undefined,
): Schema {
  const problems = form === asText ? ['text/plain'] : form === asJson ? [JSON_PROBLEM] : [CBOR_PROBLEM, JSON_PROBLEM];
  return {
    summary,
    parameters: parameters.map((one) => parameter(one, sample)),
    ...(body ? { requestBody: { required: true, content: contentOf(body, sample) } } : {}),
    responses: {
      ...mapValues(own, response),
      '4XX': refusal('Refused', problems),
      '5XX': refusal('Not now', problems),
    },
    ...(form === asAccepted ? { description: 'Errors are CBOR unless Accept names a JSON type and not CBOR.' } : {}),
  };
}

function parameter({ says, example, ...rest }: Parameter, sample: Sample | undefined): Schema {
  return { ...rest, description: says, ...(example && sample ? { example: example(sample) } : {}) };
}

function contentOf(body: NonNullable<Described['body']>, sample: Sample | undefined): Schema {
  return Object.fromEntries(
    Object.entries(body).map(([type, example]) => [type, sample ? exampleOf(type, example(sample)) : {}]),
  );
}

function response({ says, types }: Answer): Schema {
  const content = mapValues(types, (schema) => (Object.keys(schema).length === 0 ? {} : { schema }));
  return { description: says, ...(Object.keys(content).length === 0 ? {} : { content }) };
}

function refusal(says: string, types: readonly string[]): Schema {
  const schemaOf = (type: string) =>
    type === JSON_PROBLEM ? { schema: { $ref: '#/components/schemas/problem' } } : {};
  return { description: says, content: Object.fromEntries(types.map((type) => [type, schemaOf(type)])) };
}

const [JSON_PROBLEM, CBOR_PROBLEM] = ['application/problem+json', 'application/concise-problem-details+cbor'];
const text: Schema = { type: 'string' };
const PROBLEMS = {
  problem: object({ type: text, title: text, status: { type: 'integer' }, detail: text, code: text, 'rule?': text }),
};

function mapValues<T, U>(map: { readonly [name: string]: T }, change: (value: T) => U): { [name: string]: U } {
  return Object.fromEntries(Object.entries(map).map(([name, value]) => [name, change(value)]));
}
