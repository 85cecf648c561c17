/**
 * Node makes an object for each `process.nextTick`, some eight for every request. A full garbage collection that meets
 * none of them makes V8 forget their shape, and after a few of those it makes them the slow way for as long as the
 * process lives: 0.6 µs each instead of 0.2, a tenth of what a proof takes. One that is kept keeps the shape. @module
 */
import { executionAsyncResource } from 'node:async_hooks';

let kept: object | undefined;

/** Keeps one such object, which is the resource of what runs in a tick. A hook would slow every async function for good. */
export function keepTickShape(): void {
  process.nextTick(() => {
    kept ??= executionAsyncResource();
  });
}

/** The one that is kept. */
export function keptTick(): object | undefined {
  return kept;
}
