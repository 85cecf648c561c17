/** Asks an ML-DSA-44 thread for signatures. @module */
import { type PublicKey, publicKey } from '../../core/signature.ts';
import type { SignLater } from '../../log/sign.ts';
import type { MldsaAnswer, MldsaKey, MldsaRequest } from './mldsa.ts';
import { spawn } from './spawn.ts';

export type MldsaWorker = {
  /** Of the seed: the thread makes it anyway, which takes 50 ms at a start. */
  readonly key: Promise<PublicKey>;
  readonly sign: SignLater;
  end(): Promise<unknown>;
};

/** A thread of its own, which signs with a seed. */
export function mldsaWorker(seed: Uint8Array): MldsaWorker {
  const worker = spawn('mldsa', seed);
  const waiting = new Map<number, (signature: Uint8Array) => void>();
  let last = 0;
  const key = new Promise<PublicKey>((resolve) => {
    worker.once('message', ({ publicKey: bytes }: MldsaKey) => {
      resolve(publicKey('mldsa44', bytes));
      worker.on('message', ({ ticket, signature }: MldsaAnswer) => {
        waiting.get(ticket)?.(signature);
        waiting.delete(ticket);
      });
    });
  });
  return {
    key,
    sign(message) {
      last++;
      worker.postMessage({ ticket: last, message } satisfies MldsaRequest);
      return new Promise((resolve) => waiting.set(last, resolve));
    },
    end: () => worker.terminate(),
  };
}
