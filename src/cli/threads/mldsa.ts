/** The thread that makes ML-DSA-44 signatures: in JavaScript one takes milliseconds, which no other thread can spare. @module */
import { parentPort, workerData } from 'node:worker_threads';
import { must } from '../../core/fault.ts';
import { signerOf } from '../../core/signature.ts';

/** What the thread is asked to sign, and what it answers. */
export type SignRequest = { readonly ticket: number; readonly message: Uint8Array };
export type SignAnswer = { readonly ticket: number; readonly signature: Uint8Array };

must(parentPort, 'this file is a worker thread');
const port = parentPort;
const signer = signerOf('mldsa44', workerData as Uint8Array);
port.on('message', ({ ticket, message }: SignRequest) => {
  port.postMessage({ ticket, signature: signer.sign(message) } satisfies SignAnswer);
});
