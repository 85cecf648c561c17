/** Which key an event is about, as people can say it: by what it said for itself, by its enrolment, or by name and kid. @module */
import { fromHex, toHex } from '../core/bytes.ts';
import { Fault } from '../core/fault.ts';
import { parseSize } from '../core/size.ts';
import { readPublicKey } from '../registry/publickey.ts';
import type { Claims } from './draft.ts';
import { readEntry } from './entryat.ts';
import { readKeyProof } from './keyproof.ts';
import { type Target, tiledLog } from './statement.ts';

export const WHICH_KEY = 'a file of `limmat key prove`, the index of its enrolment in the log, or KEYID:KID';

export type NamedBy = { readonly keyId: string; readonly claims: Claims };

/** The id of the key, and what is known of issuer, subject and audience of events about it. */
export async function whichKey(text: string, options: Target): Promise<NamedBy> {
  const [, keyId, kid] = /^([a-z0-9][a-z0-9._-]{0,63}):([0-9a-f]{64})$/.exec(text) ?? [];
  if (keyId !== undefined) return { keyId, claims: { subject: `key:${kid}` } };
  if (/^[0-9]+$/.test(text)) return enrolledAt(parseSize(text, 'bad-request'), options);
  const proof = readKeyProof(text);
  const { organisation, origin } = proof;
  return {
    keyId: proof.keyId,
    claims: { issuer: organisation, subject: subjectOf(proof.publicKey), audience: origin },
  };
}

async function enrolledAt(index: number, options: Target): Promise<NamedBy> {
  const log = tiledLog(options, `the key is named by its enrolment at ${index}`);
  const { kind, value, statement } = readEntry((await log.entry(index)).entry, index);
  if (kind !== 'key' || value.event !== 'enroll') {
    throw new Fault(
      'bad-request',
      `entry ${index} is a ${kind} and enrols no key: give the index where it was enrolled`,
    );
  }
  const subject = subjectOf(toHex(value.publicKey as Uint8Array));
  return { keyId: value.keyId as string, claims: { issuer: statement.iss, subject, audience: statement.aud } };
}

/** `key:<kid>` for a public key in hexadecimal. */
function subjectOf(publicKey: string): string {
  return `key:${readPublicKey(fromHex(publicKey, 'bad-request'), 'publicKey').hex}`;
}
