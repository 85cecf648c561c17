/**
 * `GET /v1/…`: the questions that the lookup answers, as JSON. The parameters are checked here, against the table of the
 * question; the answer is made in the lookup's own thread, and says the tree size that it holds for. @module
 */
import { utf8 } from '../core/bytes.ts';
import { Fault } from '../core/fault.ts';
import type { LogHandle } from '../log/handle.ts';
import { describeQuestion } from '../lookup/describe.ts';
import type { LookupHandle } from '../lookup/handle.ts';
import { QUESTION_NAMES, type QuestionName, readParams } from '../lookup/questions.ts';
import { answers, type Described, inPath } from './describe.ts';
import { checkEscapes } from './query.ts';
import { asJson, type Handler, noBody, type Route } from './route.ts';
import { maybeCompressed, open, publishedOf } from './tiles.ts';

/** How long a question waits for the publication and the lookup of what was acknowledged before it, in milliseconds. */
const PATIENCE = 2000;

export type QueryParts = { readonly log: LogHandle; readonly lookup: LookupHandle };

/** One route for each question, by its name. */
export function queryRoutes(parts: QueryParts): Route[] {
  const get = { method: 'GET', form: asJson, limit: noBody, hot: false } as const;
  const routes = QUESTION_NAMES.map((name) => ({
    ...get,
    path: `/v1/${name}`,
    handler: queryHandler(parts, name),
    described: described(name),
  }));
  return [...routes, { ...get, path: '/v1/*', handler: unknownHandler, described: UNKNOWN }];
}

/** The first build that names the digest of a file, asked as `/v1/builds` would be. */
export function buildFinder({ log, lookup }: QueryParts): (digest: string) => Promise<number | undefined> {
  return async (digest) => {
    const params = readParams('builds', new URLSearchParams({ digest, limit: '1' }));
    const body = await lookup.ask('builds', params, publishedOf(log).head.size, PATIENCE);
    const { rows } = JSON.parse(body) as { rows: readonly { readonly index: number }[] };
    return rows[0]?.index;
  };
}

function described(name: QuestionName): Described {
  const { about, parameters, answer, definitions } = describeQuestion(name, '#/components/schemas/');
  return {
    summary: about,
    parameters: parameters.map(({ name: parameter, required, schema }) => {
      const { description = '', ...own } = schema;
      const example = EXAMPLES[name]?.[parameter];
      return {
        name: parameter,
        in: 'query',
        says: String(description),
        required,
        schema: own,
        ...(example && { example }),
      };
    }),
    answers: answers('What the entries say', 'application/json', answer),
    definitions,
  };
}

/** Values that every log can be asked about; where there is no such process, it says so. */
const EXAMPLES: { readonly [name in QuestionName]?: { readonly [parameter: string]: () => string } } = {
  entries: { kind: () => 'policy', limit: () => '2', proof: () => '1' },
  verdict: { digest: () => `sha256:${'0'.repeat(64)}` },
  residency: { process: () => 'acme/telemetry', country: () => 'CH', on: () => '2019-01-31' },
};

const UNKNOWN: Described = {
  summary: 'Says which questions there are.',
  parameters: [inPath('rest', 'No question', { type: 'string' }, () => 'anything')],
  answers: {},
};

function unknownHandler(): never {
  const all = QUESTION_NAMES.map((name) => `/v1/${name}`).join(', ');
  throw new Fault('unknown-resource', `there is no such question; there are ${all}`);
}

function queryHandler({ log, lookup }: QueryParts, name: QuestionName): Handler {
  return async (ask) => {
    // Refused before it waits for anything.
    checkEscapes(ask.query);
    const params = readParams(name, new URLSearchParams(ask.query));
    await log.caughtUp(PATIENCE);
    const body = await lookup.ask(name, params, publishedOf(log).head.size, PATIENCE);
    // The proofs of one answer lead to one checkpoint, and repeat it.
    const headers = { 'content-type': 'application/json', 'cache-control': 'no-cache', ...open };
    return maybeCompressed(ask, utf8(body), headers);
  };
}
