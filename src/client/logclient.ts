/**
 * Talks to a log over HTTP: submits statements, fetches proofs, reads tiles. Checks nothing of what it gets: that is for
 * `offline.ts`. `fetch` is given, so that tests and other platforms can put their own in. @module
 */
import { concat } from '../core/bytes.ts';
import { type Cbor, type CborMap, Cursor, decode, writeByteStrings } from '../core/cbor.ts';
import { Fault, type FaultCode, messageOf, reasonOf } from '../core/fault.ts';
import type { Get } from '../core/reader.ts';
import { isSize } from '../core/size.ts';
import { isMap, isText, readAnswer } from './answer.ts';

export type Fetch = (url: string, init?: RequestInit) => Promise<Response>;

/** What became of one item of a batch; `location` is where the receipt of one will be that is published late. */
export type BatchOutcome = { readonly receipt: Uint8Array } | { readonly location: string } | { readonly fault: Fault };

/** How long an answer may take: a log without its witnesses answers after three seconds. */
const PATIENCE = 30_000;
/** More than any answer needs: the largest bundle has 16 MiB. */
const MAX_ANSWER = 32 * 1024 * 1024;
/** How often something is asked that the log says to ask again later; and the longest it is waited for, in seconds. */
const ATTEMPTS = 5;
const MAX_WAIT = 10;
/** Sent on, a failure would be that of the second server, and would say nothing of whether the first has it. */
const POST = { method: 'POST', redirect: 'error' } as const;
/** What Node says of an answer that redirects such a request. */
const REDIRECTED = 'unexpected redirect';

const LATE = 'the entry is logged and not published yet: ask again';

const sleepFor = (seconds: number) => new Promise<void>((resolve) => setTimeout(resolve, 1000 * seconds));

export class LogClient {
  readonly #base: string;
  readonly #fetch: Fetch;
  readonly #sleep: (seconds: number) => Promise<void>;
  readonly #attempts: number;

  constructor(base: string, fetch: Fetch, sleep = sleepFor, attempts = ATTEMPTS) {
    this.#base = base.replace(/\/+$/, '');
    this.#fetch = fetch;
    this.#sleep = sleep;
    this.#attempts = attempts;
  }

  /** Reads a resource of the tiled log. Fault `unknown-resource` if it is not there. */
  get get(): Get {
    return (path) => this.#ask(path, {});
  }

  /** Submits a signed statement; answers its offline proof, a `tlog-proof@v1` with the entry as `extra`. */
  async submit(statement: Uint8Array): Promise<Uint8Array> {
    const headers = { 'content-type': 'application/cose', accept: 'text/x.tlog-proof' };
    const { response, body } = await this.#answer('entries', { ...POST, headers, body: statement as BodyInit });
    if (response.status !== 202) return body;
    // Logged for good, and published late: the proof is fetched when it is there.
    const entryId = response.headers.get('location')?.split('/').at(-1);
    if (!entryId) throw new Fault('internal', 'the log took the statement and did not say where its receipt will be');
    return this.proof(entryId).catch((error: unknown) => {
      if (!(error instanceof Fault && error.code === 'request-timeout')) throw error;
      // That it cannot be reached now must not be taken for one that it could not be reached with.
      throw new Fault('unknown-resource', `${LATE}; ${error.message}`, { retryAfter: 1, cause: error });
    });
  }

  /** Submits up to 256 statements at once; they are admitted in order, each on its own. */
  async submitBatch(statements: readonly Uint8Array[]): Promise<BatchOutcome[]> {
    const headers = { 'content-type': 'application/cbor-seq', accept: 'application/cbor-seq' };
    const body = writeByteStrings(statements) as BodyInit;
    const cursor = new Cursor(await this.#ask('entries', { ...POST, headers, body }));
    const outcomes = statements.map(() => toOutcome(cursor.value()));
    cursor.end();
    return outcomes;
  }

  /** The offline proof of a statement by its entry id. Fault `unknown-entry` if the log does not know it. */
  async proof(entryId: string): Promise<Uint8Array> {
    return this.#ask(`entries/${entryId}`, { headers: { accept: 'text/x.tlog-proof' } });
  }

  /**
   * Asks, and asks again when the log says after how long: a log that is full, or an entry that is not published yet.
   * A statement that is sent twice is one entry, so there is no harm in that.
   */
  async #answer(path: string, init: RequestInit): Promise<{ response: Response; body: Uint8Array }> {
    const url = `${this.#base}/${path}`;
    for (let attempt = 1; ; attempt++) {
      const response = await this.#reach(url, init);
      const body = await bodyOf(url, response);
      if (response.ok && response.status !== 204) return { response, body };
      const fault = faultOf(url, response, body);
      const wait = fault.retryAfter;
      if (wait === undefined || wait > MAX_WAIT || attempt >= this.#attempts) throw fault;
      await this.#sleep(wait);
    }
  }

  async #ask(path: string, init: RequestInit): Promise<Uint8Array> {
    return (await this.#answer(path, init)).body;
  }

  async #reach(url: string, init: RequestInit): Promise<Response> {
    try {
      return await this.#fetch(url, { ...init, signal: AbortSignal.timeout(PATIENCE) });
    } catch (error) {
      const isRedirect = error instanceof Error && messageOf(error.cause) === REDIRECTED;
      const why = isRedirect
        ? 'it redirects, and nothing is sent on: give the URL that it redirects to'
        : reasonOf(error);
      throw new Fault('request-timeout', `cannot reach ${url}: ${why}`, { cause: error });
    }
  }
}

/** The body of an answer, which may be at most `MAX_ANSWER` long. */
async function bodyOf(url: string, response: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of response.body ?? []) {
      length += chunk.length;
      if (length > MAX_ANSWER) throw new Fault('too-large', `the answer of ${url} is larger than ${MAX_ANSWER} bytes`);
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw new Fault('request-timeout', `the answer of ${url} broke off: ${messageOf(error)}`);
  }
  return concat(...chunks);
}

function toOutcome(value: Cbor): BatchOutcome {
  const [status, body] = Array.isArray(value) ? (value as readonly Cbor[]) : [];
  if ((status === 200 || status === 201) && body instanceof Uint8Array) return { receipt: body };
  if (status === 202 && typeof body === 'string') return { location: body };
  if (body instanceof Map) return { fault: problemFault(body) };
  throw new Fault('bad-cbor', 'an item of the answer is neither a receipt nor a problem');
}

/** RFC 9110 §10.2.3: seconds, or a date; in seconds from now, one at least. NaN if it is neither. */
function retryAfterIn(headers: Headers): number {
  const text = headers.get('retry-after') ?? '';
  return Math.max(1, /^[0-9]+$/.test(text) ? Number(text) : Math.ceil((Date.parse(text) - Date.now()) / 1000));
}

/** What the log said, with the code that goes with its status. */
function faultOf(url: string, { status, headers }: Response, body: Uint8Array): Fault {
  const retry = retryAfterIn(headers);
  const detail = Number.isFinite(retry) ? { retryAfter: retry } : {};
  if (status === 204) {
    return new Fault('unknown-resource', `${LATE} at ${url}`, { retryAfter: 1, ...detail });
  }
  const type = headers.get('content-type') ?? '';
  const problem = /concise-problem/.test(type)
    ? problemIn(body)
    : /problem\+json/.test(type)
      ? jsonIn(body)
      : undefined;
  if (problem) return problemFault(problem, detail);
  const text = new TextDecoder().decode(body.subarray(0, 500)).trim();
  return new Fault(codeOf(status), `${url} answered ${status}: ${text}`, detail);
}

function problemIn(body: Uint8Array): CborMap | undefined {
  try {
    const problem = decode(body);
    return problem instanceof Map ? problem : undefined;
  } catch (error) {
    if (error instanceof Fault) return undefined;
    throw error;
  }
}

/** RFC 9457 problem details, under the keys of RFC 9290. */
function jsonIn(body: Uint8Array): CborMap | undefined {
  try {
    const isProblem = isMap({ title: isText, detail: isText, status: isSize });
    const { title, detail, status } = readAnswer(body, 'problem', isProblem);
    return new Map<number, string | number>([
      [-1, title],
      [-2, detail],
      [-4, status],
    ]);
  } catch (error) {
    if (error instanceof Fault) return undefined;
    throw error;
  }
}

/** RFC 9290 problem details as a Fault. */
function problemFault(problem: CborMap, detail: { retryAfter?: number } = {}): Fault {
  const [title, status] = [problem.get(-1), Number(problem.get(-4) ?? 500)];
  return new Fault(title === 'Frozen' ? 'frozen' : codeOf(status), `${title}: ${problem.get(-2)}`, detail);
}

function codeOf(status: number): FaultCode {
  if (status === 404) return 'unknown-resource';
  if (status === 408) return 'request-timeout';
  if (status === 503 || status === 429) return 'pool-full';
  return status >= 500 ? 'internal' : 'refused';
}
