/** The thread of the one writer: both loops of the log, the write connection, the guard and the keys. @module */
import { parentPort, workerData } from 'node:worker_threads';
import { Fault, must } from '../../core/fault.ts';
import { accelerate } from '../../core/signature.ts';
import { type FromLog, packFault } from '../../log/channel.ts';
import { type LogOptions, runLog } from '../openlog.ts';
import { throwing } from './thrown.ts';

must(parentPort, 'this file is a worker thread');
const port = parentPort;
const options = workerData as LogOptions;
// Each cosignature is checked in this thread, and hardly any other signature.
if (options.witnesses) await accelerate();
try {
  await throwing(() => runLog(port, options));
} catch (error) {
  // Faults lose their code when a thread throws them, so this one is sent.
  if (!(error instanceof Fault)) throw error;
  port.postMessage({ type: 'failed', fault: packFault(error) } satisfies FromLog);
}
// Ends this thread alone. All is closed, and an answer that a witness still owes is not waited for.
process.exit();
