/**
 * What a witness's answer to add-checkpoint means for the log that asked: the client's side of C2SP tlog-witness, as a
 * pure function. An alarm is the word of one witness, not a proof; who hears it looks further. @module
 */
import { SIZE_TYPE } from '../core/addcheckpoint.ts';
import { concat, fromUtf8, utf8 } from '../core/bytes.ts';
import { type OpenedCheckpoint, openCheckpoint, type Signed } from '../core/cosignature.ts';
import { Fault, messageOf } from '../core/fault.ts';
import type { NoteSignature, Vkey } from '../core/note.ts';
import { AHEAD } from '../core/quorum.ts';
import { parseSize } from '../core/size.ts';

export type WitnessAnswer = { readonly status: number; readonly type: string; readonly body: Uint8Array };

/** What was asked, and of whom. */
export type Question = {
  /** The text of the checkpoint, without signatures. */
  readonly text: string;
  readonly size: number;
  readonly old: number;
  /** The largest size that this log ever asked a cosignature for. */
  readonly largest: number;
  readonly vkeys: readonly Vkey[];
  /** Seconds since 1970. */
  readonly now: number;
};

export type Judgement =
  /** Lines that verified, by the keys of the witness and by nobody else. */
  | { readonly kind: 'cosigned'; readonly lines: readonly NoteSignature[]; readonly signed: readonly Signed[] }
  /** The witness stands at another size of ours: ask again from there. */
  | { readonly kind: 'stale'; readonly size: number }
  /** A newer checkpoint of ours was quicker. */
  | { readonly kind: 'superseded'; readonly size: number }
  /** The witness has seen a larger tree than this log knows of: the log was restored from a backup, or has a double. */
  | { readonly kind: 'rolled-back'; readonly size: number; readonly why: string }
  /** The witness has seen another history of this log. */
  | { readonly kind: 'forked'; readonly why: string }
  /** Passing, or to be mended by someone. */
  | { readonly kind: 'busy' | 'broken'; readonly why: string };

const MAX_ANSWER = 64 * 1024;

/** Judges an answer. The proof that was sent has been verified, so who refuses it has another history. */
export function judge(answer: WitnessAnswer, question: Question): Judgement {
  const { status, body } = answer;
  if (body.length > MAX_ANSWER) return { kind: 'broken', why: `it answers with more than ${MAX_ANSWER} bytes` };
  if (status === 200) return judgeLines(body, question);
  if (status === 409) return judgeConflict(answer, question);
  if (status === 422 && question.old > 0) {
    return { kind: 'forked', why: `it refuses a good proof from size ${question.old} to ${question.size}` };
  }
  const kind = status === 429 || status === 502 || status === 503 || status === 504 ? 'busy' : 'broken';
  return { kind, why: `it answers ${status}: ${firstLine(body)}` };
}

function judgeLines(body: Uint8Array, { text, size, vkeys, now }: Question): Judgement {
  let opened: OpenedCheckpoint;
  try {
    // SPEC: the client MAY concatenate it to the checkpoint, and use a note verification function with the known keys.
    opened = openCheckpoint(concat(utf8(`${text}\n`), body), vkeys);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { kind: 'broken', why: `its cosignature of size ${size} is no good: ${messageOf(error)}` };
  }
  const { signed, note } = opened;
  // This one was made just now, so it may not be older by more than that either.
  const wrong = signed.find(({ time = 0 }) => Math.abs(time - now) > AHEAD);
  if (wrong) return { kind: 'broken', why: `its clock says ${wrong.time} seconds where ours says ${now}` };
  const lines = vkeys.flatMap(
    ({ name, id }) => note.signatures.find((line) => line.name === name && line.id === id) ?? [],
  );
  return { kind: 'cosigned', lines, signed };
}

function judgeConflict({ type, body }: WitnessAnswer, { size, old, largest }: Question): Judgement {
  // Some witnesses answer another root at the same size with a bare 409.
  if (type.split(';', 1)[0]?.trim() !== SIZE_TYPE) {
    return { kind: 'forked', why: `it answers 409 and no size to a checkpoint of size ${size}` };
  }
  let known: number;
  try {
    known = parseSize(fromUtf8(body, 'bad-request').replace(/\n$/, ''), 'bad-request');
  } catch (error) {
    return { kind: 'broken', why: `it answers 409 with no size: ${messageOf(error)}` };
  }
  if (known > largest) {
    return {
      kind: 'rolled-back',
      size: known,
      why: `it has cosigned size ${known}; this log has asked for ${largest}`,
    };
  }
  if (known > size) return { kind: 'superseded', size: known };
  if (known === old)
    return { kind: 'broken', why: `it answers 409 with size ${known}, which is what it was asked from` };
  return { kind: 'stale', size: known };
}

/** The beginning of an error text, for an operator; what strangers write is not trusted with more. */
function firstLine(body: Uint8Array): string {
  const text = new TextDecoder().decode(body.subarray(0, 200));
  return text.split('\n', 1)[0]?.replace(/[^\x20-\x7e]/g, '?') || 'nothing';
}
