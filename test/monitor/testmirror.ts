/** A mirror on a real disk, of a log that signs what it is told. */
import { join } from 'node:path';
import { formatAddCheckpoint } from '../../src/core/addcheckpoint.ts';
import { formatAddEntries, type Package, packagesOf, subtreeOfPackage } from '../../src/core/addentries.ts';
import { packBundle } from '../../src/core/bundle.ts';
import { concat, type Hash, utf8 } from '../../src/core/bytes.ts';
import { formatCheckpoint } from '../../src/core/checkpoint.ts';
import { signedMessage, toNoteSignature } from '../../src/core/cosignature.ts';
import type { Evidence } from '../../src/core/evidence.ts';
import { Fault } from '../../src/core/fault.ts';
import {
  COSIGNATURE_ED25519,
  COSIGNATURE_MLDSA44,
  formatNote,
  NOTE_ED25519,
  type NoteKeyType,
  vkeyOf,
} from '../../src/core/note.ts';
import { foldPlan } from '../../src/core/proof.ts';
import { signerOf } from '../../src/core/signature.ts';
import { subtreePlan } from '../../src/core/subtree.ts';
import { type Node, parseTilePath, widthIn } from '../../src/core/tile.ts';
import { TreeCopy } from '../../src/log/treecopy.ts';
import { Mirror } from '../../src/monitor/mirror.ts';
import { createMirrorStore, openMirrorStore, type SqliteMirrorStore } from '../../src/store/mirror.ts';
import { createStore, openStore, type SqliteStore } from '../../src/store/sqlite.ts';
import { refusal } from '../../src/witness/decide.ts';
import { folder } from '../folder.ts';
import * as oracle from '../oracle.ts';

export const ORIGIN = 'log.example/pushed';
export const NAME = 'mirror.example/m1';

function key(name: string, type: NoteKeyType, fill: number) {
  const signer = signerOf(type === COSIGNATURE_MLDSA44 ? 'mldsa44' : 'ed25519', new Uint8Array(32).fill(fill));
  return { vkey: vkeyOf(name, type, signer.key), signer };
}

export const LOG = key(ORIGIN, NOTE_ED25519, 1);
export const COSIGNERS = [key(NAME, COSIGNATURE_ED25519, 2), key(NAME, COSIGNATURE_MLDSA44, 3)];
export const STRANGER = key(ORIGIN, NOTE_ED25519, 4);

const honest = oracle.leaves(3000);
const forked = honest.with(3, oracle.leaf(utf8('another')));
const leavesOf = (fork: boolean): Hash[] => (fork ? forked : honest);
const read =
  (leaves: readonly Hash[]) =>
  (nodes: readonly Node[]): Hash[] =>
    nodes.map(({ height, index }) => oracle.mth(leaves, index * 2 ** height, (index + 1) * 2 ** height));

export function noteOf(size: number, fork = false, { vkey, signer } = LOG, origin = ORIGIN): Uint8Array {
  const text = formatCheckpoint({ origin, size, root: oracle.mth(leavesOf(fork), 0, size) });
  return utf8(formatNote({ text, signatures: [toNoteSignature(vkey, signer.sign(signedMessage(vkey, text, 0)), 0)] }));
}

export function checkpointOf(old: number, size: number, fork = false): Uint8Array {
  const proof = old === 0 ? [] : foldPlan(subtreePlan({ start: 0, end: old }, size), read(leavesOf(fork)));
  return formatAddCheckpoint({ old, proof, note: noteOf(size, fork) });
}

/** The first `count` packages of an upload of [start, end). */
export function packagesFor(start: number, end: number, count = 99, fork = false): Package[] {
  const ranges = [...packagesOf({ start, end })].slice(0, count);
  return ranges.map((range) => ({
    ...range,
    entries: Array.from({ length: range.end - range.start }, (_, i) => oracle.entry(range.start + i)),
    proof: foldPlan(subtreePlan(subtreeOfPackage(range), end), read(leavesOf(fork))),
  }));
}

export function uploadOf(start: number, end: number, count = 99): Uint8Array {
  return formatAddEntries({ origin: ORIGIN, start, end, ticket: new Uint8Array(0) }, packagesFor(start, end, count));
}

/** Serves the tree of the log as tlog-tiles. */
export async function getOf(size: number, path: string, fork = false): Promise<Uint8Array> {
  const { level, n, width } = parseTilePath(path);
  if (widthIn(size, level, n) < width) throw new Fault('unknown-resource', path);
  const from = n * 256;
  if (level === 'entries') return packBundle(Array.from({ length: width }, (_, i) => oracle.entry(from + i)));
  const span = 256 ** level;
  const hashes = Array.from({ length: width }, (_, i) =>
    oracle.mth(leavesOf(fork), (from + i) * span, (from + i + 1) * span),
  );
  return concat(...hashes);
}

export class TestMirror {
  readonly #root = folder();
  readonly alarms: Evidence[] = [];
  known!: SqliteMirrorStore;
  copy!: SqliteStore;
  mirror!: Mirror;
  now = new Date('2026-01-01T00:00:00Z');

  constructor() {
    createMirrorStore(join(this.#root, 'mirror.db'), { name: NAME, origin: ORIGIN });
    createStore(join(this.#root, 'tree.db'), { origin: ORIGIN, entries: 'opaque' });
    this.open();
  }

  /** Opens the mirror from what the disk holds, as a new process would. */
  open(): void {
    this.known?.close();
    this.copy?.close();
    this.known = openMirrorStore(join(this.#root, 'mirror.db'));
    this.copy = openStore(join(this.#root, 'tree.db'));
    this.mirror = new Mirror({
      origin: ORIGIN,
      vkeys: [LOG.vkey],
      store: this.known,
      tree: new TreeCopy(this.copy),
      cosigners: COSIGNERS,
      refusal,
      clock: () => this.now,
      alarm: (evidence) => this.alarms.push(evidence),
    });
  }
}
