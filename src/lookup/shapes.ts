/** What each answer looks like, as data: for whoever describes the interface, and for the tests that hold answers to it. @module */
import { MAX_SIZE } from '../core/size.ts';
import { KEY_STATES } from '../registry/keystates.ts';
import { schema as attestation } from '../registry/kinds/attestation.ts';
import { PHASES } from '../registry/phases.ts';
import { PROMISE_STATES } from '../registry/promises.ts';
import {
  boolean,
  country,
  doc,
  integer,
  list,
  map,
  type Node,
  named,
  oneOf,
  pattern,
  type Schema,
  text,
  time,
} from '../registry/schema.ts';
import { VERDICTS } from '../registry/verdict.ts';
import { count, kid, organisation, owned } from './filters.ts';
import { isRows, type QuestionName } from './questions.ts';

const MANY = 100_000;
const hash = pattern(64, /^[0-9a-f]{64}$/, 'a SHA-256 in lower-case hexadecimal');
const many = <T>(of: Schema<T>) => list(of, 0, MANY);
const indexes = many(count);
const sentence = text(1000);
const seconds = integer(-MAX_SIZE, MAX_SIZE);
const word = oneOf('witnesses', 'log');

const mark = named(
  'mark',
  map(
    { size: count, word: doc('Whose word the time is.', word), by: many(text(255)) },
    { time: doc('When this checkpoint was cosigned.', time) },
  ),
);
const between = named(
  'interval',
  doc('The last checkpoint without the entry, and the first with it.', map({}, { from: mark, to: mark })),
);
const seen = map({ time, word }, {});

const row = named(
  'row',
  map(
    {
      index: count,
      leafHash: hash,
      entryId: pattern(43, /^[A-Za-z0-9_-]{43}$/, 'the id of a statement in base64url'),
      kind: text(256),
      issuer: text(8192),
      subject: text(8192),
      signer: kid,
      statement: doc('The payload, as /schemas/<kind>.json describes it.', map({}, {})),
      between,
    },
    { proof: doc('With the entry in it.', pattern(200_000, /^c2sp\.org\/tlog-proof@v1\n/, 'a tlog-proof@v1')) },
  ),
);

const known = map({}, { atLeast: seconds, atMost: seconds });
const correction = map({}, { wrong: map({ index: count, leafHash: hash, between }, {}), knownForSeconds: known });

/** Stands in every answer. */
const holds = {
  size: doc('The number of entries that the answer holds for.', count),
  tree: doc('The tree that its proofs lead to.', map({ size: count, root: hash }, {})),
};
const next = doc('Give it as `after` to go on. Nothing more is there without it.', count);
const cited = { entries: doc('Every entry that decides something here.', list(row, 0, 512)) };
const leftOut = doc('Indexes of those that are too many for one answer.', indexes);

const grounds = {
  proven: many(map({ says: sentence, entries: indexes }, {})),
  asserted: doc(
    'What is not there: for this size, and on the word of whoever answers unless the log is replayed.',
    many(map({ says: sentence, size: count }, {})),
  ),
};
const valuesOf = (name: string): Schema<string> => {
  const field = (attestation as Node & { type: 'map' }).fields.get(name);
  return field?.node as Schema<string>;
};
const attested = named(
  'attested',
  map(
    {
      attestations: doc(
        'Contradictions first.',
        many(
          map(
            { index: count, issuer: organisation, claim: valuesOf('claim'), verdict: valuesOf('verdict'), of: indexes },
            { withdrawnBy: count },
          ),
        ),
      ),
      more: boolean,
    },
    {},
  ),
);
const corrections = many(map({ wrong: count, correction: count }, {}));

const built = map(
  {
    verdict: oneOf(...VERDICTS),
    why: sentence,
    madeBy: indexes,
    reportsProposed: doc('Compromises that wait for further roots of the owner: they decide nothing yet.', indexes),
    index: count,
    issuer: organisation,
    kid,
    names: many(text(512)),
    product: text(128),
    version: text(128),
    source: many(map({ uri: text(2048), reviews: indexes }, {})),
    reviews: indexes,
    withdrawals: indexes,
    replacedBy: indexes,
    attested,
  },
  {
    keyId: owned,
    stateNow: oneOf(...KEY_STATES),
    compromise: map({ index: count, by: indexes, since: count }, {}),
    site: map({ site: owned, country, declaredBy: count }, {}),
  },
);

const keyTold = map(
  {
    kid,
    keyId: owned,
    purpose: text(64),
    enrolled: count,
    at: count,
    state: oneOf(...KEY_STATES, 'unknown'),
    maySign: boolean,
    history: many(map({ index: count, event: text(64), state: oneOf(...KEY_STATES), by: indexes }, { since: count })),
  },
  {
    notAfter: time,
    site: owned,
    why: sentence,
    taintedBy: count,
    eventsLeftOut: doc('Earlier events that are too many: ask for the entries with the subject `key:<kid>`.', count),
  },
);

const place = map({ site: owned, country, presence: oneOf('all', 'part', 'remains') }, {});
const moved = map(
  {
    relocation: owned,
    dataCategories: many(text(64)),
    places: many(place),
    access: many(map({ country, class: oneOf('none', 'break-glass', 'routine') }, {})),
    decidedBy: many(
      map(
        { index: count, phase: oneOf(...PHASES), said: oneOf('at the time', 'later'), effectiveAt: time, seen },
        { secondsLate: seconds },
      ),
    ),
    contradicted: boolean,
    attested,
  },
  { phase: oneOf(...PHASES), percent: integer(1, 100) },
);

const promised = map(
  {
    relocation: owned,
    state: oneOf(...PROMISE_STATES),
    due: time,
    announced: count,
    phases: many(map({ index: count, phase: oneOf(...PHASES) }, {})),
    judgedAt: map({ time, word: oneOf('witnesses', 'log', 'asker') }, {}),
    contradicted: boolean,
    attested,
    corrections,
  },
  { secondsLate: seconds },
);

const rows = map({ ...holds, rows: list(row, 0, 256) }, { next });
const OTHERS = {
  keys: map({ ...holds, ...cited, keys: list(keyTold, 0, 256) }, { next, entriesLeftOut: leftOut }),
  verdict: map(
    {
      ...{ ...holds, ...grounds, ...cited, corrections },
      digest: text(256),
      verdict: doc('That of the best build: a stranger who logs the same file does not spoil it.', oneOf(...VERDICTS)),
      withdrawn: boolean,
      contradicted: boolean,
      builds: many(built),
    },
    { next, entriesLeftOut: leftOut },
  ),
  residency: map(
    {
      ...{ ...holds, ...grounds, ...cited, corrections },
      process: owned,
      country,
      on: text(10),
      places: many(place),
      relocations: many(moved),
      more: boolean,
    },
    { entriesLeftOut: leftOut },
  ),
  promises: map({ ...holds, ...cited, promises: list(promised, 0, 256) }, { next, entriesLeftOut: leftOut }),
} as const;

/** The shape of the answer to a question. */
export function shapeOf(name: QuestionName): Node {
  if (!isRows(name)) return OTHERS[name];
  if (name !== 'corrections') return rows;
  // A row of a correction says more than others: what was wrong, and how long that was known.
  const more = { ...row, def: 'correctedRow', fields: new Map([...row.fields, ...correction.fields]) };
  return map({ ...holds, rows: list(more as Schema, 0, 256) }, { next });
}
