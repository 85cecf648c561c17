import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fromBase64, fromBase64url, toBase64, toBase64url } from '../../src/core/bytes.ts';
import { faults, sameBytes } from '../check.ts';

test('base64 is what Node makes of every length and every pair of neighbouring bytes, and comes back', () => {
  const all = Uint8Array.from({ length: 2 * 65_536 }, (_, i) =>
    i % 2 === 0 ? Math.floor(i / 512) : Math.floor(i / 2) % 256,
  );
  const inputs = [all, all.subarray(1), all.subarray(2)];
  for (let length = 0; length < 70; length++) inputs.push(all.subarray(length * 700, length * 701));
  for (const bytes of inputs) {
    const expected = Buffer.from(bytes);
    assert.is(toBase64(bytes), expected.toString('base64'), `${bytes.length} bytes`);
    assert.is(toBase64url(bytes), expected.toString('base64url'));
    sameBytes(fromBase64(toBase64(bytes), 'bad-request'), bytes);
    sameBytes(fromBase64url(toBase64url(bytes), 'bad-request'), bytes);
  }
});

test('base64 has one form: no white space, no missing or surplus padding, no stray bits', () => {
  // Of the last three, the code units end in the byte of a digit, of a space, or are no character of Latin-1.
  const strange = [' AAAA', 'AA\tAA', '\u00a0AAAA', 'AAA\u0141', 'AAAA\u0120', '\u{1f600}AA'];
  const short = ['AA', 'AA=', 'AA===', 'AAA', 'A', '=', 'AB==', 'AAB=', 'AA A', 'AA==\n', 'AA-_', 'AA==AA=='];
  for (const text of [...short, ...strange]) {
    faults('bad-request', () => fromBase64(text, 'bad-request'), text);
  }
  for (const text of ['A', 'AB', 'AAB', 'AA==', 'AA+/', 'AAAAA']) {
    faults('bad-request', () => fromBase64url(text, 'bad-request'), text);
  }
});

test.run();
