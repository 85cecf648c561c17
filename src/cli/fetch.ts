/** Reads a log over HTTP for the commands: answers become bytes, and what goes wrong becomes a Fault that says what. @module */
import { Fault, messageOf } from '../core/fault.ts';
import type { Get } from '../core/reader.ts';

const PATIENCE = 30_000;

/** A `Get` below a base URL. Fault `unknown-resource` for 404, `request-timeout` if the log cannot be reached. */
export function getFrom(base: string): Get {
  const prefix = base.replace(/\/+$/, '');
  return async (path) => {
    const response = await reach(`${prefix}/${path}`, {});
    if (response.status === 404) throw new Fault('unknown-resource', `${prefix} has no ${path}`);
    if (!response.ok) throw new Fault('internal', `${prefix}/${path} answered ${response.status}`);
    return new Uint8Array(await response.arrayBuffer());
  };
}

/** `fetch`, with a deadline and a Fault in place of its errors. */
export async function reach(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, { ...init, signal: AbortSignal.timeout(PATIENCE) });
  } catch (error) {
    const cause = error instanceof Error && error.cause ? `: ${messageOf(error.cause)}` : '';
    throw new Fault('request-timeout', `cannot reach ${url}: ${messageOf(error)}${cause}`);
  }
}
