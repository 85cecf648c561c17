/** `heartbeat`: the log's clock, VOCABULARY §1. The log itself appends it, signed with its statement key. @module */
import { COMMON } from '../common.ts';
import { logSubject } from '../names.ts';
import { refuse } from '../rule.ts';
import { map, type TypeOf, time } from '../schema.ts';
import { type Admission, requireSubject, signingKey } from '../signers.ts';
import { type Change, put } from '../view.ts';

const { at: _, ...common } = COMMON;

export const about = 'The log’s clock. The log itself signs it, with its statement key; sub is `log:<origin>`.';

export const schema = map({ at: time }, common);
export type Heartbeat = TypeOf<typeof schema>;

export function admit(admission: Admission<Heartbeat>): Change[] {
  const { view, policy, entry, payload, kid } = admission;
  requireSubject(admission, logSubject(policy.origin));
  if (signingKey(admission).use !== 'log') refuse('key-purpose', `a heartbeat is signed by the log key, not by ${kid}`);
  // SPEC: `at` is strictly later than the one before.
  const last = view.get('heartbeat', '');
  if (last !== undefined && payload.at <= last.at) {
    refuse('clock', `at is ${payload.at}, not later than the heartbeat at entry ${last.index}, ${last.at}`);
  }
  return [put('heartbeat', '', { index: entry.index, at: payload.at })];
}
