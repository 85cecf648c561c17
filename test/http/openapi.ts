/** Reads `/openapi.json` as a client would that knows nothing else: requests from it, and what answers may look like. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import * as assert from 'uvu/assert';

export type Parameter = {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required: boolean;
  readonly schema: Schema;
  readonly example?: string;
};
export type Schema = { readonly [keyword: string]: unknown };
type Media = { readonly schema?: Schema; readonly example?: string; readonly 'x-example-base64'?: string };
export type Operation = {
  readonly summary: string;
  readonly parameters: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, Media>> };
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, Media>> }>>;
};
export type Document = {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
};
export type Answer = { readonly status: number; readonly type: string; readonly body: Uint8Array };

export type Call = { readonly path: string; readonly method: string; readonly operation: Operation };

export class OpenApi {
  readonly document: Document;
  readonly calls: readonly Call[];
  readonly #ajv: Ajv2020;

  constructor(document: Document) {
    this.document = document;
    this.calls = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
    );
    this.#ajv = new Ajv2020({ strict: false, allErrors: false, validateFormats: false });
    this.#ajv.addSchema(document, 'openapi.json');
  }

  /** Why an answer is not one that is documented for a call; undefined if it is. */
  wrong({ path, method, operation }: Call, { status, type, body }: Answer): string | undefined {
    const name = String(status) in operation.responses ? String(status) : `${Math.floor(status / 100)}XX`;
    const response = operation.responses[name];
    const where = `${method} ${path} ${status}`;
    if (!response) return `${where} is not documented`;
    const media = type.split(';')[0] ?? '';
    if (response.content === undefined) return body.length === 0 ? undefined : `${where} should have no body`;
    const found = response.content[media];
    if (!found) return `${where} comes as ${media}, not as ${Object.keys(response.content)}`;
    if (!found.schema) return undefined;
    const steps = ['paths', path, method.toLowerCase(), 'responses', name, 'content', media, 'schema'];
    const pointer = steps.map((step) => encodeURIComponent(step.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/');
    const validate = this.#ajv.getSchema(`openapi.json#/${pointer}`);
    assert.ok(validate, `${where}: there is no schema`);
    return validate(JSON.parse(new TextDecoder().decode(body)))
      ? undefined
      : `${where}: ${this.#ajv.errorsText(validate.errors)}`;
  }
}

/** The path and query of a request; `value` gives that of each parameter, undefined to leave it out. */
export function targetOf({ path, operation }: Call, value: (parameter: Parameter) => string | undefined): string {
  const query: string[] = [];
  let target = path;
  for (const parameter of operation.parameters) {
    const given = value(parameter);
    if (parameter.in === 'path')
      target = target.replace(`{${parameter.name}}`, () => (given ?? '').replace(/[^!-~]/gu, encodeURIComponent));
    else if (parameter.in === 'query' && given !== undefined) {
      query.push(`${parameter.name}=${encodeURIComponent(given)}`);
    }
  }
  return query.length === 0 ? target : `${target}?${query.join('&')}`;
}

/** The bytes of the example of a body. */
export function exampleBytes({ example, 'x-example-base64': base64 }: Media): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(base64 === undefined ? Buffer.from(example ?? '') : Buffer.from(base64, 'base64'));
}
