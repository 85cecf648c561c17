/** One HTTP request, its answer whole. @module */
import { type RequestOptions, request } from 'node:http';

/** Without an agent the connection is new, and closed after: no idle one that the server may just be closing. */
export function ask({ agent = false, ...options }: RequestOptions, body?: Uint8Array): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const asked = request({ agent, host: '127.0.0.1', ...options }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve(Uint8Array.from(Buffer.concat(chunks))));
    });
    asked.on('error', reject);
    asked.end(body);
  });
}
