/**
 * A monitor: one round after the other it asks for heads, verifies the largest, looks at its entries, and tells what it
 * finds. A finding is on disk before anyone is told of it. Sockets, clock and disk are given. @module
 */
import { type OpenedCheckpoint, openCheckpoint } from '../core/cosignature.ts';
import { evaluate, explain } from '../core/quorum.ts';
import type { Policy } from '../core/tlogpolicy.ts';
import { alertOf, exitCodeOf, type Finding } from './alert.ts';
import type { Copy } from './copies.ts';
import { Follower } from './follow.ts';
import { Heads, type LogKeys } from './heads.ts';
import type { MonitorStore } from './memory.ts';
import { type Ask, Peers, type Sources } from './peers.ts';
import { unreviewed, WAITING } from './rules/reviews.ts';
import { timeOf } from './rules/seen.ts';
import { HEARTBEAT, overdue, silent } from './rules/time.ts';
import { Sampler } from './sample.ts';
import { thin } from './thin.ts';
import type { Watch } from './watch.ts';

export type FollowedLog = {
  readonly keys: LogKeys;
  /** Whose cosignatures make a head good enough; witnesses in it are among the keys. */
  readonly policy: Policy | undefined;
  readonly copies: readonly Copy[];
  readonly sources: Sources;
  /** How old the newest sign of life may be, in seconds. */
  readonly freshness: number;
};

export type MonitorParts = {
  readonly logs: readonly FollowedLog[];
  readonly store: MonitorStore;
  readonly ask: Ask;
  readonly clock: () => Date;
  /** A random number below another, that nobody can foretell. */
  readonly pick: (below: number) => number;
  readonly watch: () => Watch;
  /** How long a signed head may lack its tree, in milliseconds. */
  readonly grace: number;
  /** Whether logs that are not known yet are followed from their newest head, without looking at what came before. */
  readonly startAtEnd: boolean;
  /** Told of what is not worth an alert: whoever does not answer. */
  readonly note: (origin: string, what: string, message: string) => void;
};

/** The fact that says when all of a log was last verified. */
export const SUCCESS = 'success';

type Followed = FollowedLog & {
  readonly heads: Heads;
  readonly follower: Follower;
  readonly peers: Peers;
  readonly sampler: Sampler;
};

export class Monitor {
  readonly #parts: MonitorParts;
  readonly #logs: readonly Followed[];
  readonly #thinned = new Map<string, number>();

  constructor(parts: MonitorParts) {
    this.#parts = parts;
    this.#logs = parts.logs.map((log) => this.#follow(log));
  }

  /** The heads of a log, for whoever serves or imports them. */
  heads(origin: string): Heads | undefined {
    return this.#logs.find(({ keys }) => keys.origin === origin)?.heads;
  }

  origins(): string[] {
    return this.#logs.map(({ keys }) => keys.origin);
  }

  /** One round over all logs. Answers the exit code that cron would see. */
  async round(): Promise<number> {
    const troubles = await Promise.all(this.#logs.map((log) => this.#round(log)));
    const open = [...this.#parts.store.alerts()].filter(({ acknowledged }) => acknowledged === undefined);
    return exitCodeOf(open, troubles.includes(true));
  }

  /** Answers whether something could not be verified. */
  async #round(log: Followed): Promise<boolean> {
    const { origin } = log.keys;
    const reached = await log.peers.pull();
    const lost = await log.follower.advance();
    const { looked } = this.#parts.store.known(origin);
    const read = await log.follower.look();
    const replayed = read ? log.follower.replayed() : undefined;
    if (replayed) await log.sampler.sample(replayed, looked);
    if (!reached) {
      const day = this.#parts.clock().toISOString().slice(0, 10);
      const summary = `neither ${origin} nor a copy of it answers at ${log.sources.copies.join(', ')}`;
      this.#tell(origin, { kind: 'health', rule: 'unreachable', subject: day, summary });
    }
    const weak = this.#judgeNewest(log);
    this.#judgeTime(origin);
    await log.peers.push();
    this.#thin(origin);
    const trouble = !reached || lost || !read || weak;
    if (!trouble) this.#noteSuccess(origin);
    return trouble;
  }

  /** Once an hour: there is nothing to forget before. */
  #thin(origin: string): void {
    const now = this.#parts.clock().getTime();
    if (now - (this.#thinned.get(origin) ?? 0) < 3_600_000) return;
    this.#thinned.set(origin, now);
    thin(this.#parts.store, origin, now);
  }

  #noteSuccess(origin: string): void {
    const { store, clock } = this.#parts;
    store.commit(origin, store.known(origin), { facts: new Map([[SUCCESS, timeOf(clock().getTime())]]) });
  }

  /** Whether the newest head is cosigned as the policy asks, and new enough. Answers whether it is not. */
  #judgeNewest({ keys, heads, policy, freshness }: Followed): boolean {
    const { clock } = this.#parts;
    const { origin, vkeys, witnesses } = keys;
    const note = heads.latest();
    if (!note) return true;
    const now = Math.floor(clock().getTime() / 1000);
    const opened = openCheckpoint(note, [...vkeys, ...witnesses]);
    const { size } = opened.checkpoint;
    let weak = false;
    const verdict = policy && evaluate(policy, opened);
    if (policy && verdict && !verdict.met) {
      weak = true;
      const summary = `the head of size ${size} of ${origin} is not cosigned as it should be: ${explain(policy, verdict).join('; ')}`;
      this.#tell(origin, { kind: 'quorum-lost', rule: 'policy', subject: String(size), summary, detail: { size } });
    }
    const sign = this.#lastSign(origin, opened);
    if (sign !== undefined && sign < timeOf(1000 * (now - freshness))) {
      weak = true;
      const summary = `the last sign of life of ${origin} is of ${sign}: what is shown may be old`;
      this.#tell(origin, { kind: 'stale', rule: 'freshness', subject: sign, summary });
    }
    return weak;
  }

  /** The newest cosignature by a witness; without witnesses, the log's own last heartbeat. */
  #lastSign(origin: string, { signed }: OpenedCheckpoint): string | undefined {
    const witnesses = this.heads(origin)?.log.witnesses ?? [];
    const times = signed.flatMap(({ vkey, time }) => (time !== undefined && witnesses.includes(vkey) ? [time] : []));
    if (times.length > 0) return timeOf(1000 * Math.min(Math.max(...times), 8.64e12));
    return this.#parts.store.fact(origin, HEARTBEAT);
  }

  /** What time alone brings about. */
  #judgeTime(origin: string): void {
    const { store, clock, watch } = this.#parts;
    const now = timeOf(clock().getTime());
    for (const finding of overdue(store.facts(origin, 'promise/'), now)) this.#tell(origin, finding);
    const reviews = unreviewed(store.facts(origin, WAITING), (name) => store.fact(origin, name), now);
    const alerts = reviews.findings.map((finding) => alertOf(origin, now, finding));
    // With the alerts, or not at all: what is decided is not asked again.
    if (reviews.facts.size > 0) store.commit(origin, store.known(origin), { facts: reviews.facts, alerts });
    for (const finding of silent(watch(), store.facts(origin, 'stream/'), now)) this.#tell(origin, finding);
  }

  #follow(log: FollowedLog): Followed {
    const { store, clock, pick, watch, grace, startAtEnd, ask, note } = this.#parts;
    const { keys, copies, sources } = log;
    const tell = (finding: Finding) => this.#tell(keys.origin, finding);
    const heads = new Heads({ log: keys, store, clock, tell });
    const say = (message: string) => note(keys.origin, 'start', message);
    const follower = new Follower({ heads, store, copies, clock, watch, tell, note: say, grace, startAtEnd });
    const failed = (source: string, why: string) => note(keys.origin, source, why);
    const peers = new Peers({ heads, store, sources, ask, clock, failed });
    const sampler = new Sampler({ origin: keys.origin, url: sources.copies[0] ?? '', ask, clock, pick, tell, failed });
    return { ...log, heads, follower, peers, sampler };
  }

  #tell(origin: string, finding: Finding): void {
    const { store, clock } = this.#parts;
    store.raise([alertOf(origin, timeOf(clock().getTime()), finding)]);
  }
}
