/** Puts verified and unverified things into words and fields for the commands. @module */
import type { Proven } from '../client/offline.ts';
import type { Enrolment } from '../client/verify.ts';
import { toHex } from '../core/bytes.ts';
import { entryIdOf, type SignedStatement, statementIn } from '../core/cose.ts';
import type { Signed } from '../core/cosignature.ts';
import { COSIGNATURE_MLDSA44, NOTE_ED25519 } from '../core/note.ts';
import { isoTime } from '../core/quorum.ts';
import { toJson } from '../registry/json.ts';
import { kindOf } from '../registry/names.ts';

/** The fields of a statement. Its signature is not checked by this. */
export function describeStatement(statement: SignedStatement): Record<string, unknown> {
  const kind = kindOf(statement.contentType);
  const payload = kind ? toJson(kind, statement.payload) : toHex(statement.payload);
  return {
    kind: kind ?? statement.contentType,
    issuer: statement.iss,
    subject: statement.sub,
    audience: statement.aud,
    kid: toHex(statement.kid),
    algorithm: statement.algorithm,
    entryId: entryIdOf(statement.id),
    payload,
  };
}

/** What a proof has shown. */
export function describeProven(proven: Proven): Record<string, unknown> {
  const statement = statementIn(proven.entry);
  return {
    log: proven.origin,
    entry: proven.index,
    treeSize: proven.size,
    root: toHex(proven.root),
    leafHash: toHex(proven.leafHash),
    signedBy: proven.signed.map(describeSigned),
    ...(statement ? { statement: describeStatement(statement) } : {}),
  };
}

/** The key that signed a statement, as a bundle has shown it. */
export function describeEnrolment({ index, organisation, keyId, purpose }: Enrolment): Record<string, unknown> {
  return { enrolledAt: index, organisation, keyId, purpose };
}

export function describeSigned({ vkey, time }: Signed): string {
  const algorithm = vkey.type === COSIGNATURE_MLDSA44 ? 'ML-DSA-44' : 'Ed25519';
  const when = time === undefined || time === 0 ? '' : ` at ${isoTime(time)}`;
  return `${vkey.name} (${algorithm}${vkey.type === NOTE_ED25519 ? '' : ' cosignature'}, key ${vkey.id})${when}`;
}
