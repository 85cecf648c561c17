/**
 * A witness, C2SP tlog-witness: cosigns what other logs publish, as long as each only grows. A cosignature leaves this
 * file only after the checkpoint that it is for has replaced the one before it in the store. @module
 */
import { type AddCheckpoint, parseAddCheckpoint } from '../core/addcheckpoint.ts';
import { utf8 } from '../core/bytes.ts';
import { type Checkpoint, formatCheckpoint, parseCheckpoint } from '../core/checkpoint.ts';
import { type OpenedCheckpoint, openCheckpoint, signedMessage, toNoteSignature } from '../core/cosignature.ts';
import { Fault } from '../core/fault.ts';
import { COSIGNATURE_MLDSA44, formatNote, type NoteSignature, parseNote, type Vkey } from '../core/note.ts';
import { AHEAD, isoTime } from '../core/quorum.ts';
import type { Signer } from '../core/signature.ts';
import { misbehaviour, refusal } from './decide.ts';
import type { Evidence, Known, WitnessedLog, WitnessStore } from './ports.ts';

/** A key that cosigns: its vkey is of a cosignature type, under the name of the witness. */
export type Cosigner = { readonly vkey: Vkey; readonly signer: Signer };

export type WitnessParts = {
  readonly store: WitnessStore;
  readonly cosigners: readonly Cosigner[];
  readonly clock: () => Date;
  /** Told of evidence that was not known before. */
  readonly alarm: (evidence: Evidence) => void;
};

/** Losing against other requests so often in a row takes more of them than a log sends. */
const ATTEMPTS = 5;
/** Of each log and kind, so many are kept: whoever can sign as a log cannot fill the disk. */
const MAX_EVIDENCE = 100;
/** A clock that was wrong may have cosigned for very many logs. */
const MAX_NAMED = 10;
/** Short, as a log shows its operator no more than 200 bytes of an answer. */
const MEND = 'set it right; if it is, it once was wrong: wait until then or make a new witness with a new key';

export class Witness {
  readonly #parts: WitnessParts;

  constructor(parts: WitnessParts) {
    this.#parts = parts;
  }

  /** Answers the body of an add-checkpoint request with cosignature lines. Fault `stale-size` carries the size known. */
  addCheckpoint(body: Uint8Array): string {
    const request = parseAddCheckpoint(body);
    const { origin } = parseCheckpoint(parseNote(request.note).text);
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const log = this.#parts.store.log(origin);
      // SPEC: if the checkpoint origin is unknown, the witness MUST respond with a "404 Not Found" HTTP status code.
      if (!log) throw new Fault('unknown-log', `this witness does not know the log ${origin.slice(0, 200)}`);
      const opened = openSigned(request, log);
      this.#check(log, request, opened);
      const cosigned = this.#cosign(log.known, opened);
      // Another request may have been quicker; then the table is asked again with what is known now.
      if (this.#parts.store.advance(origin, log.known, cosigned.known)) return cosigned.lines;
    }
    throw new Error(`the checkpoint of ${origin} was replaced ${ATTEMPTS} times while it was cosigned`);
  }

  /** The latest checkpoint that was cosigned for the log whose origin has this hash, with the cosignatures. */
  latest(hash: string): Uint8Array {
    const origin = this.#parts.store.originOf(hash);
    const note = origin === undefined ? undefined : this.#parts.store.log(origin)?.known.note;
    // SPEC: if the witness has never cosigned a checkpoint for that log, it MUST respond with a "404 Not Found".
    if (!note) throw new Fault('unknown-resource', 'this witness has cosigned no checkpoint of such a log');
    return note;
  }

  /** What is known of every log. */
  logs(): WitnessedLog[] {
    const { store } = this.#parts;
    return store.origins().flatMap((origin) => store.log(origin) ?? []);
  }

  /** Which of the logs get no cosignature as the clock is far behind their last, and until when; undefined if all do. */
  trouble(logs: readonly WitnessedLog[]): string | undefined {
    const now = this.#now();
    const early = logs.filter(({ known }) => this.#isEarly(known, now));
    if (early.length === 0) return undefined;
    const named = early.slice(0, MAX_NAMED).map(({ origin, known }) => `${origin} until ${isoTime(known.time)}`);
    const more = early.length > MAX_NAMED ? ` and ${early.length - MAX_NAMED} more` : '';
    const why = `the last cosignature is dated then, the clock says ${isoTime(now)}: ${MEND}`;
    return `nothing is cosigned for ${named.join(', ')}${more}: ${why}`;
  }

  #check({ origin, known }: WitnessedLog, { old, proof, note }: AddCheckpoint, { checkpoint }: OpenedCheckpoint): void {
    const request = { old, proof, head: checkpoint };
    const kind = misbehaviour(known, request);
    if (kind) {
      const evidence = { origin, kind, time: this.#now(), known: known.note, offered: note, old, proof };
      if (this.#parts.store.keep(evidence, MAX_EVIDENCE)) this.#parts.alarm(evidence);
    }
    const fault = refusal(known, request);
    if (fault) throw fault;
  }

  /** What is to be known next, and the lines that say so. */
  #cosign(known: Known, { checkpoint, note, signed }: OpenedCheckpoint): { known: Known; lines: string } {
    const { size, root } = checkpoint;
    const text = reencoded(checkpoint, note.text);
    const now = this.#now();
    if (this.#isEarly(known, now)) {
      const why = `its last cosignature is dated ${isoTime(known.time)}, the clock says ${isoTime(now)}`;
      throw new Fault('clock-behind', `${why}: ${MEND}`);
    }
    // A clock that was set back does not make cosignatures older than those that were given out.
    const time = Math.max(now, known.time);
    const cosignatures = this.#parts.cosigners
      // ML-DSA cosignatures do not cover extension lines, so they would vouch for less than they seem to.
      .filter(({ vkey }) => vkey.type !== COSIGNATURE_MLDSA44 || checkpoint.extension === undefined)
      .map(({ vkey, signer }) => toNoteSignature(vkey, signer.sign(signedMessage(vkey, text, time)), time));
    // Only lines that verified are kept: one that merely bears the name of a witness must not be served by it.
    const own = signed.flatMap(({ vkey }) => note.signatures.find((line) => isBy(line, vkey)) ?? []);
    const signatures = [...new Set(own), ...cosignatures];
    const whole = formatNote({ text, signatures: cosignatures });
    return {
      known: { size, root, time, note: utf8(formatNote({ text, signatures })) },
      lines: whole.slice(text.length + 1),
    };
  }

  /** Whether another cosignature would count for nobody: it may not be older than the last, which is of the future. */
  #isEarly({ time }: Known, now: number): boolean {
    return time > now + AHEAD;
  }

  #now(): number {
    return Math.floor(this.#parts.clock().getTime() / 1000);
  }
}

/** The checkpoint, signed by the log. Fault `unknown-signer` if it is not, or if a line by a key of the log is wrong. */
function openSigned({ note }: AddCheckpoint, { origin, vkeys }: WitnessedLog): OpenedCheckpoint {
  try {
    return openCheckpoint(note, vkeys);
  } catch (error) {
    // SPEC: "403 Forbidden" also if a signature line matches a trusted key but the signature itself fails to verify.
    if (!(error instanceof Fault && error.code === 'bad-signature')) throw error;
    throw new Fault('unknown-signer', `this checkpoint of ${origin} is not signed by its log: ${error.message}`);
  }
}

/** What is cosigned is the checkpoint as it was understood, never other bytes. */
function reencoded(checkpoint: Checkpoint, text: string): string {
  const again = formatCheckpoint(checkpoint);
  if (again !== text) throw new Fault('bad-checkpoint', 'the checkpoint is not in its one form');
  return again;
}

function isBy(line: NoteSignature, { name, id }: Vkey): boolean {
  return line.name === name && line.id === id;
}
