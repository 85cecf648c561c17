/**
 * Public keys inside payloads, and the signature by which a key that is enrolled speaks for itself. One key has one
 * form: the deterministic COSE_Key of the required members alone, so that JSON shows it as one hexadecimal text.
 * @module
 */
import { equal, type Kid, toHex } from '../core/bytes.ts';
import { decodeDeterministic, encode } from '../core/cbor.ts';
import { fromCoseKey, toCoseKey } from '../core/cosekey.ts';
import { Fault } from '../core/fault.ts';
import { kidOf, type PublicKey } from '../core/signature.ts';
import { refuse } from './rule.ts';
import { bytesUpTo } from './schema.ts';

/** In a schema: an ML-DSA-44 key has 1312 bytes, and the map around it a few. */
export const publicKeyBytes = bytesUpTo(1400);

export type NamedKey = { readonly key: PublicKey; readonly kid: Kid; readonly hex: string };

export function writePublicKey(key: PublicKey): Uint8Array {
  return encode(toCoseKey({ key }));
}

/** The inverse of `writePublicKey`; `name` is the field, for the refusal. */
export function readPublicKey(bytes: Uint8Array, name: string): NamedKey {
  const key = parse(bytes, name);
  if (!equal(writePublicKey(key), bytes)) {
    refuse('public-key', `${name} has more than the key itself: leave kid, alg and key_ops out of the COSE_Key`);
  }
  const kid = kidOf(key);
  return { key, kid, hex: toHex(kid) };
}

function parse(bytes: Uint8Array, name: string): PublicKey {
  try {
    return fromCoseKey(decodeDeterministic(bytes)).key;
  } catch (error) {
    if (error instanceof Fault) refuse('public-key', `${name}: ${error.message}`);
    throw error;
  }
}

/** What a key signs to be enrolled: it is held by someone who knows for what. */
export function enrolProofMessage(origin: string, organisation: string, purpose: string, keyId: string): Uint8Array {
  return encode(['limmat/enroll/v1', origin, organisation, purpose, keyId]);
}
