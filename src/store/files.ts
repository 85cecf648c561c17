/**
 * A static copy of the tree that any file server or CDN can serve: C2SP tlog-tiles paths as files. Tiles are on disk
 * before the checkpoint that needs them; partial tiles go once the full tile is there. Not trusted by anyone. @module
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { bundlePrefix } from '../core/bundle.ts';
import { HASH_BYTES } from '../core/bytes.ts';
import { type Checkpoint, type Head, parseCheckpoint } from '../core/checkpoint.ts';
import { Fault } from '../core/fault.ts';
import { parseNote } from '../core/note.ts';
import type { Get } from '../core/reader.ts';
import { levelsOf, parseTilePath, rowWidth, TILE_WIDTH, type Tile, tilePath, widthIn } from '../core/tile.ts';
import type { Export } from '../log/ports.ts';
import { syncDirectory } from './durable.ts';

/** The copy in a directory, which is made if it is not there. Fault `bad-request` if it holds another log. */
export function fileExport(directory: string, origin: string): Export {
  const root = resolve(directory);
  const checkpoint = join(root, 'checkpoint');
  exportedSize(checkpoint, origin); // refuses at the start what every head would refuse
  return {
    async follow({ size }: Head, note, read) {
      // Read each time: a copy that somebody removed or put back is not what this wrote last.
      const exported = exportedSize(checkpoint, origin);
      if (size < exported) {
        throw new Fault(
          'bad-request',
          `${root} is a copy of size ${exported}, and the log has ${size}: is it restored?`,
        );
      }
      const tiles = changes(exported, size);
      for (const tile of tiles) await writeFile(join(root, tilePath(tile)), read(tile));
      if (tiles.length > 0) for (const folder of foldersOf(root, tiles)) syncDirectory(folder);
      // Before the checkpoint, so that a copy that was killed anywhere in between does all of it again.
      for (const tile of tiles.filter(({ width }) => width === TILE_WIDTH)) {
        await rm(`${join(root, tilePath(tile))}.p`, { recursive: true, force: true });
      }
      await writeFile(checkpoint, note);
      syncDirectory(root);
    },
  };
}

/** Reads a static copy like the log itself; of partial tiles it also finds wider ones and gives their beginning. */
export function readExport(root: string): Get {
  return async (path) => {
    const whole = join(root, path);
    if (existsSync(whole)) return Uint8Array.from(readFileSync(whole));
    const gone = new Fault('unknown-resource', `there is no ${path} in ${root}`);
    if (!path.includes('.p/')) throw gone;
    const tile = parseTilePath(path);
    const folder = dirname(whole);
    const widths = existsSync(folder) ? readdirSync(folder).map(Number) : [];
    const wider = widths.filter((width) => width > tile.width).sort((a, b) => a - b)[0];
    if (wider === undefined) throw gone;
    const bytes = Uint8Array.from(readFileSync(join(folder, String(wider))));
    return bytes.slice(0, tile.level === 'entries' ? bundlePrefix(bytes, tile.width) : tile.width * HASH_BYTES);
  };
}

function exportedSize(path: string, origin: string): number {
  if (!existsSync(path)) return 0;
  const checkpoint = readCheckpoint(path);
  if (checkpoint.origin === origin) return checkpoint.size;
  throw new Fault('bad-request', `${path} is a checkpoint of ${checkpoint.origin}: export ${origin} somewhere else`);
}

function readCheckpoint(path: string): Checkpoint {
  try {
    return parseCheckpoint(parseNote(Uint8Array.from(readFileSync(path))).text);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    throw new Fault('bad-request', `${path} is damaged (${error.message}): remove the copy, it is made anew`);
  }
}

/** The tiles and bundles to write when a copy grows from `from` to `to`: all that are new or wider. */
function changes(from: number, to: number): Tile[] {
  const rows: Tile['level'][] = ['entries', ...Array.from({ length: levelsOf(to) }, (_, level) => level)];
  return rows.flatMap((level) => {
    const row = (size: number) => rowWidth(size, level === 'entries' ? 0 : level);
    const tiles: Tile[] = [];
    if (row(from) === row(to)) return tiles;
    for (let n = Math.floor(row(from) / TILE_WIDTH); n * TILE_WIDTH < row(to); n++) {
      tiles.push({ level, n, width: widthIn(to, level, n) });
    }
    return tiles;
  });
}

/** The folders that lead to tiles, each before the one above it, so that a name is on disk before what leads to it. */
function foldersOf(root: string, tiles: readonly Tile[]): string[] {
  const folders = new Set([root]);
  for (const tile of tiles) {
    for (let path = dirname(join(root, tilePath(tile))); path !== root; path = dirname(path)) folders.add(path);
  }
  return [...folders].sort((a, b) => b.length - a.length);
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
