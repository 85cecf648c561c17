/** Test vectors of other projects, read from `../shared/vectors` beside the checkout and never committed. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = process.env.LIMMAT_VECTORS ?? join(import.meta.dirname, '../../shared/vectors');

/** Whether the folder is there; says so when it is not, so that nobody takes silence for a pass. */
export function haveVectors(folder: string): boolean {
  const found = existsSync(join(root, folder));
  if (!found) console.log(`skipped: ${folder}, no vectors at ${root} (set LIMMAT_VECTORS)`);
  return found;
}

export const vector = (name: string): Buffer => readFileSync(join(root, name));

/** Every JSON file below a folder, parsed, with its path. */
export function jsonVectors<T>(folder: string): { name: string; value: T }[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => ({ name, value: JSON.parse(vector(join(folder, name)).toString()) as T }));
}
