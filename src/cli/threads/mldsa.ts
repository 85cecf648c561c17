/** The thread that signs with ML-DSA-44: that can take milliseconds, which no other thread can spare. @module */
import { parentPort, workerData } from 'node:worker_threads';
import { must } from '../../core/fault.ts';
import { accelerate, signerOf } from '../../core/signature.ts';

export type MldsaRequest = { readonly ticket: number; readonly message: Uint8Array };
/** The first message, once: the bytes of its public key. */
export type MldsaKey = { readonly publicKey: Uint8Array };
export type MldsaAnswer = { readonly ticket: number; readonly signature: Uint8Array };

must(parentPort, 'this file is a worker thread');
const port = parentPort;
const signer = signerOf('mldsa44', workerData as Uint8Array);
port.postMessage({ publicKey: signer.key.bytes } satisfies MldsaKey);
await accelerate(['mldsa44']);

port.on('message', ({ ticket, message }: MldsaRequest) => {
  port.postMessage({ ticket, signature: signer.sign(message) } satisfies MldsaAnswer);
});
