import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { explained } from '../../src/cli/hints.ts';
import { Fault } from '../../src/core/fault.ts';

const nextOf = (said: string) =>
  /\nNext: (.*)$/.exec((explained(new Fault('refused', `Rejected: ${said}`)) as Error).message)?.[1];

test('what is told to do after a refusal follows its reason', () => {
  for (const [said, next] of [
    ['key-state: the key b has been enrolled and not activated: sign', /`limmat key activate`/],
    ['key-state: the key b is suspended: sign with a key that is active', /`limmat key resume`/],
    ['key-state: the key b is revoked: sign with a key that is active', /does not come back.*`limmat key enroll`/],
    ['key-state: the key b has expired at 2026-01-01T00:00:00Z: sign', /does not come back.*`limmat key enroll`/],
    ['key-state: 0a is not a root key of acme any more: sign with one that is', /--key/],
    ['site: the site a has not been declared by acme', /declare it first: `limmat submit site`/],
    ['site: the site a is retired since entry 41', /does not come back: declare another with `limmat submit site`/],
    ['process: operator of a is X: repeat it as it was declared', /change the field/],
  ] as const) {
    assert.match(nextOf(said) ?? '', next, said);
  }
  assert.is(nextOf('nonsense: x'), undefined);
});

test.run();
