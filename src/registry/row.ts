/** An entry as a row of an answer: where it stands and what it says. Whoever has the entry makes the same row. @module */
import { toHex } from '../core/bytes.ts';
import { entryIdOf } from '../core/cose.ts';
import { Fault } from '../core/fault.ts';
import { type Json, toJson } from './json.ts';
import { kindOf } from './names.ts';
import type { Entry } from './view.ts';

export type EntryRow = {
  readonly index: number;
  readonly leafHash: string;
  readonly entryId: string;
  /** A kind, or a content type that is none. */
  readonly kind: string;
  readonly issuer: string;
  readonly subject: string;
  readonly signer: string;
  /** The payload; hexadecimal if it is not one of its kind. */
  readonly statement: Json;
};

export function toRow(entry: Entry): EntryRow {
  const { index, leafHash, statement } = entry;
  return {
    index,
    leafHash: toHex(leafHash),
    entryId: entryIdOf(statement.id),
    kind: kindOf(statement.contentType) ?? statement.contentType,
    issuer: statement.iss,
    subject: statement.sub,
    signer: toHex(statement.kid),
    statement: statementOf(entry),
  };
}

function statementOf({ statement }: Entry): Json {
  const kind = kindOf(statement.contentType);
  try {
    return kind === undefined ? toHex(statement.payload) : toJson(kind, statement.payload);
  } catch (error) {
    // Only a log that broke its own rules has such an entry.
    if (error instanceof Fault) return toHex(statement.payload);
    throw error;
  }
}
