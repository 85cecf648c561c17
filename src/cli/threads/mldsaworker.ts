/** Asks an ML-DSA-44 thread for signatures. @module */
import type { SignLater } from '../../log/sign.ts';
import type { MldsaAnswer, MldsaRequest } from './mldsa.ts';
import { spawn } from './spawn.ts';

export type MldsaWorker = { readonly sign: SignLater; end(): Promise<unknown> };

/** A thread of its own, which signs with a seed. */
export function mldsaWorker(seed: Uint8Array): MldsaWorker {
  const worker = spawn('mldsa', seed);
  const waiting = new Map<number, (signature: Uint8Array) => void>();
  let last = 0;
  worker.on('message', ({ ticket, signature }: MldsaAnswer) => {
    waiting.get(ticket)?.(signature);
    waiting.delete(ticket);
  });
  return {
    sign(message) {
      last++;
      worker.postMessage({ ticket: last, message } satisfies MldsaRequest);
      return new Promise((resolve) => waiting.set(last, resolve));
    },
    end: () => worker.terminate(),
  };
}
