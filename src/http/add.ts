/**
 * `POST /add` of an opaque log: raw bytes in, the index in decimal out, as generic tlog clients expect. The answer says
 * that the entry is durable and that no other history can be signed; the next checkpoint shows it. A CBOR sequence of
 * byte strings is a batch. @module
 */

import { concat, utf8 } from '../core/bytes.ts';
import { encode, readByteStrings, writeByteStrings } from '../core/cbor.ts';
import { Fault, must } from '../core/fault.ts';
import { leafHash, MAX_ENTRY } from '../core/hash.ts';
import type { Offer } from '../log/channel.ts';
import type { LogHandle } from '../log/handle.ts';
import type { Place } from '../log/waiting.ts';
import { addEach, attempt, BATCH_TYPE, isBatch, MAX_BATCH, MAX_BATCH_BYTES, Refused } from './batch.ts';
import type { Described } from './describe.ts';
import { conciseProblem } from './problem.ts';
import { type Ask, type Handler, noted, type Reply, type Watch } from './route.ts';

export const addDescribed: Described = {
  summary: 'Appends an entry, or a CBOR sequence of them as byte strings; answers where it is.',
  body: {
    'application/octet-stream': () => utf8('an entry'),
    [BATCH_TYPE]: () => writeByteStrings([utf8('an entry'), utf8('another')]),
  },
  answers: {
    200: { says: 'The index in decimal; for a batch, of each entry', types: { 'text/plain': {}, [BATCH_TYPE]: {} } },
  },
};

export const addLimit = (ask: Ask): number => (isBatch(ask) ? MAX_BATCH_BYTES : MAX_ENTRY);

export function addHandler(log: LogHandle): Handler {
  return async (ask, body, watch) => {
    if (isBatch(ask)) return addBatch(log, body, watch);
    return { status: 200, headers: TEXT, body: String(indexOf(await log.add(offerOf(body)))) };
  };
}

const TEXT = { 'content-type': 'text/plain; charset=utf-8' };

function offerOf(entry: Uint8Array): Offer {
  if (entry.length === 0) throw new Fault('bad-request', 'an entry has at least one byte');
  if (entry.length > MAX_ENTRY) throw new Fault('too-large', `an entry has at most ${MAX_ENTRY} bytes`);
  return { id: leafHash(entry), entry, verified: true };
}

function indexOf(place: Place): number {
  must(place !== 'promised', 'the answer of an opaque log waits for no publication');
  return place;
}

/** Answers a sequence of indexes, with problem details in place of an item that was refused. */
function addBatch(log: LogHandle, body: Uint8Array, watch: Watch): Promise<Reply> {
  const items = readByteStrings(body, MAX_BATCH); // broken framing is one 400, before anything is pooled
  const offers = items.map((item) => attempt(item, offerOf));
  return addEach(log, offers).then((places) => {
    const answers = places.map((place) =>
      encode(place instanceof Refused ? conciseProblem(noted(place.error, watch)) : indexOf(place)),
    );
    return { status: 200, headers: { 'content-type': BATCH_TYPE }, body: concat(...answers) };
  });
}
