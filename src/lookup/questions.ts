/**
 * What can be asked, as data: the path of each question and its parameters, from which requests are checked, and what a
 * page about them can be made from. The answers are in `answers.ts`. @module
 */
import { Fault } from '../core/fault.ts';
import { parseSize } from '../core/size.ts';
import type { KindName } from '../registry/names.ts';
import { PROMISE_STATES } from '../registry/promises.ts';
import { read } from '../registry/read.ts';
import {
  country,
  doc,
  integer,
  type MapNode,
  map,
  type Node,
  oneOf,
  pattern,
  type Schema,
  type TypeOf,
  time,
} from '../registry/schema.ts';
import { count, digest, FILTERS, type FilterName, kid, organisation, owned } from './filters.ts';

/** Rows on a page, if the asker does not say. */
export const USUAL_LIMIT = 32;
const MAX_LIMIT = 256;

const paging = {
  after: doc('Go on after this index, the `next` of the page before.', count),
  limit: doc(
    `How many rows at most; ${USUAL_LIMIT} if it is not said. A page may have fewer and still a \`next\`.`,
    integer(1, MAX_LIMIT),
  ),
};
const proof = doc(
  '1: each entry with a tlog-proof, which says all that is needed to verify it offline. 0: without.',
  oneOf('0', '1'),
);

export type RowsQuestion = {
  readonly about: string;
  readonly kind?: KindName;
  readonly filters: readonly FilterName[];
  readonly params: MapNode;
};

function rows(about: string, kind: KindName | undefined, ...filters: readonly FilterName[]): RowsQuestion {
  const shape = Object.fromEntries(filters.map((name) => [name, FILTERS[name].node as Schema]));
  const params = { ...map({}, { ...shape, ...paging, proof }), closed: true } as const;
  return { about, filters, params, ...(kind === undefined ? {} : { kind }) };
}

/** Questions that are answered with entries, paged by index. */
export const ROWS = {
  builds: rows(
    'Builds.',
    'build',
    'digest',
    'product',
    'version',
    'builder',
    'site',
    'source',
    'key',
    'issuer',
    'about',
  ),
  sites: rows('Sites: declared and retired.', 'site', 'site', 'country', 'issuer'),
  processes: rows('Processes: declared and retired.', 'process', 'process', 'issuer'),
  relocations: rows(
    'Relocations, phase by phase.',
    'relocation',
    'relocation',
    'process',
    'country',
    'site',
    'phase',
    'issuer',
  ),
  attestations: rows('What was found about entries.', 'attestation', 'about', 'claim', 'verdict', 'key', 'issuer'),
  reviews: rows('Reviews of source code.', 'review', 'about', 'source', 'site', 'issuer'),
  withdrawals: rows('Builds that should not be used any more.', 'withdrawal', 'about', 'issuer'),
  corrections: rows('What was wrong, and how long that was known.', 'correction', 'about', 'issuer'),
  disclosures: rows('Requests by authorities.', 'disclosure', 'country', 'issuer'),
  entries: rows('Entries of any kind.', undefined, 'kind', 'issuer', 'subject', 'key', 'about'),
} as const satisfies Record<string, RowsQuestion>;
export type RowsName = keyof typeof ROWS;

const day = pattern(10, /^[2-9]\d{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/, 'a day, like 2018-11-13');

/** Questions with an answer of their own form. */
export const OTHERS = {
  keys: {
    about: 'Keys with their whole history, and what each was at an index.',
    params: map(
      {},
      {
        key: doc('The kid of one key.', kid),
        keyId: owned,
        issuer: organisation,
        purpose: oneOf('build', 'operations', 'supervision', 'rebuild'),
        at: doc('What an entry at this index is judged on; the size of the answer if it is not said.', count),
        ...paging,
        proof,
      },
    ),
  },
  verdict: {
    about: 'Is this file logged, by which key, and was the key good for it?',
    params: map({ digest }, { issuer: organisation, after: paging.after, proof }),
  },
  residency: {
    about: 'Where were the data of a process about people in a country on a day, and who could reach them from where?',
    params: map({ process: owned, country, on: day }, { proof }),
  },
  promises: {
    about: 'Relocations that were announced: open, kept, late, overdue or cancelled.',
    params: map(
      {},
      {
        issuer: organisation,
        state: oneOf(...PROMISE_STATES),
        asOf: doc('Judge by this clock instead of the last word of the log.', time),
        ...paging,
        proof,
      },
    ),
  },
} as const;
export type OtherName = keyof typeof OTHERS;
export type QuestionName = RowsName | OtherName;
export type ParamsOf<N extends OtherName> = TypeOf<(typeof OTHERS)[N]['params']>;
/** Of a question about rows: filters by name, and where to go on. */
export type RowsParams = { readonly [F in FilterName]?: never } & {
  readonly after?: number;
  readonly limit?: number;
  readonly proof?: '0' | '1';
};

export const QUESTION_NAMES = [...Object.keys(ROWS), ...Object.keys(OTHERS)] as QuestionName[];

export function isRows(name: QuestionName): name is RowsName {
  return Object.hasOwn(ROWS, name);
}

export function questionOf(name: QuestionName): { readonly about: string; readonly params: MapNode } {
  return isRows(name) ? ROWS[name] : OTHERS[name];
}

/** Reads the parameters of a request. Fault `bad-request` names the one that is wrong, and what it should be. */
export function readParams(name: QuestionName, query: URLSearchParams): object {
  const { params } = questionOf(name);
  const given = new Map<string, string | number>();
  for (const [field, value] of query) {
    const node = params.fields.get(field)?.node;
    if (node === undefined)
      bad(`there is no parameter ${field.slice(0, 40)}: there are ${[...params.fields.keys()].join(', ')}`);
    if (given.has(field)) bad(`${field} is given twice`);
    given.set(field, node.type === 'integer' ? parseCount(field, value) : value);
  }
  return readGiven(params, given);
}

function readGiven(params: Node, given: ReadonlyMap<string, string | number>): object {
  try {
    return read(params as Schema<object>, given as Map<string, string>).value;
  } catch (error) {
    if (error instanceof Fault && error.code === 'refused') bad(error.message);
    throw error;
  }
}

function parseCount(field: string, value: string): number {
  if (/^(?:0|[1-9][0-9]{0,15})$/.test(value)) return parseSize(value, 'bad-request');
  return bad(`${field} must be a decimal integer`);
}

function bad(message: string): never {
  throw new Fault('bad-request', message);
}
