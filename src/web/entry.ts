/**
 * Entries of answers, believed only once their proofs were checked: what a page shows of one is read from the proven
 * bytes and never from what the answer says beside them. @module
 */
import { isList, isMap, isText, isWord, maybe } from '../client/answer.ts';
import { equal, toHex } from '../core/bytes.ts';
import type { Checkpoint } from '../core/checkpoint.ts';
import { decodeStatement, entryIdOf, type SignedStatement } from '../core/cose.ts';
import { Fault } from '../core/fault.ts';
import { leafHash } from '../core/hash.ts';
import { verifyInclusion } from '../core/proof.ts';
import { isSize } from '../core/size.ts';
import { parseTlogProof } from '../core/tlogproof.ts';
import type { Interval, Mark } from '../registry/interval.ts';
import { type Json, toJson } from '../registry/json.ts';
import { type KindName, kindOf } from '../registry/names.ts';

/** The fields of a payload as JSON, by name. */
export type Fields = { readonly [name: string]: Json };

/** An entry whose place in the signed tree was verified here. */
export type Entry = {
  readonly index: number;
  readonly leafHash: string;
  readonly entryId: string;
  readonly kind: KindName | undefined;
  readonly issuer: string;
  readonly subject: string;
  /** The kid of the key that signed it. */
  readonly signer: string;
  readonly fields: Fields;
  readonly statement: SignedStatement;
  /** Between which checkpoints it came: what the log says, as are the times in it. */
  readonly between: Interval;
};

/** A row as `/v1/` answers it. */
export type Row = {
  readonly index: number;
  readonly leafHash: string;
  readonly between: Interval;
  readonly proof: string;
};

const isMark = isMap<Mark>({ size: isSize, time: maybe(isText), word: isWord<Mark['word']>(), by: isList(isText) });

export const isRow = isMap<Row>({
  index: isSize,
  leafHash: isText,
  between: isMap<Interval>({ from: maybe(isMark), to: maybe(isMark) }),
  proof: isText,
});

/** Checks the proof of a row; `open` answers a checkpoint whose signatures and history were verified. */
export async function proveRow(row: Row, open: (note: Uint8Array) => Promise<Checkpoint>): Promise<Entry> {
  const { index, path, checkpoint, extra } = parseTlogProof(new TextEncoder().encode(row.proof));
  if (extra === undefined || index !== row.index) {
    throw new Fault('bad-proof', `the proof of entry ${row.index} is about something else`);
  }
  const { size, root } = await open(checkpoint);
  const leaf = leafHash(extra);
  verifyInclusion(index, size, leaf, path, root);
  return readEntry(index, extra, row.between);
}

/** What an entry says, of bytes that are proven already. */
export function readEntry(index: number, bytes: Uint8Array, between: Interval): Entry {
  const statement = decodeStatement(bytes);
  if (!equal(statement.entry, bytes)) throw new Fault('bad-statement', `entry ${index} is not in its one form`);
  const kind = kindOf(statement.contentType);
  return {
    index,
    leafHash: toHex(leafHash(bytes)),
    entryId: entryIdOf(statement.id),
    kind,
    issuer: statement.iss,
    subject: statement.sub,
    signer: toHex(statement.kid),
    fields: fieldsOf(kind, statement.payload),
    statement,
    between,
  };
}

function fieldsOf(kind: KindName | undefined, payload: Uint8Array): Fields {
  if (kind === undefined) return { payload: toHex(payload) };
  try {
    return toJson(kind, payload) as Fields;
  } catch (error) {
    // Only a log that broke its own rules has such an entry.
    if (error instanceof Fault) return { payload: toHex(payload) };
    throw error;
  }
}

export const text = (value: Json | undefined): string => (typeof value === 'string' ? value : '');
export const count = (value: Json | undefined): number => (typeof value === 'number' ? value : 0);
export const list = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : []);
export const texts = (value: Json | undefined): string[] => list(value).map(text);
export const fields = (value: Json | undefined): Fields =>
  typeof value === 'object' && value !== null ? (value as Fields) : {};
/** The index that a `ref` points to. */
export const refOf = (value: Json | undefined): number | undefined => {
  const { index } = fields(value);
  return typeof index === 'number' ? index : undefined;
};
