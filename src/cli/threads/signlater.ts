/** Asks the ML-DSA thread for signatures. @module */
import { signerOf } from '../../core/signature.ts';
import type { SignerParts } from '../../log/sign.ts';
import type { SignAnswer, SignRequest } from './mldsa.ts';
import { spawn } from './spawn.ts';

/** The ML-DSA-44 key of a seed, whose signatures are made in a thread of their own; `end` stops it. */
export function signLater(seed: Uint8Array): SignerParts['mldsa44'] & { end(): Promise<unknown> } {
  const worker = spawn('mldsa', seed);
  const waiting = new Map<number, (signature: Uint8Array) => void>();
  let last = 0;
  worker.on('message', ({ ticket, signature }: SignAnswer) => {
    waiting.get(ticket)?.(signature);
    waiting.delete(ticket);
  });
  return {
    key: signerOf('mldsa44', seed).key,
    sign: (message) =>
      new Promise((resolve) => {
        last++;
        waiting.set(last, resolve);
        worker.postMessage({ ticket: last, message } satisfies SignRequest);
      }),
    end: () => worker.terminate(),
  };
}
