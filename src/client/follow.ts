/** Follows a log from checkpoint to checkpoint; each must extend the one before, by a proof made here from tiles. @module */
import { checkBytes, equal, HASH_BYTES, type Hash } from '../core/bytes.ts';
import { Fault } from '../core/fault.ts';
import { verifyConsistency } from '../core/proof.ts';
import { type Get, Reader } from '../core/reader.ts';

/** A checkpoint whose signatures were verified. */
export type Seen = {
  /** As the log published it. */
  readonly note: Uint8Array;
  readonly origin: string;
  readonly size: number;
  readonly root: Hash;
};

export type FollowParts = {
  /** Reads the newest checkpoint and verifies its signatures. */
  readonly read: () => Promise<Seen>;
  readonly get: Get;
  readonly from?: Seen;
  /** Seconds between two looks. */
  readonly every?: number;
  readonly signal?: AbortSignal;
  readonly sleep?: ((seconds: number) => Promise<void>) | undefined;
};

/** Goes on until the signal aborts it; a log that cannot be reached ends it with a Fault, to be followed again later. */
export async function* follow(parts: FollowParts): AsyncGenerator<Seen> {
  const { read, get, every = 60, signal } = parts;
  const sleep = parts.sleep ?? ((seconds) => pause(seconds, signal));
  let last = parts.from;
  if (last !== undefined) checkSeen(last);
  if (!(every >= 0)) throw new Fault('bad-request', `every is a number of seconds, and not ${every}`);
  while (!signal?.aborted) {
    const seen = await read();
    const isNew = last === undefined || seen.size > last.size;
    await checkExtends(get, last, seen);
    // An older checkpoint out of a cache is good as long as it is of the same history.
    if (isNew) {
      last = seen;
      yield seen;
    }
    if (!signal?.aborted) await sleep(every);
  }
}

/** Whoever keeps it as JSON gets something else back, which must not be taken for another history of the log. */
function checkSeen({ note, origin, size, root }: Seen): void {
  checkBytes(note, 'note of from');
  checkBytes(root, 'root of from');
  if (root.length !== HASH_BYTES || !Number.isSafeInteger(size) || size < 0 || typeof origin !== 'string') {
    throw new Fault('bad-request', 'from must be what follow gave before: a note, an origin, a size and a root');
  }
}

/** Throws Fault `bad-proof` with both checkpoints unless the smaller one is a prefix of the other. */
async function checkExtends(get: Get, last: Seen | undefined, seen: Seen): Promise<void> {
  if (last === undefined) return;
  if (last.origin !== seen.origin) throw fork(last, seen, 'the log has another origin now');
  const [old, young] = last.size <= seen.size ? [last, seen] : [seen, last];
  if (old.size === young.size) {
    if (!equal(old.root, young.root)) throw fork(last, seen, `two roots were signed for size ${old.size}`);
    return;
  }
  if (old.size === 0) return;
  // Whatever the tiles hold, they fold to the root of the younger; so what they say of the older is what it signed.
  const path = await new Reader(get, young).consistency(old.size);
  try {
    verifyConsistency(old.size, young.size, old.root, young.root, path);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    throw fork(last, seen, `the tree of size ${young.size} does not begin with the signed tree of size ${old.size}`);
  }
}

function fork(last: Seen, seen: Seen, what: string): Fault {
  return new Fault('bad-proof', `${what}: keep both checkpoints, they prove it`, {
    cause: { first: last.note, second: seen.note },
  });
}

function pause(seconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(done, 1000 * seconds);
    signal?.addEventListener('abort', done, { once: true });
  });
}
