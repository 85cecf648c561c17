/**
 * Asks others for what a log has signed: the log itself, its witnesses, monitors and distributors; and hands them our
 * newest head. Whoever does not answer is passed over until the next round. @module
 */
import { sha256 } from '#sha256';
import { equal, fromUtf8, toHex, utf8 } from '../core/bytes.ts';
import { Fault, messageOf } from '../core/fault.ts';
import { MAX_EVIDENCE_IDS, parseHeads } from '../core/headlist.ts';
import { parseSize } from '../core/size.ts';
import { type Heads, MAX_EVIDENCE } from './heads.ts';
import type { HeadStore, TreeStore } from './memory.ts';

/** What came back, whatever its status. Rejects with a Fault if nothing did. */
export type Ask = (url: string, body?: Uint8Array) => Promise<{ readonly status: number; readonly body: Uint8Array }>;

/** Where heads of a log are asked for; base URLs without a slash at their end. */
export type Sources = {
  /** The log and its copies, at `/checkpoint`. */
  readonly copies: readonly string[];
  /** Witnesses, at `/<hash>/checkpoint`. */
  readonly witnesses: readonly string[];
  /** Whoever exchanges heads: logs, monitors, witnesses, mirrors. */
  readonly peers: readonly string[];
  readonly distributors: readonly string[];
  /** The distributor is asked for heads with up to so many cosignatures. */
  readonly most: number;
};

export type PeersParts = {
  readonly heads: Heads;
  readonly store: TreeStore & Pick<HeadStore, 'evidence'>;
  readonly sources: Sources;
  readonly ask: Ask;
  readonly clock: () => Date;
  /** Told of whoever does not answer, or answers what cannot be used. */
  readonly failed: (source: string, why: string) => void;
};

/** The hash of an origin, as paths have it. */
export function originHash(origin: string): string {
  return toHex(sha256(utf8(origin)));
}

/** The distributor's name of a log. */
export function logId(origin: string): string {
  return toHex(sha256(utf8(`o:${origin}`)));
}

const HOUR = 3_600_000;
/** Lists of heads that are read from one peer in one round. */
const MAX_PAGES = 10;

export class Peers {
  readonly #parts: PeersParts;
  /** What each source said last: the same bytes need not be judged again. */
  readonly #last = new Map<string, Uint8Array>();
  readonly #pushed = new Map<string, { note: Uint8Array; at: number }>();

  constructor(parts: PeersParts) {
    this.#parts = parts;
  }

  /** Asks all of them at once. Answers whether the log, or a copy of it, has answered. */
  async pull(): Promise<boolean> {
    const { heads, sources } = this.#parts;
    const { origin } = heads.log;
    const hash = originHash(origin);
    const others = [
      ...sources.witnesses.map((url) => this.#note(`${url}/${hash}/checkpoint`)),
      ...sources.distributors.flatMap((url) =>
        Array.from({ length: sources.most }, (_, n) =>
          this.#note(`${url}/distributor/v0/logs/${logId(origin)}/checkpoint.${n + 1}`),
        ),
      ),
      ...sources.peers.map((url) => this.#peer(url, `${url}/gossip/v1/${hash}`)),
    ];
    const copies = await Promise.all(sources.copies.map((url) => this.#note(`${url}/checkpoint`)));
    await Promise.all(others);
    return copies.includes(true);
  }

  /** Hands the newest head to peers if it has changed since, and once an hour. */
  async push(): Promise<void> {
    const { heads, sources, clock } = this.#parts;
    const note = heads.latest();
    if (!note) return;
    await Promise.all(sources.peers.map((url) => this.#pushTo(url, note, clock().getTime())));
  }

  /** One signed head. A source that has none is no trouble. */
  async #note(url: string): Promise<boolean> {
    return this.#try(url, async () => {
      const { status, body } = await this.#parts.ask(url);
      if (status === 404) return;
      if (status !== 200) throw new Fault('internal', `it answers ${status}`);
      await this.#take(body, url);
    });
  }

  async #take(note: Uint8Array, source: string): Promise<void> {
    const last = this.#last.get(source);
    if (last && equal(last, note)) return;
    await this.#parts.heads.take(note, source);
    this.#last.set(source, note);
  }

  async #peer(name: string, base: string): Promise<boolean> {
    const { heads, store, ask } = this.#parts;
    const { origin } = heads.log;
    const fact = `peer/${name}`;
    return this.#try(name, async () => {
      let after = parseSize(store.fact(origin, fact) ?? '0', 'bad-request');
      const before = after;
      for (let page = 0; page < MAX_PAGES; page++) {
        const { status, body } = await ask(`${base}/heads?after=${after}`);
        if (status === 404) return;
        if (status !== 200) throw new Fault('internal', `it answers ${status}`);
        const listed = parseHeads(body);
        if (listed.length === 0) break;
        for (const { seq, note } of listed) {
          await heads.take(note, name);
          after = Math.max(after, seq);
        }
      }
      if (after !== before) store.commit(origin, store.known(origin), { facts: new Map([[fact, String(after)]]) });
      await this.#evidence(base, name);
    });
  }

  /** Evidence that a peer has and we have not, as long as there is room for it. */
  async #evidence(base: string, name: string): Promise<void> {
    const { heads, store, ask } = this.#parts;
    const { origin } = heads.log;
    let after = '';
    for (let page = 0; page < MAX_PAGES && store.evidence(origin).length < MAX_EVIDENCE; page++) {
      const { status, body } = await ask(`${base}/evidence${after}`);
      if (status !== 200) return;
      const ids = fromUtf8(body, 'bad-request').split('\n').slice(0, -1);
      const known = store.evidence(origin);
      for (const id of ids.filter((one) => /^[0-9a-f]{64}$/.test(one) && !known.includes(one))) {
        const file = await ask(`${base}/evidence/${id}`);
        if (file.status === 200) heads.takeEvidence(file.body, name);
      }
      if (ids.length < MAX_EVIDENCE_IDS) return;
      after = `?after=${ids.at(-1)}`;
    }
  }

  async #pushTo(url: string, note: Uint8Array, now: number): Promise<void> {
    const { heads, ask } = this.#parts;
    const last = this.#pushed.get(url);
    if (last && equal(last.note, note) && now - last.at < HOUR) return;
    await this.#try(url, async () => {
      const { status, body } = await ask(`${url}/gossip/v1/${originHash(heads.log.origin)}/heads`, note);
      if (status === 200) await heads.take(body, url);
      // Whoever holds a head that conflicts with ours answers with the evidence.
      else if (status === 409) heads.takeEvidence(body, url);
      else if (status !== 202 && status !== 404) throw new Fault('internal', `it answers ${status}`);
      this.#pushed.set(url, { note, at: now });
    });
  }

  async #try(source: string, work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      this.#parts.failed(source, messageOf(error));
      return false;
    }
  }
}
