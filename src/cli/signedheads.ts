/** Signed notes that an operator collected: what the log is known to have signed, whatever its own files say. @module */
import type { Checkpoint } from '../core/checkpoint.ts';
import { openCheckpoint } from '../core/cosignature.ts';
import { Fault, messageOf } from '../core/fault.ts';
import type { Vkey } from '../core/note.ts';
import { readText } from './readinput.ts';

/** A checkpoint that a key of the log has signed, and where it was found. */
export type FoundHead = Checkpoint & { readonly found: string };

/** Reads a checkpoint and checks that the log of this origin signed it. The Fault says where it was found. */
export function openHead(note: Uint8Array, found: string, vkeys: readonly Vkey[], origin: string): FoundHead {
  try {
    const { checkpoint } = openCheckpoint(note, vkeys);
    if (checkpoint.origin !== origin) {
      throw new Fault('bad-request', `it is a checkpoint of ${checkpoint.origin}, and this log is ${origin}`);
    }
    return { ...checkpoint, found };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    throw new Fault(error.code, `${found}: ${messageOf(error)}`);
  }
}

/** Files of signed notes. */
export function readHeads(files: readonly string[], vkeys: readonly Vkey[], origin: string): FoundHead[] {
  return files.map((file) => openHead(readText(file), file, vkeys, origin));
}

/** The one with the largest size; the first of those. */
export function largestOf(heads: readonly FoundHead[]): FoundHead | undefined {
  return heads.reduce<FoundHead | undefined>((best, head) => (best && best.size >= head.size ? best : head), undefined);
}
