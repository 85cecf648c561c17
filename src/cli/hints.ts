/** What to do next when a log has refused a statement, where the refusal itself cannot know. @module */
import { Fault } from '../core/fault.ts';
import { RULES, type Rule } from '../registry/rule.ts';

/** For those who write entries by hand; the other rules say in their message all that is to be said. */
const NEXT: Partial<Record<Rule, string | ((message: string) => string)>> = {
  audience: 'give the origin of this log with --audience, or its keys with --vkey, and sign again',
  schema: 'change the field and sign again; `limmat inspect` shows what was signed',
  reference: 'give the index alone, and the leaf hash is read from the log; `limmat inspect` shows entries',
  'key-unknown': 'see that --key and --url are the right ones; new keys come in by `limmat key enroll`',
  'key-state': (message) => {
    if (/not activated/.test(message)) return 'a root key begins it with `limmat key activate`';
    if (/is suspended/.test(message)) return 'root keys bring it back with `limmat key resume`';
    if (/root key/.test(message)) return 'give it with --key';
    return 'it does not come back: new keys come in by `limmat key enroll`';
  },
  'key-purpose': 'sign with a key of that purpose, or enroll one with `limmat key enroll`',
  'root-only': 'give a root key of the organisation with --key',
  proof: 'make the proof again where the new key lies, for this log and organisation: `limmat key prove`',
  taken: 'what is in the log stays: choose another id, or make a new key with `limmat keygen`',
  transition: 'look up the state it is in, and log what may follow that',
  approval: 'see in `limmat inspect` what the entry is; a proposal needs another root key, once',
  'proposal-lapsed': 'log the event again and approve the new entry',
  'proposal-void': 'log the event again and approve the new entry',
  site: declaration('site'),
  process: declaration('process'),
  repeated: 'nothing is to be done: it is in the log',
};

function declaration(what: 'site' | 'process'): (message: string) => string {
  return (message) => {
    if (/is retired since/.test(message))
      return `it does not come back: declare another with \`limmat submit ${what}\``;
    if (/has not been declared/.test(message)) return `declare it first: \`limmat submit ${what}\``;
    return 'change the field and sign again';
  };
}

/** The same refusal with the rule told apart and the next step after it; any other error as it is. */
export function explained(error: unknown): unknown {
  if (!(error instanceof Fault) || error.code !== 'refused') return error;
  const [, rule = '', message = ''] = /^Rejected: ([a-z-]+): ([\s\S]*)$/.exec(error.message) ?? [];
  if (!Object.hasOwn(RULES, rule)) return error;
  const told = NEXT[rule as Rule];
  const next = typeof told === 'function' ? told(message) : told;
  return new Fault('refused', next === undefined ? message : `${message}\nNext: ${next}`, { rule, cause: error });
}
