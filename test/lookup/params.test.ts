import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { QUESTION_NAMES, questionOf, readParams } from '../../src/lookup/questions.ts';
import { faults } from '../check.ts';

// Every parameter is checked against the table of its question, and a refusal names the one that is wrong.

const HEX = '0'.repeat(64);
const BAD: readonly [name: (typeof QUESTION_NAMES)[number], query: string, says: RegExp][] = [
  ['builds', 'digest=md5:00', /^digest must be sha256/],
  ['builds', `digest=sha256:${'A'.repeat(64)}`, /^digest /],
  ['builds', 'limit=0', /^limit must be an integer from 1/],
  ['builds', 'limit=257', /^limit /],
  ['builds', 'limit=1e2', /^limit must be a decimal/],
  ['builds', 'after=-1', /^after /],
  ['builds', 'after=01', /^after /],
  ['builds', 'limit=1&limit=2', /^limit is given twice/],
  ['builds', 'colour=red', /no parameter colour: there are digest/],
  ['builds', 'proof=yes', /^proof must be one of 0, 1/],
  ['builds', 'product=', /^product must have 1 to 128/],
  ['builds', `product=${'x'.repeat(129)}`, /^product /],
  ['builds', 'product=%00', /^product /],
  ['builds', 'site=zrh-1', /^site must be an id behind/],
  ['entries', 'kind=rumour', /^kind must be one of/],
  ['entries', 'key=ABC', /^key must be a kid/],
  ['relocations', 'country=XX', /^country must be an ISO/],
  ['attestations', 'verdict=maybe', /^verdict must be one of/],
  ['verdict', '', /^digest is missing/],
  ['residency', 'process=a/b&country=CH', /^on is missing/],
  ['residency', 'process=a/b&country=CH&on=2018-13-01', /^on must be a day/],
  ['promises', 'asOf=now', /^asOf must be a time/],
  ['keys', `key=${HEX}&at=x`, /^at must be a decimal/],
];

test('what is wrong is named', () => {
  for (const [name, query, says] of BAD) {
    assert.match(faults('bad-request', () => readParams(name, new URLSearchParams(query))).message, says, query);
  }
});

test('what is right is read', () => {
  assert.equal(readParams('builds', new URLSearchParams('limit=5&product=a%20b&proof=1')), {
    product: 'a b',
    limit: 5,
    proof: '1',
  });
  assert.equal(readParams('keys', new URLSearchParams(`key=${HEX}&at=0`)), { key: HEX, at: 0 });
});

test('every question says what it is about, and bounds its pages', () => {
  for (const name of QUESTION_NAMES) {
    const { about, params } = questionOf(name);
    assert.ok(about.length > 5, name);
    if (params.fields.has('after') && name !== 'verdict') assert.ok(params.fields.has('limit'), name);
    if (!params.fields.has('colour')) faults('bad-request', () => readParams(name, new URLSearchParams('colour=red')));
  }
});

test.run();
