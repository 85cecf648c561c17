/** Asks an ML-DSA-44 thread for signatures and verdicts. @module */
import type { PublicKey } from '../../core/signature.ts';
import type { SignLater } from '../../log/sign.ts';
import type { MldsaAnswer, MldsaRequest } from './mldsa.ts';
import { spawn } from './spawn.ts';

export type MldsaWorker = {
  readonly sign: SignLater;
  verify(key: PublicKey, message: Uint8Array, signature: Uint8Array): Promise<boolean>;
  end(): Promise<unknown>;
};

/** A thread of its own, which can sign if it is given a seed. */
export function mldsaWorker(seed: Uint8Array | undefined): MldsaWorker {
  const worker = spawn('mldsa', seed);
  const waiting = new Map<number, (result: never) => void>();
  let last = 0;
  worker.on('message', ({ ticket, result }: MldsaAnswer) => {
    waiting.get(ticket)?.(result as never);
    waiting.delete(ticket);
  });
  function ask<T>(request: object): Promise<T> {
    last++;
    worker.postMessage({ ...request, ticket: last } as MldsaRequest);
    return new Promise<T>((resolve) => waiting.set(last, resolve));
  }
  return {
    sign: (message) => ask<Uint8Array>({ message }),
    verify: (key, message, signature) => ask<boolean>({ key: key.bytes, message, signature }),
    end: () => worker.terminate(),
  };
}
