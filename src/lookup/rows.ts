/** Entries as rows of an answer: what they say, when they were made, and a proof if one is wanted. @module */
import { fromUtf8 } from '../core/bytes.ts';
import { formatTlogProof } from '../core/tlogproof.ts';
import type { Interval } from '../registry/interval.ts';
import { entryAt, type Ledger } from '../registry/ledger.ts';
import { type EntryRow, toRow } from '../registry/row.ts';
import type { Entry } from '../registry/view.ts';
import type { ProofSource } from './ports.ts';

export type Row = EntryRow & {
  /** The checkpoints around it. */
  readonly between: Interval;
  /** A `tlog-proof@v1` with the entry in it. */
  readonly proof?: string;
};

export function rowOf(ledger: Ledger, index: number, proofs: ProofSource | undefined): Row {
  const entry = entryAt(ledger, index);
  return {
    ...toRow(entry),
    between: ledger.between(index),
    ...(proofs === undefined ? {} : { proof: proofOf(entry, proofs) }),
  };
}

/** The entry goes along as `extra`, so that the text alone is enough to verify. */
function proofOf({ index, leafHash, statement }: Entry, { head, inclusion }: ProofSource): string {
  const path = inclusion(index, leafHash);
  return fromUtf8(formatTlogProof({ index, path, checkpoint: head.note, extra: statement.entry }), 'bad-request');
}
