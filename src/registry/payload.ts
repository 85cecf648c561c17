/** Payloads as bytes and as typed values, and the subject that goes with each: what one needs to make a statement. @module */
import { type Cbor, type CborMap, encode } from '../core/cbor.ts';
import { must } from '../core/fault.ts';
import type { Ref } from './common.ts';
import { type AdmittedKind, KINDS, type Payload } from './kinds.ts';
import {
  countrySubject,
  entrySubject,
  keySubject,
  logSubject,
  processSubject,
  relocationSubject,
  siteSubject,
} from './names.ts';
import { readPublicKey } from './publickey.ts';
import { asSchemaFault, type Reading, readBytes } from './read.ts';
import type { Schema } from './schema.ts';

/** The deterministic encoding of a payload. Faults as admission would if a field is out of bounds. */
export function payloadOf<K extends AdmittedKind>(kind: K, value: Payload<K>): Uint8Array {
  const bytes = asSchemaFault(() => encode(toCbor(value)));
  readPayload(kind, bytes);
  return bytes;
}

/** The inverse of `payloadOf`, but for fields that the schema does not know. */
export function readPayload<K extends AdmittedKind>(kind: K, bytes: Uint8Array): Reading<Payload<K>> {
  return readBytes(KINDS[kind].schema as Schema<Payload<K>>, bytes);
}

/** Objects become maps, without the fields that are `undefined`. */
function toCbor(value: unknown): Cbor {
  if (Array.isArray(value)) return value.map(toCbor);
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value as Cbor;
  const given = Object.entries(value).filter(([, item]) => item !== undefined);
  return new Map(given.map(([name, item]) => [name, toCbor(item)])) satisfies CborMap;
}

/** What `subjectOf` needs where the payload does not say it. */
export type About = {
  readonly origin: string;
  /** `sub` itself: the package URL of a build, `key:<kid>` for the events of a key that is enrolled. */
  readonly sub?: string;
};

/** The `sub` that a statement with this payload must have. */
export function subjectOf<K extends AdmittedKind>(kind: K, payload: Payload<K>, about: About): string {
  const value = { kind, payload } as { [P in AdmittedKind]: { kind: P; payload: Payload<P> } }[AdmittedKind];
  switch (value.kind) {
    case 'policy':
    case 'heartbeat':
      return logSubject(about.origin);
    case 'approval':
    case 'withdrawal':
    case 'correction':
      return entrySubject(value.payload.ref.index);
    case 'attestation':
      return entrySubject((value.payload.refs[0] as Ref).index);
    case 'site':
      return siteSubject(value.payload.siteId);
    case 'review':
      return siteSubject(value.payload.centre);
    case 'process':
      return processSubject(value.payload.processId);
    case 'relocation':
      return relocationSubject(value.payload.relocationId);
    case 'disclosure':
      return countrySubject(value.payload.country);
    case 'key':
      if (value.payload.event === 'enroll') return keySubject(readPublicKey(value.payload.publicKey, 'publicKey').kid);
  }
  must(about.sub !== undefined, `the sub of a ${kind} is not in its payload and has to be given`);
  return about.sub;
}
