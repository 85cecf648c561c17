/**
 * Pushes what is published to a mirror, which need not be able to reach the log: the client's side of C2SP tlog-mirror.
 * Publication never waits for it. Where an upload breaks off the mirror knows, and the next one goes on there. @module
 */
import { formatAddCheckpoint } from '../core/addcheckpoint.ts';
import {
  formatAddEntries,
  MAX_PACKAGES,
  type MirrorInfo,
  type Package,
  packagesOf,
  parseMirrorInfo,
  subtreeOfPackage,
} from '../core/addentries.ts';
import { fromUtf8 } from '../core/bytes.ts';
import { Fault, messageOf } from '../core/fault.ts';
import { foldPlan } from '../core/proof.ts';
import { parseSize } from '../core/size.ts';
import { subtreePlan } from '../core/subtree.ts';
import type { Post } from './cosign.ts';
import type { WitnessAnswer } from './judge.ts';
import type { PublishedTree } from './published.ts';

/** A published head, and a tree that is as large or larger. */
export type Pushed = {
  readonly head: { readonly size: number; readonly note: Uint8Array };
  readonly tree: Pick<PublishedTree, 'consistency' | 'entries' | 'nodes'>;
};

export type PusherParts = {
  /** Where the mirror takes add-checkpoint and add-entries, without a slash at its end. */
  readonly url: string;
  readonly origin: string;
  readonly post: Post;
  /** How long a mirror may take to store an upload; aborts when that is over, collected by nobody before. */
  readonly deadline: () => AbortSignal;
  /** Resolves early if the signal aborts. */
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  readonly clock: () => Date;
  /** Told of a problem that was not there before, and of its end. */
  readonly told: (problem: string | undefined) => void;
};

/** What an operator wants to know of a mirror. Times are in milliseconds. */
export type PushStatus = {
  readonly url: string;
  /** The size that it has mirrored last by what we pushed. */
  readonly size: number;
  readonly failures: number;
  readonly lastSuccess: number | undefined;
  /** Why it does not mirror; undefined while it does. */
  readonly trouble: string | undefined;
};

const BACK_OFF = { first: 1000, most: 60_000 } as const;
const MAX_BYTES = 4 * 1024 * 1024;
/** Answers in a row that bring an upload no further. */
const MAX_IDLE = 3;

export class Pusher {
  readonly #parts: PusherParts;
  readonly #stop = new AbortController();
  #newest: Pushed | undefined;
  #running: Promise<void> | undefined;
  /** The size of the newest checkpoint that the mirror knows, as far as we do. */
  #known = 0;
  /** Where the mirror stands with its entries; undefined until it has said so. */
  #info: Partial<MirrorInfo> = {};
  #status: Omit<PushStatus, 'url'> = { size: 0, failures: 0, lastSuccess: undefined, trouble: undefined };

  constructor(parts: PusherParts) {
    this.#parts = parts;
  }

  /** Pushes this head when what is under way is done, unless a newer one comes before. */
  follow(pushed: Pushed): void {
    this.#newest = pushed;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  status(): PushStatus {
    return { url: this.#parts.url, ...this.#status };
  }

  /** Breaks off what is under way. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    let inARow = 0;
    for (let done: Pushed | undefined; done !== this.#newest && !signal.aborted; ) {
      const pushed = this.#newest as Pushed;
      try {
        await this.#checkpoint(pushed);
        await this.#entries(pushed);
        done = pushed;
        inARow = 0;
        this.#succeeded(pushed.head.size);
      } catch (error) {
        if (signal.aborted) return;
        // A mirror that also follows the log itself may have been quicker.
        if (pushed !== this.#newest && error instanceof Fault && error.code === 'stale-size') continue;
        this.#failed(messageOf(error));
        await this.#parts.sleep(Math.min(BACK_OFF.most, BACK_OFF.first * 2 ** inARow++), signal);
      }
    }
  }

  #succeeded(size: number): void {
    if (this.#status.trouble !== undefined) this.#parts.told(undefined);
    this.#status = { ...this.#status, size, lastSuccess: this.#parts.clock().getTime(), trouble: undefined };
  }

  #failed(trouble: string): void {
    if (this.#status.trouble !== trouble) this.#parts.told(trouble);
    this.#status = { ...this.#status, trouble, failures: this.#status.failures + 1 };
  }

  /** Makes the head the one that uploads end at. */
  async #checkpoint({ head: { size, note }, tree }: Pushed): Promise<void> {
    for (let tries = 0; tries < MAX_IDLE; tries++) {
      const old = this.#known;
      if (old > size) {
        this.#known = 0;
        throw new Fault('stale-size', `it knows a checkpoint of ${old} entries, and the newest here has ${size}`);
      }
      const proof = old === 0 || old === size ? [] : tree.consistency(old, size);
      const answer = await this.#post('add-checkpoint', formatAddCheckpoint({ old, proof, note }));
      if (answer.status === 200) {
        this.#known = size;
        return;
      }
      if (answer.status !== 409) throw refused(answer);
      // SPEC (tlog-witness): the body of a 409 is the size of the checkpoint that it knows.
      this.#known = parseSize(fromUtf8(answer.body, 'bad-request').trim(), 'bad-request');
    }
    throw new Fault('stale-size', 'the checkpoint that it knows is another with every answer');
  }

  /** Uploads what the mirror lacks, from where it says that it stands. */
  async #entries(pushed: Pushed): Promise<void> {
    const { size } = pushed.head;
    for (let idle = 0; idle < MAX_IDLE; ) {
      const { next: before = 0, ticket = new Uint8Array(0) } = this.#info;
      const start = Math.min(before, size);
      const packages = await this.#packages(pushed, start);
      const body = formatAddEntries({ origin: this.#parts.origin, start, end: size, ticket }, packages);
      const answer = await this.#post('add-entries', body);
      if (answer.status === 200) {
        this.#info = { ...this.#info, next: Math.max(before, size) };
        return;
      }
      if (answer.status !== 202 && answer.status !== 409) throw refused(answer);
      // SPEC: 202 and 409 carry a size to end at, the next entry, and a ticket.
      const info = parseMirrorInfo(answer.body);
      this.#info = info;
      if (info.size !== size)
        throw new Fault('stale-size', `it wants the tree of ${info.size} entries, not of ${size}`);
      idle = info.next > before ? 0 : idle + 1;
    }
    throw new Fault('stale-size', 'uploads bring it no further');
  }

  /** The next packages from `start` on; one alone while it is not known where the mirror stands. */
  async #packages({ head: { size }, tree }: Pushed, start: number): Promise<Package[]> {
    const most = this.#info.next === undefined ? 1 : MAX_PACKAGES;
    const packages: Package[] = [];
    let bytes = 0;
    for (const range of packagesOf({ start, end: size })) {
      if (packages.length === most || bytes > MAX_BYTES) break;
      const plan = subtreePlan(subtreeOfPackage(range), size);
      const entries = tree.entries(range.start, range.end);
      packages.push({ ...range, entries, proof: foldPlan(plan, (nodes) => tree.nodes(nodes)) });
      bytes += entries.reduce((sum, entry) => sum + entry.length, 0);
      // Others are answered between two packages.
      await this.#parts.sleep(0, this.#stop.signal);
    }
    return packages;
  }

  #post(call: string, body: Uint8Array): Promise<WitnessAnswer> {
    const { post, deadline } = this.#parts;
    const signal = AbortSignal.any([this.#stop.signal, deadline()]);
    return post(`${this.#parts.url}/${call}`, body, signal);
  }
}

function refused({ status, body }: WitnessAnswer): Fault {
  const [line = ''] = new TextDecoder().decode(body.subarray(0, 1000)).split('\n');
  return new Fault('refused', `it answers ${status}: ${line.slice(0, 200)}`);
}
