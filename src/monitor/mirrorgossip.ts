/** A mirror as a party to the exchange of heads: it shows the one that it mirrors, and judges others by its copy. @module */
import type { ListedHead, Posted } from '../core/headlist.ts';
import type { Mirror } from './mirror.ts';
import { originHash } from './peers.ts';

/** The evidence that a mirror keeps. */
export type KeptEvidence = { evidence(): readonly string[]; evidenceFile(id: string): Uint8Array | undefined };

export class MirrorGossip {
  readonly #mirror: Mirror;
  readonly #kept: KeptEvidence;
  readonly #hash: string;

  constructor(mirror: Mirror, kept: KeptEvidence) {
    this.#mirror = mirror;
    this.#kept = kept;
    this.#hash = originHash(mirror.origin);
  }

  originOf(hash: string): string | undefined {
    return hash === this.#hash ? this.#mirror.origin : undefined;
  }

  latest(): Uint8Array | undefined {
    return this.#mirror.mirrored()?.note;
  }

  /** The one head that is served, under its size: of two in one second a listener must not miss the second. */
  after(_: string, seq: number): ListedHead[] {
    const mirrored = this.#mirror.mirrored();
    return mirrored && mirrored.size > seq ? [{ seq: mirrored.size, note: mirrored.note }] : [];
  }

  post(_: string, note: Uint8Array): Promise<Posted> {
    return this.#mirror.judge(note);
  }

  evidence(): readonly string[] {
    return this.#kept.evidence();
  }

  evidenceFile(_: string, id: string): Uint8Array | undefined {
    return this.#kept.evidenceFile(id);
  }
}
