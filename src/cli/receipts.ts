/** Receipts as a log serves them, checked against the keys that it serves: whoever pins keys compares them later. @module */
import type { LogClient } from '../client/logclient.ts';
import type { Proven } from '../client/offline.ts';
import { equal } from '../core/bytes.ts';
import { entryIdOf, statementIn } from '../core/cose.ts';
import { decodeKeySet, thumbprintOf } from '../core/cosekey.ts';
import { Fault } from '../core/fault.ts';
import { decodeReceipt, splitTransparent, verifyReceipt } from '../core/receipt.ts';
import type { PublicKey } from '../core/signature.ts';

/** The keys of receipts as the log serves them. Fault `bad-receipt` if none of them has signed one for this entry. */
export async function receiptKeys(client: LogClient, proven: Proven): Promise<PublicKey[]> {
  const keys = decodeKeySet(await client.get('.well-known/scitt-keys')).map(({ key }) => key);
  checkReceipt(await client.get(`entries/${idOf(proven)}`), proven, keys);
  return keys;
}

/** A proven entry as a Transparent Statement, whose receipts are by keys that the log serves. */
export async function transparentOf(client: LogClient, proven: Proven): Promise<Uint8Array> {
  const bytes = await client.get(`entries/${idOf(proven)}/transparent-statement`);
  const { statement, receipts } = splitTransparent(bytes);
  if (!equal(statement, proven.entry) || receipts.length === 0) {
    throw new Fault(
      'bad-receipt',
      'the log answered with another statement than the one that is proven, or no receipt',
    );
  }
  const keys = decodeKeySet(await client.get('.well-known/scitt-keys')).map(({ key }) => key);
  for (const receipt of receipts) checkReceipt(receipt, proven, keys);
  return bytes;
}

function checkReceipt(bytes: Uint8Array, { leafHash, origin }: Proven, keys: readonly PublicKey[]): void {
  const receipt = decodeReceipt(bytes);
  const signer = keys.find((key) => equal(thumbprintOf(key), receipt.kid ?? new Uint8Array(0)));
  if (!signer) throw new Fault('bad-receipt', 'a receipt of the log names a key that the log does not serve');
  verifyReceipt(receipt, leafHash, signer, { sub: origin });
}

function idOf({ entry }: Proven): string {
  const statement = statementIn(entry);
  if (!statement) throw new Fault('bad-request', 'the entry is no statement, so the log has no receipt for it');
  return entryIdOf(statement.id);
}
