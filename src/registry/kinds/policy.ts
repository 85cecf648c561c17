/**
 * `policy`: the rules of a log as an entry, VOCABULARY §1. Entry 0 is the first, by which the log begins; each later
 * one amends the one in force. @module
 */
import { MAX_ENTRY } from '../../core/hash.ts';
import { MAX_SIZE } from '../../core/size.ts';
import { consentsTo } from '../amendment.ts';
import { COMMON, evidence, id } from '../common.ts';
import { KIND_NAMES, logSubject } from '../names.ts';
import { checkPolicy, policyChanges } from '../policyform.ts';
import { propose } from '../proposals.ts';
import { publicKeyBytes } from '../publickey.ts';
import type { Reading } from '../read.ts';
import { refuse } from '../rule.ts';
import { bytesUpTo, doc, integer, list, map, oneOf, pattern, prose, type TypeOf, text, withSomeOf } from '../schema.ts';
import { type Admission, requireSubject, signedByRoot } from '../signers.ts';
import { type Change, EMPTY, type Entry } from '../view.ts';

const role = oneOf('operator', 'vendor', 'supervisor', 'rebuilder');
export type Role = TypeOf<typeof role>;

const organisation = map(
  { id, name: prose(80), role, rootKeys: list(publicKeyBytes, 1, 16), threshold: integer(1, 16) },
  {},
);

/** What will be: the organisation as it will be, the kinds that will go, the witnesses there will be. */
const announcement = withSomeOf(
  map(
    {},
    {
      removes: id,
      organisation,
      dropsKinds: list(oneOf(...KIND_NAMES), 1, KIND_NAMES.length),
      supervisorNoticeDays: integer(1, 3650),
      witnesses: list(text(4096), 0, 32),
      witnessQuorum: integer(1, 32),
    },
  ),
  'removes',
  'organisation',
  'dropsKinds',
  'supervisorNoticeDays',
  'witnesses',
);
export type Announcement = TypeOf<typeof announcement>;

export const about =
  'The rules of the log: who may write what, and whose keys count. Signed by a root key of the operator; sub is `log:<origin>`.';

export const schema = map(
  {
    version: integer(1, MAX_SIZE),
    origin: pattern(255, /^[\x21-\x2a\x2c-\x7e]+$/, 'an origin: ASCII without spaces and plus signs'),
    rules: integer(1, MAX_SIZE),
    organisations: list(organisation, 1, 64),
    kinds: list(oneOf(...KIND_NAMES), 2, KIND_NAMES.length),
    maxEntryBytes: integer(1024, MAX_ENTRY),
    logKey: publicKeyBytes,
    supervisorNoticeDays: integer(1, 3650),
  },
  {
    witnesses: doc('verifier keys of signed notes', list(text(4096), 1, 32)),
    witnessQuorum: integer(1, 32),
    announces: doc('what a later policy will do that silences others', list(announcement, 1, 32)),
    notice: doc('two signed notes by which witnesses saw that it was announced', list(bytesUpTo(30_000), 2, 2)),
    retention: prose(280),
    text: evidence,
    ...COMMON,
  },
);
export type Policy = TypeOf<typeof schema>;

/** Entry 0. SPEC: the first `policy` (effective at once with one operator signature). */
export function admitFirst({ statement, index }: Entry, kid: string, reading: Reading<Policy>): Change[] {
  const { value: payload } = reading;
  if (payload.notice !== undefined) refuse('notice', 'the first policy changes nothing that notice could be given of');
  const checked = checkPolicy(EMPTY, payload);
  const { origin, version, maxEntryBytes } = payload;
  if (version !== 1) refuse('policy-version', `the first policy has version 1, not ${version}`);
  if (statement.entry.length > maxEntryBytes) {
    refuse('size', `this policy has ${statement.entry.length} bytes and allows ${maxEntryBytes} itself`);
  }
  if (statement.aud !== origin) refuse('audience', `aud must be the origin that the policy names, "${origin}"`);
  if (statement.sub !== logSubject(origin)) refuse('subject', `sub must be "${logSubject(origin)}"`);
  const { id: operator, roots } = checked.operator;
  if (statement.iss !== operator || !roots.some(({ hex }) => hex === kid)) {
    refuse('genesis', `the first policy is issued by ${operator} and signed by one of the rootKeys that it names`);
  }
  return policyChanges(EMPTY, checked, index, index);
}

export function admit(admission: Admission<Policy>): Change[] {
  const { view, policy, payload, entry, lookup } = admission;
  requireSubject(admission, logSubject(policy.origin));
  const { id: issuer, role: issuerRole } = signedByRoot(admission);
  if (issuerRole !== 'operator') refuse('owner', `a policy comes from the operator, and ${issuer} is a ${issuerRole}`);
  return propose(admission, consentsTo(view, checkPolicy(view, payload), entry.index, lookup), enact);
}

/** What a policy changes when it takes effect at entry `at`. */
export function enact({ view, entry, payload, lookup }: Admission<Policy>, at: number): Change[] {
  const checked = checkPolicy(view, payload);
  consentsTo(view, checked, entry.index, lookup);
  return policyChanges(view, checked, entry.index, at);
}
