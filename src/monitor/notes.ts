/** Signed heads of one log: which lines of a note hold, and all that is known to hold of one head in one note. @module */
import { equal, utf8 } from '../core/bytes.ts';
import type { Checkpoint } from '../core/checkpoint.ts';
import { openCheckpoint, type Signed } from '../core/cosignature.ts';
import { Fault } from '../core/fault.ts';
import { openSignedHead } from '../core/judgehead.ts';
import { formatNote, type NoteSignature, parseNote, type Vkey } from '../core/note.ts';
import { readUint64 } from '../core/size.ts';

export type OpenedHead = {
  readonly checkpoint: Checkpoint;
  /** The lines that verified, and no others: junk is not passed on. */
  readonly note: Uint8Array;
  readonly signed: readonly Signed[];
};

/** Fault `unknown-signer` unless the log has signed it; wrong lines by others are dropped. */
export function openHead(
  bytes: Uint8Array,
  origin: string,
  vkeys: readonly Vkey[],
  witnesses: readonly Vkey[],
): OpenedHead {
  const { checkpoint, note, signed } = openSignedHead(bytes, origin, vkeys);
  const cosigned = witnesses.flatMap((vkey) => verified(bytes, vkey));
  const all = [...signed, ...cosigned];
  const lines = note.signatures.filter((line) =>
    all.some(({ vkey }) => vkey.name === line.name && vkey.id === line.id),
  );
  return { checkpoint, note: utf8(formatNote({ text: note.text, signatures: lines })), signed: all };
}

function verified(bytes: Uint8Array, vkey: Vkey): readonly Signed[] {
  try {
    return openCheckpoint(bytes, [vkey]).signed;
  } catch (error) {
    if (error instanceof Fault) return [];
    throw error;
  }
}

/** Both notes of one head in one: of two cosignatures by one key the later. Their lines have been verified. */
export function mergeNotes(known: Uint8Array, more: Uint8Array): Uint8Array {
  if (equal(known, more)) return known;
  const { text, signatures } = parseNote(known);
  const lines = new Map(signatures.map((line) => [`${line.name} ${line.id}`, line]));
  for (const line of parseNote(more).signatures) {
    const name = `${line.name} ${line.id}`;
    const before = lines.get(name);
    if (!before || isLater(line, before)) lines.set(name, line);
  }
  return utf8(formatNote({ text, signatures: [...lines.values()] }));
}

/** The newest time that a note was signed with, in seconds; its lines have been verified. */
export function newestTime(note: Uint8Array): number | undefined {
  const times = parseNote(note).signatures.flatMap((line) => timeIn(line) ?? []);
  return times.length === 0 ? undefined : Math.min(Math.max(...times), 8.64e12);
}

function isLater(line: NoteSignature, before: NoteSignature): boolean {
  const [time, other] = [timeIn(line), timeIn(before)];
  return time !== undefined && other !== undefined && time > other;
}

/** Cosignatures begin with their time; a log's own Ed25519 signature has none. */
function timeIn({ signature }: NoteSignature): number | undefined {
  return signature.length > 64 ? readUint64(signature) : undefined;
}
