/** What `limmat fsck --data` checks of the published checkpoints: each note, and what else was signed for its head. @module */
import { toHex } from '../core/bytes.ts';
import { type Checkpoint, parseCheckpoint } from '../core/checkpoint.ts';
import { EMPTY_MAP, writeSign1 } from '../core/cose.ts';
import { thumbprintOf } from '../core/cosekey.ts';
import { openCheckpoint } from '../core/cosignature.ts';
import { Fault, messageOf } from '../core/fault.ts';
import { parseNote, type Vkey } from '../core/note.ts';
import { kidIn, receiptToSign } from '../core/receipt.ts';
import { type PublicKey, verifyLater } from '../core/signature.ts';
import { isSize } from '../core/size.ts';
import { treeHeadToSign } from '../core/treehead.ts';
import type { PublishedNote } from '../log/ports.ts';
import type { CheckParts, Finding } from '../monitor/check.ts';
import type { SqliteStore } from '../store/sqlite.ts';
import { keyringOf, receiptKeys } from './keyring.ts';
import type { LogDirectory } from './logdir.ts';

/** The heads of the published checkpoints that can be read; the others are told by `checkPublished`. */
export function publishedHeads(store: SqliteStore): CheckParts['heads'] {
  return [...store.checkpoints()].flatMap(({ note }) => {
    const checkpoint = readable(note);
    return checkpoint ? [{ ...checkpoint, said: 'a published checkpoint' }] : [];
  });
}

function readable(note: Uint8Array): Checkpoint | undefined {
  try {
    return parseCheckpoint(parseNote(note).text);
  } catch {
    return undefined;
  }
}

/** Verifies every signature of every published checkpoint: those of the note, of its receipts, and of its tree head. */
export async function checkPublished(
  directory: LogDirectory,
  store: SqliteStore,
  vkeys: readonly Vkey[],
): Promise<Finding[]> {
  const { origin } = store.identity();
  const findings: Finding[] = [];
  const keys = store.published() ? ownReceiptKeys(directory, store, findings) : undefined;
  for (const published of store.checkpoints()) {
    const place = `checkpoint ${published.size}`;
    // Begun first: the one is verified by other threads while the other is on this one.
    const others = keys ? checkReceiptKey(published, keys) : [];
    const messages = [...checkNote(published, origin, vkeys), ...(await others)];
    findings.push(...messages.map((message) => ({ place, message })));
  }
  return findings;
}

/** Receipt keys by the thumbprint that receipts name them with, in hexadecimal. */
type KeysByName = ReadonlyMap<string, PublicKey>;

/** The keys in the seed or token; none, and a finding, if they are not to be had. */
function ownReceiptKeys(directory: LogDirectory, store: SqliteStore, findings: Finding[]): KeysByName | undefined {
  try {
    const keyring = keyringOf(directory, store.identity().origin);
    try {
      return new Map(receiptKeys(keyring, store).map((key) => [toHex(thumbprintOf(key)), key]));
    } finally {
      keyring.close();
    }
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const message = `the signatures of receipts and tree heads cannot be verified: ${error.message}`;
    findings.push({ place: 'receipt keys', message });
    return undefined;
  }
}

function checkNote({ size, note }: PublishedNote, origin: string, vkeys: readonly Vkey[]): string[] {
  try {
    const { checkpoint } = openCheckpoint(note, vkeys);
    return [
      ...(checkpoint.size === size ? [] : [`it says size ${checkpoint.size}`]),
      ...(checkpoint.origin === origin ? [] : [`it is of ${checkpoint.origin}`]),
    ];
  } catch (error) {
    return [messageOf(error)];
  }
}

/** Checks what the receipt key signed beside the note, which says what was signed. */
async function checkReceiptKey(published: PublishedNote, keys: KeysByName): Promise<string[]> {
  const { note, receiptHeader, receiptSignature, timestamp, treeHeadSignature } = published;
  const checkpoint = readable(note);
  if (!checkpoint) return []; // told by checkNote
  const { size, root } = checkpoint;
  const kid = kidIn(writeSign1(receiptHeader, EMPTY_MAP, null, receiptSignature));
  const key = kid && keys.get(toHex(kid));
  if (!key) return ['its receipt_header names no receipt key of this log, so nothing by that key can be verified'];
  const [receipt, treeHead] = await Promise.all([
    verifyLater(key, receiptToSign(receiptHeader, root), receiptSignature),
    isSize(timestamp) && verifyLater(key, treeHeadToSign({ timestamp, size, root }), treeHeadSignature),
  ]);
  return [
    ...(receipt ? [] : ['its receipt_signature does not verify: no receipt of this size can be given']),
    ...(treeHead ? [] : ['its tree_head_signature does not verify with its timestamp, for get-sth']),
  ];
}
