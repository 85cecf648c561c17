import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { keepTickShape, keptTick } from '../../src/http/tickshape.ts';

test('an object is kept that Node made for a tick, always the same', async () => {
  const ticked = async () => {
    keepTickShape();
    await new Promise((resolve) => setImmediate(resolve));
    return keptTick() as { callback: unknown };
  };
  const kept = await ticked();
  assert.type(kept.callback, 'function');
  assert.is(await ticked(), kept);
});

test.run();
