/** Starts a worker thread from this folder, as source under tsx or as built JavaScript. @module */
import { Worker } from 'node:worker_threads';

export function spawn(name: 'log' | 'lookup' | 'mldsa' | 'verify', workerData: unknown): Worker {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return new Worker(new URL(`./${name}.${extension}`, import.meta.url), { workerData });
}
