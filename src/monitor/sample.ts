/**
 * Samples what the lookup of a log claims: a few questions a round, at random, about entries that were replayed, each
 * answer held against what the entries say. A lookup that fails or is not there is no finding, nor is one that lags for
 * less than an hour. What is found convicts nobody, since answers are not signed; those who rely on them should hear of
 * it all the same. @module
 */
import { fromUtf8 } from '../core/bytes.ts';
import { Fault } from '../core/fault.ts';
import { isSize } from '../core/size.ts';
import type { Chronicle, Step } from '../registry/chronicle.ts';
import type { Ledger } from '../registry/ledger.ts';
import { readPayload } from '../registry/payload.ts';
import type { Term } from '../registry/terms.ts';
import { type Entry, nameOf, type Table } from '../registry/view.ts';
import type { Finding } from './alert.ts';
import {
  type Answer,
  type Difference,
  keyDifferences,
  mentionDifferences,
  rowDifferences,
  verdictDifferences,
} from './claims.ts';
import { NoCopy } from './copies.ts';
import { promiseDifferences, residencyDifferences } from './moveclaims.ts';
import type { Ask } from './peers.ts';
import { buildOf, type Digest, digestsIn, type Question, questionsAbout } from './questions.ts';

/** The log as far as it was looked at: a reader of entries, each authenticated, and the registry with its past. */
export type Replayed = {
  readonly size: number;
  readonly chronicle: Chronicle;
  entry(index: number): Promise<Entry>;
};

export type SamplerParts = {
  readonly origin: string;
  /** Where the lookup answers below `/v1/`; no slash at its end. */
  readonly url: string;
  readonly ask: Ask;
  readonly clock: () => Date;
  readonly pick: (below: number) => number;
  readonly tell: (finding: Finding) => void;
  /** Told of a lookup that does not answer, or answers what cannot be used. */
  readonly failed: (source: string, why: string) => void;
};

/** Entries that are asked about in a round: of those that are new, and of all. */
const NEW = 4;
const OLD = 4;
/** Rows of one answer. */
const ROWS = 3;
/** How far a lookup may lag, in milliseconds; the log's clock ticks once an hour while it grows. */
const LAG = 3_600_000;
/** Differences that an alert lists. */
const LISTED = 10;

export class Sampler {
  readonly #parts: SamplerParts;

  constructor(parts: SamplerParts) {
    this.#parts = parts;
  }

  /** Asks about entries of the log; those from `from` on are new. */
  async sample(log: Replayed, from: number): Promise<void> {
    const { pick, failed, url } = this.#parts;
    const some = (count: number, lo: number) =>
      Array.from({ length: lo < log.size ? count : 0 }, () => lo + pick(log.size - lo));
    try {
      // It needs no entry: where there is no lookup, none is read in vain.
      await this.#askKey(log);
      await this.#askMove(log);
      for (const index of new Set([...some(NEW, from), ...some(OLD, 0)])) {
        const entry = await readable(log, index);
        if (!entry) continue;
        await this.#askRows(log, entry);
        await this.#askVerdict(log, entry);
      }
    } catch (error) {
      if (error instanceof NoCopy) return; // told by whoever read it
      if (!(error instanceof Fault)) throw error;
      if (error.code !== 'unknown-resource') failed(`${url}/v1/`, error.message);
    }
  }

  async #askKey(log: Replayed): Promise<void> {
    const { pick } = this.#parts;
    const kids = [...log.chronicle.ids('key')];
    if (kids.length === 0) return;
    const [kid, at] = [kids[pick(kids.length)] as string, pick(log.size + 1)];
    const question = `keys?key=${kid}&at=${at}&proof=0`;
    const answer = await this.#ask(question, log);
    if (answer) this.#judge('keys', question, answer, keyDifferences(answer, kid, at, log));
  }

  /** Where the data of a relocation were on a day of one of its phases; and what became of it, if it was promised. */
  async #askMove(log: Replayed): Promise<void> {
    const { pick, clock } = this.#parts;
    const names = [...log.chronicle.ids('relocation')];
    if (names.length === 0) return;
    const relocation = names[pick(names.length)] as string;
    const steps = log.chronicle.steps('relocation', relocation);
    const { organisation, scope } = (steps[0] as (typeof steps)[number]).row;
    const phase = await readable(log, (steps[pick(steps.length)] as (typeof steps)[number]).index);
    if (phase === undefined) return;
    const { effectiveAt } = readPayload('relocation', phase.statement.payload).value;
    const country = scope.subjectCountries[pick(scope.subjectCountries.length)] as string;
    const where = { process: nameOf(organisation, scope.process), country, on: effectiveAt.slice(0, 10) };
    const asked = `residency?${new URLSearchParams({ ...where, proof: '0' })}`;
    const told = await this.#ask(asked, log);
    if (told) this.#judge('residency', asked, told, await residencyDifferences(told, where, log));
    const [first] = steps;
    if (first?.row.phase !== 'announced') return;
    const promise = { announced: first.index, relocation, asOf: `${clock().toISOString().slice(0, 19)}Z` };
    const paging = { ...after(first.index), limit: '1', asOf: promise.asOf, proof: '0' };
    const question = `promises?${new URLSearchParams(paging)}`;
    const answer = await this.#ask(question, log);
    if (answer) this.#judge('promises', question, answer, await promiseDifferences(answer, promise, log));
  }

  async #askRows(log: Replayed, entry: Entry): Promise<void> {
    const about = questionsAbout(entry);
    const { page, parameter, value, term } = about[this.#parts.pick(about.length)] as Question;
    const paging = { ...after(entry.index), limit: String(ROWS), proof: '0' };
    const question = `${page}?${new URLSearchParams({ [parameter]: value, ...paging })}`;
    const answer = await this.#ask(question, log);
    if (!answer || answer.size <= entry.index) return;
    const found = await rowDifferences(answer, entry, term, log.size, log.entry);
    this.#judge('rows', question, answer, found);
  }

  /** The verdict on an entry that is a build, or on the build that it is about. */
  async #askVerdict(log: Replayed, entry: Entry): Promise<void> {
    const index = buildOf(entry);
    const build = index === undefined ? undefined : await readable(log, index);
    const digests = build ? digestsIn(build) : [];
    if (!build || digests.length === 0) return;
    const digest = digests[this.#parts.pick(digests.length)] as Digest;
    const question = `verdict?${new URLSearchParams({ digest: digest.name, ...after(build.index), proof: '0' })}`;
    const answer = await this.#ask(question, log);
    if (!answer || answer.size <= entry.index) return;
    const ledger = await ledgerOf(log, build, digest.term);
    this.#judge('verdict', question, answer, [
      ...verdictDifferences(answer, digest.name, build, ledger),
      ...(entry.index === build.index ? [] : mentionDifferences(answer, entry)),
    ]);
  }

  /** Undefined if it refuses the question, as one that lags does. Fault if it does not answer. */
  async #ask(question: string, log: Replayed): Promise<Answer | undefined> {
    const { ask, url } = this.#parts;
    const { status, body } = await ask(`${url}/v1/${question}`);
    if (status === 400) return undefined;
    // It answers so as well to one who asks about a process that it has not heard of yet.
    if (status === 404 && question.startsWith('residency')) return undefined;
    if (status === 404) throw new Fault('unknown-resource', 'there is no lookup');
    if (status !== 200) throw new Fault('internal', `it answers ${status}`);
    const answer = parse(body);
    if (typeof answer !== 'object' || answer === null || !isSize((answer as Partial<Answer>).size)) {
      throw new Fault('bad-request', 'the answer names no size that it holds for');
    }
    this.#judgeLag(answer as Answer, log);
    return answer as Answer;
  }

  /** What it never covers, it never has to answer for. How long it lags is told by the log's own clock. */
  #judgeLag({ size }: Answer, { chronicle, size: looked }: Replayed): void {
    const { origin, url, clock, tell } = this.#parts;
    const missed = firstFrom(chronicle.steps('heartbeat', ''), size);
    if (missed === undefined || clock().getTime() - Date.parse(missed.row.at) < LAG) return;
    tell({
      kind: 'stale',
      rule: 'lookup',
      subject: clock().toISOString().slice(0, 10),
      summary: `the lookup of ${origin} answers for ${size} of ${looked} entries, and so for nothing that was logged since ${missed.row.at}`,
      detail: { url: `${url}/v1/`, size, looked, missing: missed.index, since: missed.row.at },
    });
  }

  /** Told once a day for each sort of question: one lie is enough to stop believing the others. */
  #judge(sort: string, question: string, { size }: Answer, found: readonly Difference[]): void {
    const [first] = found;
    if (!first) return;
    const { origin, url, clock, tell } = this.#parts;
    tell({
      kind: 'index-mismatch',
      rule: sort,
      subject: clock().toISOString().slice(0, 10),
      summary: `the lookup of ${origin} answers what the entries do not say: ${first.at} is ${first.claimed}, not ${JSON.stringify(first.derived).slice(0, 100)}`,
      detail: { question: `${url}/v1/${question}`, size, differences: found.slice(0, LISTED) },
    });
  }
}

/** The first step at or after an index: most look for the end. */
function firstFrom<T extends Table>(steps: readonly Step<T>[], index: number): Step<T> | undefined {
  let first: Step<T> | undefined;
  for (let i = steps.length - 1; i >= 0 && (steps[i] as Step<T>).index >= index; i--) first = steps[i];
  return first;
}

function parse(body: Uint8Array): unknown {
  try {
    return JSON.parse(fromUtf8(body, 'bad-request'));
  } catch {
    throw new Fault('bad-request', 'the answer is not JSON');
  }
}

/** `after` of a page that begins with an entry. */
function after(index: number): { after?: string } {
  return index === 0 ? {} : { after: String(index - 1) };
}

/** An entry; undefined if it is no statement, or beyond what was looked at, which only a log that breaks its rules names. */
async function readable(log: Replayed, index: number): Promise<Entry | undefined> {
  if (index >= log.size) return undefined;
  try {
    return await log.entry(index);
  } catch (error) {
    if (error instanceof Fault) return undefined;
    throw error;
  }
}

/** What a verdict on one build is derived from: the registry with its past, the build, and what it refers to. */
async function ledgerOf(log: Replayed, build: Entry, term: Term): Promise<Ledger> {
  const { refs } = readPayload('build', build.statement.payload);
  const earlier = await Promise.all(refs.map(({ index }) => readable(log, index)));
  const known = new Map([build, ...earlier].flatMap((entry) => (entry ? [[entry.index, entry] as const] : [])));
  return {
    size: log.size,
    chronicle: log.chronicle,
    entry: (index) => known.get(index),
    rootAt: () => undefined,
    find: (terms) => (terms.includes(term) ? [build.index] : []),
    between: () => ({}),
  };
}
