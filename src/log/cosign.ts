/**
 * Asks witnesses to cosign a checkpoint, all at once and each one request at a time, heals what they answer, and hands
 * over cosignatures as they come. It decides nothing about publishing. Sockets, clock and chance are given. @module
 */
import { formatAddCheckpoint } from '../core/addcheckpoint.ts';
import type { Hash } from '../core/bytes.ts';
import type { Checkpoint } from '../core/checkpoint.ts';
import { messageOf, must } from '../core/fault.ts';
import { parseNote, type Vkey } from '../core/note.ts';
import { verifyConsistency } from '../core/proof.ts';
import { type Judgement, judge, type WitnessAnswer } from './judge.ts';

/** A witness as a policy names it; targets with one URL are asked once, for all their keys. */
export type WitnessTarget = { readonly name: string; readonly url: string; readonly vkey: Vkey };

/** Posts to a URL and answers what came back, whatever its status. Rejects if nothing did, or when `signal` aborts. */
export type Post = (url: string, body: Uint8Array, signal: AbortSignal) => Promise<WitnessAnswer>;

export type Round = {
  readonly checkpoint: Pick<Checkpoint, 'size' | 'root'>;
  /** Signed by the log, and by nobody else: a witness's limits are small, and its time is dear. */
  readonly note: Uint8Array;
  /** The root at an earlier or the same size, and the consistency proof from it to this checkpoint. */
  readonly prove: (size: number) => Promise<Proof> | Proof;
  /** Ends the round for every witness. */
  readonly deadline: AbortSignal;
};
export type Proof = { readonly root: Hash; readonly path: readonly Hash[] };

/** What became of a round at one witness: never `stale`, which is healed. */
export type Outcome = Exclude<Judgement, { readonly kind: 'stale' }>;
/** `news` says that it differs from the round before, so that a log tells it once. */
export type Told = (name: string, outcome: Outcome, news: boolean) => void;

/** What an operator wants to know of a witness. Times are in milliseconds. */
export type WitnessStatus = {
  readonly name: string;
  readonly url: string;
  readonly attempts: number;
  readonly successes: number;
  readonly conflicts: number;
  readonly lastSuccess: number | undefined;
  /** The size that it has cosigned last, as far as we know. */
  readonly size: number | undefined;
  /** Why it does not cosign; undefined while it does. */
  readonly trouble: string | undefined;
  /** What it says against this log; undefined while it says nothing. */
  readonly alarm: string | undefined;
  readonly retryAt: number;
};

export type WitnessesParts = {
  readonly targets: readonly WitnessTarget[];
  /** The largest size that a checkpoint was signed for before: who knows more than that speaks of a rollback. */
  readonly largest: number;
  readonly post: Post;
  readonly clock: () => Date;
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** A number in [0, 1). */
  readonly random: () => number;
};

/** Before each further try after a wrong size. */
const TRIES = [10, 50, 250] as const;
/** What someone has to mend is tried again so often. */
const SLOW = 5 * 60_000;
const BACK_OFF = { first: 1000, most: 60_000 } as const;

/** A round whose proofs are each made once, and whose note was read once. */
type Asking = Round & { readonly text: string };

type Asked = {
  readonly name: string;
  readonly url: string;
  readonly vkeys: readonly Vkey[];
  attempts: number;
  successes: number;
  conflicts: number;
  failures: number;
  lastSuccess: number | undefined;
  size: number | undefined;
  last: Outcome | undefined;
  retryAt: number;
  /** Settles when no request to it is in flight. */
  idle: Promise<void>;
};

export class Witnesses {
  readonly #parts: WitnessesParts;
  readonly #asked: readonly Asked[];
  #newest: Asking | undefined;
  #largest: number;

  constructor(parts: WitnessesParts) {
    this.#parts = parts;
    this.#largest = parts.largest;
    const urls = [...new Set(parts.targets.map(({ url }) => url))];
    this.#asked = urls.map((url) =>
      askedAt(
        url,
        parts.targets.filter((target) => target.url === url),
      ),
    );
  }

  /**
   * Asks every witness, and tells each outcome as it comes; resolves after the last. A witness that is still busy with
   * an earlier round is asked when it is done with that, if no later round has come. The first round after a start asks
   * each from size 0, so that it names the size it has: that is the start-up probe. Those that are missing are whoever
   * did not cosign when it was asked last.
   */
  async ask(round: Round, told: Told, whom: 'all' | 'missing' = 'all'): Promise<void> {
    const asking = { ...round, text: parseNote(round.note).text, prove: proveOnce(round) };
    this.#newest = asking;
    this.#largest = Math.max(this.#largest, round.checkpoint.size);
    const among = this.#asked.filter(({ last }) => whom === 'all' || last?.kind !== 'cosigned');
    await Promise.all(
      among.map((asked) => {
        const done = asked.idle.then(() => this.#take(asked, asking, told));
        asked.idle = done.catch(() => {}); // whoever asked hears of it
        return done;
      }),
    );
  }

  status(): WitnessStatus[] {
    return this.#asked.map(({ name, url, attempts, successes, conflicts, lastSuccess, size, last, retryAt }) => {
      const trouble = last && 'why' in last ? last.why : undefined;
      const alarm = last?.kind === 'forked' || last?.kind === 'rolled-back' ? last.why : undefined;
      return { name, url, attempts, successes, conflicts, lastSuccess, size, trouble, alarm, retryAt };
    });
  }

  async #take(asked: Asked, round: Asking, told: Told): Promise<void> {
    if (this.#newest !== round) {
      told(asked.name, { kind: 'superseded', size: this.#largest }, false);
    } else if (asked.last && asked.retryAt > this.#now()) {
      told(asked.name, asked.last, false);
    } else {
      const outcome = await this.#heal(asked, round);
      told(asked.name, outcome, this.#record(asked, outcome));
    }
  }

  async #heal(asked: Asked, round: Asking): Promise<Outcome> {
    for (const pause of [0, ...TRIES]) {
      if (pause > 0) await this.#parts.sleep(pause);
      const judgement = await this.#askOnce(asked, round);
      if (judgement.kind === 'cosigned') asked.size = round.checkpoint.size;
      if (judgement.kind === 'superseded' || judgement.kind === 'stale') asked.size = judgement.size;
      if (judgement.kind !== 'stale') return judgement;
    }
    return { kind: 'busy', why: 'its size is another with every answer' };
  }

  async #askOnce(asked: Asked, { checkpoint, note, text, prove, deadline }: Asking): Promise<Judgement> {
    const { size } = checkpoint;
    const old = asked.size ?? 0;
    if (old > size) return { kind: 'superseded', size: old };
    const { path } = old === 0 ? { path: [] } : await prove(old);
    const url = `${asked.url.replace(/\/+$/, '')}/add-checkpoint`;
    asked.attempts++;
    let answer: WitnessAnswer;
    try {
      answer = await this.#parts.post(url, formatAddCheckpoint({ old, proof: path, note }), deadline);
    } catch (error) {
      const why = deadline.aborted ? 'it does not answer in time' : `it cannot be reached: ${messageOf(error)}`;
      return { kind: 'busy', why };
    }
    if (answer.status === 409) asked.conflicts++;
    const now = Math.floor(this.#now() / 1000);
    return judge(answer, { text, size, old, largest: this.#largest, vkeys: asked.vkeys, now });
  }

  /** Remembers an outcome; answers whether it is of another kind than the last. */
  #record(asked: Asked, outcome: Outcome): boolean {
    if (outcome.kind === 'superseded') return false;
    const news = outcome.kind !== asked.last?.kind;
    asked.last = outcome;
    if (outcome.kind === 'cosigned') {
      asked.successes++;
      asked.lastSuccess = this.#now();
      asked.failures = 0;
    } else {
      asked.failures++;
      asked.retryAt = this.#now() + this.#pauseAfter(outcome, asked.failures);
    }
    return news;
  }

  #pauseAfter({ kind }: Outcome, failures: number): number {
    if (kind !== 'busy') return SLOW;
    const pause = Math.min(BACK_OFF.most, BACK_OFF.first * 2 ** (failures - 1));
    return pause * (0.5 + this.#parts.random() / 2);
  }

  #now(): number {
    return this.#parts.clock().getTime();
  }
}

function askedAt(url: string, targets: readonly WitnessTarget[]): Asked {
  return {
    name: [...new Set(targets.map(({ name }) => name))].join(', '),
    url,
    vkeys: targets.map(({ vkey }) => vkey),
    attempts: 0,
    successes: 0,
    conflicts: 0,
    failures: 0,
    lastSuccess: undefined,
    size: undefined,
    last: undefined,
    retryAt: 0,
    idle: Promise.resolve(),
  };
}

/** Each proof of a round is made once, however many witnesses need it, and checked before it leaves. */
function proveOnce({ checkpoint, prove }: Round): Round['prove'] {
  const proofs = new Map<number, Promise<Proof>>();
  async function make(old: number): Promise<Proof> {
    const proof = await prove(old);
    try {
      verifyConsistency(old, checkpoint.size, proof.root, checkpoint.root, proof.path);
    } catch (error) {
      must(false, `our own proof from ${old} to ${checkpoint.size} is wrong: ${messageOf(error)}`);
    }
    return proof;
  }
  return (old) => {
    const proof = proofs.get(old) ?? make(old);
    proofs.set(old, proof);
    return proof;
  };
}
