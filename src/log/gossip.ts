/**
 * A log as a party to the exchange of heads: it shows what it has published, and judges what others say that it has
 * signed. Evidence against itself it keeps and serves like everyone else: a fork is an accident until shown otherwise. @module
 */
import { sha256 } from '#sha256';
import { toHex, utf8 } from '../core/bytes.ts';
import { Fault } from '../core/fault.ts';
import type { ListedHead, Posted } from '../core/headlist.ts';
import { judgePosted } from '../core/judgehead.ts';
import type { Vkey } from '../core/note.ts';
import type { EvidenceFiles } from './ports.ts';
import type { PublishedTree } from './published.ts';

export type LogGossipParts = {
  readonly origin: string;
  /**
   * All keys of the log, and one of them is enough to make a head its own. Each signs every checkpoint, but whoever
   * passes one on can leave out lines; and a client that pinned the ML-DSA key alone, which lies on the disk where the
   * other is in a token, believes what that key signed. A head by one key is judged, then, or a fork would be hidden from
   * the very log that can convict whoever made it. Evidence names its key, so to those who pinned the other it is nothing.
   */
  readonly vkeys: readonly Vkey[];
  /** The published tree and its note; undefined before the first. */
  readonly published: () => { readonly head: { readonly note: Uint8Array }; readonly tree: PublishedTree } | undefined;
  /** Published notes beyond a size, smallest first. */
  readonly publishedAfter: (size: number, limit: number) => readonly ListedHead[];
  readonly files: EvidenceFiles;
  /** Told of a head of ours that is not ours to know, or that convicts us. */
  readonly alarm: (message: string) => void;
};

export class LogGossip {
  readonly #parts: LogGossipParts;
  readonly #hash: string;

  constructor(parts: LogGossipParts) {
    this.#parts = parts;
    this.#hash = toHex(sha256(utf8(parts.origin)));
  }

  originOf(hash: string): string | undefined {
    return hash === this.#hash ? this.#parts.origin : undefined;
  }

  latest(): Uint8Array | undefined {
    return this.#parts.published()?.head.note;
  }

  /** The size of a head is its number: a log publishes larger and larger ones. */
  after(_: string, seq: number, limit: number): readonly ListedHead[] {
    return this.#parts.publishedAfter(seq, limit);
  }

  async post(origin: string, note: Uint8Array): Promise<Posted> {
    const { vkeys, published, files, alarm } = this.#parts;
    const ours = published();
    if (!ours) throw new Fault('unknown-resource', 'nothing is published yet', { retryAfter: 1 });
    const { tree } = ours;
    const known = { head: tree.head, note: ours.head.note, nodes: tree.nodes.bind(tree) };
    const { posted, size } = await judgePosted(origin, note, vkeys, known);
    if (posted.kind === 'conflict' && posted.file && files.put(toHex(sha256(posted.file)), posted.file)) {
      alarm(`this log has signed two histories: a head of size ${size} is not of the tree that it serves`);
    }
    return posted;
  }

  evidence(): readonly string[] {
    return this.#parts.files.ids();
  }

  evidenceFile(_: string, id: string): Uint8Array | undefined {
    return this.#parts.files.get(id);
  }
}
