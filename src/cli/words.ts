/** What a proposal is, in plain words, for those who are asked to approve it. @module */
import { toHex } from '../core/bytes.ts';
import type { Payload } from '../registry/kinds.ts';
import { readPublicKey } from '../registry/publickey.ts';
import type { LoggedEntry } from './entryat.ts';
import { EVENTS } from './keyevents.ts';

/** Sentences about an event that a further root signature lets take effect; `undefined` for what needs none. */
export function proposalInWords({ kind, value, statement }: LoggedEntry): string[] | undefined {
  const by = `${statement.iss} asks for this, signed by ${toHex(statement.kid)}.`;
  if (kind === 'key') return [...keyInWords(value as Payload<'key'>, statement.sub), by];
  if (kind === 'policy') return [...policyInWords(value as Payload<'policy'>), by];
  return undefined;
}

function keyInWords(payload: Payload<'key'>, sub: string): string[] {
  const { event, keyId } = payload;
  const words = [`${event}: the key ${keyId} (${sub}) ${EVENTS[event].effect}.`];
  for (const [name, value] of Object.entries(payload)) {
    if (['event', 'keyId', 'publicKey', 'proof', 'refs', 'evidence'].includes(name)) continue;
    words.push(`${name}: ${String(value)}`);
  }
  return words;
}

function policyInWords(policy: Payload<'policy'>): string[] {
  const organisations = policy.organisations.map(({ id, role, rootKeys, threshold }) => {
    const kids = rootKeys.map((bytes) => readPublicKey(bytes, 'rootKeys').hex.slice(0, 16));
    return `${id}, ${role}: ${threshold} of the roots ${kids.join('…, ')}…`;
  });
  return [
    `version ${policy.version} of the policy of ${policy.origin} comes into force, with rule set ${policy.rules}.`,
    ...organisations,
    `kinds: ${policy.kinds.join(', ')}`,
    `at most ${policy.maxEntryBytes} bytes an entry, ${policy.supervisorNoticeDays} days of notice to supervisors, ` +
      `${policy.witnesses?.length ?? 0} witnesses${policy.witnessQuorum ? `, ${policy.witnessQuorum} of them needed` : ''}.`,
  ];
}
