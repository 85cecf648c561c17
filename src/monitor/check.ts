/**
 * Re-derives a whole log from its entries and compares everything that was ever said about it: tiles, roots, heads.
 * Goes on after a finding, so that one run tells all of them. The same code serves `fsck` and the tests. @module
 */
import { readBundle } from '../core/bundle.ts';
import { equal, HASH_BYTES } from '../core/bytes.ts';
import type { Head } from '../core/checkpoint.ts';
import { EMPTY_TILE, openLeaves, toStored } from '../core/expanded.ts';
import { messageOf } from '../core/fault.ts';
import { hashAt, leafHashInto } from '../core/hash.ts';
import { partialTiles, TILE_WIDTH, type Tile, tilePath, widthIn } from '../core/tile.ts';
import { append, type Edge, EMPTY_EDGE, type FullTile, rootOf } from '../core/tree.ts';

/** Something that is not as it was derived; `place` is a path, an entry or a head. */
export type Finding = { readonly place: string; readonly message: string };

/** Where the bytes come from; an error thrown by either is a finding. */
export type CheckSource = {
  /** A bundle of entries. */
  bundle(n: number, width: number): Promise<Uint8Array> | Uint8Array;
  /** The hashes of a tile; with interior nodes, in the form of `toStored`, or undefined if it is not kept at all. */
  tile(level: number, n: number, width: number): Promise<Uint8Array> | Uint8Array | undefined;
};

export type CheckParts = {
  readonly source: CheckSource;
  /** The newest head, up to which everything is read. */
  readonly head: Head;
  /** Earlier heads that must be prefixes, in ascending order, with what said so. */
  readonly heads: readonly (Head & { readonly said: string })[];
  /** Gets the entries of each bundle, in order. */
  readonly entries?: (first: number, entries: readonly Uint8Array[]) => Promise<void> | void;
  readonly progress?: (size: number) => void;
};

/** Checks a log; an empty list means that all of it is as it should be. */
export async function checkTree(parts: CheckParts): Promise<Finding[]> {
  const { source, head, progress } = parts;
  const findings: Finding[] = [];
  const due = [...parts.heads, { ...head, said: 'the newest head' }];
  let edge: Edge = EMPTY_EDGE;
  compareHeads(due, edge, findings);
  for (let n = 0; n * TILE_WIDTH < head.size; n++) {
    const leaves = await readLeaves(parts, n, findings);
    if (!leaves) return findings; // without a bundle nothing after it can be derived
    for (let at = 0; at * HASH_BYTES < leaves.length; ) {
      const upTo = Math.min(leaves.length / HASH_BYTES, (due[0]?.size ?? head.size) - n * TILE_WIDTH);
      const grown = append(edge, leaves.subarray(at * HASH_BYTES, upTo * HASH_BYTES));
      for (const full of grown.full) await compareFull(source, full, findings);
      edge = grown.edge;
      at = upTo;
      compareHeads(due, edge, findings);
    }
    progress?.(edge.size);
  }
  for (const tile of partialTiles(head.size)) await comparePartial(source, edge, tile, findings);
  return findings;
}

/** Compares the heads of the edge's size, and takes them off the list. */
function compareHeads(due: (Head & { said: string })[], edge: Edge, findings: Finding[]): void {
  for (let head = due[0]; head && head.size <= edge.size; head = due[0]) {
    due.shift();
    if (head.size === edge.size && equal(head.root, rootOf(edge))) continue;
    findings.push({
      place: `size ${head.size}`,
      message: `the root that ${head.said} names is not that of the entries`,
    });
  }
}

/** The packed leaf hashes of a bundle; undefined if the bundle cannot be read. */
async function readLeaves(
  { source, head, entries: tell }: CheckParts,
  n: number,
  findings: Finding[],
): Promise<Uint8Array | undefined> {
  const width = widthIn(head.size, 'entries', n);
  const place = tilePath({ level: 'entries', n, width });
  try {
    const entries = readBundle(await source.bundle(n, width), width);
    const leaves = new Uint8Array(width * HASH_BYTES);
    for (const [i, entry] of entries.entries()) leafHashInto(entry, leaves, i);
    await tell?.(n * TILE_WIDTH, entries);
    return leaves;
  } catch (error) {
    findings.push({ place, message: messageOf(error) });
    return undefined;
  }
}

async function compareFull(source: CheckSource, { level, n, tile }: FullTile, findings: Finding[]): Promise<void> {
  await compareTile(source, { level, n, width: TILE_WIDTH }, findings, (bytes) =>
    bytes.length === TILE_WIDTH * HASH_BYTES ? openLeaves(tile) : toStored(tile),
  );
}

async function comparePartial(
  source: CheckSource,
  edge: Edge,
  tile: Tile & { level: number },
  findings: Finding[],
): Promise<void> {
  await compareTile(source, tile, findings, () => openLeaves(edge.open[tile.level] ?? EMPTY_TILE));
}

async function compareTile(
  source: CheckSource,
  tile: Tile & { level: number },
  findings: Finding[],
  expect: (bytes: Uint8Array) => Uint8Array,
): Promise<void> {
  const place = tilePath(tile);
  try {
    const bytes = await source.tile(tile.level, tile.n, tile.width);
    if (!bytes) return;
    const expected = expect(bytes);
    if (equal(bytes, expected)) return;
    const first = Array.from({ length: tile.width }, (_, i) => i).find(
      (i) => !equal(hashAt(bytes, i), hashAt(expected, i)),
    );
    const where = first === undefined ? 'an interior node' : `hash ${first}`;
    const entry = tile.level === 0 && first !== undefined ? `, of entry ${tile.n * TILE_WIDTH + first},` : '';
    findings.push({ place, message: `${where}${entry} is not what the entries hash to` });
  } catch (error) {
    findings.push({ place, message: messageOf(error) });
  }
}
