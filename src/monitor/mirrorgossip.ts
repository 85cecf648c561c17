/**
 * A mirror as a party to the exchange of heads: it shows the checkpoint that it serves, and judges what others say the
 * log has signed by its copy of the tree. @module
 */
import { sha256 } from '#sha256';
import { equal, toHex, utf8 } from '../core/bytes.ts';
import { type Evidence, formatEvidence } from '../core/evidence.ts';
import { EMPTY_ROOT } from '../core/hash.ts';
import type { ListedHead } from '../core/headlist.ts';
import { conflict, type HeadVerdict, judgeHead, type KnownTree, openSignedHead } from '../core/judgehead.ts';
import type { Vkey } from '../core/note.ts';
import type { Mirror } from './mirror.ts';
import { MAX_EVIDENCE, type MirrorStore } from './ports.ts';

export type MirrorGossipParts = {
  readonly mirror: Mirror;
  /** The keys of the log. */
  readonly vkeys: readonly Vkey[];
  readonly store: Pick<MirrorStore, 'keepEvidence' | 'evidence'>;
  /** Told of evidence that was not known before. */
  readonly alarm: (evidence: Evidence) => void;
};

type Posted =
  | { readonly kind: 'consistent' | 'queued' }
  | { readonly kind: 'conflict'; readonly file: Uint8Array | undefined };

export class MirrorGossip {
  readonly #parts: MirrorGossipParts;
  readonly #hash: string;

  constructor(parts: MirrorGossipParts) {
    this.#parts = parts;
    this.#hash = toHex(sha256(utf8(parts.mirror.origin)));
  }

  originOf(hash: string): string | undefined {
    return hash === this.#hash ? this.#parts.mirror.origin : undefined;
  }

  latest(): Uint8Array | undefined {
    return this.#parts.mirror.mirrored()?.note;
  }

  /** The one head that is kept with its cosignatures, under its size. */
  after(_: string, seq: number): ListedHead[] {
    const mirrored = this.#parts.mirror.mirrored();
    return mirrored && mirrored.size > seq ? [{ seq: mirrored.size, note: mirrored.note }] : [];
  }

  async post(origin: string, note: Uint8Array): Promise<Posted> {
    const verdict = await this.#judge(origin, note);
    if (verdict.kind !== 'conflict') return { kind: verdict.kind === 'larger' ? 'queued' : 'consistent' };
    const file = verdict.evidence && formatEvidence(verdict.evidence);
    if (verdict.evidence && file && this.#parts.store.keepEvidence(file, MAX_EVIDENCE)) {
      this.#parts.alarm(verdict.evidence);
    }
    return { kind: 'conflict', file };
  }

  evidence(): ReadonlyMap<string, Uint8Array> {
    return this.#parts.store.evidence();
  }

  async #judge(origin: string, note: Uint8Array): Promise<HeadVerdict> {
    const { mirror, vkeys } = this.#parts;
    const { checkpoint } = openSignedHead(note, origin, vkeys);
    const tree = { nodes: (nodes: Parameters<KnownTree['nodes']>[0]) => nodes.map((node) => mirror.tree.node(node)) };
    // A checkpoint whose entries are still to come convicts as well as one whose entries are here.
    const rival = mirror.pending().find(({ size, root }) => size === checkpoint.size && !equal(root, checkpoint.root));
    if (rival) return conflict(vkeys, [rival.note, note], tree);
    const mirrored = mirror.mirrored();
    const head = mirrored ?? { size: 0, root: EMPTY_ROOT };
    return judgeHead(checkpoint, note, vkeys, { head, note: mirrored?.note, ...tree });
  }
}
