/** What to do next when a log has refused a statement, where the refusal itself cannot know. @module */
import { Fault } from '../core/fault.ts';
import { RULES, type Rule } from '../registry/rule.ts';

/** For those who write entries by hand; the other rules say in their message all that is to be said. */
const NEXT: Partial<Record<Rule, string>> = {
  audience: 'give the origin of this log with --audience, or its keys with --vkey, and sign again',
  schema: 'change the field and sign again; `limmat inspect` shows what was signed',
  reference: 'give the index alone, and the leaf hash is read from the log; `limmat inspect` shows entries',
  'key-unknown': 'see that --key and --url are the right ones; new keys come in by `limmat key enroll`',
  'key-state': 'a key that was enrolled begins with `limmat key activate`, one that was suspended with `resume`',
  'key-purpose': 'sign with a key of that purpose, or enroll one with `limmat key enroll`',
  'root-only': 'give a root key of the organisation with --key',
  proof: 'make the proof again where the new key lies, for this log and organisation: `limmat key prove`',
  taken: 'what is in the log stays: choose another id, or make a new key with `limmat keygen`',
  transition: 'look up the state it is in, and log what may follow that',
  approval: 'see in `limmat inspect` what the entry is; a proposal needs another root key, once',
  'proposal-lapsed': 'log the event again and approve the new entry',
  'proposal-void': 'log the event again and approve the new entry',
  site: 'declare it first: `limmat submit site`',
  process: 'declare it first: `limmat submit process`',
  repeated: 'nothing is to be done: it is in the log',
};

/** The same refusal with the rule told apart and the next step after it; any other error as it is. */
export function explained(error: unknown): unknown {
  if (!(error instanceof Fault) || error.code !== 'refused') return error;
  const [, rule = '', message = ''] = /^Rejected: ([a-z-]+): ([\s\S]*)$/.exec(error.message) ?? [];
  if (!Object.hasOwn(RULES, rule)) return error;
  const next = NEXT[rule as Rule];
  return new Fault('refused', next === undefined ? message : `${message}\nNext: ${next}`, { rule, cause: error });
}
