/** Which key an event is about, as people can say it: by what it said for itself, by its enrolment, or by name and kid. @module */
import { Log } from '../client/log.ts';
import { trustInKeys } from '../client/trust.ts';
import { fromHex, toHex } from '../core/bytes.ts';
import { Fault } from '../core/fault.ts';
import { kidOf } from '../core/signature.ts';
import { parseSize } from '../core/size.ts';
import { readPublicKey } from '../registry/publickey.ts';
import { publicKeyIn } from '../store/keyfile.ts';
import type { Claims } from './draft.ts';
import { readEntry } from './entryat.ts';
import { readKeyProof } from './keyproof.ts';
import { requiredUrl } from './options.ts';
import { readBytes } from './readinput.ts';
import { type Target, tiledLog } from './statement.ts';
import { readTrust } from './trust.ts';

export const WHICH_KEY =
  'a file of `limmat key prove`, the key itself, private or public, the index of its enrolment in the log, or KEYID:KID';

export type NamedBy = { readonly keyId: string; readonly claims: Claims };

/** The id of the key, and what is known of issuer, subject and audience of events about it. */
export async function whichKey(text: string, options: Target): Promise<NamedBy> {
  const [, keyId, kid] = /^([a-z0-9][a-z0-9._-]{0,63}):([0-9a-f]{64})$/.exec(text) ?? [];
  if (keyId !== undefined) return { keyId, claims: { subject: `key:${kid}` } };
  if (/^[0-9]+$/.test(text)) return enrolledAt(parseSize(text, 'bad-request'), options);
  const key = text === '-' ? undefined : publicKeyIn(new TextDecoder().decode(readBytes(text)), text);
  if (key) return enrolmentOf(toHex(kidOf(key)), text, options);
  const proof = readKeyProof(text);
  const { organisation, origin } = proof;
  return {
    keyId: proof.keyId,
    claims: { issuer: organisation, subject: subjectOf(proof.publicKey), audience: origin },
  };
}

/** What the log says of where a key was enrolled is believed once the entry there is of this key. */
async function enrolmentOf(kid: string, file: string, options: Target): Promise<NamedBy> {
  tiledLog(options, `the enrolment of the key in ${file} is looked up`);
  const log = new Log({ url: requiredUrl(options), trust: trustInKeys(readTrust(options).vkeys) });
  const found = await log.enrolment(fromHex(kid, 'bad-key'));
  const index = found?.verified.index;
  const named = index === undefined ? undefined : await enrolledAt(index, options);
  if (named?.claims.subject === `key:${kid}`) return named;
  throw new Fault('bad-request', `the log knows no key ${kid}, that of ${file}: it begins with \`limmat key enroll\``);
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
