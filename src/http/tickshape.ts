/**
 * Node makes an object for each `process.nextTick`, some eight for every request. A full garbage collection that meets
 * none of them makes V8 forget their shape, and after a few of those it makes them the slow way for as long as the
 * process lives: 1 us each instead of 0.5, which is a tenth of a request. One that is kept keeps the shape. @module
 */
import { createHook } from 'node:async_hooks';

let kept: object | undefined;

/** Keeps one such object, found by the name that Node documents for it; undefined where Node makes none. */
export function keepTickShape(): object | undefined {
  if (kept) return kept;
  const hook = createHook({
    init(_id, type, _trigger, resource) {
      if (type === 'TickObject') kept = resource;
    },
  }).enable();
  process.nextTick(() => {});
  hook.disable();
  return kept;
}
