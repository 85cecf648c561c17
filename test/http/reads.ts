/** The read routes of a log without a socket: a real tree in a real store, published size by size. */
import type { Hono } from 'hono';
import type { Hash } from '../../src/core/bytes.ts';
import { createApp, proofRoutes } from '../../src/http/app.ts';
import type { FromLog } from '../../src/log/channel.ts';
import { LogHandle } from '../../src/log/handle.ts';
import { LeafIndex } from '../../src/log/leafindex.ts';
import { PublishedTree } from '../../src/log/published.ts';
import type { SignedHead } from '../../src/log/sign.ts';
import { TestLog } from '../log/testlog.ts';
import * as oracle from '../oracle.ts';

export class Reads {
  readonly log = new TestLog();
  readonly app: Hono;
  /** Errors that would have been ours. */
  readonly failed: unknown[] = [];
  #tell: (message: FromLog) => void = () => {};

  constructor() {
    const handle = new LogHandle({
      port: {
        postMessage: () => {},
        on: (_, listener) => {
          this.#tell = listener;
        },
      },
      published: undefined,
      committed: 0,
      openTree: (head) => new PublishedTree(this.log.store, head),
      observe: () => {},
      trouble: () => {},
    });
    const index = new LeafIndex(() => (handle.published as { tree: PublishedTree }).tree);
    const routes = proofRoutes({
      log: handle,
      receiptKeys: this.log.signer.keys.receipts,
      findLeaf: (leaf: Hash) => index.find(leaf),
      publishedAt: (size) => this.log.store.publishedAt(size),
    });
    this.app = createApp(routes, { count: () => {}, refused: () => {}, failed: (error) => this.failed.push(error) });
  }

  /** Grows the log by the oracle's entries to a size, and publishes that. */
  async grow(size: number): Promise<SignedHead> {
    for (let n = this.log.log.head.size; n < size; n++) this.log.add(oracle.entry(n));
    while (this.log.log.pool.size > 0) this.log.log.turn();
    await this.log.sign();
    const head = this.log.seen.at(-1) as SignedHead;
    this.#tell({ type: 'published', head });
    return head;
  }

  /** Parses a JSON answer, whatever its status. */
  async json<T = Record<string, unknown>>(path: string): Promise<{ status: number; body: T; type: string }> {
    const response = await this.app.request(path);
    return {
      status: response.status,
      body: (await response.json()) as T,
      type: response.headers.get('content-type') ?? '',
    };
  }
}
