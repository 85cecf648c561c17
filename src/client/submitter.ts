/**
 * Gets statements into a log whatever happens: they lie in a spool until they are proven, and are sent again, with
 * back-off and jitter, to one log after the other. It cannot duplicate: in one log the same statement is the same entry,
 * and the next log only gets what the one before certainly does not have. @module
 */
import { decodeStatement, entryIdOf } from '../core/cose.ts';
import { openCheckpoint } from '../core/cosignature.ts';
import { Fault, messageOf } from '../core/fault.ts';
import type { Log, Logged } from './log.ts';
import { memorySpool, type Spool, type Spooled } from './spool.ts';
import { trustedKeys } from './trust.ts';

export type SubmitterParts = {
  /** In the order in which they are tried. */
  readonly logs: readonly Log[];
  /** Called with the verified proof of each statement and the log that took it; then the statement leaves the spool. */
  readonly keep: (logged: Logged, note: string, log: Log) => void | Promise<void>;
  /** Without one, a statement that is not logged when the process ends is lost. */
  readonly spool?: Spool;
  /** How long a statement is tried, in seconds; then it stays in the spool. */
  readonly patience?: number;
  readonly clock?: () => Date;
  readonly sleep?: (seconds: number) => Promise<void>;
  /** A number in [0, 1). */
  readonly random?: () => number;
};

/** What became of a statement that lay in the spool. */
export type Resumed = { readonly id: string; readonly note: string } & (
  | { readonly logged: Logged }
  | { readonly fault: Fault }
);

const PATIENCE = 300;
/** The longest wait before the second and before any later attempt, in seconds. */
const [FIRST_WAIT, MAX_WAIT] = [1, 60] as const;

export class Submitter {
  readonly #parts: Required<SubmitterParts>;
  /** The logs that were seen to be those that are pinned. */
  readonly #identified = new Set<Log>();

  /**
   * A way into logs, with a folder where statements lie until they are proven.
   *
   * ```ts
   * import { fileSpool, Log, parseTrust, Submitter } from 'limmat/client';
   *
   * const log = new Log({ url, trust: parseTrust(trustFile) });
   * const kept: string[] = [];
   * const submitter = new Submitter({ logs: [log], spool: fileSpool(folder), keep: (_, note) => void kept.push(note) });
   * const { verified } = await submitter.submit(statement, 'app 1.0');
   * console.assert(kept[0] === 'app 1.0' && verified.index > 0);
   * ```
   */
  constructor(parts: SubmitterParts) {
    if (parts.logs.length === 0) throw new Fault('bad-request', 'there is no log to submit to: name one in `logs`');
    this.#parts = {
      spool: memorySpool(),
      patience: PATIENCE,
      clock: () => new Date(),
      sleep: (seconds) => new Promise((resolve) => setTimeout(resolve, 1000 * seconds)),
      random: Math.random,
      ...parts,
    };
  }

  /**
   * Spools a statement, gets it into a log, has its proof kept, and takes it out of the spool. Throws the last Fault
   * when patience is over, and the statement stays in the spool; and at once if a log refuses it. Then it is set aside,
   * unless a log before it was away, and might still take it.
   *
   * ```ts
   * import { fileSpool, Log, parseTrust, Submitter } from 'limmat/client';
   *
   * const log = new Log({ url, trust: parseTrust(trustFile) });
   * const submitter = new Submitter({ logs: [log], spool: fileSpool(folder), keep: () => {}, patience: 3600 });
   * const { proof } = await submitter.submit(statement);
   * console.assert(proof.length > 0);
   * ```
   */
  async submit(statement: Uint8Array, note = ''): Promise<Logged> {
    const id = await this.spool(statement, note);
    return this.#deliver(id, { statement, note });
  }

  /**
   * Puts a statement into the spool and does no more; `resume` submits it.
   *
   * ```ts
   * import { fileSpool, Log, parseTrust, Submitter } from 'limmat/client';
   *
   * const logs = [new Log({ url, trust: parseTrust(trustFile) })];
   * const submitter = new Submitter({ logs, spool: fileSpool(folder), keep: () => {} });
   * const entryId = await submitter.spool(statement, 'to be proven later');
   * console.assert(entryId.length === 43);
   * ```
   */
  async spool(statement: Uint8Array, note = ''): Promise<string> {
    const id = entryIdOf(decodeStatement(statement).id);
    const before = (await this.#parts.spool.all()).get(id);
    // What is known of a statement that lies there already is not forgotten: a log may have it.
    await this.#parts.spool.put(id, { ...before, statement, note });
    return id;
  }

  /**
   * Submits what lies in the spool, after a crash or a time without network; tells of each what became of it.
   *
   * ```ts
   * import { fileSpool, Log, parseTrust, Submitter } from 'limmat/client';
   *
   * const logs = [new Log({ url, trust: parseTrust(trustFile) })];
   * const submitter = new Submitter({ logs, spool: fileSpool(folder), keep: () => {} });
   * await submitter.spool(statement, 'app 1.0');
   * for await (const resumed of submitter.resume()) console.assert('logged' in resumed && resumed.note === 'app 1.0');
   * ```
   */
  async *resume(): AsyncGenerator<Resumed> {
    for (const [id, item] of await this.#parts.spool.all()) {
      try {
        yield { id, note: item.note, logged: await this.#deliver(id, item) };
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        yield { id, note: item.note, fault: error };
      }
    }
  }

  async #deliver(id: string, { statement, note }: Spooled): Promise<Logged> {
    const { logs, spool, keep, patience, clock, sleep } = this.#parts;
    const deadline = clock().getTime() / 1000 + patience;
    let mayHave = this.#sentTo((await spool.all()).get(id));
    let next = mayHave ? logs.indexOf(mayHave) : 0;
    const away = new Set<Log>();
    for (let attempt = 0; ; attempt++) {
      const log = logs[next % logs.length] as Log;
      let way: 'to be sent' | 'sent' | 'taken' = 'to be sent';
      try {
        await this.#identify(log);
        // On disk before it is sent: after a crash nobody else may get it first.
        await spool.put(id, { statement, note, ...placeOf(log) });
        way = 'sent';
        // The log is asked once: how long to wait, and for whom, is decided here.
        const logged = await log.once.submit(statement);
        way = 'taken';
        await keep(logged, note, log);
        await spool.remove(id);
        return logged;
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        const had = mayHave === log;
        if (!isPassing(error)) {
          away.delete(log);
          if (way === 'sent' && error.code === 'refused') {
            if (had && (await certainlyLacks(log, id, error, had))) mayHave = undefined;
            await this.#refuse(id, { statement, note }, error, mayHave, away.size > 0);
          }
          throw error;
        }
        const lacks = way === 'to be sent' ? !had : way === 'sent' && (await certainlyLacks(log, id, error, had));
        if (!lacks) mayHave = log;
        else if (way === 'sent') {
          mayHave = undefined;
          // Whoever resumes later need not wait for this log.
          await spool.put(id, { statement, note });
        }
        if (lacks) {
          away.add(log);
          next++;
        }
        // The next log is tried at once; once around all of them, there is a pause.
        const rests = !lacks || next % logs.length === 0;
        const wait = rests ? this.#wait(Math.floor(attempt / logs.length), error) : 0;
        if (clock().getTime() / 1000 + wait > deadline) throw error;
        if (wait > 0) await sleep(wait);
      }
    }
  }

  /**
   * The log that a statement was sent to before: by its URL or, if it has moved, by its origin. Fault `bad-request` if it
   * is none of those that are given: another one must not get what that one may have.
   */
  #sentTo({ sentTo, origin }: Partial<Spooled> = {}): Log | undefined {
    if (sentTo === undefined) return undefined;
    const { logs } = this.#parts;
    const known = logs.find(({ url }) => url === sentTo) ?? logs.find((log) => placeOf(log).origin === origin);
    if (known) return known;
    throw new Fault(
      'bad-request',
      `${sentTo}${origin ? ` (${origin})` : ''} may have this statement from before, so no other log gets it: name that log too, with its trust`,
    );
  }

  /** What a log refuses it does not get: it stays for one that may have it, or that was away; else it is set aside. */
  async #refuse(id: string, item: Spooled, { message }: Fault, mayHave: Log | undefined, others: boolean) {
    const { spool } = this.#parts;
    if (mayHave !== undefined) await spool.put(id, { ...item, ...placeOf(mayHave) });
    else if (others) await spool.put(id, item);
    else await spool.setAside(id, item, message);
  }

  /** Before the first statement goes to a log: what is logged under keys that are not pinned is never proven here. */
  async #identify(log: Log): Promise<void> {
    if (this.#identified.has(log)) return;
    try {
      // Whoever else has seen that checkpoint: witnesses may come later.
      openCheckpoint(await log.once.client.get('checkpoint'), trustedKeys(log.trust));
    } catch (error) {
      if (!(error instanceof Fault) || isPassing(error)) throw error;
      const what = `${log.url} is not the log that is pinned for it, so nothing was sent to it: ${error.message}`;
      throw new Fault(error.code, `${what}; give each log its own trust`, { cause: error });
    }
    this.#identified.add(log);
  }

  /** Full jitter, so that many pipelines that wait for one log do not come back together; never before the log said. */
  #wait(round: number, { retryAfter = 0 }: Fault): number {
    const most = Math.min(MAX_WAIT, FIRST_WAIT * 2 ** Math.min(round, 10));
    return Math.max(retryAfter, this.#parts.random() * most);
  }
}

/** By what a log is known again. */
function placeOf({ url, trust }: Log): { sentTo: string; origin: string } {
  return { sentTo: url, origin: trust.policy.logs[0]?.vkey.name ?? '' };
}

/** Whether trying again can help: the log is not there, is busy or broken, or its witnesses have not cosigned yet. */
function isPassing({ code, retryAfter }: Fault): boolean {
  return retryAfter !== undefined || PASSING.includes(code) || isUnreached(code);
}

const PASSING: readonly Fault['code'][] = ['pool-full', 'frozen', 'internal', 'no-quorum'];

const isUnreached = (code: Fault['code']): boolean => code === 'request-timeout';

/**
 * Whether a log that failed has not got the statement for sure. One that was never connected to has not. One that
 * answered is asked: a repeat joins what still waits, so after the answer nothing of an earlier attempt is under way.
 */
async function certainlyLacks(log: Log, id: string, error: Fault, mayHave: boolean): Promise<boolean> {
  if (isUnreached(error.code)) return !mayHave && (wasNeverConnected(error) || wasNoUrl(error, `${log.url}/entries`));
  try {
    await log.once.client.proof(id);
    return false;
  } catch (answer) {
    if (!(answer instanceof Fault)) throw answer;
    if (answer.code === 'unknown-resource') return answer.retryAfter === undefined;
    return !mayHave && wasTurnedAway(error);
  }
}

/** SPEC (RFC 9110 §15.6.4, RFC 6585 §4): too busy to handle the request, and says when to come again. */
function wasTurnedAway({ code, retryAfter }: Fault): boolean {
  return code === 'pool-full' && retryAfter !== undefined;
}

/** What Node says of it, as a code or, where `fetch` itself refuses, in words. Where it says nothing, the log may have it. */
const NEVER_CONNECTED = [
  ...['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'],
  ...['bad port', 'unknown scheme'],
];

function wasNeverConnected({ cause }: Fault): boolean {
  const { code, message } = (cause as { cause?: { code?: unknown; message?: unknown } } | undefined)?.cause ?? {};
  return NEVER_CONNECTED.includes(String(code ?? message));
}

/** Whether what went wrong is that no request can be made of the URL, as where it cannot be one or holds a password. */
function wasNoUrl({ cause }: Fault, url: string): boolean {
  try {
    new Request(url);
    return false;
  } catch (refusal) {
    // Another `fetch` may send to such a URL: then it fails with something else.
    return cause instanceof TypeError && cause.message === messageOf(refusal);
  }
}
