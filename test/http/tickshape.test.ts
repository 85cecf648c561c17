import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { keepTickShape } from '../../src/http/tickshape.ts';

test('an object is kept that Node made for a tick, always the same', () => {
  const kept = keepTickShape() as { callback: unknown };
  assert.type(kept.callback, 'function');
  assert.is(keepTickShape(), kept);
});

test.run();
