/**
 * A Transparent Statement, RFC 9943 §7: a statement that carries receipts, checked against the receipt keys of a trust
 * file. A receipt is the word of the log alone, without a time, so it satisfies no trust that asks for witnesses. @module
 */
import { equal } from '../core/bytes.ts';
import { thumbprintOf } from '../core/cosekey.ts';
import { Fault } from '../core/fault.ts';
import { leafHash } from '../core/hash.ts';
import { type Age, evaluate, type Verdict } from '../core/quorum.ts';
import { decodeReceipt, kidIn, splitTransparent, verifyReceipt } from '../core/receipt.ts';
import type { PublicKey } from '../core/signature.ts';
import { NO_QUORUM } from '../core/tlogpolicy.ts';
import type { Proven } from './offline.ts';
import type { Trust } from './trust.ts';

/** How COSE_Sign1 begins. */
export const SIGN1_TAG = 0xd2;

const INSTEAD = 'fetch the .tlog-proof of the entry, which has the signed checkpoint in it';

export type ProvenByReceipt = { readonly proven: Proven; readonly quorum: Verdict; readonly receiptKey: PublicKey };

/**
 * Checks every receipt that is by a pinned key, and answers what the first of them shows; others may be of a kind that
 * is not known here. Faults as `decodeReceipt` and `verifyReceipt`;
 * `no-quorum` if the trust asks for witnesses, `bad-proof` if a time is asked for, `unknown-signer` if none is by a pinned key.
 */
export function proveTransparent(bytes: Uint8Array, trust: Trust, age?: Age): ProvenByReceipt {
  const { policy, receiptKeys = [] } = trust;
  // SPEC: where a policy asks for witnesses, a tlog-proof is needed.
  if (policy.quorum !== NO_QUORUM) {
    throw new Fault('no-quorum', `no witness evidence: a receipt is the word of the log alone; ${INSTEAD}`);
  }
  if (age) throw new Fault('bad-proof', `a receipt has no time; ${INSTEAD}`);
  const { statement: entry, receipts } = splitTransparent(bytes);
  const leaf = leafHash(entry);
  const [first] = receipts.flatMap((receipt) => {
    const kid = kidIn(receipt);
    const key = kid && receiptKeys.find((one) => equal(thumbprintOf(one), kid));
    return key ? [proveByReceipt(receipt, key)] : [];
  });
  if (!first)
    throw new Fault(
      'unknown-signer',
      'the statement carries no receipt by a receipt key that is pinned: if the log has rotated it, renew the trust bundle',
    );
  return first;

  function proveByReceipt(receiptBytes: Uint8Array, receiptKey: PublicKey): ProvenByReceipt {
    const receipt = decodeReceipt(receiptBytes);
    const origin = receipt.sub ?? '';
    if (!policy.logs.some(({ vkey }) => vkey.name === origin)) {
      throw new Fault('bad-receipt', `the receipt speaks for "${origin.slice(0, 80)}", which is no log of the policy`);
    }
    const [claim, ...more] = receipt.proofs;
    if (!claim || more.length > 0) throw new Fault('bad-receipt', 'a receipt of a statement has one inclusion proof');
    const root = verifyReceipt(receipt, leaf, receiptKey);
    const { index, size } = claim;
    const proven = { origin, index, size, root, leafHash: leaf, signed: [], entry };
    // What the log signed here is the receipt, and no checkpoint that could be looked at.
    const quorum = { ...evaluate(policy, { checkpoint: proven, signed: [] }), met: true };
    return { proven, quorum, receiptKey };
  }
}
