/** Signed heads one after the other, as the heads exchange sends them: `head <seq> <bytes>`, then the note. @module */
import { concat, fromUtf8, utf8 } from './bytes.ts';
import { Fault } from './fault.ts';
import { MAX_NOTE } from './note.ts';
import { parseSize } from './size.ts';

/** `seq` counts up in the order in which the sender saw the heads. */
export type ListedHead = { readonly seq: number; readonly note: Uint8Array };

/** What became of a head that was posted. */
export type Posted =
  | { readonly kind: 'consistent' }
  /** Larger than what could be verified yet. */
  | { readonly kind: 'queued' }
  | { readonly kind: 'conflict'; readonly file: Uint8Array | undefined };

export const HEADS_TYPE = 'text/x.tlog.heads';
export const MAX_HEADS = 100;
/** Hashes of evidence files on one page. */
export const MAX_EVIDENCE_IDS = 100;
const MAX_LINE = 64;

export function formatHeads(heads: readonly ListedHead[]): Uint8Array {
  return concat(...heads.flatMap(({ seq, note }) => [utf8(`head ${seq} ${note.length}\n`), note]));
}

/** The inverse of `formatHeads`. The notes are not yet parsed. */
export function parseHeads(bytes: Uint8Array): ListedHead[] {
  const heads: ListedHead[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.subarray(0, at + MAX_LINE).indexOf(0x0a, at);
    if (end < 0) throw new Fault('bad-request', 'a head begins with a line "head <seq> <bytes>"');
    const [word, seq = '', length = '', ...rest] = fromUtf8(bytes.subarray(at, end), 'bad-request').split(' ');
    if (word !== 'head' || rest.length > 0)
      throw new Fault('bad-request', 'a head is "head <seq> <bytes>" and its note');
    at = end + 1;
    const size = parseSize(length, 'bad-request');
    if (size > MAX_NOTE || at + size > bytes.length) throw new Fault('bad-request', 'a note is cut off, or too large');
    if (heads.length >= MAX_HEADS) throw new Fault('bad-request', `a list has at most ${MAX_HEADS} heads`);
    heads.push({ seq: parseSize(seq, 'bad-request'), note: bytes.slice(at, at + size) });
    at += size;
  }
  return heads;
}
