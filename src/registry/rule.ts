/** The rules that `admit` enforces, by the names that a refusal carries, and the one way to refuse. @module */
import { Fault } from '../core/fault.ts';
import { isInRepertoire } from './repertoire.ts';

/** Each rule as it is told to a submitter. The list is closed for rule set 1. */
export const RULES = {
  genesis: 'Entry 0 is a policy, signed by one of the operator’s own root keys that it names; entry 1 is a heartbeat.',
  kind: 'The content type names a kind of entry that the policy in force lists.',
  size: 'An entry has at most `maxEntryBytes` bytes, which no later policy lowers.',
  audience: '`aud` is the origin of this log; builds, attestations and reviews may go without.',
  schema: 'The payload is one deterministic CBOR map with the fields of its kind, each within its bounds.',
  country: 'A country is one of the ISO 3166-1 alpha-2 codes of the rule set.',
  subject: '`sub` names what the statement speaks about.',
  repeated: 'A governance statement is logged once.',
  reference: 'A reference points to an earlier entry of this log, with its leaf hash, and of the kind that is needed.',
  organisation: '`iss` is an organisation of the policy in force.',
  owner: 'The key, and the thing that the statement speaks about, belong to `iss`.',
  'key-unknown': 'A key has been enrolled in this log, or named by one of its policies.',
  'key-state': 'A working key signs while it is active, or superseded within its overlap; a root while it is in force.',
  'key-purpose':
    'A working key signs the kinds that its purpose allows; the statement key of the log signs heartbeats.',
  'root-only': 'Policies, key events and approvals are signed by root keys, which sign nothing else.',
  'public-key': 'A public key is the deterministic encoding of a COSE_Key, with the required members alone.',
  proof: 'An enrolled key signs for itself: origin, organisation, purpose and keyId.',
  taken: 'An id is declared once by an organisation, and a public key is used once in a log.',
  transition: 'An event may follow the state that the key, the site, the process or the relocation is in.',
  since: 'A compromise reaches back to the enrolment at most, is not in the future, and is only ever moved earlier.',
  successor: 'A key is superseded by another one that can sign, of the same owner and purpose.',
  site: 'A site has been declared by the same organisation, and is not retired.',
  process: 'A process has been declared by the same organisation, and is not retired.',
  scope: 'A relocation has the same process, data categories, countries and sites in all its phases.',
  percent: 'The percent of a relocation grows.',
  supervisor: 'What a supervision key says is said by a supervisor.',
  withdraw: 'An attestation with the verdict withdraw takes back attestations of the same organisation and claim.',
  period: 'A period does not end before it begins.',
  counts: 'No more requests are rejected than were received.',
  clock: 'A heartbeat is later than the one before.',
  approval: 'An approval adds a further root of an organisation whose consent an open proposal still needs.',
  'proposal-lapsed': 'A proposal takes effect within 30 days of the log’s clock.',
  'proposal-void': 'A proposal ends when the roots or the threshold of the organisation that made it change.',
  'rule-set': '`rules` names a rule set that this software has.',
  'policy-version': 'A policy has the version that follows the one in force.',
  'policy-form': 'A policy has one operator, distinct organisations, kinds and keys, and witnesses with a quorum.',
  'policy-fixed': 'Origin, log key and operator never change, and the id of an organisation that left stays its own.',
  threshold: 'A threshold is no more than the number of root keys.',
  notice: 'What silences others waits for the supervisors’ notice, as witnesses have seen it.',
} as const;

export type Rule = keyof typeof RULES;

const MAX_MESSAGE = 400;

/** The message says what is wrong with this statement and what to do about it; the rule is told beside it. */
export function refuse(rule: Rule, message: string): never {
  throw new Fault('refused', printable(message), { rule });
}

/** Messages quote what was sent, and end up in terminals and journals. */
function printable(message: string): string {
  const shown = [...message.slice(0, MAX_MESSAGE)].map((char) =>
    isInRepertoire(char.codePointAt(0) as number) ? char : '?',
  );
  return message.length > MAX_MESSAGE ? `${shown.join('')}…` : shown.join('');
}
