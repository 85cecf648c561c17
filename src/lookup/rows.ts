/** Entries as rows of an answer: where they stand, what they say, when they were made, and a proof if one is wanted. @module */
import { fromUtf8, toHex } from '../core/bytes.ts';
import { entryIdOf } from '../core/cose.ts';
import { Fault } from '../core/fault.ts';
import { formatTlogProof } from '../core/tlogproof.ts';
import type { Interval } from '../registry/interval.ts';
import { type Json, toJson } from '../registry/json.ts';
import { entryAt, type Ledger } from '../registry/ledger.ts';
import { kindOf } from '../registry/names.ts';
import type { Entry } from '../registry/view.ts';
import type { ProofSource } from './ports.ts';

export type Row = {
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
  /** The checkpoints around it. */
  readonly between: Interval;
  /** A `tlog-proof@v1` with the entry in it. */
  readonly proof?: string;
};

export function rowOf(ledger: Ledger, index: number, proofs: ProofSource | undefined): Row {
  const entry = entryAt(ledger, index);
  const { statement, leafHash } = entry;
  return {
    index,
    leafHash: toHex(leafHash),
    entryId: entryIdOf(statement.id),
    kind: kindOf(statement.contentType) ?? statement.contentType,
    issuer: statement.iss,
    subject: statement.sub,
    signer: toHex(statement.kid),
    statement: statementOf(entry),
    between: ledger.between(index),
    ...(proofs === undefined ? {} : { proof: proofOf(entry, proofs) }),
  };
}

/** The entry goes along as `extra`, so that the text alone is enough to verify. */
function proofOf({ index, leafHash, statement }: Entry, { head, inclusion }: ProofSource): string {
  const path = inclusion(index, leafHash);
  return fromUtf8(formatTlogProof({ index, path, checkpoint: head.note, extra: statement.entry }), 'bad-request');
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
