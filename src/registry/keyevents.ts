/**
 * What the key events change, VOCABULARY §3. It is asked when an event is logged, and again when an approval completes
 * its threshold: `at` is where it takes effect. @module
 */
import { toHex } from '../core/bytes.ts';
import { verify } from '../core/signature.ts';
import { type KeyRecord, stateAfter, whyItMayNotSign } from './keystates.ts';
import type { KeyPayload } from './kinds/key.ts';
import { requireSite } from './kinds/site.ts';
import { keySubject } from './names.ts';
import { enrolProofMessage, readPublicKey } from './publickey.ts';
import { refuse } from './rule.ts';
import { type Admission, requireSubject } from './signers.ts';
import { type Change, memberOf, nameOf, put } from './view.ts';

type Event<E extends KeyPayload['event']> = Extract<KeyPayload, { readonly event: E }>;

export function keyChanges(admission: Admission<KeyPayload>, at: number): Change[] {
  const { payload } = admission;
  if (payload.event === 'enroll') return enrolment(admission, payload, at);
  const record = spokenOf(admission);
  const state = stateAfter(record, payload.event);
  if (state === undefined) refuse('transition', `${payload.event} is not possible: ${record.keyId} is ${record.state}`);
  return [put('key', record.kid, { ...record, state, ...particulars(admission, record) })];
}

function enrolment(admission: Admission<KeyPayload>, payload: Event<'enroll'>, at: number): Change[] {
  const { view, policy, entry } = admission;
  const { iss } = entry.statement;
  const { keyId, purpose, proof, notAfter, site } = payload;
  const { key, kid, hex } = readPublicKey(payload.publicKey, 'publicKey');
  requireSubject(admission, keySubject(kid));
  const known = view.get('knownKey', hex);
  if (known !== undefined) refuse('taken', `publicKey is a ${known.use} key of ${known.organisation}: make a new one`);
  const name = nameOf(iss, keyId);
  if (view.get('keyId', name) !== undefined) refuse('taken', `${name} is enrolled: choose another keyId`);
  if (site !== undefined) requireSite(admission, iss, site);
  // SPEC: `proof`: the key's own signature over ["limmat/enroll/v1", origin, organisation, purpose, keyId].
  if (!verify(key, enrolProofMessage(policy.origin, iss, purpose, keyId), proof)) {
    refuse(
      'proof',
      `proof is not the signature of publicKey over ["limmat/enroll/v1", origin, "${iss}", purpose, keyId]`,
    );
  }
  const record = {
    kid: hex,
    organisation: iss,
    keyId,
    purpose,
    notAfter,
    site,
    enrolled: at,
    state: 'enrolled',
  } as const;
  return [
    put('knownKey', hex, { kid, key, use: 'working', organisation: iss }),
    put('key', hex, record),
    put('keyId', name, hex),
  ];
}

/** The key that an event is about: `sub` names it, so that a supervisor can name another organisation's key. */
function spokenOf({ view, entry, payload }: Admission<KeyPayload>): KeyRecord {
  const { iss, sub } = entry.statement;
  const hex = /^key:([0-9a-f]{64})$/.exec(sub)?.[1];
  if (hex === undefined) refuse('subject', `sub must be "key:" and the kid of ${payload.keyId} in hexadecimal`);
  const record = view.get('key', hex);
  if (record === undefined) refuse('key-unknown', `the key ${hex} is not enrolled in this log`);
  if (record.keyId !== payload.keyId) refuse('subject', `keyId is ${payload.keyId}, and ${sub} is ${record.keyId}`);
  // SPEC: only the owner signs later events on it. Exceptions: any supervisor may `suspend` any key.
  const bySupervisor = payload.event === 'suspend' && memberOf(view, iss)?.role === 'supervisor';
  if (record.organisation !== iss && !bySupervisor) {
    refuse('owner', `${record.keyId} belongs to ${record.organisation}: only it may ${payload.event} the key`);
  }
  return record;
}

/** What an event leaves in the record beside the state. */
function particulars(admission: Admission<KeyPayload>, record: KeyRecord): Partial<KeyRecord> {
  const { payload } = admission;
  switch (payload.event) {
    case 'suspend':
      return { before: record.state };
    case 'supersede':
      return supersession(admission, payload, record);
    case 'compromise':
      return { since: beginning(admission, payload, record) };
    default:
      return {};
  }
}

function supersession(
  { view, now }: Admission<KeyPayload>,
  { successor, overlapUntil }: Event<'supersede'>,
  record: KeyRecord,
): Partial<KeyRecord> {
  const next = view.get('key', view.get('keyId', nameOf(record.organisation, successor)) ?? '');
  // SPEC: `successor` (an active key of the same owner and purpose).
  if (next === undefined) refuse('successor', `${record.organisation} has enrolled no key ${successor}`);
  if (next.kid === record.kid) refuse('successor', 'a key does not supersede itself');
  if (next.purpose !== record.purpose)
    refuse('successor', `${successor} is for ${next.purpose}, not ${record.purpose}`);
  if (next.state !== 'active') refuse('successor', `${successor} is ${next.state}: activate it first`);
  const why = whyItMayNotSign(next, now);
  if (why !== undefined) refuse('successor', `${successor} ${why}`);
  return { successor, overlapUntil };
}

/** The index from which the key counts as compromised. */
function beginning({ entry }: Admission<KeyPayload>, { since }: Event<'compromise'>, record: KeyRecord): number {
  const { index, statement } = entry;
  if (toHex(statement.kid) === record.kid) {
    if (since !== undefined) refuse('since', 'a key that reports itself gives no since: it is the index of the report');
    if (record.state === 'destroyed') refuse('transition', `${record.keyId} is destroyed: it cannot speak any more`);
    return requireEarlier(index, record);
  }
  // SPEC: by roots: `since` (enrolment index ≤ since ≤ own index).
  if (since === undefined || since < record.enrolled || since > index) {
    refuse('since', `since must be an index from ${record.enrolled}, the enrolment, to ${index}, the report itself`);
  }
  return requireEarlier(since, record);
}

/** SPEC: compromised: earlier `since` only. A key that was destroyed in the meantime is held to it too. */
function requireEarlier(since: number, record: KeyRecord): number {
  if (record.since === undefined || since < record.since) return since;
  return refuse('since', `${record.keyId} is compromised since ${record.since}: only an earlier index says more`);
}
