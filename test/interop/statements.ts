/** A log of signed statements of both kinds, published at the sizes that the interoperability tests look at. */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { type Cbor, type CborKey, encode } from '../../src/core/cbor.ts';
import {
  decodeStatement,
  LABEL,
  readSign1,
  type SignedStatement,
  signStatement,
  sigStructure,
  writeSign1,
} from '../../src/core/cose.ts';
import { deriveSeed } from '../../src/core/logkeys.ts';
import { decodeReceipt, type Inclusion } from '../../src/core/receipt.ts';
import { kidOf, type PublicKey, type Signer, signerOf, spki } from '../../src/core/signature.ts';
import { Answers } from '../../src/http/answers.ts';
import { PublishedTree } from '../../src/log/published.ts';
import type { SignedHead } from '../../src/log/sign.ts';
import { flipBit } from '../check.ts';
import { ORIGIN, SEED, TestLog } from '../log/testlog.ts';

/** SPEC of these tests: a pair, a tree that is not full, a full one and its neighbour, and one of several tiles. */
export const SIZES = [2, 3, 7, 8, 1000] as const;

const ISSUERS = [
  { signer: signerOf('p256', new Uint8Array(32).fill(21)), alg: -7 },
  { signer: signerOf('ed25519', new Uint8Array(32).fill(22)), alg: -8 },
] as const;

export type Published = {
  readonly head: SignedHead;
  readonly receipt: (index: number) => Uint8Array;
};

export class StatementLog {
  readonly statements: SignedStatement[] = [];
  readonly at = new Map<number, Published>();
  readonly receiptKey: PublicKey;

  static async make(): Promise<StatementLog> {
    const log = new TestLog();
    const made = new StatementLog(log.signer.keys.receipts[0]);
    const answers = new Answers({
      origin: ORIGIN,
      publicUrl: 'https://log.example',
      receiptKeys: log.signer.keys.receipts,
    });
    for (const size of SIZES) {
      while (made.statements.length < size) {
        const statement = decodeStatement(statementOf(made.statements.length));
        made.statements.push(statement);
        log.add(statement.entry);
      }
      while (log.log.pool.size > 0) log.log.turn();
      await log.sign();
      const head = log.seen.at(-1) as SignedHead;
      const published = { head, tree: new PublishedTree(log.store, head) };
      const receipt = (index: number) => answers.receipt(published, index);
      made.at.set(size, { head, receipt });
    }
    return made;
  }

  constructor(receiptKey: PublicKey) {
    this.receiptKey = receiptKey;
  }

  /** Every index of a small tree; of a large one those at the borders of subtrees, and some between. */
  *cases(): Generator<{ size: number; index: number; published: Published; statement: SignedStatement }> {
    for (const [size, published] of this.at) {
      const all = Array.from({ length: size }, (_, index) => index);
      const some = all.filter(
        (index) => size < 100 || index % 97 === 0 || [255, 256, 511, 512, 998, 999].includes(index),
      );
      for (const index of some) {
        yield { size, index, published, statement: this.statements[index] as SignedStatement };
      }
    }
  }
}

/** The n-th statement; they are signed with ES256 and EdDSA in turn. */
function statementOf(n: number): Uint8Array {
  const { signer, alg } = ISSUERS[n % 2] as (typeof ISSUERS)[number];
  return signStatement({
    signer,
    alg,
    kid: kidOf(signer.key),
    contentType: 'application/vnd.example+cbor',
    iss: 'example',
    sub: `pkg:generic/example@${n}`,
    payload: encode(new Map([['n', n]])),
  });
}

/** The key that signed the n-th statement. */
export function issuerOf(n: number): PublicKey {
  return (ISSUERS[n % 2] as (typeof ISSUERS)[number]).signer.key;
}

/** The same for Node. */
export function issuerKey(n: number): KeyObject {
  return nodeKey(issuerOf(n));
}

export function nodeKey(key: PublicKey): KeyObject {
  return createPublicKey({ key: Buffer.from(spki(key)), format: 'der', type: 'spki' });
}

/** The private half of the receipt key: to sign what no honest log signs. */
export const receiptSigner: Signer = signerOf('p256', deriveSeed(SEED, 'receipt-p256', 0));

/** A receipt with another protected header, properly signed over its root by the receipt key. */
export function resigned(
  receipt: Uint8Array,
  root: Uint8Array,
  change: (header: Map<CborKey, Cbor>) => void,
): Uint8Array {
  const { header, unprotected } = readSign1(receipt, 'bad-receipt');
  const changed = new Map(header);
  change(changed);
  const bytes = encode(changed);
  return writeSign1(bytes, encode(unprotected), null, receiptSigner.sign(sigStructure(bytes, root)));
}

type Proof = { readonly size: number; readonly index: number; readonly path: readonly Uint8Array[] };

/** A receipt with other numbers or hashes in its one proof, its signature as it was. */
export function reproved(receipt: Uint8Array, change: (proof: Proof) => Proof): Uint8Array {
  const { proofs, protected: header, signature } = decodeReceipt(receipt);
  const { size, index, path } = change(proofs[0] as Inclusion);
  const bytes = encode([size, index, path]);
  return writeSign1(header, encode(new Map([[LABEL.vdp, new Map([[-1, [bytes]]])]])), null, signature);
}

/** A receipt with the last bit of its signature flipped. */
export function missigned(receipt: Uint8Array): Uint8Array {
  return flipBit(receipt, 8 * receipt.length - 1);
}

/** The same statement with one bit flipped in each of the parts that a signature binds, and in the signature. */
export function* brokenStatements({ entry, ...parts }: SignedStatement): Generator<Uint8Array> {
  for (const part of [parts.protected, parts.payload, parts.signature]) {
    const from = Buffer.from(entry).indexOf(part);
    for (let at = from; at < from + part.length; at++) yield flipBit(entry, 8 * at + (at % 8));
  }
}
