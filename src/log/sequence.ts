/** From admitted submissions to a batch: contiguous indexes, entry bundles, new tiles and root. Pure. @module */
import { packBundle } from '../core/bundle.ts';
import { concat } from '../core/bytes.ts';
import type { Head } from '../core/checkpoint.ts';
import { toStored } from '../core/expanded.ts';
import { TILE_WIDTH } from '../core/tile.ts';
import { append, type Edge, rootOf } from '../core/tree.ts';
import type { Submission } from './pool.ts';
import type { Batch, Run } from './ports.ts';

/** Cuts submissions, the first of which becomes entry `first`, into runs that do not cross a bundle. */
export function sequence(submissions: readonly Submission[], first: number, withIds: boolean): Run[] {
  const runs: Run[] = [];
  for (let at = 0; at < submissions.length; ) {
    const index = first + at;
    const run = submissions.slice(at, at + TILE_WIDTH - (index % TILE_WIDTH));
    const entries = packBundle(run.map(({ entry }) => entry));
    runs.push({ first: index, entries, ids: withIds ? concat(...run.map(({ id }) => id)) : undefined });
    at += run.length;
  }
  return runs;
}

/** The batch that appends packed leaf hashes to a head, and the edge after it. */
export function integrate(
  from: Head,
  edge: Edge,
  leaves: Uint8Array,
  extra: Pick<Batch, 'runs' | 'governance'>,
): { batch: Batch; edge: Edge } {
  const grown = append(edge, leaves);
  const to = { size: grown.edge.size, root: rootOf(grown.edge) };
  const tiles = grown.full.map(({ level, n, tile }) => ({ level, n, nodes: toStored(tile) }));
  return { batch: { from, to, tiles, ...extra }, edge: grown.edge };
}
