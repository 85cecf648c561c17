/** Asks a log for bytes and JSON over HTTP. Checks nothing: that is for those who ask. @module */
import { type Is, readAnswer } from '../client/answer.ts';
import { Fault, type FaultCode, messageOf } from '../core/fault.ts';
import type { Get } from '../core/reader.ts';

/** How long an answer may take, in milliseconds. */
const PATIENCE = 30_000;

/** Reads below a base URL, which ends with a slash. Nothing comes from the browser's cache that may have changed. */
export function getter(base: string): Get {
  return async (path) => {
    const url = new URL(path, base).href;
    const response = await reach(url);
    const body = new Uint8Array(await response.arrayBuffer());
    if (response.ok) return body;
    throw new Fault(codeOf(response.status), reasonOf(url, response.status, body));
  };
}

/** What stands in front of a log that is away answers for it, and a log that is too busy says so. */
function codeOf(status: number): FaultCode {
  if (status === 404) return 'unknown-resource';
  return status >= 500 || status === 429 ? 'pool-full' : 'refused';
}

async function reach(url: string): Promise<Response> {
  try {
    return await fetch(url, { signal: AbortSignal.timeout(PATIENCE), referrerPolicy: 'no-referrer' });
  } catch (error) {
    throw new Fault(
      'request-timeout',
      `The log does not answer at ${url} (${messageOf(error)}). Check the connection and try again.`,
    );
  }
}

/** What a problem says, RFC 9457; or as much as one line holds. */
function reasonOf(url: string, status: number, body: Uint8Array): string {
  const text = new TextDecoder().decode(body.subarray(0, 2000)).trim();
  try {
    const { detail, title } = JSON.parse(text) as { detail?: string; title?: string };
    return `The log answered ${status}: ${detail ?? title ?? text}`;
  } catch {
    return `The log answered ${status} at ${url}: ${text.slice(0, 200)}`;
  }
}

/** A JSON object of a shape, strictly read. */
export function jsonOf<T extends object>(bytes: Uint8Array, is: Is<T>): T {
  return readAnswer(bytes, 'JSON object of the shape that these pages read', is);
}
