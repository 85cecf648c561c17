import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Repeats } from '../../src/log/repeats.ts';

const id = (n: number) => new Uint8Array(createHash('sha256').update(`id ${n}`).digest());

test('every id is found at its index, and no other', () => {
  const repeats = new Repeats();
  const count = 50_000;
  for (let n = 0; n < count; n++) repeats.add(id(n), n);
  for (let n = 0; n < count; n++) {
    assert.is(
      repeats.find(id(n), (index) => index === n),
      n,
    );
  }
  let asked = 0;
  for (let n = count; n < 2 * count; n++) {
    assert.is(
      repeats.find(id(n), () => {
        asked++;
        return false;
      }),
      undefined,
    );
  }
  assert.ok(asked < 10, `40 bits should rarely collide, ${asked} candidates were offered`);
});

test('ids that share their first five bytes are told apart by the stored id', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 255 }), { minLength: 1, maxLength: 60 }), (tails) => {
      const repeats = new Repeats();
      const twin = (tail: number) => Uint8Array.from({ length: 32 }, (_, i) => (i === 31 ? tail : 7));
      tails.forEach((tail, index) => {
        repeats.add(twin(tail), index);
      });
      tails.forEach((tail, index) => {
        assert.is(
          repeats.find(twin(tail), (candidate) => tails[candidate] === tail),
          index,
        );
      });
      assert.is(
        repeats.find(twin(256), () => false),
        undefined,
      );
    }),
  );
});

test('the last index it can hold', () => {
  const repeats = new Repeats();
  repeats.add(id(1), 2 ** 32 - 2);
  assert.is(
    repeats.find(id(1), () => true),
    2 ** 32 - 2,
  );
  assert.throws(() => repeats.add(id(2), 2 ** 32 - 1), /bug/);
});

test.run();
