/**
 * The rules of a log of statements: what the registry admits, and the heartbeats that the log itself has to say. A
 * batch is judged on an overlay, which becomes the state once the batch is committed, and is dropped otherwise. @module
 */
import { concat, equal, type Hash } from '../core/bytes.ts';
import { decodeStatement, type SignedStatement, signStatement, verifyStatement } from '../core/cose.ts';
import { Fault, must } from '../core/fault.ts';
import { leafHash } from '../core/hash.ts';
import { kidOf, type Signer } from '../core/signature.ts';
import { admit, signerKey } from '../registry/admit.ts';
import { contentTypeOf, isGovernance, kindOf, logSubject } from '../registry/names.ts';
import { payloadOf } from '../registry/payload.ts';
import { type Change, type Entry, type KnownKey, knownKeys, type Lookup, Overlay, State } from '../registry/view.ts';
import { keyOf } from './channel.ts';
import { leafReader } from './edge.ts';
import type { Submission } from './pool.ts';
import type { TreeStore } from './ports.ts';
import type { Judgement, Rules } from './rules.ts';

export type StatementParts = {
  readonly store: TreeStore & { governance(): number[] };
  /** The statement key of the log, which signs heartbeats and nothing else. */
  readonly statementKey: Signer;
  /** Lets the clock go more than 48 hours beyond the last heartbeat. */
  readonly acceptClockStep: boolean;
  /** The root of the committed tree at an earlier size. */
  readonly rootAt: (size: number) => Hash;
  /** Told of keys whose signatures may be met from now on. */
  readonly learn: (keys: readonly KnownKey[]) => void;
  /** Told why nothing is taken in while a heartbeat that is due cannot be signed, and with undefined when one was. */
  readonly signing: (trouble: string | undefined) => void;
};

const HOUR = 3600_000;
/** SPEC: if the last one is an hour old, a heartbeat is the first entry of the next turn; without traffic, one a day. */
const BUSY_EVERY = HOUR;
const QUIET_EVERY = 24 * HOUR;
/** SPEC: `--accept-clock-step` to go more than 48 hours beyond it. */
const MAX_STEP = 48 * HOUR;

/** How long after its key could not be reached a heartbeat is tried again, in seconds. */
const KEY_AWAY_FOR = 10;
const KEY_AWAY = new Fault('read-only', 'the log is read-only: a heartbeat is due, and its key cannot be reached', {
  retryAfter: KEY_AWAY_FOR,
});

export class StatementRules implements Rules {
  readonly #parts: StatementParts;
  readonly #state = new State();
  /** Until when a heartbeat whose key was away is not tried again, in milliseconds since 1970. */
  #awayUntil: number | undefined;

  constructor(parts: StatementParts) {
    this.#parts = parts;
  }

  /** Folds the registry again from the entries below `size`. Fault `frozen` for one that is altered or forbidden. */
  load(size: number): void {
    const leafAt = leafReader(this.#parts.store, size);
    for (const index of this.#parts.store.governance()) {
      if (index >= size) break;
      const entry = this.#entryAt(index) as Entry;
      // Who may sign follows from these bytes: they are the signed ones, or nothing is let in on their account.
      if (!equal(leafAt(index) ?? entry.leafHash, entry.leafHash)) {
        throw new Fault('frozen', `entry ${index} was altered in the database: it does not hash to its leaf`);
      }
      this.#state.merge(this.#refold(entry));
    }
    this.#parts.learn([...this.#state.rows('knownKey').values()]);
  }

  hasOwn(now: Date): boolean {
    // One that keeps others out is tried again though nobody comes: who asks for health sends nothing meanwhile.
    const isDue = this.#awayUntil !== undefined || this.#sinceHeartbeat(now) >= QUIET_EVERY;
    return isDue && this.closed(now) === undefined;
  }

  /** SPEC: the server stops sequencing while its own clock is behind the last heartbeat. */
  closed(now: Date): Fault | undefined {
    const since = this.#sinceHeartbeat(now);
    if (since < 0 && since !== Number.NEGATIVE_INFINITY) {
      return new Fault('read-only', 'the clock of this server is behind the last heartbeat of the log', {
        retryAfter: 60,
      });
    }
    if (since > MAX_STEP && !this.#parts.acceptClockStep) {
      const message =
        'the clock is more than 48 hours beyond the last heartbeat: if it is right, serve with --accept-clock-step';
      return new Fault('read-only', message, { retryAfter: 600 });
    }
    return undefined;
  }

  judge(submissions: readonly Submission[], first: number, now: Date): Judgement {
    const trial = this.#trial(first);
    const refused: { submission: Submission; fault: Fault }[] = [];
    const own = this.#ownNow(now);
    if (own instanceof Fault) return this.#refuseAll(submissions, own);
    for (const submission of [...own, ...submissions]) {
      try {
        trial.admit(submission);
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        must(!own.includes(submission), `the rules refuse the log's own heartbeat: ${error.message}`);
        refused.push({ submission, fault: error });
      }
    }
    return { ...trial.verdict(), refused };
  }

  replay(submissions: readonly Submission[], first: number): Judgement {
    const trial = this.#trial(first);
    for (const [i, submission] of submissions.entries()) {
      try {
        trial.admit(submission);
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        const detail = error.rule === undefined ? {} : { rule: error.rule };
        throw new Fault('refused', `entry ${first + i} is not one that the rules admit: ${error.message}`, detail);
      }
    }
    return { ...trial.verdict(), refused: [] };
  }

  /** Admits submissions one after the other on an overlay, each of which the next one sees. */
  #trial(first: number) {
    const overlay = new Overlay(this.#state);
    const batch: Entry[] = [];
    const admitted: Submission[] = [];
    const lookup = this.#lookup(first, batch);
    return {
      admit(submission: Submission): void {
        const statement = decodeStatement(submission.entry);
        const entry = { index: first + batch.length, leafHash: leafHash(statement.entry), statement };
        if (!submission.verified) checkSignature(overlay, statement);
        overlay.put(admit(overlay, entry, lookup));
        batch.push(entry);
        admitted.push(submission);
      },
      verdict: (): Omit<Judgement, 'refused'> => ({
        admitted,
        leaves: concat(...batch.map((entry) => entry.leafHash)),
        governance: batch.filter(({ statement }) => isFolded(statement)).map(({ index }) => index),
        keep: () => this.#keep(overlay.changes),
      }),
    };
  }

  #keep(changes: readonly Change[]): void {
    this.#state.merge(changes);
    const keys = knownKeys(changes);
    if (keys.length > 0) this.#parts.learn(keys);
  }

  #refuseAll(submissions: readonly Submission[], fault: Fault): Judgement {
    const refused = submissions.map((submission) => ({ submission, fault }));
    return { admitted: [], refused, leaves: new Uint8Array(0), governance: [], keep: () => {} };
  }

  #refold(entry: Entry): Change[] {
    try {
      return admit(this.#state, entry, this.#lookup(entry.index, []));
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      throw new Fault(
        'frozen',
        `entry ${entry.index} is not one that the rules admit (${error.rule}: ${error.message})`,
      );
    }
  }

  /** Entries of the committed tree, and of the batch that is being judged. */
  #lookup(first: number, batch: readonly Entry[]): Lookup {
    return {
      entry: (index) => (index < first ? this.#entryAt(index) : batch[index - first]),
      rootAt: (size) => (size <= this.#parts.store.head().size ? this.#parts.rootAt(size) : undefined),
    };
  }

  #entryAt(index: number): Entry | undefined {
    if (index >= this.#parts.store.head().size) return undefined;
    const bytes = this.#parts.store.entries(index, index + 1).subarray(2);
    return { index, leafHash: leafHash(bytes), statement: decodeStatement(bytes) };
  }

  /** Milliseconds since the last heartbeat; negative if the clock is behind it, -Infinity before the first. */
  #sinceHeartbeat(now: Date): number {
    const last = this.#state.get('heartbeat', '');
    return last ? now.getTime() - Date.parse(last.at) : Number.NEGATIVE_INFINITY;
  }

  /** What the log has to say of its own, first; or why nothing can be taken in before it has said that. */
  #ownNow(now: Date): Submission[] | Fault {
    const isDue = this.#sinceHeartbeat(now) >= BUSY_EVERY;
    if (isDue && this.#awayUntil !== undefined && now.getTime() < this.#awayUntil) return KEY_AWAY;
    try {
      const own = isDue ? [this.#heartbeat(now)] : [];
      if (this.#awayUntil !== undefined) this.#parts.signing(undefined);
      this.#awayUntil = undefined;
      return own;
    } catch (error) {
      if (!(error instanceof Fault && error.code === 'key-away')) throw error;
      if (this.#awayUntil === undefined) this.#parts.signing(error.message);
      this.#awayUntil = now.getTime() + 1000 * KEY_AWAY_FOR;
      return KEY_AWAY;
    }
  }

  /** A statement of the log's own. */
  #heartbeat(now: Date): Submission {
    const policy = this.#state.get('policy', '')?.policy;
    must(policy, 'a log without a policy has no heartbeat');
    const operator = policy.organisations.find(({ role }) => role === 'operator');
    must(operator, 'a policy without an operator was admitted');
    return submissionOf(makeHeartbeat(this.#parts.statementKey, policy.origin, operator.id, now));
  }
}

/** Signs a heartbeat for a log of an operator. */
export function makeHeartbeat(signer: Signer, origin: string, operator: string, now: Date): Uint8Array {
  return signStatement({
    signer,
    kid: kidOf(signer.key),
    contentType: contentTypeOf('heartbeat'),
    iss: operator,
    sub: logSubject(origin),
    aud: origin,
    payload: payloadOf('heartbeat', { at: `${now.toISOString().slice(0, 19)}Z` }),
  });
}

/** A statement of the log's own as a submission; its signature is checked like anyone's. */
export function submissionOf(bytes: Uint8Array): Submission {
  const { id, entry } = decodeStatement(bytes);
  return { id, key: keyOf(id), entry, verified: false };
}

function isFolded({ contentType }: SignedStatement): boolean {
  const kind = kindOf(contentType);
  must(kind, 'a statement of an unknown kind was admitted');
  return isGovernance(kind);
}

/** SPEC: a kid that a statement earlier in the same batch enrolled is looked up again there. */
function checkSignature(view: Overlay, statement: SignedStatement): void {
  const key = signerKey(view, statement);
  if (!key) {
    throw new Fault('refused', 'this log knows no key with the kid of the statement', { rule: 'key-unknown' });
  }
  if (!verifyStatement(statement, key))
    throw new Fault('bad-signature', 'the signature of the statement does not verify');
}
