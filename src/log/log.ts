/**
 * The one writer. `turn` takes what waits through its stations: judge, sequence, integrate, commit. Before the commit
 * everything may be thrown away, after it everything may be repeated; `publisher.ts` does what follows. @module
 */
import type { Hash } from '../core/bytes.ts';
import type { Head } from '../core/checkpoint.ts';
import { Fault, must, reasonOf } from '../core/fault.ts';
import { consistencyPlan, foldPlan } from '../core/proof.ts';
import type { Node } from '../core/tile.ts';
import { type Edge, EMPTY_EDGE } from '../core/tree.ts';
import { Audit } from './audit.ts';
import { loadEdge, storedTreeNode } from './edge.ts';
import { Guard, type GuardedHead, REBUILD, rootFrom } from './guard.ts';
import { Identities } from './identities.ts';
import { type Answer, Pool } from './pool.ts';
import type { EntryMode, GuardFile, LogStore, Publication } from './ports.ts';
import type { Rules } from './rules.ts';
import { integrate, sequence } from './sequence.ts';

/** What a log is made of. The clock, the disk and the keys are given; it reads none of them itself. */
export type LogParts = {
  readonly origin: string;
  readonly entries: EntryMode;
  readonly store: LogStore & Publication;
  readonly guard: GuardFile;
  readonly rules: Rules;
  readonly clock: () => Date;
  /** Bytes free where the data and where the guard lie. */
  readonly free: () => Readonly<Record<'data' | 'guard', number>>;
  /** Bytes that must stay free in either place; below, the log is read-only. */
  readonly reserve: number;
  readonly answer: Answer;
  /** Called when a head was committed and waits to be published. */
  readonly wake: () => void;
  /** Called once, when nothing more will be sequenced or signed. */
  readonly frozen: (fault: Fault, reason: string) => void;
  /** Called when the log takes in nothing for now, with the reason, and without a fault when it does again. */
  readonly readOnly: (fault: Fault | undefined) => void;
  /** Told how long each part of a turn took, in seconds. */
  readonly observe: (what: 'turn' | 'commit' | 'guard', seconds: number, entries: number) => void;
};

/** One turn's worth: enough to fill commits, little enough that the next answer is near. */
const TURN_ENTRIES = 4096;
const TURN_BYTES = 8 * 1024 * 1024;

export class Log {
  readonly pool: Pool;
  readonly #parts: LogParts;
  readonly #identities: Identities;
  #head: Head;
  #edge: Edge;
  #audit: Audit | undefined;
  #guard: Guard | undefined;
  #frozen: Fault | undefined;
  #readOnly: Fault | undefined;

  /** Opens the log as it was left. A log that may not sign is open for reads and frozen, and says why. */
  constructor(parts: LogParts) {
    this.#parts = parts;
    this.#head = parts.store.head();
    this.#edge = EMPTY_EDGE;
    this.#identities = new Identities(parts.entries, parts.store, () => this.#edge);
    this.#whileSound(() => {
      this.#edge = loadEdge(parts.store, this.#head.size);
      this.#identities.load(this.#head.size); // first, so that a log that freezes below still finds its entries
      this.#audit = new Audit(parts.store, this.#head);
      this.#guard = new Guard(parts.guard, parts.origin);
      this.#checkGuard(this.#guard);
      parts.rules.load(this.#head.size);
    });
    const settled = parts.store.published()?.size ?? 0;
    this.pool = new Pool(parts.answer, (id) => this.#identities.find(id), settled);
  }

  get head(): Head {
    return this.#head;
  }

  /** Why nothing is sequenced or signed any more; undefined while all is well. */
  get frozen(): Fault | undefined {
    return this.#frozen;
  }

  /** Whether anyone waits for a committed head to be published. */
  get awaited(): boolean {
    return this.pool.committed > 0;
  }

  /** Whether a turn would find something to do. */
  hasWork(): boolean {
    return this.pool.size > 0 || (!this.#frozen && this.#parts.rules.hasOwn(this.#parts.clock()));
  }

  /** Loop 1: everything that waits, up to a turn's worth, becomes entries or is refused. */
  turn(): void {
    const now = this.#parts.clock();
    this.checkOpen(now);
    const closed = this.#frozen ?? this.#readOnly;
    if (closed) this.pool.refuseAll(closed);
    else this.#whileSound(() => this.#turn(now));
  }

  #turn(now: Date): void {
    const { rules, store, observe, entries, wake } = this.#parts;
    const started = performance.now();
    const first = this.#head.size;
    const { admitted, leaves, refused, governance, keep } = rules.judge(
      this.pool.take(TURN_ENTRIES, TURN_BYTES),
      first,
      now,
    );
    for (const { submission, fault } of refused) this.pool.refuse(submission, fault);
    if (admitted.length === 0) return;
    const runs = sequence(admitted, first, entries === 'statements');
    const { batch, edge } = integrate(this.#head, this.#edge, leaves, { runs, governance });
    const committing = performance.now();
    store.commit(batch); // the one step that counts
    observe('commit', (performance.now() - committing) / 1000, admitted.length);
    this.#head = batch.to;
    this.#edge = edge;
    keep();
    for (const [i, submission] of admitted.entries()) {
      this.#identities.add(submission.id, first + i);
      this.pool.place(submission, first + i);
    }
    // An opaque answer is a bare index: it is safe to give as soon as no other history can be signed.
    if (entries === 'opaque') this.settle(this.guardHead().size);
    observe('turn', (performance.now() - started) / 1000, admitted.length);
    wake();
  }

  /** The committed head, re-derived from stored bytes and written into the guard. Fault `frozen` if it may not be. */
  guardHead(): GuardedHead {
    const started = performance.now();
    const [audit, guard, head] = [this.#audit, this.#guard, this.#head];
    if (this.#frozen || !audit || !guard) throw this.#frozen ?? new Fault('frozen', 'the log did not open');
    audit.extendTo(head);
    const guarded = guard.admit(head, (node) => audit.node(node));
    this.#parts.observe('guard', (performance.now() - started) / 1000, 0);
    return guarded;
  }

  /** The largest size that may have been signed. */
  guarded(): number {
    return this.#guard?.last()?.size ?? 0;
  }

  /** The root at an earlier or the same size, not 0, and the proof that a guarded head extends it, from audited nodes. */
  prove(old: number, size: number): { readonly root: Hash; readonly path: readonly Hash[] } {
    const audit = this.#audit;
    must(audit, 'a log that did not open proves nothing');
    const read = (node: Node) => audit.node(node);
    const path = foldPlan(consistencyPlan(old, size), (nodes) => nodes.map(read));
    return { root: rootFrom(old, read), path };
  }

  /** Answers everyone whose entry is below `size`. */
  settle(size: number): void {
    this.pool.settle(size);
  }

  /** Tells everyone whose entry is below `size`, which is guarded, that it is certain and its proof late. */
  promise(size: number): void {
    this.pool.promise(size);
  }

  /** Stops sequencing and signing for good; reads go on. Only a restart, and so the start-up checks, thaws. */
  freeze(error: unknown): void {
    if (this.#frozen) return;
    const isTold = error instanceof Fault && error.code === 'frozen';
    this.#frozen = isTold ? error : new Fault('frozen', 'the log stopped after an error of its own', { cause: error });
    this.#parts.frozen(this.#frozen, reasonOf(error));
    this.pool?.abandon(this.#frozen);
  }

  #whileSound(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.freeze(error);
    }
  }

  #checkGuard(guard: Guard): void {
    const last = guard.last();
    const published = this.#parts.store.published();
    if (published && (last === undefined || last.size < published.size)) {
      throw new Fault(
        'frozen',
        `the guard is behind the published checkpoint of size ${published.size}: is it the right file? ${REBUILD}`,
      );
    }
    if (last === undefined) return;
    if (last.size > this.#head.size) {
      throw new Fault(
        'frozen',
        `the database has ${this.#head.size} entries and size ${last.size} was signed: a restored backup? ` +
          'Stop the log; `limmat recover --data DIR --from MIRROR` fetches the missing entries and appends them as they ' +
          'were. Nothing is signed until then.',
        { size: last.size },
      );
    }
    guard.verify((node) => storedTreeNode(this.#parts.store, this.#edge, node));
  }

  /** Looks whether a turn may take in anything, and tells of a change. Each turn looks; somebody has to while none runs. */
  checkOpen(now = this.#parts.clock()): void {
    // One that froze at its start has not read all of its rules: what they say may be wrong.
    if (this.#frozen) return;
    this.#whileSound(() => {
      const fault = this.#diskFault() ?? this.#parts.rules.closed(now);
      if (fault?.message !== this.#readOnly?.message) this.#parts.readOnly(fault);
      this.#readOnly = fault;
    });
  }

  #diskFault(): Fault | undefined {
    const { free, reserve } = this.#parts;
    const short = Object.entries(free()).find(([, bytes]) => bytes < reserve);
    if (!short) return undefined;
    const mebibytes = Math.ceil(reserve / 2 ** 20);
    return new Fault(
      'read-only',
      `the log is read-only: less than ${mebibytes} MiB are free on the disk of its ${short[0]}`,
      { retryAfter: 60 },
    );
  }
}
