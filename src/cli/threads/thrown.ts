/** Errors on their way out of a thread. @module */
import { types } from 'node:util';
import { messageOf } from '../../core/fault.ts';

/** Does the work of a thread. An error of SQLite is no native one, and would leave it as an object without a message. */
export async function throwing(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw types.isNativeError(error) ? error : new Error(messageOf(error));
  }
}
