/** The thread that checks signatures, a message full of them at a time. @module */
import { parentPort } from 'node:worker_threads';
import { must } from '../../core/fault.ts';
import { accelerate } from '../../core/signature.ts';
import { type PackedChecks, verdicts } from './checks.ts';

must(parentPort, 'this file is a worker thread');
const port = parentPort;
await accelerate();
port.on('message', (packed: PackedChecks) => port.postMessage(verdicts(packed)));
