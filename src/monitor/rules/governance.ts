/** What is told of keys and policies: keys nobody expected, events of keys that are watched, rules that were loosened. @module */
import { toHex } from '../../core/bytes.ts';
import type { Policy } from '../../registry/kinds/policy.ts';
import { hasSameMembers } from '../sets.ts';
import type { EntryRule } from './seen.ts';

/** SPEC (VOCABULARY §5): keys nobody expected. One that an organisation enrols, or signs with. */
export const unexpectedKey: EntryRule = ({ entry, changes, watch }) => {
  const { iss, kid } = entry.statement;
  const expected = (organisation: string) => watch.expectedKeys?.find((one) => one.organisation === organisation)?.keys;
  const used = [{ organisation: iss, kid: toHex(kid) }];
  const known = changes.flatMap(({ table, row }) =>
    table === 'knownKey' ? [{ organisation: row.organisation, kid: toHex(row.kid) }] : [],
  );
  const strange = [...used, ...known].filter((key) => expected(key.organisation)?.includes(key.kid) === false);
  return [...new Map(strange.map((key) => [key.kid, key])).values()].map((key) => ({
    kind: 'key-event',
    rule: 'unexpected-key',
    subject: `${key.organisation} ${key.kid} ${entry.index}`,
    index: entry.index,
    summary: `the key ${key.kid} speaks for ${key.organisation}, and is not one that is expected`,
    detail: { organisation: key.organisation, kid: key.kid },
  }));
};

/** Every change of a key that the watch list names, by itself or by its organisation. */
export const keyEvent: EntryRule = ({ entry, changes, watch }) =>
  changes.flatMap((change) => {
    if (change.table !== 'key') return [];
    const { organisation, keyId, kid, state } = change.row;
    if (!watch.keys?.includes(kid) && !watch.organisations?.includes(organisation)) return [];
    return [
      {
        kind: 'key-event',
        rule: 'watched-key',
        subject: `${kid} ${entry.index}`,
        index: entry.index,
        summary: `the key ${keyId} of ${organisation} is ${state} since entry ${entry.index}`,
        detail: { organisation, keyId, kid, state },
      },
    ];
  });

/** SPEC (VOCABULARY §5): a policy that was loosened. */
export const looserPolicy: EntryRule = ({ entry, view, changes }) => {
  const before = view.get('policy', '')?.policy;
  return changes.flatMap((change) => {
    if (change.table !== 'policy' || before === undefined) return [];
    const reasons = loosened(before, change.row.policy);
    if (reasons.length === 0) return [];
    return [
      {
        kind: 'match',
        rule: 'policy-loosened',
        subject: String(entry.index),
        index: entry.index,
        summary: `the policy of entry ${change.row.index} asks for less than before: ${reasons.join('; ')}`,
        detail: { reasons },
      },
    ];
  });
};

/** What a later policy asks for less than an earlier one; each in words. */
export function loosened(before: Policy, after: Policy): string[] {
  const reasons: string[] = [];
  const note = (is: boolean, reason: string) => void (is && reasons.push(reason));
  const dropped = before.kinds.filter((kind) => !after.kinds.includes(kind));
  note(dropped.length > 0, `it takes no ${dropped.join(', ')} any more`);
  note(
    after.supervisorNoticeDays < before.supervisorNoticeDays,
    `notice is ${after.supervisorNoticeDays} days and was ${before.supervisorNoticeDays}`,
  );
  note((after.witnessQuorum ?? 0) < (before.witnessQuorum ?? 0), 'fewer witnesses have to cosign');
  note(!hasSameMembers(before.witnesses ?? [], after.witnesses ?? []), 'the witnesses are others');
  for (const old of before.organisations) {
    const now = after.organisations.find(({ id }) => id === old.id);
    note(!now && old.role !== 'vendor', `the ${old.role} ${old.id} is gone`);
    if (!now) continue;
    note(now.threshold < old.threshold, `${old.id} needs ${now.threshold} signatures and needed ${old.threshold}`);
    note(now.role !== old.role, `${old.id} is a ${now.role} and was a ${old.role}`);
    const same = hasSameMembers(old.rootKeys.map(toHex), now.rootKeys.map(toHex));
    note(!same && old.role === 'supervisor', `the supervisor ${old.id} has other root keys`);
  }
  return reasons;
}
