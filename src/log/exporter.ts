/** Keeps static copies at the newest published head. A copy that cannot be written is tried again; the log goes on. @module */
import type { Tile } from '../core/tile.ts';
import type { Export } from './ports.ts';
import type { SignedHead } from './sign.ts';

export type ExporterParts = {
  readonly target: Export;
  /** Reads a tile or bundle as the tree of the newest published head has it. */
  readonly read: (tile: Tile) => Uint8Array;
  readonly sleep: (milliseconds: number) => Promise<void>;
  readonly failed: (error: unknown) => void;
};

const RETRY_AFTER = 5000;

export class Exporter {
  readonly #parts: ExporterParts;
  #newest: SignedHead | undefined;
  #stopped = false;
  #running: Promise<void> | undefined;

  constructor(parts: ExporterParts) {
    this.#parts = parts;
  }

  follow(head: SignedHead): void {
    this.#newest = head;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  /** Resolves when the copy is at the newest head, or one more attempt at it has failed. */
  async stop(): Promise<void> {
    this.#stopped = true;
    while (this.#running) await this.#running;
  }

  async #run(): Promise<void> {
    const { target, read, sleep, failed } = this.#parts;
    for (let done: SignedHead | undefined; done !== this.#newest; ) {
      const head = this.#newest as SignedHead;
      try {
        await target.follow(head, head.note, read);
        done = head;
      } catch (error) {
        failed(error);
        if (this.#stopped) return;
        await sleep(RETRY_AFTER);
      }
    }
  }
}
