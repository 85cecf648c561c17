/** What an `init` makes: all of it, or nothing. @module */
import { rmSync } from 'node:fs';

/** Makes the file of this path with `make`, which refuses one that exists, and leaves none when it fails. */
export type Make = (path: string, make: (path: string) => void) => void;

/** What is kept beside a database, and beside a guard. */
const BESIDE = ['-wal', '-shm', '.lock'];

/** When the work fails, the files that it has made are gone again, so that the next try finds its place free. */
export async function allOrNothing<T>(work: (make: Make) => T | Promise<T>): Promise<T> {
  const made: string[] = [];
  try {
    return await work((path, make) => {
      make(path);
      made.push(path);
    });
  } catch (error) {
    for (const path of made.flatMap((path) => [path, ...BESIDE.map((suffix) => path + suffix)])) remove(path);
    throw error;
  }
}

/** That it cannot be removed is not told: what went wrong first says why. */
function remove(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // The next try names it.
  }
}
