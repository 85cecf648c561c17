/** What an `init` makes: all of it, or nothing. @module */
import { rmSync } from 'node:fs';
import { removeDatabase } from '../store/database.ts';

/** Makes the file of this path with `make`, which refuses one that exists, and leaves none when it fails. */
export type Make = (path: string, make: (path: string) => void) => void;

/** When the work fails, the files that it has made are gone again, so that the next try finds its place free. */
export async function allOrNothing<T>(work: (make: Make) => T | Promise<T>): Promise<T> {
  const made: string[] = [];
  try {
    return await work((path, make) => {
      make(path);
      made.push(path);
    });
  } catch (error) {
    for (const path of made) {
      quietly(() => removeDatabase(path)); // and of any other file, just that
      quietly(() => rmSync(`${path}.lock`, { force: true })); // that of a guard
    }
    throw error;
  }
}

/** That something cannot be removed is not told: what went wrong first says why, and the next try names it. */
function quietly(remove: () => void): void {
  try {
    remove();
  } catch {
    // The caller throws the first error.
  }
}
