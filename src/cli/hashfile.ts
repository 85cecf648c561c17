/** Digests of files of any size, with a progress bar on large ones. @module */
import { createHash } from 'node:crypto';
import { createReadStream, statSync } from 'node:fs';
import type { Digests } from '../client/offline.ts';
import { Fault } from '../core/fault.ts';
import { progressBar } from './progress.ts';
import { checkFile } from './readinput.ts';

const LARGE = 64 * 1024 * 1024;

/** Reads a file once; `prefix` is hashed before it. Fault `bad-request` if there is none. */
export async function hashFile(
  path: string,
  algorithms: readonly string[],
  quiet = false,
  prefix: Uint8Array = new Uint8Array(),
): Promise<{ digests: Digests; size: number }> {
  checkFile(path);
  const stat = statSync(path);
  const { size } = stat;
  const bar = progressBar(`hashing ${path}`, size, quiet || size < LARGE);
  const hashes = algorithms.map((name) => ({ name, hash: createHash(name).update(prefix) }));
  let done = 0;
  for await (const chunk of createReadStream(path)) {
    for (const { hash } of hashes) hash.update(chunk as Buffer);
    done += (chunk as Buffer).length;
    bar.update(done);
  }
  bar.stop();
  if (stat.isFile() && done !== size) {
    throw new Fault('bad-request', `${path} changed while it was read: wait until it is whole`);
  }
  return { digests: new Map(hashes.map(({ name, hash }) => [name, new Uint8Array(hash.digest())])), size: done };
}
