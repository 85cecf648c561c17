/**
 * The thread for ML-DSA-44: in JavaScript a signature takes milliseconds and checking one takes one, which no other
 * thread can spare. With a seed it signs, without one it only verifies. @module
 */
import { parentPort, workerData } from 'node:worker_threads';
import { must } from '../../core/fault.ts';
import { publicKey, signerOf, verify } from '../../core/signature.ts';

export type MldsaRequest = { readonly ticket: number } & (
  | { readonly message: Uint8Array }
  | { readonly message: Uint8Array; readonly key: Uint8Array; readonly signature: Uint8Array }
);
export type MldsaAnswer = { readonly ticket: number; readonly result: Uint8Array | boolean };

must(parentPort, 'this file is a worker thread');
const port = parentPort;
const seed = workerData as Uint8Array | undefined;
const signer = seed && signerOf('mldsa44', seed);

function work(request: MldsaRequest): Uint8Array | boolean {
  if ('key' in request) return verify(publicKey('mldsa44', request.key), request.message, request.signature);
  must(signer, 'this thread has no seed to sign with');
  return signer.sign(request.message);
}

port.on('message', (request: MldsaRequest) => {
  port.postMessage({ ticket: request.ticket, result: work(request) } satisfies MldsaAnswer);
});
