import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sha256 } from '#sha256';

import { isFlag, isList, isMap, isText, maybe, readAnswer } from '../../src/client/answer.ts';
import { Log } from '../../src/client/log.ts';
import { fromUtf8, toHex, utf8 } from '../../src/core/bytes.ts';
import { Fault } from '../../src/core/fault.ts';
import { isSize } from '../../src/core/size.ts';
import { faults, faultsLater } from '../check.ts';
import { Party } from './party.ts';

// A log that answers anything at all where a client asks for JSON: a Fault, and never an error of another kind.

const NO_ANSWERS = ['', '<html>busy</html>', 'null', '7', '"x"', '[]', '{}', '{"keys":[{}]}', '{"rows":[null]}'];

const party = await Party.meet();
const { verified } = await party.log.submit(party.statement());
const kid = verified.statement?.kid as Uint8Array;
const digest = `sha256:${toHex(sha256(party.artifact))}`;

/** The log, which answers one question otherwise. */
function answering(question: string, body: string): Log {
  const other = async (url: string, init?: RequestInit) =>
    url.includes(`/v1/${question}?`) ? new Response(body) : fetch(url, init);
  return new Log({ url: party.url, trust: party.trust, fetch: other });
}

/** The paths to all values in a JSON value. */
function paths(value: unknown, path: readonly string[] = []): string[][] {
  const inside = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  return [[...path], ...inside.flatMap(([name, item]) => paths(item, [...path, name]))];
}

/** A value with another one at a path. */
function withOther(value: unknown, [name, ...rest]: readonly string[], other: unknown): unknown {
  if (name === undefined) return other;
  const members = value as Record<string, unknown>;
  const changed = { ...members, [name]: withOther(members[name], rest, other) };
  return Array.isArray(value) ? Object.values(changed) : changed;
}

test('what is no JSON, or no verdict and no list of keys, is a Fault', async () => {
  for (const body of NO_ANSWERS) {
    await faultsLater('bad-request', () => answering('verdict', body).verdict(digest), body);
    await faultsLater('bad-request', () => answering('keys', body).enrolment(kid), body);
  }
  assert.is(await answering('keys', '{"keys":[]}').enrolment(kid), undefined);
});

test('whichever value of an answer is another, it is a Fault or one that nobody reads', async () => {
  const ask = {
    verdict: (log: Log) => log.verdict(digest, { issuer: 'acme' }),
    keys: (log: Log) => log.enrolment(kid),
  };
  const asked = { verdict: `digest=${digest}&issuer=acme`, keys: `key=${toHex(kid)}` };
  // The rows of a verdict are read for their proofs alone, and of a key its history of events.
  const read = {
    verdict: /^(?!tree)(?!entries,\d+,(?!index|leafHash|proof)).*$/,
    keys: /^(keys(,0(,history(,\d+(,(event|by(,\d+)?))?)?)?)?)?$/,
  };
  for (const question of ['verdict', 'keys'] as const) {
    const value: unknown = JSON.parse(
      fromUtf8(await party.log.client.get(`v1/${question}?${asked[question]}`), 'bad-request'),
    );
    const places = paths(value);
    assert.ok(places.length > 20, `${places.length} in the answer to ${question}`);
    for (const path of places) {
      const isRead = read[question].test(path.join());
      for (const other of isRead ? [null, -1, {}, [null]] : [null]) {
        const log = answering(question, JSON.stringify(withOther(value, path, other)));
        const said = await ask[question](log).then(
          () => 'taken',
          (error: unknown) => (error instanceof Fault ? 'fault' : String(error)),
        );
        assert.is(said, isRead ? 'fault' : 'taken', `${question} ${path.join('.')} ${JSON.stringify(other)}`);
      }
    }
  }
});

test('a shape takes what has all its members, more of them too, and no text that is not UTF-8', () => {
  const is = isMap<{ a: string; b: readonly number[]; c?: boolean }>({
    a: isText,
    b: isList(isSize),
    c: maybe(isFlag),
  });
  const read = (body: string) => readAnswer(utf8(body), 'thing', is);
  assert.equal(read('{"a":"x","b":[1],"d":null}'), { a: 'x', b: [1], d: null });
  assert.is(read('{"a":"","b":[],"c":true}').c, true);
  for (const body of [
    '{"a":"x"}',
    '{"a":1,"b":[]}',
    '{"a":"x","b":[0.5]}',
    '{"a":"x","b":{}}',
    '{"a":"x","b":[],"c":null}',
  ]) {
    assert.is(faults('bad-request', () => read(body), body).message, 'the answer of the log is no thing');
  }
  faults('bad-request', () => readAnswer(new Uint8Array([0xff]), 'thing', is));
  faults(
    'bad-request',
    () => readAnswer(utf8('[]'), 'thing', isMap({})),
    'a list is no map, though nothing is asked of it',
  );
});

test.after(() => party.end());
test.run();
