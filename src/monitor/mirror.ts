/**
 * A mirror, C2SP tlog-mirror: keeps a full copy of one log and cosigns a checkpoint once every entry of it is on disk.
 * It is locked onto one history: each checkpoint must extend the one before, each entry is authenticated before it is
 * stored, and what the log signed against that becomes evidence. Killed at any moment, it goes on where it was. @module
 */
import { type AddCheckpoint, parseAddCheckpoint } from '../core/addcheckpoint.ts';
import { equal, type Hash, utf8 } from '../core/bytes.ts';
import { formatCheckpoint, type Head, parseCheckpoint } from '../core/checkpoint.ts';
import { type OpenedCheckpoint, openCheckpoint, signedMessage, toNoteSignature } from '../core/cosignature.ts';
import { type Evidence, formatEvidence, makeEvidence, parseEvidence } from '../core/evidence.ts';
import { Fault, must } from '../core/fault.ts';
import { EMPTY_ROOT } from '../core/hash.ts';
import type { Posted } from '../core/headlist.ts';
import { judgePosted } from '../core/judgehead.ts';
import { COSIGNATURE_MLDSA44, formatNote, type Note, parseNote, type Vkey } from '../core/note.ts';
import { foldPeaks, foldPlan, showsFork } from '../core/proof.ts';
import { AHEAD, isoTime } from '../core/quorum.ts';
import { type Get, Reader } from '../core/reader.ts';
import type { Signer } from '../core/signature.ts';
import { foldSubtree, subtreePlan } from '../core/subtree.ts';
import { coverNodes, type Node, TILE_WIDTH } from '../core/tile.ts';
import type { KnownCheckpoint, MirroredCheckpoint, MirrorStore, MirrorTree } from './ports.ts';

export type MirrorParts = {
  readonly origin: string;
  /** The keys of the log. */
  readonly vkeys: readonly Vkey[];
  readonly store: MirrorStore;
  readonly tree: MirrorTree;
  /** The keys of the mirror, which sign nothing but what is mirrored. */
  readonly cosigners: readonly { readonly vkey: Vkey; readonly signer: Signer }[];
  readonly clock: () => Date;
  /** The decision table of C2SP tlog-witness, which decides add-checkpoint here too. */
  readonly refusal: (known: Head, request: Pick<AddCheckpoint, 'old' | 'proof'> & { head: Head }) => Fault | undefined;
  /** Told of evidence that was not known before. */
  readonly alarm: (evidence: Evidence) => void;
};

/** SPEC: mirrors SHOULD accept any of the last several pending checkpoint values. */
const KEPT_PENDING = 16;
const MAX_EVIDENCE = 100;
/** One commit's worth. */
const BATCH_BYTES = 4 * 1024 * 1024;
const BATCH_ENTRIES = 16 * TILE_WIDTH;
/** A quiet log gets a fresh cosignature once an hour, in seconds. */
const COSIGN_AGAIN = 3600;

export class Mirror {
  readonly #parts: MirrorParts;

  constructor(parts: MirrorParts) {
    this.#parts = parts;
  }

  get origin(): string {
    return this.#parts.origin;
  }

  get tree(): MirrorTree {
    return this.#parts.tree;
  }

  /** The checkpoints that uploads may end at, newest first. */
  pending(): KnownCheckpoint[] {
    return this.#parts.store.pending();
  }

  mirrored(): MirroredCheckpoint | undefined {
    return this.#parts.store.mirrored();
  }

  /** Why its cosignatures count for nobody: its clock was far ahead once, and none is older than the last. */
  early(): string | undefined {
    const [now, last] = [this.#now(), this.mirrored()?.time ?? 0];
    if (last <= now + AHEAD) return undefined;
    const next = 'set it right; if it is, it once was wrong: make a new mirror with a new key';
    return `its cosignatures count for nobody until ${isoTime(last)}, as the clock says ${isoTime(now)}: ${next}`;
  }

  /** SPEC: add-checkpoint is handled identically to that of a witness; the mirror cosigner MUST NOT sign here. */
  async addCheckpoint(body: Uint8Array): Promise<void> {
    const { old, proof, note } = parseAddCheckpoint(body);
    const { origin } = parseCheckpoint(parseNote(note).text);
    if (origin !== this.origin)
      throw new Fault('unknown-log', `this mirror does not know the log ${origin.slice(0, 200)}`);
    const opened = this.#open(note);
    const known = this.pending()[0];
    const head = opened.checkpoint;
    // What a request proves against the log is kept, whatever the answer to it is.
    if (head.size === 0 && !equal(head.root, EMPTY_ROOT)) await this.#keep([note], () => []);
    else if (known) {
      const conflicts = head.size === known.size && !equal(head.root, known.root);
      const forks = old === known.size && showsFork(old, head.size, known.root, head.root, proof);
      if (conflicts || forks) await this.#keep([known.note, note], () => proof);
    }
    const fault = this.#parts.refusal(known ?? { size: 0, root: EMPTY_ROOT }, { old, proof, head });
    if (fault) throw fault;
    this.#accept(opened);
  }

  /**
   * Takes a checkpoint that the log serves, and all entries up to it, read through `get`. Fault `bad-proof` if the log
   * signed another history, of which evidence is kept; `bad-tile` if the log does not show the tree that it signed.
   */
  async follow(note: Uint8Array, get: Get, progress: (size: number) => void = () => {}): Promise<void> {
    const opened = this.#open(note);
    const { origin } = opened.checkpoint;
    if (origin !== this.origin) throw new Fault('bad-checkpoint', `this is the log ${origin.slice(0, 200)}`);
    for (let known = this.pending()[0]; ; known = this.pending()[0]) {
      await this.#compare(known, opened, get);
      // What add-checkpoint brought meanwhile must be compared too.
      if (this.pending()[0]?.size === known?.size) break;
    }
    this.#accept(opened);
    const [target] = this.pending() as [KnownCheckpoint];
    await this.#fetch(target, get, progress);
    this.#finish(target);
  }

  /** Judges a head that anybody posts, by the copy and by what is pending; what convicts the log is kept. */
  async judge(note: Uint8Array): Promise<Posted> {
    const { origin, vkeys, tree, store, alarm } = this.#parts;
    const pending = this.pending();
    const mirrored = this.mirrored();
    if (!mirrored && pending.length === 0) {
      throw new Fault('unknown-resource', 'nothing is mirrored yet', { retryAfter: 10 });
    }
    // Of the largest all entries may be stored, though its cosignature is not given yet.
    const whole = pending.find(({ size, root }) => size <= tree.head.size && equal(this.rootAt(size), root));
    const head = whole ?? mirrored ?? { size: 0, root: EMPTY_ROOT, note: undefined };
    const nodes = (all: readonly Node[]) => all.map((node) => tree.node(node));
    const { posted } = await judgePosted(origin, note, vkeys, { head, note: head.note, nodes }, pending);
    if (posted.kind !== 'conflict' || !posted.file) return posted;
    if (store.keepEvidence(posted.file, MAX_EVIDENCE)) alarm(parseEvidence(posted.file));
    return posted;
  }

  /** Serves a checkpoint of whose size all entries are stored; never an older one than before. */
  #finish(target: KnownCheckpoint): void {
    const { size, time } = this.mirrored() ?? { size: -1, time: 0 };
    if (size > target.size || (size === target.size && this.#now() < time + COSIGN_AGAIN)) return;
    this.complete(target);
  }

  /** Cosigns a checkpoint of whose size all entries are stored, serves it, and answers the cosignature lines. */
  complete({ size, root, note }: KnownCheckpoint): string {
    const { tree, store, cosigners } = this.#parts;
    must(tree.head.size >= size, `size ${size} is not mirrored yet`);
    if (!equal(this.rootAt(size), root)) {
      throw new Error(`the copy is not the tree of size ${size} that was signed, though every entry was authenticated`);
    }
    const { text, signatures } = parseNote(note);
    // A clock that was set back does not make cosignatures older than those that were given out.
    const time = Math.max(this.#now(), this.mirrored()?.time ?? 0);
    const { extension } = parseCheckpoint(text);
    const own = cosigners
      // ML-DSA cosignatures do not cover extension lines, so they would vouch for less than they seem to.
      .filter(({ vkey }) => vkey.type !== COSIGNATURE_MLDSA44 || extension === undefined)
      .map(({ vkey, signer }) => toNoteSignature(vkey, signer.sign(signedMessage(vkey, text, time)), time));
    store.setMirrored({ size, root, time, note: utf8(formatNote({ text, signatures: [...signatures, ...own] })) });
    return formatNote({ text, signatures: own }).slice(text.length + 1);
  }

  /** The root of the stored tree at a size that it has. */
  rootAt(size: number): Hash {
    const { tree } = this.#parts;
    return size === 0 ? EMPTY_ROOT : foldPeaks(coverNodes(0, size).map((node) => tree.node(node)));
  }

  /** Holds a signed checkpoint against the newest one that is known, by what is stored or authenticated now. */
  async #compare(known: KnownCheckpoint | undefined, { checkpoint, note }: OpenedCheckpoint, get: Get): Promise<void> {
    const { size, root } = checkpoint;
    const offered = utf8(formatNote(note));
    if (size === 0 && !equal(root, EMPTY_ROOT)) await this.#convict([offered], () => []);
    if (!known || size === 0 || known.size === 0) return;
    if (size === known.size) {
      if (!equal(root, known.root)) await this.#convict([known.note, offered], () => []);
      return;
    }
    const [small, large] = size < known.size ? [checkpoint, known] : [known, checkpoint];
    const nodes = await this.#seededNodes(small.size, large, get);
    const { subtree, root: above } = foldSubtree({ start: 0, end: small.size }, large.size, undefined, nodes);
    must(equal(above, large.root), 'authenticated nodes do not lead to their root');
    if (!equal(subtree, small.root)) await this.#convict([known.note, offered], () => nodes);
  }

  /** The nodes of a larger tree that recompute its root and the root of its first leaves: ours where we have them. */
  async #seededNodes(first: number, large: Head, get: Get): Promise<Hash[]> {
    const { tree } = this.#parts;
    const plan = subtreePlan({ start: 0, end: first }, large.size, true);
    const own = large.size <= tree.head.size && equal(this.rootAt(large.size), large.root);
    const hashes = own ? plan.flat().map((node) => tree.node(node)) : await new Reader(get, large).nodes(plan.flat());
    return foldPlan(plan, () => hashes);
  }

  /** Keeps the proof that the log signed two histories, and refuses the newer one: the mirror stays on its own. */
  async #convict(notes: readonly Uint8Array[], nodes: () => readonly Hash[]): Promise<never> {
    const kind = await this.#keep(notes, nodes);
    throw new Fault('bad-proof', `the log ${this.origin} signed two histories (${kind}); the proof is kept`);
  }

  async #keep(notes: readonly Uint8Array[], nodes: () => readonly Hash[]): Promise<Evidence['kind']> {
    const { vkeys, store, alarm } = this.#parts;
    const evidence = await makeEvidence(vkeys, notes, nodes);
    if (store.keepEvidence(formatEvidence(evidence), MAX_EVIDENCE)) alarm(evidence);
    return evidence.kind;
  }

  /** Makes a checkpoint the pending one, if it is larger; it must be known to extend the one before. */
  #accept({ checkpoint: { size, root }, note, signed }: OpenedCheckpoint): void {
    const known = this.pending()[0];
    if (known && known.size >= size) return;
    // SPEC: the mirror MUST retain the log's signature in the pending checkpoint.
    const own = {
      text: note.text,
      signatures: note.signatures.filter((line) => signed.some(({ vkey }) => isBy(line, vkey))),
    };
    this.#parts.store.addPending({ size, root, note: utf8(formatNote(own)) }, KEPT_PENDING);
  }

  async #fetch(target: KnownCheckpoint, get: Get, progress: (size: number) => void): Promise<void> {
    const { tree } = this.#parts;
    if (tree.head.size >= target.size) return;
    let waiting: Uint8Array[] = [];
    let [from, bytes] = [tree.head.size, 0];
    const flush = () => {
      // An upload may have stored some of them meanwhile; what is stored twice is the same, since all is authenticated.
      const missing = waiting.slice(tree.head.size - from);
      if (missing.length > 0) tree.appendOpaque(missing);
      [waiting, from, bytes] = [[], tree.head.size, 0];
      progress(tree.head.size);
    };
    for await (const { first, entries } of new Reader(get, target).bundles(Math.floor(from / TILE_WIDTH))) {
      const fresh = entries.slice(Math.max(0, from + waiting.length - first));
      waiting.push(...fresh);
      bytes += fresh.reduce((sum, entry) => sum + entry.length, 0);
      if (waiting.length >= BATCH_ENTRIES || bytes >= BATCH_BYTES) flush();
    }
    if (waiting.length > 0) flush();
  }

  #open(note: Uint8Array): OpenedCheckpoint {
    try {
      const opened = openCheckpoint(note, this.#parts.vkeys);
      if (formatCheckpoint(opened.checkpoint) === opened.note.text) return opened;
    } catch (error) {
      // SPEC (tlog-witness): "403 Forbidden" also if a signature line matches a trusted key but fails to verify.
      if (!(error instanceof Fault && error.code === 'bad-signature')) throw error;
      throw new Fault('unknown-signer', error.message);
    }
    throw new Fault('bad-checkpoint', 'the checkpoint is not in its one form');
  }

  #now(): number {
    return Math.floor(this.#parts.clock().getTime() / 1000);
  }
}

function isBy(line: Note['signatures'][number], { name, id }: Vkey): boolean {
  return line.name === name && line.id === id;
}
