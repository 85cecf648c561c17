/**
 * `/entries` of SCRAPI draft 11: statements in, receipts out, one by one or as a CBOR sequence of byte strings. The
 * thread that answers only decodes; signatures are verified elsewhere, and admission is the log's. @module
 */
import { concat, type StatementId } from '../core/bytes.ts';
import { type Cbor, encode, readByteStrings, writeByteStrings } from '../core/cbor.ts';
import { decodeStatement, entryIdOf, parseEntryId, type SignedStatement } from '../core/cose.ts';
import { Fault } from '../core/fault.ts';
import { MAX_ENTRY } from '../core/hash.ts';
import { attachReceipts } from '../core/receipt.ts';
import type { PublicKey } from '../core/signature.ts';
import type { Offer } from '../log/channel.ts';
import type { LogHandle } from '../log/handle.ts';
import type { Place } from '../log/waiting.ts';
import { type Answers, chosenOf, LATER, SHAPE_SCHEMAS, SHAPES, shapeOf } from './answers.ts';
import { addEach, attempt, BATCH_TYPE, isBatch, MAX_BATCH, MAX_BATCH_BYTES, Refused } from './batch.ts';
import { answers, type Described, ID, inPath, type Parameter } from './describe.ts';
import { conciseProblem, statusOf } from './problem.ts';
import { type Ask, type Handler, mediaType, noted, type Reply, type Watch } from './route.ts';
import { open, publishedOf } from './tiles.ts';

/** Statements, and the keys that their kids name. */
export type Signed = { readonly statement: SignedStatement; readonly key: PublicKey };

/** Verifies the signatures of statements off this thread; answers in their order whether each holds, and never rejects. */
export type Verify = (signed: readonly Signed[]) => Promise<readonly boolean[]>;

export type EntriesParts = {
  readonly log: LogHandle;
  readonly answers: Answers;
  readonly verify: Verify;
  /** Throws a Fault for a statement that should not even be asked about, such as one with personal data in it. */
  readonly screen: (statement: SignedStatement) => void;
};

const STATEMENT_TYPES: readonly [string, string] = ['application/cose', 'application/scitt-statement+cose'];
/** An entry, and as much again for an unprotected header, which is dropped. */
const MAX_STATEMENT = 2 * MAX_ENTRY;

export const entriesLimit = (ask: Ask): number => (isBatch(ask) ? MAX_BATCH_BYTES : MAX_STATEMENT);

const id = inPath('id', 'The id of a statement, known before it is logged', ID, ({ entryId }) => entryId);
const accept: Parameter = {
  name: 'accept',
  in: 'header',
  says: 'Which of the forms is wanted; the receipt if it does not say',
  required: false,
  schema: { enum: [...SHAPES] },
};
const LATE = { says: 'Logged, and not published yet: ask again after Retry-After', types: {} };

export const registerDescribed: Described = {
  summary: 'Registers a signed statement (SCRAPI), or up to 256 of them; the same statement is the same entry.',
  parameters: [
    { ...accept, says: `${accept.says}; of a batch ${BATCH_TYPE} alone`, schema: { enum: [...SHAPES, BATCH_TYPE] } },
  ],
  body: {
    [STATEMENT_TYPES[0]]: ({ entry }) => entry,
    [STATEMENT_TYPES[1]]: ({ entry }) => entry,
    [BATCH_TYPE]: ({ entry }) => writeByteStrings([entry]),
  },
  answers: {
    200: { says: 'For a batch: of each statement [status, receipt, location or problem]', types: { [BATCH_TYPE]: {} } },
    201: { says: 'In the tree', types: SHAPE_SCHEMAS },
    202: LATE,
  },
};

export const resolveDescribed: Described = {
  summary: 'A fresh receipt of a statement (SCRAPI), an offline proof, or all of it.',
  parameters: [id, accept],
  answers: { 200: { says: 'In the tree', types: SHAPE_SCHEMAS }, 204: LATE },
};

export const statementDescribed: Described = {
  summary: 'The bytes of an entry.',
  parameters: [id],
  answers: { ...answers('A COSE_Sign1', 'application/cose'), 204: LATE },
};

export const transparentDescribed: Described = {
  summary: 'A statement with a fresh receipt in its header 394 (RFC 9943).',
  parameters: [id],
  answers: { ...answers('A COSE_Sign1', 'application/cose'), 204: LATE },
};

/** SPEC (SCRAPI): 204 while registration is running. */
const PENDING: Reply = { status: 204, headers: LATER, body: '' };

/** `POST /entries`. */
export function registerHandler(parts: EntriesParts): Handler {
  return async (ask, body, watch) => {
    if (isBatch(ask)) {
      chosenOf(ask, [BATCH_TYPE]);
      return registerBatch(parts, body, watch);
    }
    const type = mediaType(ask.header('content-type'));
    if (!STATEMENT_TYPES.includes(type)) {
      throw new Fault('bad-media-type', `a statement is sent as ${STATEMENT_TYPES[0]}, several as ${BATCH_TYPE}`);
    }
    const shape = shapeOf(ask);
    const [offer] = (await check(parts, [body])) as [StatementOffer | Refused];
    if (offer instanceof Refused) throw offer.error;
    const place = await parts.log.add(offer);
    if (place === 'promised') return parts.answers.promise(offer.id);
    return parts.answers.reply(publishedOf(parts.log), place, offer, shape, 201);
  };
}

/** What the log is offered of a statement; its signature was verified unless its key is not known yet: then the log does. */
type StatementOffer = Offer & { readonly id: StatementId };

/** Decodes statements and verifies their signatures. */
function check(parts: EntriesParts, items: readonly Uint8Array[]): Promise<(StatementOffer | Refused)[]> {
  const { offers, verdicts } = decode(parts, items);
  return verdicts.then((verified) => {
    let next = 0;
    return offers.map((offer) => {
      if (offer instanceof Refused || !offer.verified || verified[next++] === true) return offer;
      const message = 'the signature of the statement does not verify with the key that its kid names';
      return new Refused(new Fault('bad-signature', message));
    });
  });
}

/** Apart from `check`, so that what was decoded is not kept while the signatures are verified. */
function decode({ log, verify, screen }: EntriesParts, items: readonly Uint8Array[]) {
  const signed: Signed[] = [];
  const offers = items.map((item) =>
    attempt(item, (bytes): StatementOffer => {
      const statement = decodeStatement(bytes);
      screen(statement);
      const key = log.key(statement.kid);
      if (key) signed.push({ statement, key });
      return { id: statement.id, entry: statement.entry, verified: key !== undefined };
    }),
  );
  return { offers, verdicts: verify(signed) };
}

/** Answers a sequence of [status, receipt, location of a late one or problem details], in the order of the items. */
function registerBatch(parts: EntriesParts, body: Uint8Array, watch: Watch): Promise<Reply> {
  const items = readByteStrings(body, MAX_BATCH); // broken framing is one 400, before anything is pooled
  return check(parts, items).then((offers) => {
    const ids = offers.map((offer) => (offer instanceof Refused ? undefined : offer.id));
    return addEach(parts.log, offers).then((places) => {
      const outcomes = places.map((place, i) => encode(outcomeOf(parts, place, ids[i], watch)));
      return { status: 200, headers: { 'content-type': BATCH_TYPE }, body: concat(...outcomes) };
    });
  });
}

/** An item whose receipt cannot be made fails alone: the others are to learn what became of them. */
function outcomeOf(
  { log, answers }: EntriesParts,
  place: Place | Refused,
  id: StatementId | undefined,
  watch: Watch,
): Cbor {
  try {
    if (place instanceof Refused) throw place.error;
    if (place === 'promised') return [202, answers.location(id as StatementId)];
    return [201, answers.receipt(publishedOf(log), place)];
  } catch (error) {
    const fault = noted(error, watch);
    return [statusOf(fault), conciseProblem(fault)];
  }
}

/** `GET /entries/{id}`: the receipt, fresh; 204 while the entry is not yet published. */
export function resolveHandler(parts: EntriesParts): Handler {
  return async (ask) => {
    const shape = shapeOf(ask);
    const id = parseEntryId(ask.path.slice('/entries/'.length));
    const found = await find(parts, id);
    if (found === 'pending') return PENDING;
    const published = publishedOf(parts.log);
    return parts.answers.reply(published, found, { id, entry: published.tree.entry(found) }, shape, 200);
  };
}

/** `GET /entries/{id}/statement`: the bytes of the entry. */
export function statementHandler(parts: EntriesParts): Handler {
  return async (ask) => {
    const found = await find(parts, parseEntryId(ask.path.slice('/entries/'.length, -'/statement'.length)));
    if (found === 'pending') return PENDING;
    const headers = {
      'content-type': 'application/cose',
      'cache-control': 'public, max-age=31536000, immutable',
      ...open,
    };
    return { status: 200, headers, body: publishedOf(parts.log).tree.entry(found) };
  };
}

/** `GET /entries/{id}/transparent-statement`: the entry with a fresh receipt in its unprotected header. */
export function transparentHandler(parts: EntriesParts): Handler {
  return async (ask) => {
    const found = await find(parts, parseEntryId(ask.path.slice('/entries/'.length, -'/transparent-statement'.length)));
    if (found === 'pending') return PENDING;
    const published = publishedOf(parts.log);
    const statement = decodeStatement(published.tree.entry(found));
    const body = attachReceipts(statement.entry, [parts.answers.receipt(published, found)]);
    return { status: 200, headers: { 'content-type': 'application/cose', 'cache-control': 'no-cache', ...open }, body };
  };
}

async function find({ log }: EntriesParts, id: StatementId): Promise<number | 'pending'> {
  const place = await log.locate(id);
  if (place === undefined) {
    // A log that could not be opened knows nothing; that is no answer about the entry.
    if (log.frozen) throw log.frozen;
    throw new Fault('unknown-entry', `Receipt with entry ID ${entryIdOf(id)} not known to this Transparency Service`);
  }
  return place;
}
