import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ByteBox } from '../../src/core/bytebox.ts';

const parts = fc.array(fc.uint8Array({ maxLength: 3000 }), { maxLength: 12 });

test('what is taken is what was put since, and stays as it was', () => {
  fc.assert(
    fc.property(fc.array(parts, { maxLength: 6 }), (rounds) => {
      const box = new ByteBox();
      const taken = rounds.map((round) => {
        for (const part of round) box.put(part);
        return box.take();
      });
      assert.equal(
        taken.map((bytes) => Buffer.from(bytes).toString('hex')),
        rounds.map((round) => Buffer.concat(round).toString('hex')),
      );
      assert.ok(
        taken.every((bytes) => bytes.buffer.byteLength === bytes.length),
        'a message carries nothing else',
      );
    }),
  );
});

test('after a flood, when it begins anew in little memory, it is still right', () => {
  const box = new ByteBox();
  box.put(new Uint8Array(1_000_000).fill(1));
  assert.is(box.take().length, 1_000_000);
  for (const byte of [2, 3, 4]) {
    box.put(Uint8Array.of(byte));
    assert.equal(box.take(), Uint8Array.of(byte));
  }
});

test.run();
