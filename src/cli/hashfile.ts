/** Digests of files of any size, with a progress bar on large ones. @module */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, statSync } from 'node:fs';
import type { Digests } from '../client/offline.ts';
import { Fault } from '../core/fault.ts';
import { progressBar } from './progress.ts';

const LARGE = 64 * 1024 * 1024;

/** Reads a file once. Fault `bad-request` if there is none. */
export async function hashFile(
  path: string,
  algorithms: readonly string[],
  quiet = false,
): Promise<{ digests: Digests; size: number }> {
  if (!existsSync(path)) throw new Fault('bad-request', `there is no file ${path}`);
  const { size } = statSync(path);
  const bar = progressBar(`hashing ${path}`, size, quiet || size < LARGE);
  const hashes = algorithms.map((name) => ({ name, hash: createHash(name) }));
  let done = 0;
  for await (const chunk of createReadStream(path)) {
    for (const { hash } of hashes) hash.update(chunk as Buffer);
    done += (chunk as Buffer).length;
    bar.update(done);
  }
  bar.stop();
  return { digests: new Map(hashes.map(({ name, hash }) => [name, new Uint8Array(hash.digest())])), size };
}
