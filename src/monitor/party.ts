/** A monitor as a party to the exchange of heads, and as a distributor of cosigned ones. @module */
import { equal } from '../core/bytes.ts';
import { Fault } from '../core/fault.ts';
import type { ListedHead, Posted } from '../core/headlist.ts';
import { parseNote, type Vkey } from '../core/note.ts';
import type { Taken } from './heads.ts';
import type { MonitorStore } from './memory.ts';
import type { Monitor } from './monitor.ts';
import { openHead } from './notes.ts';
import { logId, originHash } from './peers.ts';

/** Heads that are looked through for the largest with enough cosignatures. */
const HEADS_BACK = 256;

export class Party {
  readonly #monitor: Monitor;
  readonly #store: MonitorStore;
  readonly #hashes: ReadonlyMap<string, string>;
  readonly logs: ReadonlyMap<string, string>;
  /** Told when a head has come in that may be worth a round. */
  readonly #arrived: () => void;

  constructor(monitor: Monitor, store: MonitorStore, arrived: () => void) {
    this.#monitor = monitor;
    this.#store = store;
    this.#arrived = arrived;
    const origins = monitor.origins();
    this.#hashes = new Map(origins.map((origin) => [originHash(origin), origin]));
    this.logs = new Map(origins.map((origin) => [logId(origin), origin]));
  }

  originOf(hash: string): string | undefined {
    return this.#hashes.get(hash);
  }

  latest(origin: string): Uint8Array | undefined {
    return this.#headsOf(origin).latest();
  }

  after(origin: string, seq: number, limit: number): ListedHead[] {
    return this.#store.headsAfter(origin, seq, limit);
  }

  async post(origin: string, note: Uint8Array): Promise<Posted> {
    const { status, file } = await this.#take(origin, note, 'a post');
    if (status === 'verified') return { kind: 'consistent' };
    if (status !== 'conflict') return { kind: 'queued' };
    const last = this.#store.evidence(origin).at(-1) ?? '';
    return { kind: 'conflict', file: file ?? this.#store.evidenceFile(origin, last) };
  }

  evidence(origin: string): readonly string[] {
    return this.#store.evidence(origin);
  }

  evidenceFile(origin: string, id: string): Uint8Array | undefined {
    return this.#store.evidenceFile(origin, id);
  }

  witnesses(): Vkey[] {
    const all = this.#monitor.origins().flatMap((origin) => this.#monitor.heads(origin)?.log.witnesses ?? []);
    return [...new Map(all.map((vkey) => [`${vkey.name} ${vkey.id}`, vkey])).values()];
  }

  async put(origin: string, witness: string, note: Uint8Array): Promise<void> {
    const { log } = this.#headsOf(origin);
    const known = this.#store.witnessed(origin, witness);
    // A witness puts the same again every minute.
    if (known && equal(known.note, note)) return;
    const { checkpoint, signed } = openHead(note, origin, log.vkeys, log.witnesses);
    if (!signed.some(({ vkey }) => vkey.name === witness && log.witnesses.includes(vkey))) {
      throw new Fault('unknown-signer', `${witness} has not cosigned this, or is no witness that is known here`);
    }
    // An old head is no news, and yet may convict the log.
    const { status } = await this.#take(origin, note, `the witness ${witness}`);
    if (status === 'conflict') {
      throw new Fault('stale-size', 'this head conflicts with another that the log has signed; see the evidence');
    }
    if (known && checkpoint.size < known.size) {
      throw new Fault('bad-request', `a head of size ${known.size} by ${witness} is here already`);
    }
  }

  byWitness(origin: string, witness: string): Uint8Array | undefined {
    return this.#store.witnessed(origin, witness)?.note;
  }

  byCount(origin: string, count: number): Uint8Array | undefined {
    const { log } = this.#headsOf(origin);
    const heads = this.#store.heads(origin, { status: 'verified' }).slice(0, HEADS_BACK);
    return heads.find(({ note }) => cosigners(note, log.witnesses) >= count)?.note;
  }

  async #take(origin: string, note: Uint8Array, source: string): Promise<Taken> {
    const taken = await this.#headsOf(origin).take(note, source);
    if (taken.isNew && taken.status !== 'verified') this.#arrived();
    return taken;
  }

  #headsOf(origin: string) {
    const heads = this.#monitor.heads(origin);
    if (!heads) throw new Fault('unknown-log', `${origin} is not followed here`);
    return heads;
  }
}

/** How many witnesses have cosigned; the lines of a kept note have been verified. */
function cosigners(note: Uint8Array, witnesses: readonly Vkey[]): number {
  const lines = parseNote(note).signatures;
  const names = witnesses.filter((vkey) => lines.some(({ name, id }) => name === vkey.name && id === vkey.id));
  return new Set(names.map(({ name }) => name)).size;
}
