/** What commands get from other servers by `fetch`, none of it larger than it may be. @module */
import type { Post } from '../log/cosign.ts';
import type { Fetched } from '../log/witnessing.ts';

/** More than any witness has to say. */
const MAX_ANSWER = 64 * 1024;
const MAX_CHECKPOINT = 128 * 1024;

const posting =
  (headers: Record<string, string>): Post =>
  async (url, body, signal) => {
    const init = { method: 'POST', body: body as BodyInit, headers, redirect: 'manual', signal } as const;
    return until(signal, async () => {
      const response = await fetch(url, init);
      const type = response.headers.get('content-type') ?? '';
      return { status: response.status, type, body: await readAtMost(response, MAX_ANSWER) };
    });
  };
export const post = posting({});
/** SPEC (tlog-mirror): a body of add-entries is application/octet-stream. */
export const postBytes = posting({ 'content-type': 'application/octet-stream' });

export const get: Fetched = (url, signal) =>
  until(signal, async () => {
    const response = await fetch(url, { signal });
    const body = await readAtMost(response, MAX_CHECKPOINT);
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

export async function readAtMost(response: Response, max: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > max) throw new Error(`it is larger than ${max} bytes`);
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}
