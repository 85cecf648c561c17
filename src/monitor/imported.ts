/**
 * What anyone may bring to a monitor: a signed checkpoint, a `tlog-proof`, a Transparent Statement with receipts, or
 * evidence. Each holds something that the log has signed, and that is judged like any other head. @module
 */
import { equal, toHex } from '../core/bytes.ts';
import { parseCheckpoint } from '../core/checkpoint.ts';
import type { CoseKey } from '../core/cosekey.ts';
import { parseEvidence } from '../core/evidence.ts';
import { Fault } from '../core/fault.ts';
import { leafHash } from '../core/hash.ts';
import { rootAt } from '../core/judgehead.ts';
import { parseNote } from '../core/note.ts';
import { decodeReceipt, splitTransparent, verifyReceipt } from '../core/receipt.ts';
import { parseTlogProof } from '../core/tlogproof.ts';
import type { Finding } from './alert.ts';
import type { Heads } from './heads.ts';
import type { HeadStatus, TreeStore } from './memory.ts';
import { knownTree } from './tree.ts';

export type Imported =
  | { readonly kind: 'head'; readonly origin: string; readonly note: Uint8Array }
  | { readonly kind: 'evidence'; readonly origin: string; readonly file: Uint8Array }
  | {
      readonly kind: 'receipts';
      readonly origin: string;
      readonly entry: Uint8Array;
      readonly receipts: readonly Uint8Array[];
    };

/** Tells the formats apart by their beginnings. Fault `bad-request` for any other. */
export function readImported(bytes: Uint8Array): Imported {
  const found = [asProof, asEvidence, asNote, asTransparent].flatMap((read) => attempt(() => read(bytes)));
  const [first] = found;
  if (first) return first;
  throw new Fault(
    'bad-request',
    'this is no checkpoint, tlog-proof, evidence, or statement with its receipts (`/entries/{id}/transparent-statement`)',
  );
}

function asProof(bytes: Uint8Array): Imported {
  return asNote(parseTlogProof(bytes).checkpoint);
}

function asNote(note: Uint8Array): Imported {
  return { kind: 'head', origin: parseCheckpoint(parseNote(note).text).origin, note };
}

function asEvidence(file: Uint8Array): Imported {
  return { kind: 'evidence', origin: parseEvidence(file).log.name, file };
}

function asTransparent(bytes: Uint8Array): Imported {
  const { statement, receipts } = splitTransparent(bytes);
  const origin = receipts.map((receipt) => decodeReceipt(receipt).sub).find((sub) => sub !== undefined);
  if (origin === undefined) throw new Fault('bad-receipt', 'no receipt in it names a log');
  return { kind: 'receipts', origin, entry: statement, receipts };
}

function attempt(read: () => Imported): Imported[] {
  try {
    return [read()];
  } catch (error) {
    if (error instanceof Fault) return [];
    throw error;
  }
}

export type ReceiptParts = {
  readonly heads: Heads;
  readonly store: TreeStore;
  readonly keys: readonly CoseKey[];
  readonly tell: (finding: Finding) => void;
};

/**
 * Judges receipts. The size in a receipt is not signed, so one that does not lead to a root of the tree is told and is
 * no evidence file: the receipt itself, with the entry, is what to show.
 */
export async function takeReceipts(
  { origin, entry, receipts }: Extract<Imported, { kind: 'receipts' }>,
  { heads, store, keys, tell }: ReceiptParts,
): Promise<HeadStatus> {
  if (keys.length === 0) {
    throw new Fault(
      'bad-request',
      `the configuration names no receiptKeys of ${origin}: save /.well-known/scitt-keys there`,
    );
  }
  const leaf = leafHash(entry);
  const tree = knownTree(store, heads.log.origin);
  let status: HeadStatus = 'verified';
  for (const bytes of receipts) {
    const receipt = decodeReceipt(bytes);
    if (receipt.sub !== origin) continue;
    const key = keys.find(({ kid }) => kid && receipt.kid && equal(kid, receipt.kid))?.key;
    if (!key) throw new Fault('unknown-signer', 'the receipt is signed by a key that the configuration does not name');
    const root = verifyReceipt(receipt, leaf, key, { sub: origin });
    const sizes = receipt.proofs.map(({ size }) => size);
    if (sizes.some((size) => size > tree.head.size)) {
      status = 'pending';
      continue;
    }
    const roots = await Promise.all(sizes.map((size) => rootAt(tree, size)));
    if (roots.some((one) => equal(one, root))) continue;
    tell({
      kind: 'equivocation',
      rule: 'receipt',
      subject: `${sizes.join()} ${toHex(root)}`,
      summary: `a receipt of ${origin} leads to a root of size ${sizes.join()} that its tree never had`,
      detail: { root: toHex(root), entry: toHex(entry), receipt: toHex(bytes) },
    });
    return 'conflict';
  }
  return status;
}
