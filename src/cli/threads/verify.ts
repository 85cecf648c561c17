/** The thread that checks signatures, a message full of them at a time, of the algorithms that it is told. @module */
import { parentPort, workerData } from 'node:worker_threads';
import { must } from '../../core/fault.ts';
import { type Algorithm, accelerate } from '../../core/signature.ts';
import { type PackedChecks, verdicts } from './checks.ts';

must(parentPort, 'this file is a worker thread');
const port = parentPort;
await accelerate(workerData as readonly Algorithm[]);
port.on('message', (packed: PackedChecks) => port.postMessage(verdicts(packed)));
