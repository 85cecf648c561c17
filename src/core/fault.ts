/**
 * The two kinds of wrong. A `Fault` is theirs: bad input or a state of the log that a stranger may hear about, with a
 * stable code from a closed list. `must` is ours: a bug, after which nothing more may be signed. @module
 */

/** Every code a `Fault` can carry; `http/problem.ts` holds the one table from code to status. */
export type FaultCode =
  // bytes that cannot be parsed
  | 'bad-request'
  | 'bad-path'
  | 'bad-bundle'
  | 'bad-note'
  | 'bad-vkey'
  | 'bad-policy'
  | 'bad-checkpoint'
  | 'bad-evidence'
  | 'bad-cbor'
  | 'bad-statement'
  | 'bad-receipt'
  | 'bad-key'
  | 'too-large'
  | 'payload-missing'
  | 'bad-algorithm'
  // bytes that parse and do not verify
  | 'bad-signature'
  | 'unknown-signer'
  | 'bad-proof'
  | 'bad-tile'
  | 'no-quorum'
  // statements that the rules of the log forbid
  | 'refused'
  // requests that cannot be served
  | 'bad-locator'
  | 'unknown-entry'
  | 'unknown-key'
  | 'unknown-resource'
  | 'unknown-log'
  | 'stale-size'
  | 'bad-method'
  | 'unknown-method'
  | 'long-headers'
  | 'bad-media-type'
  | 'not-acceptable'
  | 'request-timeout'
  // states of the log
  | 'key-away' // for a while: signing may be tried again
  | 'clock-behind' // of a witness, far behind its last cosignature
  | 'pool-full'
  | 'too-many'
  | 'read-only'
  | 'frozen'
  | 'stopping'
  | 'internal';

/** What a fault may carry beside its message. */
export type FaultDetail = {
  /** The rule of `VOCABULARY.md` that refuses a statement, as `admit` names it. */
  readonly rule?: string;
  /** A tree size or an index that the caller needs to go on. */
  readonly size?: number;
  /** Seconds after which trying again makes sense. */
  readonly retryAfter?: number;
  readonly cause?: unknown;
};

/** Something is wrong with what we were given. The message says what, and what to do about it. */
export class Fault extends Error {
  override readonly name = 'Fault';
  readonly code: FaultCode;
  readonly rule: string | undefined;
  readonly size: number | undefined;
  readonly retryAfter: number | undefined;

  constructor(code: FaultCode, message: string, detail: FaultDetail = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.code = code;
    this.rule = detail.rule;
    this.size = detail.size;
    this.retryAfter = detail.retryAfter;
  }
}

/** Asserts what can only be false through a bug of ours. */
export function must(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`bug: ${message}`);
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The same with what is behind it: `fetch` says no more than that it failed. */
export function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause ? `: ${messageOf(error.cause)}` : '';
  return messageOf(error) + cause;
}
