/**
 * Admission: whether a statement may become the next entry. A function of the entries before it and nothing else, so
 * that anyone can replay it: VOCABULARY §5, but for the signature and for builds that are logged twice. @module
 */
import { equal, toHex } from '../core/bytes.ts';
import type { SignedStatement } from '../core/cose.ts';
import { must } from '../core/fault.ts';
import type { PublicKey } from '../core/signature.ts';
import type { Ref } from './common.ts';
import { KIND_RULES } from './kindrules.ts';
import { admitFirst } from './kinds/policy.ts';
import type { AdmittedKind } from './kinds.ts';
import { isGovernance, KIND_NAMES, kindOf } from './names.ts';
import { readPayload } from './payload.ts';
import { readPublicKey } from './publickey.ts';
import { refuse } from './rule.ts';
import { type Change, type Entry, type Lookup, put, seenId, type View } from './view.ts';

/**
 * What the entry changes; Fault `refused` with the rule that forbids it. `view` is the state before it, `lookup` finds
 * the entries before it. The signature must have been verified against `signerKey`.
 */
export function admit(view: View, entry: Entry, lookup: Lookup): Change[] {
  const { statement, index } = entry;
  const kind = admittedKind(statement);
  const changes = index === 0 ? first(view, entry, kind, lookup) : later(view, entry, kind, lookup);
  if (isGovernance(kind)) changes.push(put('seen', seenId(statement.id), index));
  return changes;
}

function first(view: View, entry: Entry, kind: AdmittedKind, lookup: Lookup): Change[] {
  must(view.get('policy', '') === undefined, 'entry 0 is admitted to a log that has a policy');
  if (kind !== 'policy') refuse('genesis', `a log begins with a policy, and this is a ${kind}`);
  const reading = readPayload('policy', entry.statement.payload);
  for (const ref of reading.refs) checkRef(ref, 0, lookup);
  return admitFirst(entry, toHex(entry.statement.kid), reading);
}

function later(view: View, entry: Entry, kind: AdmittedKind, lookup: Lookup): Change[] {
  const { statement, index } = entry;
  const policy = view.get('policy', '')?.policy;
  must(policy !== undefined, `entry ${index} is admitted to a log without a policy`);
  const clock = view.get('heartbeat', '');
  // SPEC: and entry 1, a `heartbeat`; so a registry log never has size 0 or 1.
  if (clock === undefined && kind !== 'heartbeat')
    refuse('genesis', `entry 1 is the first heartbeat, and this is a ${kind}`);
  if (!policy.kinds.includes(kind)) refuse('kind', `the policy in force does not list ${kind}`);
  const size = statement.entry.length;
  if (size > policy.maxEntryBytes) {
    refuse(
      'size',
      `the entry has ${size} bytes, and at most ${policy.maxEntryBytes} are allowed: move content to evidence`,
    );
  }
  checkAudience(statement, kind, policy.origin);
  if (isGovernance(kind)) {
    const before = view.get('seen', seenId(statement.id));
    if (before !== undefined)
      refuse('repeated', `the same statement is entry ${before}: to say it again, add at or note`);
  }
  const { value, refs, unknown } = readPayload(kind, statement.payload);
  for (const ref of refs) checkRef(ref, index, lookup);
  const kid = toHex(statement.kid);
  const now = clock?.at ?? '';
  return KIND_RULES[kind]({ view, policy, now, lookup, entry, kid, payload: value as never, unknown });
}

/** SPEC: unknown kinds are refused. */
function admittedKind({ contentType }: SignedStatement): AdmittedKind {
  const kind = kindOf(contentType);
  if (kind === undefined) {
    refuse('kind', `the content type is not application/vnd.limmat.<kind>+cbor with one of ${KIND_NAMES.join(', ')}`);
  }
  return kind;
}

/** SPEC: `aud` = the log's origin for all kinds but `build`, `attestation` and `review`. */
function checkAudience({ aud }: SignedStatement, kind: AdmittedKind, origin: string): void {
  // Who names another audience does not speak to us, whatever the kind (RFC 7519 §4.1.3).
  if (aud === origin || (aud === undefined && !isGovernance(kind))) return;
  refuse(
    'audience',
    `aud is ${aud === undefined ? 'missing' : `"${aud}"`} and must be the origin of this log, "${origin}"`,
  );
}

/** SPEC: `ref` must point backwards to an entry with exactly that leaf hash. */
function checkRef({ index, leafHash }: Ref, own: number, lookup: Lookup): void {
  if (index >= own) refuse('reference', `entry ${index} does not exist before this one, which would be entry ${own}`);
  const entry = lookup.entry(index);
  if (entry === undefined) refuse('reference', `entry ${index} does not exist`);
  if (!equal(entry.leafHash, leafHash)) {
    refuse('reference', `the leaf hash of entry ${index} is ${toHex(entry.leafHash)}, not ${toHex(leafHash)}`);
  }
}

/**
 * The key that a statement's kid names, whether or not it may sign; `undefined` if the log does not know it. The first
 * policy names its own keys, so its payload is read, with the faults of that.
 */
export function signerKey(view: View, statement: SignedStatement): PublicKey | undefined {
  const hex = toHex(statement.kid);
  if (view.get('policy', '') !== undefined) return view.get('knownKey', hex)?.key;
  if (kindOf(statement.contentType) !== 'policy') return undefined;
  const { organisations } = readPayload('policy', statement.payload).value;
  const roots = organisations.filter(({ role }) => role === 'operator').flatMap(({ rootKeys }) => rootKeys);
  return roots.map((bytes) => readPublicKey(bytes, 'rootKeys')).find((key) => key.hex === hex)?.key;
}
