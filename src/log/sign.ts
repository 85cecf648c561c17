/**
 * The one place that signs roots. It takes only guarded heads, so the compiler sees to it that a guard line is on disk
 * first. A head gets an Ed25519 note signature, an ML-DSA-44 cosignature, the one signature that all its receipts share,
 * and the tree head of RFC 6962. @module
 */
import { utf8 } from '../core/bytes.ts';
import { formatCheckpoint, type Head } from '../core/checkpoint.ts';
import { thumbprintOf } from '../core/cosekey.ts';
import { signedMessage, toNoteSignature } from '../core/cosignature.ts';
import { COSIGNATURE_MLDSA44, formatNote, NOTE_ED25519, type Vkey, vkeyOf } from '../core/note.ts';
import { receiptProtected, receiptToSign } from '../core/receipt.ts';
import type { PublicKey, Signer } from '../core/signature.ts';
import { treeHeadToSign } from '../core/treehead.ts';
import type { GuardedHead } from './guard.ts';
import type { PublishedNote } from './ports.ts';

/** A head with all its signatures: nothing about it is secret any more. */
export type SignedHead = Head & PublishedNote;

/** Signs with the ML-DSA-44 key somewhere else: in JavaScript it takes milliseconds, so never on this thread. */
export type SignLater = (message: Uint8Array) => Promise<Uint8Array>;

/** The public halves, as clients pin them. */
export type LogPublicKeys = {
  readonly vkeys: readonly Vkey[];
  /** The key that signs receipts, then those that did before, the newest first. */
  readonly receipts: readonly [PublicKey, ...PublicKey[]];
};

export type HeadSigner = {
  readonly keys: LogPublicKeys;
  sign(head: GuardedHead): Promise<SignedHead>;
};

/** What signing needs to know; `numbers` are those of the derived keys in use. */
export type SignerParts = {
  readonly origin: string;
  /** The base URL of the log, `iss` of its receipts. */
  readonly publicUrl: string;
  readonly ed25519: Signer;
  readonly mldsa44: { readonly key: PublicKey; readonly sign: SignLater };
  readonly receipt: Signer;
  /** Receipt keys of before, the newest first. */
  readonly retired: readonly PublicKey[];
  /** The timestamp of the newest published tree head; 0 if there is none. */
  readonly newest: number;
  readonly clock: () => Date;
};

export function headSigner(parts: SignerParts): HeadSigner {
  const { origin, ed25519, mldsa44, receipt, clock } = parts;
  const [own, quantum] = [vkeyOf(origin, NOTE_ED25519, ed25519.key), vkeyOf(origin, COSIGNATURE_MLDSA44, mldsa44.key)];
  const receiptHeader = receiptProtected({ iss: parts.publicUrl, sub: origin, kid: thumbprintOf(receipt.key) });
  let newest = parts.newest;
  return {
    keys: { vkeys: [own, quantum], receipts: [receipt.key, ...parts.retired] },
    async sign({ size, root }) {
      const text = formatCheckpoint({ origin, size, root });
      // SPEC (RFC 6962 §3.5): each timestamp MUST be more recent than the one before, whatever the clock says.
      const timestamp = Math.max(clock().getTime(), newest + 1);
      newest = timestamp;
      const time = Math.floor(clock().getTime() / 1000);
      const later = mldsa44.sign(signedMessage(quantum, text, time));
      later.catch(() => {}); // if the next line throws, nobody awaits it
      const signatures = [
        toNoteSignature(own, ed25519.sign(signedMessage(own, text, time)), time),
        toNoteSignature(quantum, await later, time),
      ];
      const receiptSignature = receipt.sign(receiptToSign(receiptHeader, root));
      const treeHeadSignature = receipt.sign(treeHeadToSign({ timestamp, size, root }));
      const note = utf8(formatNote({ text, signatures }));
      return { size, root, note, receiptHeader, receiptSignature, timestamp, treeHeadSignature };
    },
  };
}
