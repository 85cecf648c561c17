import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Entry, Fields } from '../../src/web/entry.ts';
import { frame } from '../../src/web/map.ts';
import { dictionary, findingOf, inWords } from '../../src/web/words.ts';

// Words of a log that lies: whatever it calls a thing, the page shows that and no part of JavaScript.

const INHERITED = ['constructor', 'toString', '__proto__', 'hasOwnProperty'];
const entry = (kind: Entry['kind'], fields: Fields) => ({ kind, issuer: 'acme', fields, subject: 'x' }) as Entry;

test('a name that every object has is shown as it is', () => {
  for (const name of INHERITED) {
    assert.match(inWords(entry('key', { keyId: 'k', event: name, purpose: name })), `acme: key k ${name} for ${name}`);
    assert.match(inWords(entry('relocation', { phase: name })), `acme ${name} `);
    assert.match(inWords(entry('attestation', { verdict: name, claim: name })), `acme ${name} ${name} `);
    assert.equal(findingOf(name), [5, 'quiet', name]);
  }
});

test('nor is it a country of the map', () => {
  const countries = dictionary({ CH: { path: '', at: [10, 10] as [number, number] } });
  const map = { width: 1000, height: 500.5, countries };
  assert.equal(frame(map, [...INHERITED, 'CH']), frame(map, ['CH']));
});

test.run();
