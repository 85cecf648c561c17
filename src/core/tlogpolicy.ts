/**
 * Trust policy files, C2SP tlog-policy: which logs are known, which witnesses, and whose cosignatures make a checkpoint
 * good enough. Reads and writes the file; `quorum.ts` decides by it. @module
 */
import { equal, fromUtf8 } from './bytes.ts';
import { Fault, messageOf } from './fault.ts';
import {
  COSIGNATURE_ED25519,
  COSIGNATURE_MLDSA44,
  formatVkey,
  NOTE_ED25519,
  type NoteKeyType,
  parseVkey,
  type Vkey,
} from './note.ts';
import type { PublicKey } from './signature.ts';
import { parseSize } from './size.ts';

export type PolicyLog = { readonly vkey: Vkey; readonly url?: string };
/** The name has no meaning outside the policy; the vkey has its own. */
export type PolicyWitness = { readonly name: string; readonly vkey: Vkey; readonly url?: string };
/** Met if at least `threshold` of its members are; members are witnesses and groups before it. */
export type PolicyGroup = { readonly name: string; readonly threshold: number; readonly members: readonly string[] };

export type Policy = {
  /** Empty where the log is known from elsewhere. */
  readonly logs: readonly PolicyLog[];
  readonly witnesses: readonly PolicyWitness[];
  /** In the order in which they were defined: members come first. */
  readonly groups: readonly PolicyGroup[];
  /** A witness or a group; `none` asks for no cosignature. */
  readonly quorum: string;
};

export const NO_QUORUM = 'none';
const MAX_POLICY = 1024 * 1024;
/** SPEC: it is strongly recommended to support at least 32 of each. */
const MAX_LINES_OF_A_KIND = 256;

/** All keys that can count for a policy, for `openCheckpoint`. */
export function policyKeys({ logs, witnesses }: Policy): Vkey[] {
  return [...logs, ...witnesses].map(({ vkey }) => vkey);
}

export function formatPolicy({ logs, witnesses, groups, quorum }: Policy): string {
  const lines = [
    ...logs.map(({ vkey, url }) => ['log', formatVkey(vkey), url]),
    ...witnesses.map(({ name, vkey, url }) => ['witness', name, formatVkey(vkey), url]),
    ...groups.map(({ name, threshold, members }) => ['group', name, wordFor(threshold, members.length), ...members]),
    ['quorum', quorum],
  ];
  return lines.map((line) => `${line.filter((item) => item !== undefined).join(' ')}\n`).join('');
}

function wordFor(threshold: number, members: number): string {
  if (threshold === members) return 'all';
  return threshold === 1 ? 'any' : String(threshold);
}

/** The inverse of `formatPolicy`. Fault `bad-policy` names the line. Names must be UTF-8; comments may be anything. */
export function parsePolicy(bytes: Uint8Array): Policy {
  if (bytes.length > MAX_POLICY) throw new Fault('bad-policy', `a policy of ${bytes.length} bytes is too large`);
  const reader = new PolicyReader();
  let start = 0;
  for (let number = 1; start < bytes.length; number++) {
    const end = bytes.indexOf(0x0a, start);
    // SPEC: each line is terminated by ASCII newline.
    if (end < 0) throw new Fault('bad-policy', `line ${number} of the policy does not end with a newline`);
    try {
      reader.line(bytes.subarray(start, end));
    } catch (error) {
      throw new Fault('bad-policy', `line ${number} of the policy: ${messageOf(error)}`);
    }
    start = end + 1;
  }
  return reader.end();
}

/** Takes a policy line by line; its faults are told with the number of the line. */
class PolicyReader {
  readonly #logs: PolicyLog[] = [];
  readonly #witnesses: PolicyWitness[] = [];
  readonly #groups: PolicyGroup[] = [];
  readonly #names = new Set<string>();
  readonly #members = new Set<string>();
  readonly #keys = { log: [] as PublicKey[], witness: [] as PublicKey[] };
  #quorum: string | undefined;

  line(bytes: Uint8Array): void {
    // SPEC: the allowed octet values are 0x09 (tab), 0x0A (newline), 0x20-0x7E, and 0x80-0xFF.
    if (bytes.some((octet) => (octet < 0x20 && octet !== 0x09) || octet === 0x7f)) throw bad('has a control character');
    const first = bytes.find((octet) => octet !== 0x20 && octet !== 0x09);
    if (first === undefined || first === 0x23) return; // empty, or a comment
    const [keyword = '', ...items] = fromUtf8(bytes, 'bad-policy')
      .split(/[ \t]+/)
      .filter((item) => item !== '');
    if (keyword === 'log') this.#log(items);
    else if (keyword === 'witness') this.#witness(items);
    else if (keyword === 'group') this.#group(items);
    else if (keyword === 'quorum') this.#setQuorum(items);
    else throw bad(`"${keyword.slice(0, 40)}" is not log, witness, group or quorum`);
  }

  end(): Policy {
    if (this.#quorum === undefined) throw new Fault('bad-policy', 'the policy has no quorum line');
    return { logs: this.#logs, witnesses: this.#witnesses, groups: this.#groups, quorum: this.#quorum };
  }

  #log([vkey, url, ...rest]: string[]): void {
    if (vkey === undefined || rest.length > 0) throw bad('a log line is: log <vkey> [<url>]');
    const key = this.#newKey('log', vkey, [NOTE_ED25519, COSIGNATURE_MLDSA44]);
    add(this.#logs, { vkey: key, ...(url === undefined ? {} : { url }) });
  }

  #witness([name, vkey, url, ...rest]: string[]): void {
    if (name === undefined || vkey === undefined || rest.length > 0) {
      throw bad('a witness line is: witness <name> <vkey> [<url>]');
    }
    const key = this.#newKey('witness', vkey, [COSIGNATURE_ED25519, COSIGNATURE_MLDSA44]);
    this.#define(name);
    add(this.#witnesses, { name, vkey: key, ...(url === undefined ? {} : { url }) });
  }

  #group([name, word, ...members]: string[]): void {
    // SPEC: at least one member must be listed.
    if (name === undefined || word === undefined || members.length === 0) {
      throw bad('a group line is: group <name> all|any|<k> <member>...');
    }
    for (const member of members) {
      this.#checkDefined(member);
      // SPEC: each defined name can be listed as a group member at most once.
      if (this.#members.has(member)) throw bad(`${member} is a member of a group already`);
      this.#members.add(member);
    }
    const threshold = word === 'all' ? members.length : word === 'any' ? 1 : parseSize(word, 'bad-policy');
    // SPEC: it is required that 1 <= k <= n.
    if (threshold < 1 || threshold > members.length) throw bad(`${word} is not in [1, ${members.length}]`);
    this.#define(name);
    add(this.#groups, { name, threshold, members });
  }

  #setQuorum([name, ...rest]: string[]): void {
    if (name === undefined || rest.length > 0) throw bad('a quorum line is: quorum <name>|none');
    // SPEC: a policy file must include exactly one quorum line.
    if (this.#quorum !== undefined) throw bad('there is a quorum line already');
    if (name !== NO_QUORUM) this.#checkDefined(name);
    this.#quorum = name;
  }

  /** SPEC: witnesses and groups share a single namespace; the name `none` is predefined. */
  #define(name: string): void {
    if (name === NO_QUORUM) throw bad(`${NO_QUORUM} is not a name to give`);
    if (this.#names.has(name)) throw bad(`${name} is defined already`);
    this.#names.add(name);
  }

  #checkDefined(name: string): void {
    if (!this.#names.has(name)) throw bad(`no line before this one defines ${name}`);
  }

  /** SPEC: two vkeys are duplicates if they wrap the same public key, even if they differ by key name and key id. */
  #newKey(kind: 'log' | 'witness', text: string, types: readonly NoteKeyType[]): Vkey {
    const vkey = parseVkey(text);
    if (!types.includes(vkey.type)) throw bad(`a key of type ${vkey.type} is not the key of a ${kind}`);
    const { algorithm, bytes } = vkey.key;
    const isSame = (other: PublicKey) => other.algorithm === algorithm && equal(other.bytes, bytes);
    if (this.#keys[kind].some(isSame)) throw bad(`another ${kind} has the same key`);
    this.#keys[kind].push(vkey.key);
    return vkey;
  }
}

function add<T>(list: T[], item: T): void {
  if (list.length >= MAX_LINES_OF_A_KIND) throw bad(`there are more than ${MAX_LINES_OF_A_KIND} lines of this kind`);
  list.push(item);
}

function bad(what: string): Fault {
  return new Fault('bad-policy', what);
}
