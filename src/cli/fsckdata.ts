/** `limmat fsck --data`: a database held against its entries, its guard and its published checkpoints. @module */
import { readFileSync } from 'node:fs';
import { equal } from '../core/bytes.ts';
import { messageOf } from '../core/fault.ts';
import { TILE_WIDTH } from '../core/tile.ts';
import { fullTile } from '../log/edge.ts';
import { parseGuard } from '../log/guard.ts';
import { type CheckParts, checkTree, type Finding } from '../monitor/check.ts';
import { Replay } from '../monitor/replay.ts';
import { isThere } from '../store/durable.ts';
import { openStore, type SqliteStore } from '../store/sqlite.ts';
import { checkPublished, publishedHeads } from './fsckheads.ts';
import type { LogDirectory } from './logdir.ts';
import { readVkeys } from './readinput.ts';

/** What a check found, of how much. */
export type Report = { readonly origin: string; readonly size: number; readonly findings: readonly Finding[] };

/** Begins to show how far a check of so many entries is. */
export type ShowProgress = (size: number) => (done: number) => void;

/** Checks a log on this machine, whose server may be running. */
export async function checkData(directory: LogDirectory, vkeyFile: string, progress: ShowProgress): Promise<Report> {
  const store = openStore(directory.database, { readonly: true });
  const { origin, entries: mode } = store.identity();
  // In this order, since a running server goes on: what is guarded or published was committed before.
  const published = publishedHeads(store);
  const guarded = readGuard(directory.guard, origin);
  const head = store.head();
  const before = [...(await checkPublished(directory, store, readVkeys(vkeyFile))), ...guarded.findings];
  const heads = [...guarded.heads, ...published].sort((a, b) => a.size - b.size);
  for (const { size, said } of heads.filter((each) => each.size > head.size)) {
    before.push({ place: `size ${size}`, message: `${said} names more entries than the ${head.size} of the database` });
  }
  const [last, newest] = [guarded.heads.at(-1)?.size ?? -1, published.at(-1)?.size ?? -1];
  if (guarded.findings.length === 0 && last < newest) {
    before.push({ place: directory.guard, message: `it does not have the published checkpoint of size ${newest}` });
  }
  const statements = mode === 'statements' ? new StoredStatements(store, head.size) : undefined;
  const found = await checkTree({
    progress: progress(head.size),
    head,
    heads: heads.filter(({ size }) => size <= head.size),
    source: storedSource(store),
    entries: (first, entries) => statements?.take(first, entries),
  });
  const after = statements?.end() ?? [];
  store.close();
  return { origin, size: head.size, findings: [...before, ...found, ...after] };
}

/** Replays the statements of a database, and compares what it keeps beside them: ids, and the list of governance. */
class StoredStatements {
  readonly #store: SqliteStore;
  readonly #size: number;
  readonly #replay: Replay;
  readonly #findings: Finding[] = [];
  readonly #governance = new Set<number>();
  #replayed = 0;

  constructor(store: SqliteStore, size: number) {
    this.#store = store;
    this.#size = size;
    this.#replay = new Replay(
      (index) => store.entries(index, index + 1).subarray(2),
      ({ index, statement }, governance) => this.#compare(index, statement.id, governance),
    );
  }

  async take(first: number, entries: readonly Uint8Array[]): Promise<void> {
    this.#findings.push(...(await this.#replay.take(first, entries)));
    this.#replayed = first + entries.length;
  }

  end(): readonly Finding[] {
    const kept = new Set(this.#store.governance().filter((index) => index < this.#size));
    for (const index of kept) {
      if (index < this.#replayed && !this.#governance.has(index))
        this.#tellGovernance(index, 'is listed and is not one');
    }
    for (const index of this.#governance) if (!kept.has(index)) this.#tellGovernance(index, 'is one and is not listed');
    return this.#findings;
  }

  #tellGovernance(index: number, what: string): void {
    this.#findings.push({
      place: `governance row ${index}`,
      message: `in the list of governance, entry ${index} ${what}`,
    });
  }

  #compare(index: number, id: Uint8Array, governance: boolean): void {
    if (governance) this.#governance.add(index);
    const place = `id of entry ${index}`;
    try {
      if (equal(this.#store.idAt(index), id)) return;
      this.#findings.push({ place, message: 'the stored id is not that of the statement' });
    } catch (error) {
      this.#findings.push({ place, message: messageOf(error) });
    }
  }
}

/** The database itself. It holds no partial tiles: they are made from the entries whenever they are needed. */
function storedSource(store: SqliteStore): CheckParts['source'] {
  return {
    bundle: (n, width) => store.entries(n * TILE_WIDTH, n * TILE_WIDTH + width),
    tile: (level, n, width) => (width === TILE_WIDTH ? fullTile(store, level, n) : undefined),
  };
}

function readGuard(place: string, origin: string): { heads: CheckParts['heads']; findings: Finding[] } {
  if (!isThere(place)) return { heads: [], findings: [{ place, message: 'there is no guard' }] };
  try {
    const { heads } = parseGuard(Uint8Array.from(readFileSync(place)), origin);
    return { heads: heads.map((head) => ({ ...head, said: 'the guard' })), findings: [] };
  } catch (error) {
    return { heads: [], findings: [{ place, message: messageOf(error) }] };
  }
}
