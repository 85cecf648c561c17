/**
 * A witness as a party to the exchange of heads. It keeps one head of each log and no tiles: a head of the same size is
 * judged here, another is for whoever has the tree. @module
 */
import { sha256 } from '#sha256';
import { equal, toHex } from '../core/bytes.ts';
import { type Evidence as EvidenceFile, formatEvidence, verifyEvidence } from '../core/evidence.ts';
import { Fault } from '../core/fault.ts';
import { EMPTY_ROOT } from '../core/hash.ts';
import type { ListedHead, Posted } from '../core/headlist.ts';
import { openSignedHead } from '../core/judgehead.ts';
import type { Vkey } from '../core/note.ts';
import type { Evidence, WitnessedLog, WitnessStore } from './ports.ts';

export type WitnessGossipParts = {
  readonly store: WitnessStore;
  /** All that is kept, of all logs. */
  readonly kept: () => Iterable<Evidence>;
  readonly clock: () => Date;
  /** Told of evidence that was not known before. */
  readonly alarm: (evidence: Evidence) => void;
};

const MAX_EVIDENCE = 100;

export class WitnessGossip {
  readonly #parts: WitnessGossipParts;

  constructor(parts: WitnessGossipParts) {
    this.#parts = parts;
  }

  originOf(hash: string): string | undefined {
    return this.#parts.store.originOf(hash);
  }

  latest(origin: string): Uint8Array | undefined {
    return this.#parts.store.log(origin)?.known.note;
  }

  /** The one head that is kept, under its size and time: a later cosignature of it is news too. */
  after(origin: string, seq: number): ListedHead[] {
    const known = this.#parts.store.log(origin)?.known;
    if (!known?.note || known.time <= seq) return [];
    return [{ seq: known.time, note: known.note }];
  }

  post(origin: string, note: Uint8Array): Posted {
    const { store, clock, alarm } = this.#parts;
    const log = store.log(origin) as WitnessedLog;
    const { checkpoint: head } = openSignedHead(note, origin, log.vkeys);
    const { known } = log;
    const root = head.size === 0 ? EMPTY_ROOT : head.size === known.size ? known.root : undefined;
    if (root === undefined) return { kind: 'queued' };
    if (equal(head.root, root)) return { kind: 'consistent' };
    const time = Math.floor(clock().getTime() / 1000);
    const kind = head.size === 0 ? 'empty-root' : 'same-size';
    const evidence: Evidence = { origin, kind, time, known: known.note, offered: note, old: head.size, proof: [] };
    if (store.keep(evidence, MAX_EVIDENCE)) alarm(evidence);
    return { kind: 'conflict', file: fileOf(evidence, log.vkeys) };
  }

  evidence(origin: string): readonly string[] {
    return [...this.#files(origin).keys()];
  }

  evidenceFile(origin: string, id: string): Uint8Array | undefined {
    return this.#files(origin).get(id);
  }

  #files(origin: string): ReadonlyMap<string, Uint8Array> {
    const vkeys = this.#parts.store.log(origin)?.vkeys ?? [];
    const files = [...this.#parts.kept()].filter((one) => one.origin === origin).map((one) => fileOf(one, vkeys));
    return new Map(files.flatMap((file) => (file ? [[toHex(sha256(file)), file] as const] : [])));
  }
}

/** What was kept as an evidence file; undefined if it proves nothing, or two keys of the log signed a side each. */
function fileOf({ kind, known, offered, proof }: Evidence, vkeys: readonly Vkey[]): Uint8Array | undefined {
  if (kind === 'unproven') return undefined;
  const notes = kind === 'empty-root' || !known ? [offered] : [known, offered];
  // A proof that leads from a size that is no power of two writes its first node out, as evidence does.
  const hashes = kind === 'inconsistent' ? proof : [];
  for (const log of vkeys) {
    const evidence: EvidenceFile = { kind, log, hashes, notes };
    if (isProof(evidence)) return formatEvidence(evidence);
  }
  return undefined;
}

function isProof(evidence: EvidenceFile): boolean {
  try {
    verifyEvidence(evidence, [evidence.log]);
    return true;
  } catch (error) {
    if (error instanceof Fault) return false;
    throw error;
  }
}
