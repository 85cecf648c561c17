/** What commands get from other servers and post to them, none of it larger than it may be. @module */
import { once } from 'node:events';
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Fetched } from '../log/accused.ts';
import type { Post } from '../log/cosign.ts';
import type { WitnessAnswer } from '../log/judge.ts';

/** More than any witness has to say. */
const MAX_ANSWER = 64 * 1024;
const MAX_CHECKPOINT = 128 * 1024;

/** Connections are kept, and reused by the next request to the same server. */
const AGENTS = {
  'http:': { request: httpRequest, agent: new HttpAgent({ keepAlive: true }) },
  'https:': { request: httpsRequest, agent: new HttpsAgent({ keepAlive: true }) },
} as const;

/** Posts by `node:http`, which costs a third of `fetch`: a log asks each witness for every head. Follows no redirect. */
const posting =
  (headers: Record<string, string>): Post =>
  (url, body, signal) =>
    until(signal, () => postOnce(url, body, headers, signal));

async function postOnce(
  url: string,
  body: Uint8Array,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<WitnessAnswer> {
  const { request, agent } = AGENTS[new URL(url).protocol === 'https:' ? 'https:' : 'http:'];
  const length = { 'content-length': body.length };
  const asking = request(url, { method: 'POST', agent, headers: { ...headers, ...length }, signal });
  let response: IncomingMessage;
  try {
    [response] = (await once(asking.end(body), 'response')) as [IncomingMessage];
  } catch (error) {
    // The server ended an idle connection just when it was to be used again.
    if (asking.reusedSocket && isReset(error)) return postOnce(url, body, headers, signal);
    throw error;
  }
  asking.on('error', () => {}); // whoever reads the response is told
  const type = response.headers['content-type'] ?? '';
  return { status: response.statusCode as number, type, body: await readAtMost(response, MAX_ANSWER) };
}

function isReset(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
}

export const post = posting({});
/** SPEC (tlog-mirror): a body of add-entries is application/octet-stream. */
export const postBytes = posting({ 'content-type': 'application/octet-stream' });

export const get: Fetched = (url, signal) =>
  until(signal, async () => {
    const response = await fetch(url, { signal });
    const body = await readAtMost(response.body ?? [], MAX_CHECKPOINT);
    if (!response.ok) throw new Error(`${url} answers ${response.status}`);
    return body;
  });

/**
 * A signal that is aborted after so many milliseconds. A timer holds it: what `AbortSignal.any` makes of one of
 * `AbortSignal.timeout` is collected before and never aborts (seen on Node 20).
 */
export function timeLimit(milliseconds: number): AbortSignal {
  const controller = new AbortController();
  setTimeout(() => controller.abort(new Error('it does not answer in time')), milliseconds).unref();
  return controller.signal;
}

/** Rejects when the signal is aborted, whatever becomes of the work. */
export function until<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    work()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', abort));
  });
}

export async function readAtMost(
  body: AsyncIterable<Uint8Array> | readonly Uint8Array[],
  max: number,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > max) throw new Error(`it is larger than ${max} bytes`);
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}
