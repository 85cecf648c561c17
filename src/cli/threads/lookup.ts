/** The thread of the lookup: a connection of its own to the log, which it only reads. @module */
import { constants, getPriority, setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { must } from '../../core/fault.ts';
import { type LookupOptions, runLookup } from '../openlookup.ts';
import { throwing } from './thrown.ts';

must(parentPort, 'this file is a worker thread');
const port = parentPort;
// On Linux process 0 is the calling thread alone; elsewhere it would be all of us. What writes the log comes first.
// Where all of us yield more than that already, only root may take any of it back, and for others it is an error.
if (process.platform === 'linux') setPriority(0, Math.max(getPriority(0), constants.priority.PRIORITY_BELOW_NORMAL));
await throwing(() => runLookup(port, workerData as LookupOptions));
port.close();
