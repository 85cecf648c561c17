/** Who signed, and with what right: VOCABULARY §1 "Ownership" and the table of purposes. @module */
import { type KeyRecord, whyItMayNotSign } from './keystates.ts';
import type { Purpose } from './kinds/key.ts';
import type { Policy } from './kinds/policy.ts';
import { refuse } from './rule.ts';
import { type Entry, type KnownKey, type Lookup, memberOf, type Organisation, type View } from './view.ts';

/** A statement before the rules of its kind: everything that they may read. */
export type Admission<P> = {
  readonly view: View;
  /** The policy in force. */
  readonly policy: Policy;
  /** The log's clock: `at` of the last heartbeat before the entry. Empty for the first one. */
  readonly now: string;
  readonly lookup: Lookup;
  readonly entry: Entry;
  /** The key that signed, in hexadecimal. */
  readonly kid: string;
  readonly payload: P;
  /** Paths of the fields that the schema does not know. */
  readonly unknown: readonly string[];
};

/** The key that signed. SPEC: `iss` is the organisation that owns the signing key. */
export function signingKey({ view, kid, entry }: Admission<unknown>): KnownKey {
  const { iss } = entry.statement;
  const known = view.get('knownKey', kid);
  if (known === undefined) {
    refuse('key-unknown', `the key ${kid} is not known to this log: enroll and activate it first`);
  }
  if (known.organisation !== iss) {
    refuse('owner', `the key ${kid} belongs to ${known.organisation}, and iss says ${iss}: sign with a key of ${iss}`);
  }
  return known;
}

/** The organisation that speaks. One that left can say nothing any more. */
export function issuer({ view, entry }: Admission<unknown>): Organisation {
  const { iss } = entry.statement;
  return memberOf(view, iss) ?? refuse('organisation', `${iss} is not an organisation of the policy in force`);
}

/** The organisation whose root key signed. */
export function signedByRoot(admission: Admission<unknown>): Organisation {
  const { use } = signingKey(admission);
  const organisation = issuer(admission);
  if (use !== 'root') {
    refuse('root-only', `this is for root keys of ${organisation.id}, and ${admission.kid} is a ${use} key`);
  }
  if (!organisation.roots.includes(admission.kid)) {
    refuse('key-state', `${admission.kid} is not a root key of ${organisation.id} any more: sign with one that is`);
  }
  return organisation;
}

/** The working key that signed, which must be for one of these purposes and in a state to sign. */
export function signedByWorkingKey(admission: Admission<unknown>, ...purposes: readonly Purpose[]): KeyRecord {
  const { use } = signingKey(admission);
  const { id, role } = issuer(admission);
  const record = admission.view.get('key', admission.kid);
  if (use !== 'working' || record === undefined || !purposes.includes(record.purpose)) {
    const what = use === 'working' ? `a key for ${record?.purpose}` : `a ${use} key`;
    refuse('key-purpose', `this needs a key enrolled for ${purposes.join(' or ')}, and ${admission.kid} is ${what}`);
  }
  const why = whyItMayNotSign(record, admission.now);
  if (why !== undefined) refuse('key-state', `the key ${record.keyId} ${why}: sign with a key that is active`);
  if (record.purpose === 'supervision' && role !== 'supervisor') {
    refuse('supervisor', `${id} is a ${role} in the policy in force, and supervision is for supervisors`);
  }
  return record;
}

/** SPEC: `sub` = what it speaks about. */
export function requireSubject({ entry }: Admission<unknown>, expected: string): void {
  const { sub } = entry.statement;
  if (sub !== expected) refuse('subject', `sub is "${sub}" and must be "${expected}"`);
}
