/**
 * `/ct/v1/`, the reads of RFC 6962 §4, over the same tree as everything else. Two things differ from a log of
 * certificates: `leaf_input` is the entry itself (a COSE statement, or the bytes of an opaque log) and no
 * MerkleTreeLeaf around a certificate, so that its leaf hash is the hash of just these bytes; and `extra_data` is
 * empty. Tree heads are signed by the receipt key, whose SubjectPublicKeyInfo hashes to the log id. Errors are
 * problem+json with the names of RFC 9162 §5. @module
 */
import { fromBase64, HASH_BYTES, type Hash } from '../core/bytes.ts';
import { Fault, must } from '../core/fault.ts';
import { leafHash } from '../core/hash.ts';
import { verify } from '../core/signature.ts';
import { TILE_WIDTH } from '../core/tile.ts';
import { digitallySigned, treeHeadToSign } from '../core/treehead.ts';
import type { LogHandle, Published } from '../log/handle.ts';
import { joined, type Path } from '../log/published.ts';
import type { LogPublicKeys, SignedHead } from '../log/sign.ts';
import { answers, arrayOf, BASE64, type Described, HASH64, needed, object, query, SIZE } from './describe.ts';
import { badQuery, queryOf } from './query.ts';
import type { Handler, Reply } from './route.ts';
import { open, PATIENCE, publishedOf } from './tiles.ts';

export type ReadParts = {
  readonly log: LogHandle;
  readonly receiptKeys: LogPublicKeys['receipts'];
  /** The index of the entry with a leaf hash; it may lie beyond what is published. */
  readonly findLeaf: (leaf: Hash) => number | undefined | Promise<number | undefined>;
};

/** As `toBase64` of core, by Node: proofs are mostly base64, and this takes less than half the time. */
const toBase64 = (bytes: Uint8Array): string => Buffer.prototype.base64Slice.call(bytes, 0, bytes.length);

/** SPEC: logs MAY restrict the number of entries per request; one that asks for more gets the first of them. */
const MAX_ENTRIES = TILE_WIDTH;
const MAX_BYTES = 4 * 1024 * 1024;

// A proof answers a question that is in the query alone. A cache that forgets the query gives the proof of other
// sizes, and then the log looks as if it had forked; this has happened. So nothing in between may keep any.
const HEADERS = { 'content-type': 'application/json', 'cache-control': 'no-store', ...open };

function json(value: object): Reply {
  return written(JSON.stringify(value));
}

function written(body: string): Reply {
  return { status: 200, headers: HEADERS, body };
}

const JSON_TYPE = 'application/json';
const first = query('first', 'The size of the earlier tree', SIZE, () => '1');
const second = query('second', 'The size of the later tree', SIZE, ({ size }) => String(size));
const treeSize = needed(
  query('tree_size', 'The size of the tree that the proof leads to', SIZE, ({ size }) => String(size)),
);
const path = arrayOf(HASH64);
const leafEntry = { leaf_input: BASE64, extra_data: { const: '' } };

export const sthDescribed: Described = {
  summary: 'The newest signed tree head (RFC 6962 §4.3).',
  parameters: [],
  answers: answers(
    'A tree head, signed by the receipt key',
    JSON_TYPE,
    object({ tree_size: SIZE, timestamp: SIZE, sha256_root_hash: HASH64, tree_head_signature: BASE64 }),
  ),
};

export const consistencyDescribed: Described = {
  summary: 'That one tree is a prefix of another (RFC 6962 §4.4).',
  parameters: [needed(first), needed(second)],
  answers: answers('A consistency proof', JSON_TYPE, object({ consistency: path })),
};

export const proofByHashDescribed: Described = {
  summary: 'That an entry is in a tree, by its leaf hash (RFC 6962 §4.5).',
  parameters: [
    needed(query('hash', 'A leaf hash in base64', HASH64, ({ leafHash: leaf }) => toBase64(leaf))),
    treeSize,
  ],
  answers: answers('An inclusion proof', JSON_TYPE, object({ leaf_index: SIZE, audit_path: path })),
};

export const entriesDescribed: Described = {
  summary: 'Entries from start to end, both included, and at least the first of them (RFC 6962 §4.6).',
  parameters: [
    needed(query('start', 'The first index', SIZE, () => '0')),
    needed(query('end', 'The last index', SIZE, ({ size }) => String(size - 1))),
  ],
  answers: answers('Entries', JSON_TYPE, object({ entries: arrayOf(object(leafEntry)) })),
};

export const entryAndProofDescribed: Described = {
  summary: 'An entry and that it is in a tree (RFC 6962 §4.8).',
  parameters: [needed(query('leaf_index', 'The index of the entry', SIZE, () => '0')), treeSize],
  answers: answers('The entry and its inclusion proof', JSON_TYPE, object({ ...leafEntry, audit_path: path })),
};

export const consistencyReceiptDescribed: Described = {
  summary: 'A consistency receipt (RFC 9942) from any size to a published one, the newest if none is named.',
  parameters: [needed(first), query('second', 'The size of a published checkpoint', SIZE)],
  answers: answers('A COSE receipt', 'application/cose'),
};

/** `get-sth`: the newest published head; one that covers everything acknowledged before the request. */
export function sthHandler({ log, receiptKeys }: ReadParts): Handler {
  let made: { head: SignedHead; reply: Reply } | undefined;
  const read = queryOf(sthDescribed);
  return async (ask) => {
    read(ask);
    await log.caughtUp(PATIENCE);
    const { head } = publishedOf(log);
    if (made?.head !== head) made = { head, reply: json(treeHead(head, receiptKeys)) };
    return made.reply;
  };
}

function treeHead(head: SignedHead, keys: ReadParts['receiptKeys']): object {
  const toSign = treeHeadToSign(head);
  must(
    keys.some((key) => verify(key, toSign, head.treeHeadSignature)),
    'a tree head would not verify',
  );
  return {
    tree_size: head.size,
    timestamp: head.timestamp,
    sha256_root_hash: toBase64(head.root),
    tree_head_signature: toBase64(digitallySigned(head.treeHeadSignature)),
  };
}

/** `get-sth-consistency?first=&second=`. */
export function consistencyHandler({ log }: ReadParts): Handler {
  const read = queryOf(consistencyDescribed);
  return (ask) => {
    const asked = read(ask);
    const [first, second] = [asked.needed('first'), asked.needed('second')];
    const { tree, head } = publishedOf(log);
    checkPair(first, second, head.size);
    return json({ consistency: tree.consistency(first, second).map(toBase64) });
  };
}

/** Throws unless there is a consistency proof between two sizes. */
export function checkPair(first: number, second: number, size: number): void {
  // SPEC (RFC 6962 §2.1.2): PROOF(m, D[n]) is for 0 < m < n; every tree extends the empty one.
  if (first === 0) throw badQuery('firstUnknown', 'first is 0: every tree extends the empty one, without a proof');
  if (second < first) throw badQuery('secondBeforeFirst', `second, ${second}, is smaller than first, ${first}`);
  if (second > size) throw badQuery('secondUnknown', `second is beyond the published tree of size ${size}`, { size });
}

/** `get-proof-by-hash?hash=&tree_size=`, the hash being a leaf hash in base64. */
export function proofByHashHandler({ log, findLeaf }: ReadParts): Handler {
  const read = queryOf(proofByHashDescribed);
  const write = pathWriter();
  return (ask) => {
    const asked = read(ask);
    const [leaf, size] = [leafOf(asked.text('hash')), asked.needed('tree_size')];
    checkTreeSize(size, publishedOf(log));
    const prove = (index: number | undefined): Reply => {
      if (index === undefined || index >= size) {
        throw new Fault('unknown-entry', `no entry of the tree of size ${size} has this leaf hash`, {
          rule: 'hashUnknown',
        });
      }
      const path = write(publishedOf(log).tree.inclusionAt(size, index, leaf));
      return written(`{"leaf_index":${index},"audit_path":${path}}`);
    };
    const found = findLeaf(leaf);
    return found instanceof Promise ? found.then(prove) : prove(found);
  };
}

/** Writes paths as JSON. What many share is written once, which is most of the work of a proof from a large tree. */
function pathWriter(): (path: Path) => string {
  const texts = new WeakMap<readonly Hash[], string>();
  return ([own, shared]) => {
    let end = texts.get(shared);
    if (end === undefined) {
      end = quoted(shared);
      texts.set(shared, end);
    }
    return `[${own.length > 0 && end ? `${quoted(own)},${end}` : quoted(own) + end}]`;
  };
}

/** Base64 needs no escapes. */
function quoted(hashes: readonly Hash[]): string {
  return hashes.map((hash) => `"${toBase64(hash)}"`).join();
}

function leafOf(text: string | undefined): Hash {
  if (text === undefined) throw badQuery('malformed', 'the parameter hash is missing');
  try {
    const hash = fromBase64(text, 'bad-request');
    if (hash.length === HASH_BYTES) return hash as Hash;
  } catch {
    // told below
  }
  throw badQuery('malformed', 'hash is not a leaf hash, 32 bytes in base64 (with + written as %2B)');
}

function checkTreeSize(size: number, { head }: Published): void {
  if (size >= 1 && size <= head.size) return;
  throw badQuery('treeSizeUnknown', `tree_size is not between 1 and the published ${head.size}`, { size: head.size });
}

/** `get-entries?start=&end=`, both ends included; may answer fewer than were asked for, and at least one. */
export function entriesHandler({ log }: ReadParts): Handler {
  const read = queryOf(entriesDescribed);
  return (ask) => {
    const asked = read(ask);
    const [start, end] = [asked.needed('start'), asked.needed('end')];
    const { head, tree } = publishedOf(log);
    if (end < start) throw badQuery('endBeforeStart', `end, ${end}, is smaller than start, ${start}`);
    if (start >= head.size) {
      throw badQuery('startUnknown', `start is beyond the published tree of size ${head.size}`, { size: head.size });
    }
    // Up to the end of a bundle, so that whoever pages on reads whole bundles from there.
    const upTo = Math.min(end + 1, head.size, start - (start % TILE_WIDTH) + MAX_ENTRIES);
    return json({ entries: firstBytes(tree.entries(start, upTo)).map(toLeafEntry) });
  };
}

/** The entries up to about a number of bytes, and at least one. */
function firstBytes(entries: readonly Uint8Array[]): readonly Uint8Array[] {
  let [count, bytes] = [0, 0];
  for (const { length } of entries) {
    bytes += length;
    if (count > 0 && bytes > MAX_BYTES) break;
    count++;
  }
  return entries.slice(0, count);
}

function toLeafEntry(entry: Uint8Array): { leaf_input: string; extra_data: string } {
  return { leaf_input: toBase64(entry), extra_data: '' };
}

/** `get-entry-and-proof?leaf_index=&tree_size=`. */
export function entryAndProofHandler({ log }: ReadParts): Handler {
  const read = queryOf(entryAndProofDescribed);
  return (ask) => {
    const asked = read(ask);
    const [index, size] = [asked.needed('leaf_index'), asked.needed('tree_size')];
    const published = publishedOf(log);
    checkTreeSize(size, published);
    if (index >= size) throw badQuery('leafIndexUnknown', `leaf_index is not below tree_size, ${size}`, { size });
    const entry = published.tree.entry(index);
    const path = joined(published.tree.inclusionAt(size, index, leafHash(entry)));
    return json({ ...toLeafEntry(entry), audit_path: path.map(toBase64) });
  };
}
