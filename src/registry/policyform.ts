/**
 * What a policy must be in itself, whatever came before it, and the rows that it puts. Which changes an organisation
 * has to agree to is in `amendment.ts`. @module
 */
import { Fault } from '../core/fault.ts';
import { COSIGNATURE_ED25519, COSIGNATURE_MLDSA44, parseVkey } from '../core/note.ts';
import type { Policy, Role } from './kinds/policy.ts';
import { type NamedKey, readPublicKey } from './publickey.ts';
import { refuse } from './rule.ts';
import { type Change, type KnownKey, type Organisation, put, type View } from './view.ts';

/** The one rule set that this software has. A change to any rule or table is a new number beside it. */
export const RULE_SET = 1;

export type Member = {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly threshold: number;
  readonly roots: readonly NamedKey[];
};

/** A policy whose keys have been read. */
export type CheckedPolicy = {
  readonly payload: Policy;
  readonly members: readonly Member[];
  readonly operator: Member;
  readonly logKey: NamedKey;
};

export function checkPolicy(view: View, payload: Policy): CheckedPolicy {
  if (payload.rules !== RULE_SET) refuse('rule-set', `rules is ${payload.rules}, and this software has ${RULE_SET}`);
  const members = payload.organisations.map(readMember);
  requireDistinct(
    'policy-form',
    'organisation',
    members.map(({ id }) => id),
  );
  requireDistinct('policy-form', 'kind', payload.kinds);
  for (const kind of ['policy', 'heartbeat'] as const) {
    if (!payload.kinds.includes(kind))
      refuse('policy-form', `kinds must contain ${kind}: a log cannot go on without it`);
  }
  const [operator, ...others] = members.filter(({ role }) => role === 'operator');
  if (operator === undefined || others.length > 0)
    refuse('policy-form', 'exactly one organisation has the role operator');
  checkWitnesses(payload);
  const logKey = readPublicKey(payload.logKey, 'logKey');
  checkKeys(view, members, logKey);
  return { payload, members, operator, logKey };
}

function readMember({ id, name, role, threshold, rootKeys }: Policy['organisations'][number]): Member {
  if (threshold > rootKeys.length) {
    refuse('threshold', `${id} has a threshold of ${threshold} and ${rootKeys.length} root keys: it could never act`);
  }
  const roots = rootKeys.map((bytes, i) => readPublicKey(bytes, `rootKeys[${i}] of ${id}`));
  return { id, name, role, threshold, roots };
}

/** All public keys of a log are distinct across organisations, roots, working keys and the log key. */
function checkKeys(view: View, members: readonly Member[], logKey: NamedKey): void {
  const keys = [logKey.hex, ...members.flatMap(({ roots }) => roots.map(({ hex }) => hex))];
  requireDistinct('taken', 'public key', keys);
  const check = (hex: string, mayBe: (known: KnownKey) => boolean) => {
    const known = view.get('knownKey', hex);
    if (known === undefined || mayBe(known)) return;
    refuse('taken', `the key ${hex} is a ${known.use} key of ${known.organisation}: make a new one`);
  };
  check(logKey.hex, ({ use }) => use === 'log');
  for (const { id, roots } of members) {
    for (const { hex } of roots) check(hex, ({ use, organisation }) => use === 'root' && organisation === id);
  }
}

function requireDistinct(rule: 'policy-form' | 'taken', what: string, items: readonly string[]): void {
  const twice = items.find((item, i) => items.indexOf(item) !== i);
  if (twice !== undefined) refuse(rule, `the ${what} ${twice} stands there twice`);
}

function checkWitnesses({ witnesses, witnessQuorum }: Policy): void {
  if (witnesses === undefined && witnessQuorum === undefined) return;
  if (witnesses === undefined || witnessQuorum === undefined || witnessQuorum > witnesses.length) {
    refuse('policy-form', 'witnesses come with a witnessQuorum, which is at most their number');
  }
  const keys = witnesses.map((text) => {
    const { type, key } = readVkey(text);
    if (type === COSIGNATURE_ED25519 || type === COSIGNATURE_MLDSA44) return key.bytes.join();
    return refuse('policy-form', `the witness ${text} has a key of type ${type}, and cosignatures are of type 4 or 6`);
  });
  // Two names for one key would count twice towards the quorum.
  requireDistinct('policy-form', 'witness key', keys);
}

function readVkey(text: string) {
  try {
    return parseVkey(text);
  } catch (error) {
    if (error instanceof Fault) refuse('policy-form', `witnesses: ${error.message}`);
    throw error;
  }
}

/** The rows that the policy of entry `index` puts when it takes effect at entry `at`. */
export function policyChanges(view: View, checked: CheckedPolicy, index: number, at: number): Change[] {
  const { payload, members, logKey, operator } = checked;
  const changes = [put('policy', '', { index, since: at, policy: payload })];
  const learn = ({ hex, kid, key }: NamedKey, use: KnownKey['use'], organisation: string) => {
    if (view.get('knownKey', hex) === undefined) changes.push(put('knownKey', hex, { kid, key, use, organisation }));
  };
  learn(logKey, 'log', operator.id);
  for (const member of members) {
    const { id, name, role, threshold } = member;
    const old = view.get('organisation', id);
    const roots = member.roots.map(({ hex }) => hex);
    const rootsSince = old !== undefined && hasSameRoots(old, member) ? old.rootsSince : at;
    changes.push(put('organisation', id, { id, name, role, roots, threshold, rootsSince, left: false }));
    for (const root of member.roots) learn(root, 'root', id);
  }
  for (const { id } of view.get('policy', '')?.policy.organisations ?? []) {
    const old = view.get('organisation', id);
    if (old === undefined || members.some((member) => member.id === id)) continue;
    changes.push(put('organisation', id, { ...old, rootsSince: at, left: true }));
  }
  return changes;
}

/** Whether root keys, in any order, and threshold are the same. */
export function hasSameRoots(old: Organisation, member: Member): boolean {
  if (old.threshold !== member.threshold || old.roots.length !== member.roots.length) return false;
  return member.roots.every(({ hex }) => old.roots.includes(hex));
}
