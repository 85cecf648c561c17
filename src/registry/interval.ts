/**
 * When an entry was made: between two checkpoints, the last without it and the first with it. The times are those of
 * cosignatures; as long as no witness cosigns they are the log's own word, and say so. No claimed time is read. @module
 */
import { parseCheckpoint } from '../core/checkpoint.ts';
import { COSIGNATURE_ED25519, COSIGNATURE_MLDSA44, type Note, parseNote, parseVkey } from '../core/note.ts';
import { signatureBytes } from '../core/signature.ts';
import { isSize } from '../core/size.ts';
import type { Policy } from './kinds/policy.ts';

/** A checkpoint as a point in time. */
export type Mark = {
  readonly size: number;
  /** RFC 3339; none if no cosignature carries one. */
  readonly time?: string;
  /** Whose word the time is. */
  readonly word: 'witnesses' | 'log';
  /** Who cosigned at about this time, by the names in the note. */
  readonly by: readonly string[];
};

/** The checkpoints around an entry: `from` does not hold it, `to` does. Either may not have been published yet. */
export type Interval = { readonly from?: Mark; readonly to?: Mark };

type Cosigned = { readonly name: string; readonly time: number };

/** Cosignatures are a time in front of a signature. */
const MLDSA44_LINE = 8 + signatureBytes('mldsa44');

/**
 * Reads a published note. `side` decides which of several times counts: for the checkpoint before an entry the earliest,
 * for the one after it the latest, so that the entry lies between them whoever of the witnesses was wrong.
 */
export function markOf(note: Uint8Array, side: 'from' | 'to', policy: Policy | undefined): Mark {
  const parsed = parseNote(note);
  const { origin, size } = parseCheckpoint(parsed.text);
  const witnessed = policy === undefined ? [] : byWitnesses(parsed, policy);
  const enough = witnessed.length > 0 && witnessed.length >= (policy?.witnessQuorum ?? 1);
  const cosigned = enough ? witnessed : byLog(parsed, origin);
  const times = cosigned.map(({ time }) => time).sort((a, b) => a - b);
  const time = side === 'from' ? times[0] : times.at(-1);
  const by = cosigned.map(({ name }) => name);
  return { size, word: enough ? 'witnesses' : 'log', by, ...(time === undefined ? {} : { time: textOf(time) }) };
}

function byLog({ signatures }: Note, origin: string): Cosigned[] {
  const own = signatures.filter(({ name, signature }) => name === origin && signature.length === MLDSA44_LINE);
  return own.flatMap(({ name, signature }) => cosigned(name, signature));
}

function byWitnesses({ signatures }: Note, { witnesses = [] }: Policy): Cosigned[] {
  const known = witnesses
    .map(parseVkey)
    .filter(({ type }) => type === COSIGNATURE_ED25519 || type === COSIGNATURE_MLDSA44);
  return signatures.flatMap((line) => {
    const isKnown = known.some(({ name, id }) => name === line.name && id === line.id);
    return isKnown ? cosigned(line.name, line.signature) : [];
  });
}

function cosigned(name: string, signature: Uint8Array): Cosigned[] {
  const time = signature.subarray(0, 8).reduce((value, byte) => value * 256 + byte, 0);
  return isSize(time) && time > 0 ? [{ name, time }] : [];
}

const textOf = (seconds: number): string => new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
