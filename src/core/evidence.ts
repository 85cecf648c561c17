/**
 * `.tlog-evidence` files: proof that a log signed what no honest log signs, which anyone can check with the log's key
 * alone and without a network. Two signatures over two trees convict; a proof that merely fails never does. @module
 */
import { concat, equal, fromBase64, fromUtf8, HASH_BYTES, type Hash, toBase64, utf8 } from './bytes.ts';
import type { Checkpoint } from './checkpoint.ts';
import { type OpenedCheckpoint, openCheckpoint } from './cosignature.ts';
import { Fault, must } from './fault.ts';
import { EMPTY_ROOT } from './hash.ts';
import { COSIGNATURE_MLDSA44, formatVkey, MAX_NOTE, NOTE_ED25519, parseVkey, type Vkey } from './note.ts';
import { parseSize } from './size.ts';
import { foldSubtree } from './subtree.ts';

/** What was signed: two roots of one size; a small tree that is not the beginning of a large one; an empty tree with leaves. */
export const EVIDENCE_KINDS = ['same-size', 'inconsistent', 'empty-root'] as const;
export type EvidenceKind = (typeof EVIDENCE_KINDS)[number];

export type Evidence = {
  readonly kind: EvidenceKind;
  /** The key of the log that signed the notes. */
  readonly log: Vkey;
  /**
   * Only of the kind `inconsistent`: nodes of the larger tree, in the order of RFC 9162 §2.1.4.2 with the first one
   * always written out. They recompute the larger root, and another root than the smaller note has.
   */
  readonly hashes: readonly Hash[];
  /** As they were signed, byte for byte; the smaller tree first, and a single one of the kind `empty-root`. */
  readonly notes: readonly Uint8Array[];
};

/** What evidence has shown. */
export type Conviction = {
  readonly kind: EvidenceKind;
  readonly log: Vkey;
  readonly checkpoints: readonly Checkpoint[];
  /** Those of the other given keys that signed every note: they saw both sides. */
  readonly cosigners: readonly Vkey[];
  /** Names of further keys with a line in every note, which were not given and so were not checked. */
  readonly unchecked: readonly string[];
};

const FIRST_LINE = 'limmat/evidence@v1';
const MAX_HASHES = 64;
const MAX_EVIDENCE = 2 * MAX_NOTE + 16 * 1024;

export function formatEvidence({ kind, log, hashes, notes }: Evidence): Uint8Array {
  const head = [
    FIRST_LINE,
    `kind ${kind}`,
    `log ${formatVkey(log)}`,
    ...hashes.map((hash) => `hash ${toBase64(hash)}`),
  ];
  const framed = notes.flatMap((note) => [utf8(`note ${note.length}\n`), note]);
  return concat(utf8(head.map((line) => `${line}\n`).join('')), ...framed);
}

/** The inverse of `formatEvidence`. Fault `bad-evidence`. What the notes say is not yet looked at. */
export function parseEvidence(bytes: Uint8Array): Evidence {
  if (bytes.length > MAX_EVIDENCE) throw malformed(`it has ${bytes.length} bytes, more than ${MAX_EVIDENCE}`);
  const lines = new Lines(bytes);
  if (lines.next() !== FIRST_LINE) throw malformed(`it begins with the line ${FIRST_LINE}`);
  const named = lines.field('kind');
  const kind = EVIDENCE_KINDS.find((one) => one === named);
  if (!kind) throw malformed(`its kind is one of ${EVIDENCE_KINDS.join(', ')}`);
  const log = parseVkey(lines.field('log'));
  const hashes: Hash[] = [];
  const notes: Uint8Array[] = [];
  while (lines.more()) {
    const line = lines.next();
    if (line.startsWith('hash ') && notes.length === 0 && hashes.length < MAX_HASHES) hashes.push(parseHash(line));
    else if (line.startsWith('note ')) notes.push(lines.take(parseSize(line.slice(5), 'bad-evidence')));
    else throw malformed(`"${line.slice(0, 40)}" is not a line that can stand there`);
  }
  if (notes.length !== (kind === 'empty-root' ? 1 : 2)) throw malformed(`${notes.length} notes make no ${kind}`);
  if (hashes.length > 0 !== (kind === 'inconsistent')) throw malformed(`${hashes.length} hashes make no ${kind}`);
  return { kind, log, hashes, notes };
}

/** Reads lines, and bytes by their number. */
class Lines {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  more(): boolean {
    return this.#at < this.#bytes.length;
  }

  next(): string {
    const end = this.#bytes.indexOf(0x0a, this.#at);
    if (end < 0) throw malformed('a line is cut off');
    const line = this.#bytes.subarray(this.#at, end);
    this.#at = end + 1;
    return fromUtf8(line, 'bad-evidence');
  }

  field(name: string): string {
    const line = this.next();
    if (!line.startsWith(`${name} `)) throw malformed(`the line "${name}" is missing`);
    return line.slice(name.length + 1);
  }

  take(length: number): Uint8Array {
    const taken = this.#bytes.slice(this.#at, this.#at + length);
    if (taken.length !== length) throw malformed('a note is cut off');
    this.#at += length;
    return taken;
  }
}

function parseHash(line: string): Hash {
  const hash = fromBase64(line.slice(5), 'bad-evidence');
  if (hash.length !== HASH_BYTES) throw malformed(`a hash of ${hash.length} bytes is not SHA-256`);
  return hash as Hash;
}

function malformed(why: string): Fault {
  return new Fault('bad-evidence', `this is no evidence file: ${why}`);
}

/**
 * What evidence proves, to someone who holds the keys in `vkeys`: that of the log, and those of any cosigners. Fault
 * `unknown-signer` if the log's key is not among them, `bad-signature` or `bad-proof` if it does not prove what it says.
 */
export function verifyEvidence(evidence: Evidence, vkeys: readonly Vkey[]): Conviction {
  const { kind, log, hashes, notes } = evidence;
  if (!vkeys.some((vkey) => isSame(vkey, log))) {
    throw new Fault('unknown-signer', `the key ${log.id} of ${log.name} is not among those given: is it this log's?`);
  }
  const opened = notes.map((note) => openCheckpoint(note, [log]));
  const checkpoints = opened.map(({ checkpoint }) => checkpoint);
  if (new Set(checkpoints.map(({ origin }) => origin)).size > 1) throw unproven('the notes are of two logs');
  // A cosigner's key signs trees of others, so it convicts the cosigner and not a log.
  const isLogKey =
    log.type === NOTE_ED25519 || (log.type === COSIGNATURE_MLDSA44 && log.name === checkpoints[0]?.origin);
  if (!isLogKey) throw unproven(`${log.name} is a cosigner and not the log`);
  checkRoots(kind, checkpoints, hashes);
  const others = vkeys.filter((vkey) => !isSame(vkey, log));
  const cosigners = others.filter((vkey) => notes.every((note) => isSignedBy(note, vkey)));
  return { kind, log, checkpoints, cosigners, unchecked: uncheckedNames(opened, vkeys) };
}

function checkRoots(kind: EvidenceKind, checkpoints: readonly Checkpoint[], hashes: readonly Hash[]): void {
  const [first, second = first] = checkpoints as [Checkpoint, Checkpoint?];
  if (kind === 'empty-root') {
    if (first.size !== 0) throw unproven(`the tree of size ${first.size} is not the empty one`);
    if (equal(first.root, EMPTY_ROOT)) throw unproven('the root is that of the empty tree');
  } else if (kind === 'same-size') {
    if (first.size !== second.size) throw unproven(`the sizes are ${first.size} and ${second.size}`);
    if (equal(first.root, second.root)) throw unproven('the roots are the same');
  } else {
    if (first.size < 1 || first.size >= second.size) throw unproven(`size ${first.size} is not below ${second.size}`);
    const { subtree, root } = foldSubtree({ start: 0, end: first.size }, second.size, undefined, hashes);
    // A proof that leads nowhere could have been made by anyone.
    if (!equal(root, second.root)) throw unproven('the hashes do not lead to the root of the larger tree');
    if (equal(subtree, first.root)) throw unproven('the smaller tree is the beginning of the larger one');
  }
}

function unproven(why: string): Fault {
  return new Fault('bad-proof', `this proves nothing: ${why}`);
}

function isSame(a: Vkey, b: Vkey): boolean {
  return a.name === b.name && a.type === b.type && equal(a.key.bytes, b.key.bytes);
}

/** A line that fails is nobody's signature; it must not save the log. */
function isSignedBy(note: Uint8Array, vkey: Vkey): boolean {
  try {
    openCheckpoint(note, [vkey]);
    return true;
  } catch (error) {
    if (error instanceof Fault) return false;
    throw error;
  }
}

function uncheckedNames(opened: readonly OpenedCheckpoint[], vkeys: readonly Vkey[]): string[] {
  const keysIn = ({ note }: OpenedCheckpoint) => new Set(note.signatures.map(({ name, id }) => `${name} (key ${id})`));
  const known = new Set(vkeys.map(({ name, id }) => `${name} (key ${id})`));
  const [first = new Set<string>(), ...more] = opened.map(keysIn);
  return [...first].filter((key) => !known.has(key) && more.every((keys) => keys.has(key)));
}

/**
 * Makes evidence of two notes of a log, in either order, or of one of an empty tree, and checks it. `nodes` gives the
 * hashes for two different sizes, from a copy of the larger tree. Fault `bad-proof` if the notes convict nobody.
 */
export async function makeEvidence(
  vkeys: readonly Vkey[],
  notes: readonly Uint8Array[],
  nodes: (first: number, second: number) => Promise<readonly Hash[]> | readonly Hash[],
): Promise<Evidence> {
  const log = vkeys.find((vkey) => notes.every((note) => isSignedBy(note, vkey)));
  if (!log) throw new Fault('unknown-signer', 'no key of the log signed all of the notes');
  const sized = notes.map((note) => ({ note, size: openCheckpoint(note, [log]).checkpoint.size }));
  sized.sort((a, b) => a.size - b.size);
  const [small, large] = sized.map(({ size }) => size);
  must(small !== undefined && sized.length <= 2, 'evidence is made of one note or of two');
  const kind = large === undefined ? 'empty-root' : small === large ? 'same-size' : 'inconsistent';
  const hashes = large !== undefined && 0 < small && small < large ? await nodes(small, large) : [];
  const evidence: Evidence = { kind, log, hashes, notes: sized.map(({ note }) => note) };
  verifyEvidence(evidence, [log]);
  return evidence;
}
