/**
 * `key`: the events in the life of a working key, VOCABULARY §3, and who may log each of them. What they change is in
 * `keyevents.ts`. @module
 */
import { COMMON, count, evidence, id } from '../common.ts';
import { keyChanges } from '../keyevents.ts';
import { keySubject } from '../names.ts';
import { propose } from '../proposals.ts';
import { publicKeyBytes } from '../publickey.ts';
import { refuse } from '../rule.ts';
import { bytes, cases, doc, map, oneOf, prose, type TypeOf, time } from '../schema.ts';
import { type Admission, signedByRoot, signingKey } from '../signers.ts';
import type { Change } from '../view.ts';

export const PURPOSES = ['build', 'operations', 'supervision', 'rebuild'] as const;
const purpose = oneOf(...PURPOSES);
export type Purpose = TypeOf<typeof purpose>;

const plain = map({ keyId: id }, COMMON);
const { evidence: _, ...withoutEvidence } = COMMON;
/** The reasons of RFC 5280 §5.3.1 that are not a compromise. */
const revocation = oneOf(
  'unspecified',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'privilegeWithdrawn',
);

export const about = 'An event in the life of a working key. Signed by a root key of its owner; sub is `key:<kid>`.';

export const schema = cases('event', {
  enroll: map(
    // A signature has 64 bytes, or 2420 for ML-DSA-44.
    {
      keyId: id,
      publicKey: doc('a COSE_Key', publicKeyBytes),
      purpose,
      proof: doc('of the key itself over ["limmat/enroll/v1", origin, organisation, purpose, keyId]', bytes(64, 2420)),
    },
    { notAfter: doc('when it ends to sign', time), site: id, protection: prose(80), ...COMMON },
  ),
  activate: plain,
  suspend: map({ keyId: id, reason: prose(280) }, COMMON),
  resume: plain,
  supersede: map(
    { keyId: id, successor: doc('the keyId of the key that takes over', id) },
    { overlapUntil: doc('until when the old key signs too', time), ...COMMON },
  ),
  retire: plain,
  revoke: map({ keyId: id, reason: revocation }, COMMON),
  compromise: map(
    { keyId: id, reason: prose(280) },
    { since: doc('the index from which on nothing that the key signed is to be trusted', count), ...COMMON },
  ),
  destroy: map({ keyId: id, method: prose(280), evidence }, withoutEvidence),
});
export type KeyPayload = TypeOf<typeof schema>;

export function admit(admission: Admission<KeyPayload>): Change[] {
  const { payload, entry } = admission;
  const { kid, sub } = entry.statement;
  // SPEC: compromise: the key itself, in every state but destroyed, whatever its purpose. Whoever holds it may say so.
  if (payload.event === 'compromise' && signingKey(admission).use === 'working') {
    if (sub !== keySubject(kid))
      refuse('root-only', 'a working key reports its own compromise and no other: use a root');
    return enact(admission, entry.index);
  }
  const organisation = signedByRoot(admission);
  // SPEC: suspend: any one root of the owner, or any one root of a supervisor.
  if (payload.event === 'suspend') return enact(admission, entry.index);
  return propose(admission, [organisation], enact);
}

/** What a key event changes when it takes effect at entry `at`. */
export const enact = keyChanges;
