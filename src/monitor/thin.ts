/**
 * Forgets old heads, so that a monitor does not grow with the time that it has run: a log publishes a head a second, and
 * any of them can be judged again by the tree. All heads of the last day are kept, then the last of each hour, after 90
 * days the last of each day. Kept for ever are those that prove or tell something: heads that conflict or were never
 * verified, those of the sizes that evidence or an alert speaks of, and the newest. @module
 */
import { parseCheckpoint } from '../core/checkpoint.ts';
import { parseEvidence } from '../core/evidence.ts';
import { parseNote } from '../core/note.ts';
import { isSize } from '../core/size.ts';
import type { MonitorStore } from './memory.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const AGES = [
  { age: DAY, interval: HOUR },
  { age: 90 * DAY, interval: DAY },
];

export function thin(store: MonitorStore, origin: string, now: number): void {
  const keep = new Set([store.known(origin).size, ...inEvidence(store, origin), ...inAlerts(store, origin)]);
  for (const { age, interval } of AGES) store.thinHeads(origin, now - age, interval, keep);
}

function inEvidence(store: MonitorStore, origin: string): number[] {
  return store.evidence(origin).flatMap((id) => {
    const { notes } = parseEvidence(store.evidenceFile(origin, id) as Uint8Array);
    return notes.map((note) => parseCheckpoint(parseNote(note).text).size);
  });
}

function inAlerts(store: MonitorStore, origin: string): number[] {
  return [...store.alerts()].flatMap(({ origin: about, detail }) =>
    about === origin && isSize(detail.size) ? [detail.size] : [],
  );
}
