/** The roots of a log at earlier sizes, from leaf hashes that come in order; keeps one hash for each full bundle. @module */
import { concat, type Hash } from '../core/bytes.ts';
import { must } from '../core/fault.ts';
import { subtreeOf } from '../core/hash.ts';
import { foldPeaks } from '../core/proof.ts';
import { coverNodes, TILE_HEIGHT, TILE_WIDTH } from '../core/tile.ts';

export class Roots {
  readonly #bundles: Hash[] = [];
  #open: Hash[] = [];

  take(leaf: Hash): void {
    this.#open.push(leaf);
    if (this.#open.length < TILE_WIDTH) return;
    this.#bundles.push(subtreeOf(concat(...this.#open), 0, TILE_WIDTH));
    this.#open = [];
  }

  /** The root at a size, not 0, of which all leaves came; `read` gives leaf hashes again. */
  async at(size: number, read: (index: number) => Promise<Hash>): Promise<Hash> {
    must(0 < size && size <= this.#bundles.length * TILE_WIDTH + this.#open.length, `${size} leaves have not come`);
    const first = size - (size % TILE_WIDTH);
    const leaves: Hash[] = [];
    for (let index = first; index < size; index++) leaves.push(await read(index));
    const peaks = coverNodes(0, size).map(({ height, index }) => {
      if (height < TILE_HEIGHT) return subtreeOf(concat(...leaves), index * 2 ** height - first, 2 ** height);
      const width = 2 ** (height - TILE_HEIGHT);
      return subtreeOf(concat(...this.#bundles.slice(index * width, (index + 1) * width)), 0, width);
    });
    return foldPeaks(peaks);
  }
}
