/** That the log signed two histories, as it is found out; what proves it is made in `convict.ts`. @module */
import type { Checkpoint } from '../core/checkpoint.ts';
import type { Conviction } from '../core/evidence.ts';
import { Fault } from '../core/fault.ts';

/** A checkpoint as it was signed, and what it says. */
export type Signed = Checkpoint & { readonly note: Uint8Array };

/** A `.tlog-evidence` file: what it proves, or why it proves nothing. */
export type Filed = { readonly id: string; readonly file: Uint8Array } & (
  | { readonly conviction: Conviction }
  | { readonly why: string }
);

/** Two checkpoints of the log of which one at most can be honest. */
export class Fork extends Fault {
  /** The file that shows it to anybody; undefined if two keys of the log signed a side each. */
  readonly file: Uint8Array | undefined;

  constructor(message: string, file: Uint8Array | undefined) {
    super('bad-proof', message);
    this.file = file;
  }
}
