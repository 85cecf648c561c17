/** Asks a URL once, with limits of size and time; what comes back is nobody's word yet. @module */
import { concat } from '../core/bytes.ts';
import { Fault, reasonOf } from '../core/fault.ts';
import type { Copy } from '../monitor/copies.ts';
import type { Ask } from '../monitor/peers.ts';

const PATIENCE = 30_000;
/** More than any answer needs: the largest bundle has 16 MiB. */
const MAX_ANSWER = 32 * 1024 * 1024;

export const ask: Ask = (url, body) =>
  askWith(url, body === undefined ? {} : { method: 'POST', body: body as BodyInit });

async function askWith(url: string, init: RequestInit): Promise<{ status: number; body: Uint8Array }> {
  try {
    const response = await fetch(url, { ...init, signal: AbortSignal.timeout(PATIENCE) });
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of response.body ?? []) {
      length += chunk.length;
      if (length > MAX_ANSWER) throw new Error(`the answer is larger than ${MAX_ANSWER} bytes`);
      chunks.push(chunk);
    }
    return { status: response.status, body: concat(...chunks) };
  } catch (error) {
    throw new Fault('request-timeout', `cannot reach ${url}: ${reasonOf(error)}`);
  }
}

/** A copy of a log at a base URL. */
export function copyAt(url: string): Copy {
  const get = (init: RequestInit) => async (path: string) => {
    const { status, body } = await askWith(`${url}/${path}`, init);
    if (status === 200) return body;
    if (status === 404) throw new Fault('unknown-resource', `${url}/${path} is not there`);
    throw new Fault('internal', `${url}/${path} answers ${status}`);
  };
  return { name: url, get: get({}), fresh: get({ headers: { 'cache-control': 'no-cache' } }) };
}
