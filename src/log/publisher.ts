/**
 * Loop 2: guard, sign, publish, settle; one head at a time and always the newest committed one. It never makes
 * a turn wait, and no timer delays the first publication: it rests only under load, when the tree grew meanwhile.
 * @module
 */
import type { Log } from './log.ts';
import type { Publication } from './ports.ts';
import type { HeadSigner, SignedHead } from './sign.ts';

export type PublisherParts = {
  readonly log: Log;
  readonly signer: HeadSigner;
  readonly publication: Publication;
  /** Told of every head that strangers may see from now on. */
  readonly announce: (head: SignedHead) => void;
  /** Called when everyone whose entry is published, or late, has been answered. */
  readonly settled: () => void;
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** Calls back once after a time, unless the function it returns is called before. */
  readonly alarm: (milliseconds: number, ring: () => void) => () => void;
  readonly observe: (what: 'sign' | 'publish', seconds: number) => void;
};

/**
 * How long it rests, in times of what it just worked; a head costs 4 ms of ML-DSA in JavaScript, an fsync and a commit.
 * Submitters who wait for the next head are answered the sooner the less it rests, and half the time is enough for
 * them. Of an opaque log nobody waits: what a head takes is then missing elsewhere, and 20 heads a second are plenty.
 */
const REST = { awaited: 1, unawaited: 8 };
/** How long submitters wait for the publication of what is certain, in milliseconds; then they get a promise. */
const DEADLINE = 3000;

export class Publisher {
  readonly #parts: PublisherParts;
  #published = -1;
  #running: Promise<void> | undefined;

  constructor(parts: PublisherParts) {
    this.#parts = parts;
  }

  /** There is a committed head to publish. Start-up calls this too: recovery is the ordinary path. */
  wake(): void {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  /** Resolves when all that is committed is published, or nothing can be. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running;
  }

  async #run(): Promise<void> {
    const { log, settled, sleep } = this.#parts;
    while (!log.frozen && this.#published < log.head.size) {
      const started = performance.now();
      try {
        await this.#publishNewest();
      } catch (error) {
        log.freeze(error);
        settled();
      }
      const rest = log.awaited ? REST.awaited : REST.unawaited;
      if (this.#published < log.head.size) await sleep(rest * (performance.now() - started));
    }
  }

  async #publishNewest(): Promise<void> {
    const { log, signer, publication, announce, settled, alarm, observe } = this.#parts;
    const guarded = log.guardHead(); // the point of no return
    const signing = performance.now();
    const inTime = alarm(DEADLINE, () => {
      log.promise(guarded.size);
      settled();
    });
    const signed = await signer.sign(guarded).finally(inTime);
    const publishing = performance.now();
    observe('sign', (publishing - signing) / 1000);
    publication.publish(signed);
    observe('publish', (performance.now() - publishing) / 1000);
    this.#published = signed.size;
    announce(signed);
    log.settle(signed.size);
    settled();
  }
}
