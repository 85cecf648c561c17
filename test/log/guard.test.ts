import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { concat, type Hash, utf8 } from '../../src/core/bytes.ts';
import type { Node } from '../../src/core/tile.ts';
import { Guard, parseGuard } from '../../src/log/guard.ts';
import type { GuardFile } from '../../src/log/ports.ts';
import { faults, flipBit } from '../check.ts';
import * as oracle from '../oracle.ts';

const ORIGIN = 'log.example/guard';
const leaves = oracle.leaves(40);
const head = (size: number, from = leaves) => ({ size, root: oracle.mth(from, 0, size) });
const read =
  (from = leaves) =>
  ({ height, index }: Node) =>
    oracle.mth(from, index * 2 ** height, (index + 1) * 2 ** height);

/** A guard file in memory. */
function memory(bytes: Uint8Array = new Uint8Array(0)): GuardFile & { bytes: Uint8Array } {
  return {
    bytes,
    read() {
      return this.bytes;
    },
    append(line, offset) {
      assert.is(offset, this.bytes.length);
      this.bytes = concat(this.bytes, line);
    },
    truncate(length) {
      this.bytes = this.bytes.subarray(0, length);
    },
  };
}

const grown = (...sizes: number[]) => {
  const file = memory();
  const guard = new Guard(file, ORIGIN);
  for (const size of sizes) guard.admit(head(size), read());
  return { file, guard };
};

test('a line per head, found again when it is opened again', () => {
  const { file } = grown(0, 1, 7, 40);
  assert.is(new Guard(file, ORIGIN).last()?.size, 40);
  assert.equal(
    parseGuard(file.bytes, ORIGIN).heads.map(({ size }) => size),
    [0, 1, 7, 40],
  );
});

test('the same head again writes nothing', () => {
  const { file, guard } = grown(7);
  const before = file.bytes.length;
  guard.admit(head(7), read());
  assert.is(file.bytes.length, before);
});

test('a smaller size, another root, a tree that does not extend, a root that its nodes do not have', () => {
  const fork = leaves.with(3, leaves[0] as Hash);
  const { file, guard } = grown(7);
  const before = file.bytes.length;
  faults('frozen', () => guard.admit(head(6), read()));
  faults('frozen', () => guard.admit(head(7, fork), read(fork)));
  faults('frozen', () => guard.admit(head(9, fork), read(fork)));
  faults('frozen', () => guard.admit({ size: 9, root: head(8).root }, read()));
  faults('frozen', () => guard.admit({ size: 7, root: head(8).root }, read()));
  assert.is(file.bytes.length, before, 'a refused head leaves no line');
  guard.admit(head(9), read());
});

test('an incomplete last line is cut off, since nothing was signed for it', () => {
  const { file } = grown(3, 7);
  const whole = file.bytes;
  for (let cut = 1; cut < 60; cut++) {
    const torn = memory(whole.subarray(0, whole.length - cut));
    const guard = new Guard(torn, ORIGIN);
    assert.is(guard.last()?.size, 3);
    guard.admit(head(7), read());
    assert.equal(parseGuard(torn.bytes, ORIGIN).heads.length, 2);
  }
});

test('any other damage freezes: every bit of a journal of three lines', () => {
  const { file } = grown(3, 7, 9);
  for (let bit = 0; bit < file.bytes.length * 8; bit++) {
    faults('frozen', () => new Guard(memory(flipBit(file.bytes, bit)), ORIGIN), `bit ${bit}`);
  }
});

test('lines removed, doubled, swapped, or of another log', () => {
  const { file } = grown(3, 7, 9);
  const [a, b, c] = new TextDecoder()
    .decode(file.bytes)
    .split('\n')
    .slice(0, 3)
    .map((line) => `${line}\n`);
  for (const lines of [
    [b, c],
    [a, c],
    [a, a, b, c],
    [b, a, c],
    [a, b, c, c],
    [a, '\n', b],
  ]) {
    faults('frozen', () => new Guard(memory(utf8(lines.join(''))), ORIGIN), lines.join(''));
  }
  faults('frozen', () => new Guard(file, 'log.example/other'));
  assert.is(new Guard(memory(utf8(`${a}${b}`)), ORIGIN).last()?.size, 7);
});

test.run();
