/** The state of a witness in memory, and a wrapper that fails at one call: before its effect, or after it. */
import { createHash } from 'node:crypto';
import { equal, fromUtf8, toHex } from '../../src/core/bytes.ts';
import { EMPTY_ROOT } from '../../src/core/hash.ts';
import { parseNote, type Vkey } from '../../src/core/note.ts';
import type { Evidence, Known, WitnessStore } from '../../src/witness/ports.ts';

export type TestStore = WitnessStore & {
  addLog(origin: string, vkey: Vkey): boolean;
  evidence(): Iterable<Evidence>;
  close(): void;
};

type State = { readonly logs: Map<string, { vkeys: Vkey[]; known: Known }>; readonly evidence: Evidence[] };

export const emptyState = (): State => ({ logs: new Map(), evidence: [] });

export function memoryStore({ logs, evidence }: State): TestStore {
  const copy = (known: Known): Known => structuredClone(known);
  return {
    log(origin) {
      const log = logs.get(origin);
      return log && { origin, vkeys: [...log.vkeys], known: copy(log.known) };
    },
    originOf: (hash) => [...logs.keys()].find((origin) => sha256Hex(origin) === hash),
    origins: () => [...logs.keys()].sort(),
    advance(origin, from, to) {
      const log = logs.get(origin);
      if (!log) return false;
      const { size, root, time } = log.known;
      if (size !== from.size || time !== from.time || !equal(root, from.root)) return false;
      if (to.size < size || to.time < time || (to.size === size && !equal(to.root, root)) || !to.note) {
        throw new Error('what is witnessed only grows');
      }
      log.known = copy(to);
      return true;
    },
    keep(added, max) {
      const alike = evidence.filter(({ origin, kind }) => origin === added.origin && kind === added.kind);
      if (alike.length >= max || alike.some(({ offered }) => textOf(offered) === textOf(added.offered))) return false;
      evidence.push(structuredClone(added));
      return true;
    },
    addLog(origin, vkey) {
      const log = logs.get(origin) ?? { vkeys: [], known: { size: 0, root: EMPTY_ROOT, time: 0, note: undefined } };
      logs.set(origin, log);
      if (log.vkeys.some(({ key }) => toHex(key.bytes) === toHex(vkey.key.bytes))) return false;
      log.vkeys.push(vkey);
      return true;
    },
    evidence: () => structuredClone(evidence),
    close() {},
  };
}

const textOf = (note: Uint8Array): string => parseNote(note).text;
const sha256Hex = (text: string): string => createHash('sha256').update(text).digest('hex');

export type FaultPoint = 'advance' | 'keep';

/** Throws at the next call of `point` once it is armed; the write is lost, or kept. */
export function faulty(store: TestStore): TestStore & { arm(point: FaultPoint, kept: boolean): void } {
  let armed: { point: FaultPoint; kept: boolean } | undefined;
  const guard = <T>(point: FaultPoint, effect: () => T): T => {
    if (armed?.point !== point) return effect();
    const { kept } = armed;
    armed = undefined;
    if (kept) effect();
    throw new Error(`${point} failed, write ${kept ? 'kept' : 'lost'}`);
  };
  return {
    ...store,
    arm(point, kept) {
      armed = { point, kept };
    },
    log: (origin) => store.log(origin),
    advance: (origin, from, to) => guard('advance', () => store.advance(origin, from, to)),
    keep: (evidence, max) => guard('keep', () => store.keep(evidence, max)),
  };
}

export const noteText = (note: Uint8Array | undefined): string => fromUtf8(note ?? new Uint8Array(), 'bad-note');
