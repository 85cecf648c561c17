/**
 * Talks to a log over HTTP: submits statements, fetches proofs, reads tiles. Believes nothing it has not checked with
 * `verify.ts`. `fetch` is given, so that tests and other platforms can put their own in. @module
 */
import { type Cbor, type CborMap, Cursor, decode, writeByteStrings } from '../core/cbor.ts';
import { Fault, type FaultCode, messageOf } from '../core/fault.ts';
import type { Get } from '../core/reader.ts';

export type Fetch = (url: string, init?: RequestInit) => Promise<Response>;

/** What became of one item of a batch. */
export type BatchOutcome = { readonly receipt: Uint8Array } | { readonly fault: Fault };

/** How long an answer may take: a log without its witnesses answers after three seconds. */
const PATIENCE = 30_000;

export class LogClient {
  readonly #base: string;
  readonly #fetch: Fetch;

  constructor(base: string, fetch: Fetch) {
    this.#base = base.replace(/\/+$/, '');
    this.#fetch = fetch;
  }

  /** Reads a resource of the tiled log. Fault `unknown-resource` if it is not there. */
  get get(): Get {
    return async (path) => bytesOf(await this.#ask(path, {}));
  }

  /** Submits a signed statement; answers its offline proof, a `tlog-proof@v1` with the entry as `extra`. */
  async submit(statement: Uint8Array): Promise<Uint8Array> {
    const headers = { 'content-type': 'application/cose', accept: 'text/x.tlog-proof' };
    return bytesOf(await this.#ask('entries', { method: 'POST', headers, body: statement as BodyInit }));
  }

  /** Submits up to 256 statements at once; they are admitted in order, each on its own. */
  async submitBatch(statements: readonly Uint8Array[]): Promise<BatchOutcome[]> {
    const headers = { 'content-type': 'application/cbor-seq', accept: 'application/cbor-seq' };
    const body = writeByteStrings(statements) as BodyInit;
    const answer = await bytesOf(await this.#ask('entries', { method: 'POST', headers, body }));
    const cursor = new Cursor(answer);
    const outcomes = statements.map(() => toOutcome(cursor.value()));
    cursor.end();
    return outcomes;
  }

  /** The offline proof of a statement by its entry id. Fault `unknown-entry` if the log does not know it. */
  async proof(entryId: string): Promise<Uint8Array> {
    return bytesOf(await this.#ask(`entries/${entryId}`, { headers: { accept: 'text/x.tlog-proof' } }));
  }

  async #ask(path: string, init: RequestInit): Promise<Response> {
    const url = `${this.#base}/${path}`;
    const response = await this.#reach(url, init);
    if (response.ok && !isLate(response.status)) return response;
    throw await faultOf(url, response);
  }

  async #reach(url: string, init: RequestInit): Promise<Response> {
    try {
      return await this.#fetch(url, { ...init, signal: AbortSignal.timeout(PATIENCE) });
    } catch (error) {
      const cause = error instanceof Error && error.cause ? `: ${messageOf(error.cause)}` : '';
      throw new Fault('request-timeout', `cannot reach ${url}: ${messageOf(error)}${cause}`);
    }
  }
}

async function bytesOf(response: Response): Promise<Uint8Array> {
  return new Uint8Array(await response.arrayBuffer());
}

function toOutcome(value: Cbor): BatchOutcome {
  const [status, body] = Array.isArray(value) ? (value as readonly Cbor[]) : [];
  if (status === 201 && body instanceof Uint8Array) return { receipt: body };
  if (isLate(status)) return { fault: late() };
  if (body instanceof Map) return { fault: problemFault(body) };
  throw new Fault('bad-cbor', 'an item of the answer is neither a receipt nor a problem');
}

/** 202 to a submission and 204 to a question: the entry is certain, and its proof is not there yet. */
function isLate(status: Cbor | undefined): boolean {
  return status === 202 || status === 204;
}

function late(): Fault {
  return new Fault('unknown-resource', 'the entry is logged and not published yet: ask again', { retryAfter: 1 });
}

/** What the log said, with the code that goes with its status. */
async function faultOf(url: string, response: Response): Promise<Fault> {
  const { status } = response;
  if (isLate(status)) return late();
  const body = await bytesOf(response);
  const retry = Number(response.headers.get('retry-after') ?? Number.NaN);
  const detail = Number.isFinite(retry) ? { retryAfter: retry } : {};
  if (/concise-problem/.test(response.headers.get('content-type') ?? '')) {
    const problem = decode(body);
    if (problem instanceof Map) return problemFault(problem, detail);
  }
  const text = new TextDecoder().decode(body.subarray(0, 500)).trim();
  return new Fault(codeOf(status), `${url} answered ${status}: ${text}`, detail);
}

/** RFC 9290 problem details as a Fault. */
function problemFault(problem: CborMap, detail: { retryAfter?: number } = {}): Fault {
  const status = Number(problem.get(-4) ?? 500);
  return new Fault(codeOf(status), `${problem.get(-1)}: ${problem.get(-2)}`, detail);
}

function codeOf(status: number): FaultCode {
  if (status === 404) return 'unknown-resource';
  if (status === 503) return 'pool-full';
  return status >= 500 ? 'internal' : 'refused';
}
