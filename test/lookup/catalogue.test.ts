import { readFileSync, writeFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { packBundle } from '../../src/core/bundle.ts';
import { answer } from '../../src/lookup/answers.ts';
import { Catalogue } from '../../src/lookup/catalogue.ts';
import { QUESTION_NAMES, readParams } from '../../src/lookup/questions.ts';
import { TERM, termsOf } from '../../src/registry/terms.ts';
import { openPostings } from '../../src/store/postings.ts';
import { act, nameOfDigest, play } from '../registry/histories.ts';
import { ledgerOf } from '../registry/ledger.ts';
import { building, keyEvent, phase, processing, say, supervised, type World } from '../registry/world.ts';
import { cover, freshFile, proofsOf } from './parts.ts';

// The lookup finds what a scan of all entries finds, whatever became of its file in the meantime.

const ask = (catalogue: Catalogue, world: World, name: (typeof QUESTION_NAMES)[number], query: string) =>
  answer(catalogue, proofsOf(world), name, readParams(name, new URLSearchParams(query)));

/** Every question, with parameters that have an answer. */
const QUERIES: readonly string[] = [
  ...QUESTION_NAMES.filter((name) => name !== 'verdict' && name !== 'residency').map((name) => `${name}?limit=7`),
  ...[0, 1, 2].map((file) => `verdict?digest=${nameOfDigest(file)}`),
  'builds?issuer=acme&product=kdb&proof=1',
  'entries?kind=key&issuer=acme&after=5',
  'attestations?verdict=contradict',
  'residency?process=acme/samples&country=CH&on=2018-11-20',
];

function answersOf(catalogue: Catalogue, world: World): string[] {
  return QUERIES.map((query) => {
    const [name, params] = query.split('?') as [(typeof QUESTION_NAMES)[number], string];
    return JSON.stringify(ask(catalogue, world, name, params));
  });
}

test('random histories: what is found by any terms is what a scan finds, and so are all answers', () => {
  fc.assert(
    fc.property(fc.array(act, { maxLength: 40 }), fc.nat(), fc.nat(), (acts, a, b) => {
      const world = play(acts);
      const { catalogue, postings } = cover(world, freshFile());
      const slow = ledgerOf(world);
      const terms = [...new Set(world.entries.flatMap(termsOf))];
      const pairs = terms.map((term, i) => [term, terms[(i + a) % terms.length] as typeof term]);
      for (const wanted of [...terms.map((term) => [term]), ...pairs]) {
        const from = b % (world.entries.length + 1);
        assert.equal(catalogue.find(wanted, from, 5), slow.find(wanted, from, 5), wanted.join(' and '));
      }
      postings.close();
    }),
    { numRuns: 15 },
  );
});

test('pages follow each other without a gap', () => {
  const world = supervised();
  for (let n = 0; n < 40; n++) world.add(phase(n === 0 ? 'started' : n % 2 ? 'paused' : 'started', { note: `${n}` }));
  const { catalogue, postings } = cover(world, freshFile());
  for (const [query, expected] of [
    ['entries?', world.entries.length],
    ['relocations?phase=paused&country=DE', 20],
    ['keys?', 4],
  ] as const) {
    const [name, params] = query.split('?') as [(typeof QUESTION_NAMES)[number], string];
    const seen: number[] = [];
    let after: number | undefined;
    do {
      const more = after === undefined ? '' : `&after=${after}`;
      const page = ask(catalogue, world, name, `${params}&limit=3${more}`) as {
        rows?: { index: number }[];
        keys?: { enrolled: number }[];
        next?: number;
      };
      seen.push(...(page.rows?.map(({ index }) => index) ?? page.keys?.map(({ enrolled }) => enrolled) ?? []));
      after = page.next;
    } while (after !== undefined);
    assert.is(seen.length, expected, query);
    assert.equal(
      seen,
      [...new Set(seen)].sort((x, y) => x - y),
    );
  }
  postings.close();
});

test('a search that goes too far stops, and says where to go on', () => {
  const entry = building().entries[6] as World['entries'][number];
  const size = 40_000;
  let even: number | undefined;
  const catalogue = new Catalogue(
    {
      log: {
        entries: () => packBundle([entry.statement.entry]),
        governance: () => [],
        around: () => ({ from: undefined, to: undefined }),
      },
      // One term has the even entries and the other the odd ones, so that none has both.
      postings: {
        covered: () => ({ size, leaf: entry.leafHash }),
        extend: () => {},
        clear: () => {},
        next(term, from) {
          even ??= term;
          const next = from % 2 === (term === even ? 0 : 1) ? from : from + 1;
          return next < size ? next : undefined;
        },
      },
      tree: () => undefined,
    },
    size,
  );
  const terms = [TERM.kind('build'), TERM.kind('site')];
  let pages = 0;
  for (let from: number | undefined = 0; from !== undefined; pages++) {
    const page = catalogue.page(terms, from, 10);
    assert.equal(page.found, []);
    assert.ok(page.next === undefined || page.next > from);
    from = page.next;
  }
  assert.ok(pages > 3, `${pages} pages`);
});

test('a file that is lost is made again, and all answers are the same to the byte', () => {
  const world = play(fc.sample(fc.array(act, { minLength: 30, maxLength: 40 }), { numRuns: 1, seed: 7 })[0] ?? []);
  const first = cover(world, freshFile());
  const answers = answersOf(first.catalogue, world);
  first.postings.close();
  const second = cover(world, freshFile());
  assert.is(second.began, 0);
  assert.equal(answersOf(second.catalogue, world), answers);
  second.postings.close();
});

test('it goes on where it was, and answers for what it covers', () => {
  const world = processing();
  for (let n = 0; n < 300; n++) world.add(say('ops', 'acme', 'disclosure', disclosure(n)));
  const file = freshFile();
  const early = cover(world, file, 100);
  assert.is(early.catalogue.size, 100);
  const { size, rows } = ask(early.catalogue, world, 'disclosures', 'limit=256') as { size: number; rows: unknown[] };
  assert.equal([size, rows.length], [100, 100 - 9]);
  assert.is(early.catalogue.entry(100), undefined, 'what is not covered is not there');
  early.postings.close();
  const late = cover(world, file);
  assert.equal([late.began, late.catalogue.size], [100, world.entries.length]);
  const whole = cover(world, freshFile());
  assert.equal(answersOf(late.catalogue, world), answersOf(whole.catalogue, world));
  late.postings.close();
  whole.postings.close();
});

const disclosure = (n: number) => ({
  period: { from: '2018-01-01T00:00:00Z', to: '2018-06-30T00:00:00Z' },
  country: 'CH',
  received: n,
  rejected: 0,
});

test('postings of another log, garbage, and an older format are thrown away', () => {
  const [world, other] = [building(), supervised()];
  const file = freshFile();
  cover(other, file).postings.close();
  let cleared = 0;
  const taken = cover(world, file, world.entries.length, (store) => ({
    covered: () => store.covered(),
    next: (term, from) => store.next(term, from),
    extend: (to, postings) => store.extend(to, postings),
    clear() {
      cleared++;
      store.clear();
    },
  }));
  assert.is(cleared, 1);
  assert.equal([taken.began, taken.catalogue.size], [0, world.entries.length]);
  taken.postings.close();
  writeFileSync(file, 'this is no database, and long enough to be looked at as one '.repeat(20));
  const garbage = cover(world, file);
  assert.is(garbage.began, 0);
  garbage.postings.close();
  const bytes = readFileSync(file);
  bytes[63] = (bytes[63] as number) + 1; // user_version, big-endian at offset 60
  writeFileSync(file, bytes);
  const older = cover(world, file);
  assert.equal([older.began, older.catalogue.size], [0, world.entries.length]);
  older.postings.close();
});

test('a write that fails leaves it as it was, and it goes on with the next', () => {
  const world = building();
  const file = freshFile();
  let failing = true;
  const first = () =>
    cover(world, file, world.entries.length, (store) => ({
      covered: () => store.covered(),
      next: (term, from) => store.next(term, from),
      clear: () => store.clear(),
      extend(to, postings) {
        if (!failing) return store.extend(to, postings);
        failing = false;
        throw new Error('disk full');
      },
    }));
  assert.throws(first, /disk full/);
  const { catalogue, postings } = first();
  assert.is(catalogue.size, world.entries.length);
  assert.equal(catalogue.chronicle.breaches, []);
  assert.equal([...catalogue.chronicle.ids('key')].length, 2);
  postings.close();
});

test('postings and what they cover are one: a transaction that fails in the middle leaves neither', () => {
  const postings = openPostings(freshFile());
  const bad = [
    [1, 2, 2],
    [3, 2, Number.NaN],
  ] as const;
  assert.throws(() => postings.extend({ size: 3, leaf: undefined }, bad));
  assert.equal([postings.covered().size, postings.next(1, 0)], [0, undefined]);
  postings.extend({ size: 3, leaf: undefined }, [[1, 1, 2]]);
  postings.extend({ size: 7, leaf: undefined }, [[1, 5, 6]]);
  assert.is(postings.covered().size, 7);
  const nexts = Array.from({ length: 8 }, (_, from) => postings.next(1, from));
  assert.equal(nexts, [1, 1, 2, 5, 5, 5, 6, undefined]);
  postings.close();
});

test('keys come with the entries of their history, and with proofs if they are asked for', () => {
  const world = building().add(keyEvent('acme1', 'acme', 'bld', 'suspend'));
  const { catalogue, postings } = cover(world, freshFile());
  type Keys = { keys: { history: { by: number[] }[] }[]; entries: { index: number; proof?: string }[] };
  for (const [more, proven] of [
    ['&proof=1', true],
    ['&proof=0', false],
    ['', false],
  ] as const) {
    const { keys, entries } = ask(catalogue, world, 'keys', `keyId=acme/bld${more}`) as Keys;
    assert.equal(
      entries.map(({ index }) => index),
      keys[0]?.history.flatMap(({ by }) => by),
    );
    assert.ok(entries.every(({ proof }) => (proof !== undefined) === proven));
  }
  postings.close();
});

test.run();
