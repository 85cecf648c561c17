/** A log as a program uses it: everything that it answers is verified against what is pinned before it is returned. @module */
import { equal, type Hash, toHex } from '../core/bytes.ts';
import { decodeStatement, entryIdOf, statementIn } from '../core/cose.ts';
import { type OpenedCheckpoint, openCheckpoint } from '../core/cosignature.ts';
import { Fault } from '../core/fault.ts';
import { type Age, evaluate, explain } from '../core/quorum.ts';
import { isSize } from '../core/size.ts';
import { isList, isMap, isText, readAnswer } from './answer.ts';
import { follow, type Seen } from './follow.ts';
import { type Fetch, LogClient } from './logclient.ts';
import { formatBundle } from './proofbundle.ts';
import { SIGN1_TAG } from './transparent.ts';
import { type Trust, trustedKeys } from './trust.ts';
import { askVerdict, type ProvenVerdict } from './verdict.ts';
import { type Verified, verify } from './verify.ts';

type Opened = Pick<OpenedCheckpoint, 'checkpoint' | 'signed'>;

export type LogParts = {
  readonly url: string;
  readonly trust: Trust;
  /** Where requests go; the platform's own if it is not given. */
  readonly fetch?: Fetch;
  /** Waits for a number of seconds. */
  readonly sleep?: (seconds: number) => Promise<void>;
  /** How often it is asked what it says to ask again soon; five times if this is not given. */
  readonly attempts?: number;
};

/** An entry with what proves it. */
export type Logged = {
  /** To be kept beside what was logged: `verify` takes it, with no network. */
  readonly proof: Uint8Array;
  readonly verified: Verified;
};

/** How an entry is named: by its place, by its leaf hash, or by the id of its statement. */
export type EntryName = { readonly index: number } | { readonly leafHash: Hash } | { readonly entryId: string };

/** What is read of the answer of `/v1/keys`. */
const isKeys = isMap({ keys: isList(isMap({ history: isList(isMap({ event: isText, by: isList(isSize) })) })) });

export class Log {
  readonly url: string;
  readonly trust: Trust;
  readonly client: LogClient;
  readonly #parts: LogParts;

  /**
   * A log at a URL, and what is pinned of it.
   *
   * ```ts
   * import { Log, parseTrust } from 'limmat/client';
   *
   * const log = new Log({ url, trust: parseTrust(trustFile) });
   * const { size } = await log.checkpoint();
   * console.assert(size > 0);
   * ```
   */
  constructor(parts: LogParts) {
    const { url, trust, fetch = globalThis.fetch, sleep, attempts } = parts;
    this.url = url.replace(/\/+$/, '');
    this.trust = trust;
    this.client = new LogClient(this.url, fetch, sleep, attempts);
    this.#parts = parts;
  }

  /** The same log, asked once: for those who wait in a way of their own. */
  get once(): Log {
    return new Log({ ...this.#parts, attempts: 1 });
  }

  /**
   * Submits a signed statement once, and checks what comes back. The same statement is the same entry however often it
   * is sent. For back-off, a spool and several logs there is `Submitter`.
   *
   * ```ts
   * import { Log, parseTrust } from 'limmat/client';
   *
   * const log = new Log({ url, trust: parseTrust(trustFile) });
   * const first = await log.submit(statement);
   * const again = await log.submit(statement);
   * console.assert(first.verified.index === again.verified.index);
   * ```
   */
  async submit(statement: Uint8Array): Promise<Logged> {
    const id = entryIdOf(decodeStatement(statement).id);
    return this.#checked(await this.client.submit(statement), { entryId: id });
  }

  /**
   * Fetches the proof of an entry and verifies it.
   *
   * ```ts
   * import { Log, parseTrust } from 'limmat/client';
   *
   * const log = new Log({ url, trust: parseTrust(trustFile) });
   * const { proof, verified } = await log.proof({ index: 0 });
   * console.assert(verified.index === 0 && proof.length > 0);
   * ```
   */
  async proof(name: EntryName): Promise<Logged> {
    if (!('entryId' in name || 'index' in name || 'leafHash' in name)) {
      throw new Fault('bad-request', 'an entry is named by its index, its leafHash or its entryId: give one of them');
    }
    const proof =
      'entryId' in name
        ? await this.client.proof(name.entryId)
        : await this.client.get(`v1/proof?${'index' in name ? `index=${name.index}` : `hash=${toHex(name.leafHash)}`}`);
    return this.#checked(proof, name);
  }

  /**
   * The entry that enrolled a key, by the kid that its statements name; none if the log knows no such key. Beside the
   * proof of such a statement it lets anyone check the signature offline: see `bundleOf`.
   *
   * ```ts
   * import { bundleOf, Log, parseTrust, verify } from 'limmat/client';
   *
   * const log = new Log({ url, trust: parseTrust(trustFile) });
   * const logged = await log.submit(statement);
   * const enrolment = await log.enrolment(logged.verified.statement!.kid);
   * const bundle = new TextEncoder().encode(bundleOf(logged, enrolment));
   * console.assert(verify(bundle, log.trust).enrolment?.organisation === 'acme');
   * ```
   */
  async enrolment(kid: Uint8Array): Promise<Logged | undefined> {
    const index = await enrolmentIndex(this.client, kid);
    return index === undefined ? undefined : this.proof({ index });
  }

  /**
   * Whether a file is logged, by which key, and whether that key was good for it; every entry that decides it is
   * proven here, and what rests on absence is listed apart.
   *
   * ```ts
   * import { Log, parseTrust } from 'limmat/client';
   *
   * const log = new Log({ url, trust: parseTrust(trustFile) });
   * await log.submit(statement);
   * const { verdict, builds, asserted } = await log.verdict(digest, { issuer: 'acme' });
   * console.assert(verdict === 'valid' && builds[0]?.issuer === 'acme' && asserted.length > 0);
   * ```
   */
  verdict(digest: string, { issuer }: { issuer?: string } = {}): Promise<ProvenVerdict> {
    const pinned = { vkeys: trustedKeys(this.trust), check: (opened: Opened) => this.#checkQuorum(opened) };
    return askVerdict(this.client, pinned, digest, issuer);
  }

  /**
   * The newest checkpoint, signed as the trust asks for, and not older than `age` allows.
   *
   * ```ts
   * import { Log, parseTrust } from 'limmat/client';
   *
   * const log = new Log({ url, trust: parseTrust(trustFile) });
   * const { origin, size, root } = await log.checkpoint({ now: Date.now() / 1000, max: 3600 });
   * console.assert(origin !== '' && size > 0 && root.length === 32);
   * ```
   */
  async checkpoint(age?: Age): Promise<Seen> {
    const note = await this.client.get('checkpoint');
    const opened = openCheckpoint(note, trustedKeys(this.trust));
    this.#checkQuorum(opened, age);
    const { origin, size, root } = opened.checkpoint;
    return { note, origin, size, root };
  }

  /**
   * Follows the log: each checkpoint that differs from the one before, verified to extend it. Keep the last one, and
   * give it as `from` after a restart. A log that shows two histories ends it with Fault `bad-proof`, whose `cause` has
   * both checkpoints.
   *
   * ```ts
   * import { Log, parseTrust } from 'limmat/client';
   *
   * const log = new Log({ url, trust: parseTrust(trustFile) });
   * for await (const { size } of log.follow({ every: 60 })) {
   *   console.assert(size > 0);
   *   break;
   * }
   * ```
   */
  follow(options: { from?: Seen; every?: number; signal?: AbortSignal } = {}): AsyncGenerator<Seen> {
    return follow({ read: () => this.checkpoint(), get: this.client.get, sleep: this.#parts.sleep, ...options });
  }

  /** What the log answered, if it is of the entry that was asked for. */
  #checked(proof: Uint8Array, name: EntryName): Logged {
    // A receipt signs no index, and is not the checkpoint that the log was asked for.
    if (proof[0] === SIGN1_TAG) throw new Fault('bad-proof', 'the log answered with a COSE message and no tlog-proof');
    const verified = verify(proof, this.trust);
    if (!isNamed(verified, name)) throw new Fault('bad-proof', 'the log answered with the proof of another entry');
    return { proof, verified };
  }

  #checkQuorum(opened: Opened, age?: Age): void {
    const quorum = evaluate(this.trust.policy, opened, age);
    if (quorum.met) return;
    throw new Fault('no-quorum', explain(this.trust.policy, quorum).join('; '));
  }
}

function isNamed({ index, leafHash, entry }: Verified, name: EntryName): boolean {
  if ('index' in name) return index === name.index;
  if ('leafHash' in name) return equal(leafHash, name.leafHash);
  // Not the same bytes: if it was logged before, with another signature by the same key, that is the entry.
  const statement = statementIn(entry);
  return statement !== undefined && entryIdOf(statement.id) === name.entryId;
}

/** The index of the entry that enrolled a key, as the log says; its proof shows whether that is so. */
export async function enrolmentIndex(client: LogClient, kid: Uint8Array): Promise<number | undefined> {
  const answer = await client.get(`v1/keys?key=${toHex(kid)}`).catch((error: unknown) => {
    // A log without a lookup, such as a static copy, knows no keys by their kid.
    if (error instanceof Fault && error.code === 'unknown-resource') return undefined;
    throw error;
  });
  const [key] = answer ? readAnswer(answer, 'list of keys', isKeys).keys : [];
  // The first of the entries by which it took effect: with a threshold above one, approvals follow.
  return key?.history.find(({ event }) => event === 'enroll')?.by[0];
}

/**
 * An entry and the enrolment of its key as one bundle, if both are at hand.
 *
 * ```ts
 * import { bundleOf, Log, parseTrust } from 'limmat/client';
 *
 * const log = new Log({ url, trust: parseTrust(trustFile) });
 * const bundle = bundleOf(await log.submit(statement));
 * console.assert(bundle.startsWith('{'));
 * ```
 */
export function bundleOf({ proof }: Logged, enrolment?: Logged): string {
  return formatBundle({ proof, ...(enrolment === undefined ? {} : { enrolment: enrolment.proof }) });
}
