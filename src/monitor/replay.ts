/**
 * Replays a log of statements: every signature is verified, every entry is put before the rules that admitted it, and
 * what they forbid is a finding. It cannot show that nothing was refused. @module
 */
import type { Hash } from '../core/bytes.ts';
import { parseCheckpoint } from '../core/checkpoint.ts';
import { decodeStatement, type SignedStatement, statementIn, verifyStatementLater } from '../core/cose.ts';
import { Fault, type FaultCode, messageOf } from '../core/fault.ts';
import { leafHash } from '../core/hash.ts';
import { parseNote } from '../core/note.ts';
import { admit, signerKey } from '../registry/admit.ts';
import { isGovernance, kindOf } from '../registry/names.ts';
import { readPayload } from '../registry/payload.ts';
import { type Change, type Entry, type Lookup, State, type View } from '../registry/view.ts';
import type { Finding } from './check.ts';
import { Roots } from './roots.ts';

/** The registry after the entries so far. */
export type Registry = View & Pick<State, 'merge'>;

/** Reads the bytes of an entry that was replayed before. */
export type ReadEntry = (index: number) => Promise<Uint8Array> | Uint8Array;

/** An entry that breaks a rule, named if there is a name for it. */
export type ReplayFinding = Finding & { readonly index: number; readonly rule?: string };

/** The root of the replayed log at an earlier size, not 0. */
export type RootAt = (size: number) => Promise<Hash>;

/** Codes of faults by which an earlier entry could not be read: they say nothing of the one that refers to it. */
const UNREADABLE: readonly FaultCode[] = ['unknown-resource', 'request-timeout', 'bad-tile', 'bad-bundle', 'internal'];

/** Told of each statement once it is judged: what it was judged on, and what it changes there; nothing if it breaks a rule. */
export type Judged = (entry: Entry, view: View, changes: readonly Change[]) => void;

export class Replay {
  readonly #read: ReadEntry;
  readonly #state: Registry;
  readonly #roots = new Roots();
  readonly #rootAt: RootAt;
  /** Told of each statement in its place, admitted or not. */
  readonly #tell: (entry: Entry, governance: boolean) => void;
  readonly #judged: Judged;

  /** Goes on from the state after the entries before, if it is given; then `rootAt` has to tell earlier roots. */
  constructor(
    read: ReadEntry,
    tell: (entry: Entry, governance: boolean) => void = () => {},
    judged: Judged = () => {},
    state: Registry = new State(),
    rootAt?: RootAt,
  ) {
    this.#read = read;
    this.#tell = tell;
    this.#judged = judged;
    this.#state = state;
    this.#rootAt = rootAt ?? ((size) => this.#roots.at(size, async (at) => leafHash(await this.#read(at))));
  }

  /** Replays consecutive entries, the first of which is entry `first`. */
  async take(first: number, entries: readonly Uint8Array[]): Promise<ReplayFinding[]> {
    const findings: ReplayFinding[] = [];
    const signatures: Promise<void>[] = [];
    for (const [i, bytes] of entries.entries()) {
      const at = { index: first + i, place: `entry ${first + i}` };
      const leaf = leafHash(bytes);
      try {
        const entry = { index: first + i, leafHash: leaf, statement: decodeStatement(bytes) };
        if (entry.index > 0 && !this.#state.get('policy', '')) break; // entry 0 was told, and nothing holds without it
        signatures.push(
          this.#verify(entry.statement).then((wrong) => void (wrong && findings.push({ ...at, message: wrong }))),
        );
        this.#tell(entry, isGovernance(kindOf(entry.statement.contentType) ?? 'build'));
        const changes = await this.#judge(entry, findings);
        this.#judged(entry, this.#state, changes);
        this.#state.merge(changes);
      } catch (error) {
        findings.push({ ...at, ...describe(error) });
      } finally {
        this.#roots.take(leaf);
      }
    }
    await Promise.all(signatures);
    return findings;
  }

  async #judge(entry: Entry, findings: ReplayFinding[]): Promise<readonly Change[]> {
    try {
      return admit(this.#state, entry, await this.#lookupFor(entry));
    } catch (error) {
      findings.push({ index: entry.index, place: `entry ${entry.index}`, ...describe(error) });
      return [];
    }
  }

  /** What is wrong with the signature, with the key as it is known now; undefined if nothing is. */
  async #verify(statement: SignedStatement): Promise<string | undefined> {
    try {
      const key = signerKey(this.#state, statement);
      if (!key) return 'nobody knows the key that signed this';
      return (await verifyStatementLater(statement, key)) ? undefined : 'the signature does not verify';
    } catch (error) {
      if (error instanceof Fault) return undefined; // a payload that names no key: the rules tell it
      throw error;
    }
  }

  /** The earlier entries that this one refers to, and the earlier roots that it, or the policy it approves, names. */
  async #lookupFor(entry: Entry): Promise<Lookup> {
    const { index, statement } = entry;
    const kind = kindOf(statement.contentType);
    const refs = kind ? readPayload(kind, statement.payload).refs : [];
    const known = new Map<number, Entry>();
    for (const ref of refs) {
      if (ref.index >= index || known.has(ref.index)) continue;
      const bytes = await this.#read(ref.index);
      known.set(ref.index, { index: ref.index, leafHash: leafHash(bytes), statement: decodeStatement(bytes) });
    }
    const roots = new Map<number, Hash>();
    for (const size of [entry, ...known.values()].flatMap(sizesNamedBy)) {
      if (size > 0 && size <= index) roots.set(size, await this.#rootAt(size));
    }
    return { entry: (wanted) => known.get(wanted), rootAt: (size) => roots.get(size) };
  }
}

/** The tree sizes of the notes that a policy brings as notice. */
function sizesNamedBy({ statement: { contentType, payload } }: Entry): number[] {
  if (kindOf(contentType) !== 'policy') return [];
  const { notice = [] } = readPayload('policy', payload).value;
  return notice.flatMap((note) => {
    try {
      return [parseCheckpoint(parseNote(note).text).size];
    } catch (error) {
      if (error instanceof Fault) return []; // the rules refuse it
      throw error;
    }
  });
}

/** What a fault finds; anything else is a bug, or the log cannot be read. */
function describe(error: unknown): Pick<ReplayFinding, 'message' | 'rule'> {
  if (!(error instanceof Fault) || UNREADABLE.includes(error.code)) throw error;
  const rule = error.rule === undefined ? '' : `${error.rule}: `;
  const message = `the log should not have admitted this: ${rule}${messageOf(error)}`;
  return { message, ...(error.rule === undefined ? {} : { rule: error.rule }) };
}

/** Whether a log that begins so has rules. */
export function isPolicy(entry: Uint8Array): boolean {
  const statement = statementIn(entry);
  return statement !== undefined && kindOf(statement.contentType) === 'policy';
}
