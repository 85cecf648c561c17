/**
 * A static copy of the tree that any file server or CDN can serve: C2SP tlog-tiles paths as files. Tiles are on disk
 * before the checkpoint that needs them; partial tiles go once the full tile is there. Not trusted by anyone. @module
 */
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Head, parseCheckpoint } from '../core/checkpoint.ts';
import { Fault } from '../core/fault.ts';
import { parseNote } from '../core/note.ts';
import { levelsOf, rowWidth, TILE_WIDTH, type Tile, tilePath } from '../core/tile.ts';
import type { Export } from '../log/ports.ts';

/** The copy in a directory, which is made if it is not there. Fault `bad-request` if it holds another log. */
export function fileExport(root: string, origin: string): Export {
  let exported = exportedSize(join(root, 'checkpoint'), origin);
  return {
    async follow({ size }: Head, note, read) {
      if (size < exported) throw new Fault('bad-request', `${root} holds size ${exported}, more than ${size}`);
      const { write, remove } = changes(exported, size);
      for (const tile of write) await writeFile(join(root, tilePath(tile)), read(tile));
      await writeFile(join(root, 'checkpoint'), note);
      for (const tile of remove) await rm(`${join(root, tilePath(tile))}.p`, { recursive: true, force: true });
      exported = size;
    },
  };
}

function exportedSize(path: string, origin: string): number {
  if (!existsSync(path)) return 0;
  const checkpoint = parseCheckpoint(parseNote(Uint8Array.from(readFileSync(path))).text);
  if (checkpoint.origin !== origin) throw new Fault('bad-request', `${path} is a checkpoint of ${checkpoint.origin}`);
  return checkpoint.size;
}

/** The tiles and bundles to write when a copy grows from `from` to `to`, and the full ones whose partial tiles may go. */
export function changes(from: number, to: number): { write: Tile[]; remove: Tile[] } {
  const write: Tile[] = [];
  const remove: Tile[] = [];
  const rows: Tile['level'][] = ['entries', ...Array.from({ length: levelsOf(to) }, (_, level) => level)];
  for (const level of rows) {
    const [before, after] = [from, to].map((size) => rowWidth(size, level === 'entries' ? 0 : level)) as [
      number,
      number,
    ];
    const first = Math.floor(before / TILE_WIDTH);
    for (let n = first; n * TILE_WIDTH < after; n++) {
      const width = Math.min(TILE_WIDTH, after - n * TILE_WIDTH);
      if (before === after) continue;
      write.push({ level, n, width });
      if (width === TILE_WIDTH && n === first && before % TILE_WIDTH > 0) remove.push({ level, n, width });
    }
  }
  return { write, remove };
}

async function writeFile(path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const file = await open(`${path}.new`, 'w');
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
}
