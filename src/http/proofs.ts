/**
 * Proofs that do not ask for a statement: `GET /v1/proof`, an offline proof (`tlog-proof@v1`) for any published
 * checkpoint, and `GET /consistency`, an extension of SCRAPI: a receipt that an earlier tree is a prefix of a published
 * one. @module
 */
import { equal, fromHex, HASH_BYTES, type Hash } from '../core/bytes.ts';
import { parseCheckpoint } from '../core/checkpoint.ts';
import { decodeConsistencyReceipt, encodeConsistencyReceipt, verifyConsistencyReceipt } from '../core/consistency.ts';
import { thumbprintOf } from '../core/cosekey.ts';
import { Fault, messageOf, must } from '../core/fault.ts';
import { leafHash } from '../core/hash.ts';
import { parseNote } from '../core/note.ts';
import { formatTlogProof } from '../core/tlogproof.ts';
import type { PublishedNote } from '../log/ports.ts';
import { joined } from '../log/published.ts';
import type { SignedHead } from '../log/sign.ts';
import { checkPair, consistencyReceiptDescribed, type ReadParts } from './ct.ts';
import { answers, type Described, HASH, query, SIZE } from './describe.ts';
import { badQuery, type Query, queryOf } from './query.ts';
import type { Handler } from './route.ts';
import { open, PATIENCE, publishedOf } from './tiles.ts';

export type ProofParts = ReadParts & {
  /** The checkpoint that was published for a size. */
  readonly publishedAt: (size: number) => PublishedNote | undefined;
  /** The first build that names a digest, written `sha256:<hexadecimal>`; without, builds are not looked up. */
  readonly findBuild?: ((digest: string) => Promise<number | undefined>) | undefined;
};

export const proofDescribed: Described = {
  summary: 'An offline proof, tlog-proof@v1 with the entry in it; give one of index, hash and digest.',
  parameters: [
    query('index', 'The index of the entry', SIZE, () => '0'),
    query('hash', 'Its leaf hash', HASH),
    query('digest', 'The digest of a file: the first build that names it', { type: 'string' }),
    query('size', 'The size of a published checkpoint; the newest if it is not said', SIZE, ({ size }) => String(size)),
  ],
  answers: answers('A tlog-proof@v1', 'text/x.tlog-proof'),
};

/**
 * `GET /v1/proof?hash=|index=|digest=[&size=]`: the hash is a leaf hash in hexadecimal, the digest that of a file, the
 * size that of a published checkpoint.
 */
export function proofHandler(parts: ProofParts): Handler {
  const read = queryOf(proofDescribed);
  return async (ask) => {
    const asked = read(ask);
    const size = asked.number('size');
    if (size === undefined) await parts.log.caughtUp(PATIENCE);
    const { tree } = publishedOf(parts.log);
    const head = headAt(parts, size);
    const index = await indexOf(parts, asked);
    if (index >= head.size) {
      throw new Fault('unknown-entry', `the entry is not in the tree of size ${head.size}`, { size: head.size });
    }
    const entry = tree.entry(index);
    const path = joined(tree.inclusionAt(head.size, index, leafHash(entry)));
    return {
      status: 200,
      headers: { 'content-type': 'text/x.tlog-proof', 'cache-control': 'no-cache', ...open },
      // The entry goes along as `extra`, so that the file alone is enough to verify.
      body: formatTlogProof({ index, path, checkpoint: head.note, extra: entry }),
    };
  };
}

/** The newest published head, or the one of an earlier size. */
function headAt({ log, publishedAt }: ProofParts, size: number | undefined): SignedHead {
  const { head, tree } = publishedOf(log);
  if (size === undefined || size === head.size) return head;
  const stored = size < head.size && size > 0 ? publishedAt(size) : undefined;
  if (!stored) {
    const message = `no checkpoint of size ${size} was published; without \`size\` the answer is for ${head.size}`;
    throw new Fault('unknown-resource', message, { size: head.size });
  }
  const { root } = ours(() => parseCheckpoint(parseNote(stored.note).text), size);
  must(equal(root, tree.rootAt(size)), `the published checkpoint of size ${size} is not of this tree`);
  return { ...stored, root };
}

/** `GET /consistency?first=[&second=]`: from any size to that of a published checkpoint, the newest if none is named. */
export function consistencyReceiptHandler(parts: ProofParts): Handler {
  const read = queryOf(consistencyReceiptDescribed);
  return (ask) => {
    const asked = read(ask);
    const first = asked.needed('first');
    const { tree, head: newest } = publishedOf(parts.log);
    const second = asked.number('second') ?? newest.size;
    if (asked.text('second') === undefined && first >= newest.size) {
      const message = `first, ${first}, is not below the published tree of size ${newest.size}`;
      throw badQuery('firstUnknown', message, { size: newest.size });
    }
    checkPair(first, second, newest.size);
    if (first === second) throw badQuery('secondBeforeFirst', `first and second are both ${first}: nothing to prove`);
    const { root, receiptHeader, receiptSignature } = headAt(parts, second);
    const path = tree.consistency(first, second);
    const signed = { protected: receiptHeader, signature: receiptSignature };
    const receipt = encodeConsistencyReceipt({ ...signed, first, second, path });
    const old = tree.rootAt(first);
    ours(() => checkReceipt(receipt, old, root, parts.receiptKeys), second);
    return {
      status: 200,
      headers: { 'content-type': 'application/cose', 'cache-control': 'no-cache', ...open },
      body: receipt,
    };
  };
}

/** Does what can only fail if the checkpoint that is stored for a size is damaged, which is nobody's bad request. */
function ours<T>(work: () => T, size: number): T {
  try {
    return work();
  } catch (error) {
    const message = `the stored checkpoint of size ${size} is damaged; \`limmat fsck --data DIR\` tells more`;
    throw new Error(`${message}: ${messageOf(error)}`, { cause: error });
  }
}

/** The receipt verifies as whoever gets it will verify it. */
function checkReceipt(bytes: Uint8Array, old: Hash, root: Hash, keys: ReadParts['receiptKeys']): void {
  const receipt = decodeConsistencyReceipt(bytes);
  const key = keys.find((each) => equal(thumbprintOf(each), receipt.kid ?? new Uint8Array(0)));
  must(key, 'a head was signed by a receipt key that is not known');
  must(equal(verifyConsistencyReceipt(receipt, old, key), root), 'a consistency receipt leads to another root');
}

async function indexOf({ findLeaf, findBuild }: ProofParts, asked: Query): Promise<number> {
  const [index, hash, digest] = [asked.number('index'), asked.text('hash'), asked.text('digest')];
  if ([index, hash, digest].filter((given) => given !== undefined).length !== 1) {
    throw badQuery('malformed', 'give one of index, hash and digest');
  }
  if (index !== undefined) return index;
  if (digest !== undefined) return buildOf(findBuild, digest);
  const found = await findLeaf(leafOf(hash as string));
  if (found === undefined) {
    throw new Fault('unknown-entry', 'no entry of this log has this leaf hash', { rule: 'hashUnknown' });
  }
  return found;
}

async function buildOf(find: ProofParts['findBuild'], digest: string): Promise<number> {
  if (!find) throw new Fault('unknown-entry', 'this log keeps no builds that could be found by a digest');
  const found = await find(digest);
  if (found === undefined) throw new Fault('unknown-entry', `no build in this log names ${digest}`);
  return found;
}

function leafOf(text: string): Hash {
  const isHash = text.length === 2 * HASH_BYTES && /^[0-9a-f]*$/.test(text);
  if (!isHash) throw badQuery('malformed', 'hash is not a leaf hash, 64 lower-case hexadecimal digits');
  return fromHex(text, 'bad-request') as Hash;
}
