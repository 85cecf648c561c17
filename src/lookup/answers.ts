/** Answers to the questions of `questions.ts`, as the JSON that is sent. @module */
import { toHex } from '../core/bytes.ts';
import { Fault, must } from '../core/fault.ts';
import type { Interval, Mark } from '../registry/interval.ts';
import { keysOf } from '../registry/keyhistory.ts';
import { type Ledger, readEntry } from '../registry/ledger.ts';
import { promisesOf } from '../registry/promises.ts';
import { citedByMove, residencyOf } from '../registry/residency.ts';
import { TERM, type Term } from '../registry/terms.ts';
import { isTime, secondsBetween } from '../registry/time.ts';
import { citedBy, verdictOf } from '../registry/verdict.ts';
import type { Catalogue } from './catalogue.ts';
import { FILTERS } from './filters.ts';
import type { ProofSource } from './ports.ts';
import {
  isRows,
  type OtherName,
  type ParamsOf,
  type QuestionName,
  ROWS,
  type RowsName,
  type RowsParams,
  USUAL_LIMIT,
} from './questions.ts';
import { type Row, rowOf } from './rows.ts';

/** Entries with their proofs in one answer. All that is cited can also be asked for one by one. */
const MOST_CITED = 512;
/** Announcements that are judged for one page, if most are not of the state that is asked for. */
const MOST_JUDGED = 256;

/** Answers a question whose parameters have been read. */
export function answer(catalogue: Catalogue, tree: ProofSource, name: QuestionName, params: object): object {
  const { size, root } = tree.head;
  const body = isRows(name)
    ? answerRows(catalogue, tree, name, params as RowsParams)
    : OTHER_ANSWERS[name](catalogue, tree, params as never);
  // The entries that the answer holds for, and the tree that its proofs lead to.
  return { size: catalogue.size, tree: { size, root: toHex(root) }, ...body };
}

function answerRows(catalogue: Catalogue, tree: ProofSource, name: RowsName, params: RowsParams): object {
  const { kind, filters } = ROWS[name] as { kind?: 'build'; filters: readonly (keyof typeof FILTERS)[] };
  const given = filters.filter((filter) => params[filter] !== undefined);
  const terms: Term[] = given.map((filter) => FILTERS[filter].term(params[filter] as never, kind));
  if (kind !== undefined) terms.push(TERM.kind(kind));
  const { from, limit } = pageOf(params);
  const { found, next } = terms.length === 0 ? everything(catalogue, from, limit) : catalogue.page(terms, from, limit);
  const rows = found.map((index) => rowOf(catalogue, index, params.proof === '1' ? tree : undefined));
  return { rows: name === 'corrections' ? rows.map((row) => withKnown(catalogue, row)) : rows, ...nextOf(next) };
}

function everything({ size }: Catalogue, from: number, limit: number) {
  const to = Math.min(size, from + limit);
  return {
    found: Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i),
    next: to < size ? to : undefined,
  };
}

function pageOf({ after, limit }: { readonly after?: number | undefined; readonly limit?: number | undefined }) {
  return { from: after === undefined ? 0 : after + 1, limit: limit ?? USUAL_LIMIT };
}

/** `next` is what `after` takes: the page goes on behind it. */
const nextOf = (from: number | undefined): { next?: number } => (from === undefined ? {} : { next: from - 1 });

/** How long the truth was known before it was told: from what the issuer says to what checkpoints show. */
function withKnown(ledger: Ledger, row: Row): object {
  const { knownSince, ref } = readEntry(ledger, row.index, 'correction').payload;
  const bounds = ({ time }: Mark) => (time === undefined ? undefined : secondsBetween(knownSince, time));
  const { from, to }: Interval = row.between;
  return {
    ...row,
    wrong: { index: ref.index, leafHash: toHex(ref.leafHash), between: ledger.between(ref.index) },
    knownForSeconds: { atLeast: from && bounds(from), atMost: to && bounds(to) },
  };
}

/** The rows of what an answer cites, each once. */
function cited(catalogue: Catalogue, tree: ProofSource, indexes: Iterable<number>, proof: '0' | '1' = '1') {
  const all = [...new Set(indexes)].sort((a, b) => a - b);
  const entries = all.slice(0, MOST_CITED).map((index) => rowOf(catalogue, index, proof === '1' ? tree : undefined));
  return { entries, ...(all.length > MOST_CITED ? { entriesLeftOut: all.slice(MOST_CITED) } : {}) };
}

const corrected = (all: readonly { readonly correction: number; readonly wrong: number }[]) =>
  all.flatMap(({ correction, wrong }) => [wrong, correction]);

const OTHER_ANSWERS: {
  readonly [N in OtherName]: (catalogue: Catalogue, tree: ProofSource, params: ParamsOf<N>) => object;
} = {
  keys(catalogue, tree, { key, at, after, limit, proof = '0', ...filter }) {
    if (at !== undefined && at > catalogue.size) {
      throw new Fault('bad-request', `at is ${at}, and the answer holds for ${catalogue.size} entries`);
    }
    const page = pageOf({ after, limit });
    const keys = keysOf(catalogue, { ...filter, kid: key }, page.from, page.limit, at);
    const indexes = keys.flatMap(({ history }) => history.flatMap(({ by }) => by));
    return {
      keys,
      ...nextOf(keys.length === page.limit ? (keys.at(-1)?.enrolled as number) + 1 : undefined),
      ...cited(catalogue, tree, indexes, proof),
    };
  },

  verdict(catalogue, tree, { digest, proof, ...scope }) {
    const verdict = verdictOf(catalogue, digest, scope);
    const indexes = [...verdict.builds.flatMap(citedBy), ...corrected(verdict.corrections)];
    return { ...verdict, ...nextOf(verdict.next), ...cited(catalogue, tree, indexes, proof) };
  },

  residency(catalogue, tree, { process, country, on, proof }) {
    if (catalogue.chronicle.steps('process', process).length === 0) {
      throw new Fault('unknown-resource', `no process ${process} is declared in the first ${catalogue.size} entries`);
    }
    if (!isTime(`${on}T00:00:00Z`)) {
      throw new Fault('bad-request', `on must be a day of the calendar, and ${on} is none`);
    }
    const residency = residencyOf(catalogue, process, country, on);
    const declared = catalogue.chronicle.steps('process', process).flatMap(({ by }) => by);
    const moves = residency.relocations.flatMap(citedByMove);
    return {
      ...residency,
      ...cited(catalogue, tree, [...declared, ...moves, ...corrected(residency.corrections)], proof),
    };
  },

  promises(catalogue, tree, { issuer, state, asOf, proof, ...paging }) {
    const { from, limit } = pageOf(paging);
    const promises: ReturnType<typeof promisesOf> = [];
    let at = from;
    for (let judged = 0; promises.length < limit && judged < MOST_JUDGED; judged++) {
      const [promise] = promisesOf(catalogue, at, 1, asOf);
      if (promise === undefined) {
        at = catalogue.size;
        break;
      }
      at = promise.announced + 1;
      const isWanted = issuer === undefined || promise.relocation.startsWith(`${issuer}/`);
      if (isWanted && (state === undefined || promise.state === state)) promises.push(promise);
    }
    const indexes = promises.flatMap(({ phases, attested, corrections }) => [
      ...[...phases, ...attested.attestations].map(({ index }) => index),
      ...corrected(corrections),
    ]);
    must(at <= catalogue.size, 'a promise lies beyond what is covered');
    return {
      promises,
      ...nextOf(at < catalogue.size ? at : undefined),
      ...cited(catalogue, tree, indexes, proof),
    };
  },
};
