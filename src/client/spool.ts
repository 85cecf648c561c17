/** Where statements lie until they are proven: a folder with a file for each, or memory. @module */
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fromBase64, toBase64 } from '../core/bytes.ts';
import { Fault, messageOf } from '../core/fault.ts';

export type Spooled = {
  readonly statement: Uint8Array;
  /** What the caller wants to know when it is proven, such as where the proof goes. */
  readonly note: string;
  /** The log that may have it. */
  readonly sentTo?: string;
  /** The origin of that log. */
  readonly origin?: string;
};

/** Statements by their entry id. What `put`, `remove` and `setAside` did is on disk when they resolve. */
export type Spool = {
  put(id: string, item: Spooled): Promise<void>;
  remove(id: string): Promise<void>;
  /** Takes out what a log has refused, and keeps it apart with the reason, for people. */
  setAside(id: string, item: Spooled, why: string): Promise<void>;
  /** All that is there, the longest there first as far as is known; nothing that was set aside. */
  all(): Promise<ReadonlyMap<string, Spooled>>;
};

/** A spool that is forgotten with the process. */
export function memorySpool(): Spool {
  const items = new Map<string, Spooled>();
  return {
    put: async (id, item) => void items.set(id, item),
    remove: async (id) => void items.delete(id),
    setAside: async (id) => void items.delete(id),
    all: async () => new Map(items),
  };
}

const ENDING = '.spooled.json';
const REFUSED = '.refused.json';

/** Where a spool in a folder keeps a statement that was refused. To have it tried again, rename it to `.spooled.json`. */
export const refusedPath = (folder: string, id: string): string => join(folder, `${id}${REFUSED}`);

/**
 * A spool in a folder, which is made when it is first needed. One process at a time may use it.
 *
 * ```ts
 * import { fileSpool } from 'limmat/client';
 *
 * const spool = fileSpool(folder);
 * await spool.put('an entry id', { statement, note: 'app 1.0' });
 * const waiting = await spool.all();
 * await spool.remove('an entry id');
 * console.assert(waiting.get('an entry id')?.note === 'app 1.0');
 * ```
 */
export function fileSpool(folder: string): Spool {
  const pathOf = (id: string) => join(folder, `${id}${ENDING}`);
  return {
    async put(id, { statement, ...rest }) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await writeDurably(pathOf(id), JSON.stringify({ statement: toBase64(statement), ...rest }));
      await syncFolder(folder);
    },
    async remove(id) {
      await rm(pathOf(id), { force: true });
      // What was refused before, and is proven now, is refused no more.
      await rm(refusedPath(folder, id), { force: true });
      await syncFolder(folder);
    },
    async setAside(id, { statement, note }, why) {
      await writeDurably(
        refusedPath(folder, id),
        JSON.stringify({ refused: why, statement: toBase64(statement), note }),
      );
      await rm(pathOf(id), { force: true });
      await syncFolder(folder);
    },
    async all() {
      const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return [];
        throw error;
      });
      const ids = names.filter((name) => name.endsWith(ENDING)).map((name) => name.slice(0, -ENDING.length));
      return new Map(await Promise.all(ids.sort().map(async (id) => [id, await read(pathOf(id))] as const)));
    },
  };
}

async function read(path: string): Promise<Spooled> {
  try {
    const { statement, note, sentTo, origin } = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
    if (typeof statement === 'string' && typeof note === 'string') {
      const item = { statement: fromBase64(statement, 'bad-request'), note };
      if (typeof sentTo !== 'string') return item;
      return { ...item, sentTo, ...(typeof origin === 'string' ? { origin } : {}) };
    }
  } catch (error) {
    throw new Fault('bad-request', `cannot read ${path}, a statement that waits: ${messageOf(error)}`);
  }
  throw new Fault('bad-request', `${path} is not a statement that waits: move it away`);
}

/** The file is there whole, or as it was. */
async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(`${path}.new`, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
}

async function syncFolder(folder: string): Promise<void> {
  const directory = await open(folder, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
