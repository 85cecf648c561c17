/** An entry of a log as statement, kind and typed fields, for commands that speak about entries. @module */

import type { SignedStatement } from '../core/cose.ts';
import { statementIn } from '../core/cose.ts';
import { Fault } from '../core/fault.ts';
import type { AdmittedKind } from '../registry/kinds.ts';
import { kindOf } from '../registry/names.ts';
import { readPayload } from '../registry/payload.ts';

export type LoggedEntry = {
  readonly statement: SignedStatement;
  readonly kind: AdmittedKind;
  /** The fields that are known for the kind. */
  readonly value: Readonly<Record<string, unknown>>;
};

/** Fault `bad-request` for leaf data that is no statement of a known kind. */
export function readEntry(entry: Uint8Array, index: number): LoggedEntry {
  const statement = statementIn(entry);
  const kind = statement && kindOf(statement.contentType);
  if (statement === undefined || kind === undefined) {
    throw new Fault('bad-request', `entry ${index} is no statement of a kind that this version knows`);
  }
  return { statement, kind, value: readPayload(kind, statement.payload).value as Record<string, unknown> };
}
