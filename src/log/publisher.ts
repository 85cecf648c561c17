/**
 * Loop 2: guard, sign, have it cosigned, publish, settle; one head at a time and always the newest committed one. It
 * never makes a turn wait, and no timer delays the first publication: it rests only under load, when the tree grew
 * meanwhile, and while no quorum of witnesses can be had. @module
 */
import { Fault } from '../core/fault.ts';
import type { Log } from './log.ts';
import type { Publication } from './ports.ts';
import type { HeadSigner, SignedHead } from './sign.ts';
import type { Again, Witnessing } from './witnessing.ts';

export type PublisherParts = {
  readonly log: Log;
  readonly signer: HeadSigner;
  readonly publication: Publication;
  /** Without it, nobody is asked. */
  readonly witnessing?: Pick<Witnessing, 'probe' | 'gather'> | undefined;
  /** Told of every head that strangers may see from now on. */
  readonly announce: (head: SignedHead) => void;
  /** Called when everyone whose entry is published, or late, has been answered. */
  readonly settled: () => void;
  /** Told why nothing can be signed for now, and with undefined when it can again. */
  readonly signing: (trouble: string | undefined) => void;
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** Calls back once after a time, unless the function it returns is called before. */
  readonly alarm: (milliseconds: number, ring: () => void) => () => void;
  readonly observe: (what: 'sign' | 'cosign' | 'publish', seconds: number) => void;
};

/**
 * How long it rests at most, in times of what it just worked; a head costs an ML-DSA signature, an fsync and a commit.
 * Submitters who wait for the next head are answered the sooner the less it rests, and half the time is enough for
 * them. A head that is cosigned costs several times as much, and where witnesses are near, on this machine: then it
 * rests on, but only while more come to share it. Of an opaque log nobody waits: what a head takes is then missing
 * elsewhere, and 20 heads a second are plenty.
 */
const REST = { awaited: 1, cosigned: 4, unawaited: 8 };
/** In milliseconds: on a machine that is short of time, work takes long, and readers wait for what was acknowledged. */
const MOST_REST = 250;
/** How long a late cosignature waits for others, and for a newer head that makes it useless, in milliseconds. */
const LATE = 100;
/** How long submitters wait for the publication of what is certain, in milliseconds; then they get a promise. */
const DEADLINE = 3000;
/** The newest head is tried again so often at least while it has no quorum: there may be a newer one. In milliseconds. */
const RETRY = DEADLINE;
/**
 * How long after a key could not be reached it is tried again, in milliseconds: twice as long each time, and no longer
 * than submitters wait, since only the next attempt makes what came meanwhile certain.
 */
const KEY_AWAY = { first: 1000, most: DEADLINE };

export class Publisher {
  readonly #parts: PublisherParts;
  /** What strangers see. */
  #published: Pick<SignedHead, 'size' | 'timestamp'> | undefined;
  /** The size that was guarded and signed last. */
  #tried = -1;
  #running: Promise<void> | undefined;
  #isProbed = false;
  /** The published head is to be signed again, though it is the newest: after a start the keys may be others. */
  #isStale = true;
  /** Since when heads are guarded and not published, on the clock of `performance`. */
  #withoutSince: number | undefined;
  /** How long the last head was with the witnesses, in milliseconds. */
  #waited = 0;
  /** How often in a row nothing could be signed. */
  #unsigned = 0;
  #stopping = false;
  /** Ends what waits: for the deadline of submitters, for the next attempt, for more cosignatures, for these to grow old. */
  #endDeadline = () => {};
  #endLate = () => {};
  #endPause = () => {};
  #endFreshness = () => {};

  constructor(parts: PublisherParts) {
    this.#parts = parts;
    this.#published = parts.publication.published();
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

  /** Makes a last attempt at what is not published, and ends. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#endPause();
    await this.idle();
    this.#endDeadline();
    this.#endLate();
    this.#endFreshness();
  }

  async #run(): Promise<void> {
    const { log, settled } = this.#parts;
    let pause = 0;
    while (!log.frozen && this.#isBehind()) {
      const started = performance.now();
      this.#waited = 0;
      try {
        await this.#probe();
        pause = await this.#publishNewest();
      } catch (error) {
        pause = 0;
        log.freeze(error);
        settled();
      }
      if (pause > 0) {
        if (!this.#stopping) await this.#pause(pause);
        else if (this.#tried === log.head.size) return;
      } else if (this.#isBehind()) {
        await this.#rest(performance.now() - started - this.#waited);
      }
    }
  }

  /** Lets others work, who have what the next head will be made of; `worked` is in milliseconds. */
  async #rest(worked: number): Promise<void> {
    const { log, witnessing, sleep } = this.#parts;
    if (!log.awaited) return sleep(Math.min(REST.unawaited * worked, MOST_REST));
    const times = witnessing ? REST.cosigned : REST.awaited;
    for (let n = 0, size = -1; n < times && size < log.head.size; n++) {
      size = log.head.size;
      await sleep(Math.min(worked, MOST_REST / times));
    }
  }

  #isBehind(): boolean {
    return this.#isStale || (this.#published?.size ?? -1) < this.#parts.log.head.size;
  }

  /** Nothing is signed anew before the witnesses have said what they know. */
  async #probe(): Promise<void> {
    const { witnessing, publication } = this.#parts;
    if (this.#isProbed) return;
    await witnessing?.probe(publication.published());
    this.#isProbed = true;
  }

  /** Publishes the newest head; answers after how long to try again if that may not be, in milliseconds. */
  async #publishNewest(): Promise<number> {
    const { log, signer, witnessing, observe } = this.#parts;
    if (log.frozen) return 0;
    const guarded = log.guardHead(); // the point of no return
    this.#tried = guarded.size;
    const started = performance.now();
    this.#expectBy(guarded.size, started);
    let signed: SignedHead;
    try {
      signed = await signer.sign(guarded);
    } catch (error) {
      return this.#withoutKey(error, started);
    }
    this.#withKey();
    this.#isStale = false;
    const cosigning = performance.now();
    observe('sign', (cosigning - started) / 1000);
    if (!witnessing) {
      this.#publish(signed);
      return 0;
    }
    const { note, again } = await witnessing.gather(signed, (late) => this.#publishLate({ ...signed, note: late }));
    this.#waited = performance.now() - cosigning;
    observe('cosign', this.#waited / 1000);
    if (log.frozen) return 0;
    if (note) this.#publish({ ...signed, note });
    else if (signed.size > (this.#published?.size ?? -1))
      return this.#without(started, Math.min(RETRY, (await again).due));
    else this.#withoutSince = undefined; // all that is certain is published
    void again.then((next) => this.#againIn(next, signed.size));
    return 0;
  }

  /** Has a head cosigned by who is missing, or signed anew, after a time, if it still is the newest. */
  #againIn({ due, askMissing }: Again, size: number): void {
    if (this.#stopping || size < this.#tried || this.#parts.log.frozen) return;
    this.#endFreshness();
    this.#endFreshness = this.#parts.alarm(due, () => {
      // A newer head is on its way, or was published meanwhile: with that, everybody is asked.
      if (this.#running || size < this.#tried) return;
      if (askMissing) return void askMissing().then((next) => this.#againIn(next, size));
      this.#isStale = true;
      this.wake();
    });
  }

  /** The head is guarded and stays unpublished for now; answers when to try again. */
  #without(started: number, again: number): number {
    this.#withoutSince ??= started;
    if (this.#stopping) this.#promise(this.#tried);
    return again;
  }

  /** The same when a key cannot be reached. What else goes wrong with a signature is for the caller. */
  #withoutKey(error: unknown, started: number): number {
    if (!(error instanceof Fault && error.code === 'key-away')) throw error;
    if (this.#unsigned === 0) this.#parts.signing(error.message);
    return this.#without(started, Math.min(KEY_AWAY.most, KEY_AWAY.first * 2 ** this.#unsigned++));
  }

  #withKey(): void {
    if (this.#unsigned > 0) this.#parts.signing(undefined);
    this.#unsigned = 0;
  }

  #publish(head: SignedHead): void {
    const { log, settled } = this.#parts;
    this.#endDeadline();
    this.#withoutSince = undefined;
    this.#show(head);
    log.settle(head.size);
    settled();
  }

  #show(head: SignedHead): void {
    const { publication, announce, observe } = this.#parts;
    const started = performance.now();
    publication.publish(head);
    observe('publish', (performance.now() - started) / 1000);
    this.#published = head;
    announce(head);
  }

  /** A cosignature came after the quorum was met. Whoever waits for a newer head has no use for it. */
  #publishLate(head: SignedHead): void {
    const { log, alarm } = this.#parts;
    if (this.#stopping || head.timestamp < (this.#published?.timestamp ?? 0)) return;
    this.#endLate();
    this.#endLate = alarm(LATE, () => {
      if (log.frozen || this.#isBehind() || this.#published?.timestamp !== head.timestamp) return;
      try {
        this.#show(head);
      } catch (error) {
        log.freeze(error);
      }
    });
  }

  /** From the deadline on, who waits for a head that is guarded gets a promise; at once if none was published for so long. */
  #expectBy(size: number, now: number): void {
    const waited = this.#withoutSince === undefined ? 0 : now - this.#withoutSince;
    this.#endDeadline();
    this.#endDeadline = this.#parts.alarm(Math.max(0, DEADLINE - waited), () => this.#promise(size));
  }

  #promise(size: number): void {
    this.#parts.log.promise(size);
    this.#parts.settled();
  }

  #pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#parts.alarm(milliseconds, resolve);
      this.#endPause = () => {
        cancel();
        resolve();
      };
    });
  }
}
