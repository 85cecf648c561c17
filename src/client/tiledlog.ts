/** Reads single entries of a log by their index, through tiles that are each checked before they are used. @module */
import type { Hash } from '../core/bytes.ts';
import type { Checkpoint } from '../core/checkpoint.ts';
import { openCheckpoint } from '../core/cosignature.ts';
import { Fault } from '../core/fault.ts';
import { leafHash } from '../core/hash.ts';
import { type Get, Reader } from '../core/reader.ts';
import { TILE_WIDTH } from '../core/tile.ts';
import { formatTlogProof } from '../core/tlogproof.ts';
import type { Pinned } from './offline.ts';

type Opened = { readonly note: Uint8Array; readonly checkpoint: Checkpoint; readonly reader: Reader };

/** A log as it is when it is first asked something; trusted for nothing but what is pinned. */
export class TiledLog {
  readonly #get: Get;
  readonly #pinned: Pinned;
  #opened: Promise<Opened> | undefined;

  constructor(get: Get, pinned: Pinned) {
    this.#get = get;
    this.#pinned = pinned;
  }

  /** The leaf data and the leaf hash of an entry. Fault `bad-request` if there is no such entry yet. */
  async entry(index: number): Promise<{ readonly entry: Uint8Array; readonly leafHash: Hash }> {
    const { reader } = await this.#openAt(index);
    const entries = await reader.entries(Math.floor(index / TILE_WIDTH));
    const entry = entries[index % TILE_WIDTH] as Uint8Array;
    return { entry, leafHash: leafHash(entry) };
  }

  /** The offline proof of an entry, made here, with the entry in it. */
  async proof(index: number): Promise<Uint8Array> {
    const { reader, note } = await this.#openAt(index);
    const { path } = await reader.inclusion(index);
    const { entry } = await this.entry(index);
    return formatTlogProof({ index, path, checkpoint: note, extra: entry });
  }

  async #openAt(index: number): Promise<Opened> {
    this.#opened ??= this.#open();
    const opened = await this.#opened;
    const { size } = opened.checkpoint;
    if (index < size) return opened;
    throw new Fault('bad-request', `there is no entry ${index} yet: the log has ${size}, counted from 0`);
  }

  async #open(): Promise<Opened> {
    const note = await this.#get('checkpoint');
    const opened = openCheckpoint(note, this.#pinned.vkeys);
    this.#pinned.check(opened);
    const { checkpoint } = opened;
    return { note, checkpoint, reader: new Reader(this.#get, checkpoint) };
  }
}
