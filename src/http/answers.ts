/**
 * What a submitter leaves with: receipt, offline proof, or all of it as JSON, made from one published head. Every proof
 * was checked against that head by `PublishedTree`, and its receipt signature here, before any of it is sent. @module
 */
import Negotiator from 'negotiator';
import { equal, fromUtf8, type Hash, type StatementId, toHex } from '../core/bytes.ts';
import { entryIdOf, type SignedStatement } from '../core/cose.ts';
import { Fault, must } from '../core/fault.ts';
import { leafHash } from '../core/hash.ts';
import { encodeReceipt, receiptToSign } from '../core/receipt.ts';
import { verify } from '../core/signature.ts';
import { formatTlogProof } from '../core/tlogproof.ts';
import type { Published } from '../log/handle.ts';
import type { LogPublicKeys } from '../log/sign.ts';
import { ANYTHING, arrayOf, HASH, ID, object, type Schema, SIZE } from './describe.ts';
import type { Ask, Reply } from './route.ts';
import { open } from './tiles.ts';

/** What all answers of a log share. */
export type LogFacts = {
  readonly origin: string;
  readonly publicUrl: string;
  readonly receiptKeys: LogPublicKeys['receipts'];
};

export const SHAPES = ['application/cose', 'text/x.tlog-proof', 'application/json'] as const;
export type Shape = (typeof SHAPES)[number];

const text: Schema = { type: 'string' };
/** What is in each of them. */
export const SHAPE_SCHEMAS: { readonly [S in Shape]: Schema } = {
  'application/cose': ANYTHING,
  'text/x.tlog-proof': ANYTHING,
  'application/json': object({
    entryId: ID,
    location: { type: 'string', format: 'uri' },
    index: SIZE,
    leafHash: HASH,
    inclusionPath: arrayOf(HASH),
    tree: object({ origin: text, size: SIZE, root: HASH }),
    checkpoint: text,
    receipt: { type: 'string', pattern: '^(?:[0-9a-f]{2})+$' },
    proof: text,
  }),
};

/** A statement that is logged, in the bytes that were sent this time. */
export type Sent = Pick<SignedStatement, 'id' | 'entry'>;

/** The shape that a request prefers; the receipt if it does not say. Fault `not-acceptable` if it can have none. */
export function shapeOf(ask: Ask): Shape {
  return chosenOf(ask, SHAPES);
}

/** The type that a request prefers of those that there are; the first if it does not say. */
export function chosenOf<T extends string>(ask: Ask, types: readonly [T, ...T[]]): T {
  const accept = ask.header('accept');
  if (accept === undefined || accept === '*/*' || accept === types[0]) return types[0];
  const chosen = new Negotiator({ headers: { accept } }).mediaType([...types]);
  if (chosen === undefined) throw new Fault('not-acceptable', `an answer can be ${types.join(', ')}`);
  return chosen as T;
}

/** SPEC (SCRAPI): a receipt may be a newer one each time. Which shape it has is up to Accept. */
const FRESH = { 'cache-control': 'no-cache', vary: 'accept', ...open } as const;
/** SPEC (SCRAPI): what is still running comes with Retry-After, and is not stored by caches. */
export const LATER = { 'retry-after': '1', 'cache-control': 'no-store', ...open } as const;

export class Answers {
  readonly #facts: LogFacts;
  #checked: Published['head'] | undefined;

  constructor(facts: LogFacts) {
    this.#facts = facts;
  }

  /** The absolute URL of an entry. */
  location(id: StatementId): string {
    return `${this.#facts.publicUrl}/entries/${entryIdOf(id)}`;
  }

  /** The answer about an entry of the published tree, in a shape. */
  reply(published: Published, index: number, sent: Sent, shape: Shape, status: 200 | 201): Reply {
    const headers = { 'content-type': shape, location: this.location(sent.id), ...FRESH };
    return { status, headers, body: this.#body(published, index, sent, shape) };
  }

  /** SPEC (SCRAPI): 202 has no body, and the same Location that the receipt will have. */
  promise(id: StatementId): Reply {
    return { status: 202, headers: { location: this.location(id), ...LATER }, body: '' };
  }

  /** The receipt of an entry of the published tree. */
  receipt(published: Published, index: number): Uint8Array {
    return this.#receipt(published, index, published.tree.inclusion(index, published.tree.leaf(index)));
  }

  #body(published: Published, index: number, sent: Sent, shape: Shape): Uint8Array | string {
    if (shape === 'application/cose') return this.receipt(published, index);
    const leaf = published.tree.leaf(index);
    const path = published.tree.inclusion(index, leaf);
    const { size, root, note } = published.head;
    // The entry goes along as `extra`, so that the file alone is enough to verify.
    const proof = formatTlogProof({ index, path, checkpoint: note, extra: loggedBytes(published, index, leaf, sent) });
    if (shape === 'text/x.tlog-proof') return proof;
    const { origin } = this.#facts;
    return JSON.stringify({
      entryId: entryIdOf(sent.id),
      location: this.location(sent.id),
      index,
      leafHash: toHex(leaf),
      inclusionPath: path.map(toHex),
      tree: { origin, size, root: toHex(root) },
      checkpoint: fromUtf8(note, 'bad-note'),
      receipt: toHex(this.#receipt(published, index, path)),
      proof: fromUtf8(proof, 'bad-proof'),
    });
  }

  #receipt({ head }: Published, index: number, path: Parameters<typeof encodeReceipt>[0]['path']): Uint8Array {
    const { size, root, receiptHeader, receiptSignature } = head;
    if (this.#checked !== head) {
      const toSign = receiptToSign(receiptHeader, root);
      const verifies = this.#facts.receiptKeys.some((key) => verify(key, toSign, receiptSignature));
      must(verifies, 'a receipt would not verify');
      this.#checked = head;
    }
    return encodeReceipt({ protected: receiptHeader, signature: receiptSignature, size, index, path });
  }
}

/** The first statement logged is the entry: a repeat of it may carry another signature. */
function loggedBytes({ tree }: Published, index: number, leaf: Hash, sent: Sent): Uint8Array {
  return equal(leafHash(sent.entry), leaf) ? sent.entry : tree.entry(index);
}
