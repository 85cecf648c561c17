/**
 * The signed heads of one log, from wherever they come: each is judged against the tree that is known, kept, and where
 * two of them conflict, made into evidence at once. Nothing that a stranger sends is kept unless the log has signed it. @module
 */
import { sha256 } from '#sha256';
import { equal, toHex } from '../core/bytes.ts';
import type { Checkpoint, Head } from '../core/checkpoint.ts';
import type { Signed } from '../core/cosignature.ts';
import { type Evidence, formatEvidence, parseEvidence, verifyEvidence } from '../core/evidence.ts';
import { Fault } from '../core/fault.ts';
import { conflict, judgeHead } from '../core/judgehead.ts';
import type { Vkey } from '../core/note.ts';
import type { Finding } from './alert.ts';
import type { HeadStatus, HeadStore, SeenHead, TreeStore, WitnessedStore } from './memory.ts';
import { mergeNotes, openHead } from './notes.ts';
import { knownTree } from './tree.ts';

/** Whose signatures count on the heads of a log. */
export type LogKeys = { readonly origin: string; readonly vkeys: readonly Vkey[]; readonly witnesses: readonly Vkey[] };

export type HeadsParts = {
  readonly log: LogKeys;
  readonly store: TreeStore & HeadStore & WitnessedStore;
  readonly clock: () => Date;
  readonly tell: (finding: Finding) => void;
};

/** What became of a head. `file` is the evidence file if it convicts the log. */
export type Taken = { readonly status: HeadStatus; readonly file?: Uint8Array; readonly isNew: boolean };

/** More heads than these beyond the tree are no log's way to grow. */
const MAX_PENDING = 100;
/** Evidence files that are kept of one log. */
export const MAX_EVIDENCE = 100;
const NO_NODES = { nodes: () => [] };

export class Heads {
  readonly #parts: HeadsParts;
  #before: Promise<unknown> = Promise.resolve();

  constructor(parts: HeadsParts) {
    this.#parts = parts;
  }

  get log(): LogKeys {
    return this.#parts.log;
  }

  /**
   * Fault `unknown-signer` if the log has not signed it; `pool-full` if too many wait to be verified. One after the other,
   * so that of two that come at once the second is held against the first.
   */
  take(bytes: Uint8Array, source: string): Promise<Taken> {
    const taken = this.#before.then(() => this.#take(bytes, source));
    this.#before = taken.catch(() => {});
    return taken;
  }

  async #take(bytes: Uint8Array, source: string): Promise<Taken> {
    const { log, store, clock } = this.#parts;
    const { checkpoint, note, signed } = openHead(bytes, log.origin, log.vkeys, log.witnesses);
    const known = store.heads(log.origin, { size: checkpoint.size });
    const same = this.#kept(checkpoint);
    const whole = same ? mergeNotes(same.note, note) : note;
    if (same?.status === 'verified' || same?.status === 'conflict') {
      if (!equal(whole, same.note)) store.putHead(log.origin, { ...same, note: whole });
      if (same.status === 'verified') this.#keepWitnessed(checkpoint.size, whole, signed);
      return { status: same.status, isNew: false };
    }
    const { status, evidence } = await this.#judge(checkpoint, whole, known);
    if (status === 'pending' && !same && store.heads(log.origin, { status }).length >= MAX_PENDING) {
      throw new Fault('pool-full', `${MAX_PENDING} heads of ${log.origin} wait to be verified already`, {
        retryAfter: 600,
      });
    }
    const firstSeen = same?.firstSeen ?? clock().getTime();
    // What was unverifiable stays so until its tree is shown, which may have been while this one was judged.
    const kept = status === 'pending' ? (this.#kept(checkpoint)?.status ?? status) : status;
    if (status === 'conflict') return this.convict(checkpoint, whole, evidence, source);
    this.#keepWitnessed(checkpoint.size, whole, signed);
    store.putHead(log.origin, {
      size: checkpoint.size,
      root: checkpoint.root,
      note: whole,
      status: kept,
      source,
      firstSeen,
    });
    return { status: kept, isNew: !same };
  }

  /** The head that the tree is known to, with every cosignature that has come for it since. */
  latest(): Uint8Array | undefined {
    const known = this.#parts.store.known(this.#parts.log.origin);
    return this.#kept(known)?.note ?? known.note;
  }

  #kept({ size, root }: Head): SeenHead | undefined {
    const { log, store } = this.#parts;
    return store.heads(log.origin, { size }).find((one) => equal(one.root, root));
  }

  /** What each witness has cosigned last; a head that conflicts with others does not replace what it did before. */
  #keepWitnessed(size: number, note: Uint8Array, signed: readonly Signed[]): void {
    const { log, store } = this.#parts;
    for (const { vkey, time } of signed) {
      if (time === undefined || !log.witnesses.includes(vkey)) continue;
      store.putWitnessed(log.origin, vkey.name, size, time, note);
    }
  }

  /** Judges again what was larger than the tree was. */
  async review(): Promise<void> {
    const { log, store } = this.#parts;
    const { size } = store.known(log.origin);
    const open = (['pending', 'unverifiable'] as const).flatMap((status) => store.heads(log.origin, { status }));
    for (const head of open) {
      if (head.size > size) continue;
      const { status, evidence } = await this.#judge(head, head.note, []);
      if (status === 'conflict') this.convict(head, head.note, evidence, head.source);
      else store.markHead(log.origin, head, status);
    }
  }

  /** Keeps two heads that conflict, and tells it. */
  convict(
    head: Pick<Checkpoint, 'size' | 'root'>,
    note: Uint8Array,
    evidence: Evidence | undefined,
    source: string,
  ): Taken {
    const { log, store, clock } = this.#parts;
    const { size, root } = head;
    const file = evidence && formatEvidence(evidence);
    const id = file && toHex(sha256(file));
    const isFull = this.#isFull();
    const kept = this.#kept(head);
    if (!isFull) {
      if (file && id) store.putEvidence(log.origin, id, file);
      this.#parts.tell({
        kind: 'equivocation',
        rule: evidence?.kind ?? 'two-keys',
        // Of two heads of one size it is told once, whichever of them came first.
        subject: evidence?.kind === 'same-size' ? String(size) : `${size} ${toHex(root)}`,
        summary: `${log.origin} has signed two histories: the head of size ${size} from ${source} is none of the other`,
        detail: { size, root: toHex(root), source, evidence: id ?? null },
      });
    }
    // Last: once it is there, it is not judged again.
    if (!isFull || kept) {
      // Its tree was read meanwhile, and others may have added cosignatures.
      const whole = kept ? mergeNotes(kept.note, note) : note;
      store.putHead(log.origin, { size, root, note: whole, status: 'conflict', source, firstSeen: clock().getTime() });
    }
    return { status: 'conflict', isNew: true, ...(file ? { file } : {}) };
  }

  /** One file convicts; whoever can sign as the log cannot fill the disk with more. */
  #isFull(): boolean {
    const { log, store } = this.#parts;
    const conflicts = store.heads(log.origin, { status: 'conflict' });
    return Math.max(store.evidence(log.origin).length, conflicts.length) >= MAX_EVIDENCE;
  }

  /** Evidence that someone else has made. Faults as `verifyEvidence`. */
  takeEvidence(file: Uint8Array, source: string): void {
    const { log, store } = this.#parts;
    const evidence = parseEvidence(file);
    const { kind, checkpoints } = verifyEvidence(evidence, log.vkeys);
    if (checkpoints[0]?.origin !== log.origin) throw new Fault('bad-proof', 'this is evidence against another log');
    const id = toHex(sha256(file));
    if (store.evidence(log.origin).includes(id) || this.#isFull()) return;
    store.putEvidence(log.origin, id, file);
    const sizes = checkpoints.map(({ size }) => size).join(' and ');
    this.#parts.tell({
      kind: 'equivocation',
      rule: kind,
      subject: id,
      summary: `${log.origin} has signed two histories: ${source} has the evidence, of size ${sizes}`,
      detail: { source, evidence: id },
    });
  }

  async #judge(
    head: Pick<Checkpoint, 'size' | 'root'>,
    note: Uint8Array,
    sameSize: readonly SeenHead[],
  ): Promise<{ status: HeadStatus; evidence?: Evidence | undefined }> {
    const { log, store } = this.#parts;
    const other = sameSize.find(({ root }) => !equal(root, head.root));
    // Two signed heads of one size need no tree.
    if (other) {
      const { evidence } = await conflict(log.vkeys, [other.note, note], NO_NODES);
      return { status: 'conflict', evidence };
    }
    const verdict = await judgeHead(head, note, log.vkeys, knownTree(store, log.origin));
    if (verdict.kind === 'conflict') return { status: 'conflict', evidence: verdict.evidence };
    return { status: verdict.kind === 'larger' ? 'pending' : 'verified' };
  }
}
