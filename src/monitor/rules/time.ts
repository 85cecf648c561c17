/** What is told of times: a clock that lies, late reports, promises that are overdue, streams that fell silent. @module */
import { secondsBetween } from '../../registry/time.ts';
import { nameOf } from '../../registry/view.ts';
import type { Finding } from '../alert.ts';
import type { Watch } from '../watch.ts';
import { type EntryRule, later, onKind } from './seen.ts';

/** SPEC (VOCABULARY §1): monitors compare heartbeats with witnesses' timestamps and raise an alarm beyond five minutes. */
const CLOCK_ERROR = 300;
/** SPEC (VOCABULARY §4): more than 72 hours after `effectiveAt` is reported late. */
const LATE = 72 * 3600;

/** A sign of life of a log without witnesses. */
export const HEARTBEAT = 'heartbeat';

export const lyingClock: EntryRule = onKind('heartbeat', ({ at }, { entry, bounds, memory }) => {
  memory.set(HEARTBEAT, at);
  const { after, before, now } = bounds;
  const behind = after !== undefined && at < later(after, -CLOCK_ERROR);
  const ahead = [before, now].find((bound) => bound !== undefined && at > later(bound, CLOCK_ERROR));
  if (!behind && ahead === undefined) return [];
  const bound = behind ? `an earlier head was cosigned at ${after}` : `it was seen at ${ahead}`;
  return [
    {
      kind: 'match',
      rule: 'clock',
      subject: String(entry.index),
      index: entry.index,
      summary: `the clock of the log says ${at} at entry ${entry.index}, but ${bound}`,
      detail: { at, after: after ?? null, before: before ?? null, now },
    },
  ];
});

/** An entry was made no earlier than the log's clock before it says, and no earlier than a head without it. */
export const lateReport: EntryRule = onKind('relocation', (payload, { entry, view, bounds }) => {
  const { effectiveAt, relocationId, phase } = payload;
  const reported = [view.get('heartbeat', '')?.at, bounds.after].reduce<string>(
    (latest, time) => (time !== undefined && time > latest ? time : latest),
    '',
  );
  if (reported <= later(effectiveAt, LATE)) return [];
  const hours = Math.floor(secondsBetween(effectiveAt, reported) / 3600);
  return [
    {
      kind: 'match',
      rule: 'late-report',
      subject: String(entry.index),
      index: entry.index,
      summary: `${entry.statement.iss} reported ${phase} of ${relocationId} ${hours} hours after it took effect`,
      detail: { effectiveAt, reported },
    },
  ];
});

const promiseFact = (iss: string, relocationId: string) => `promise/${nameOf(iss, relocationId)}`;
const streamFact = (organisation: string, product: string) => `stream/${JSON.stringify([organisation, product])}`;
/** A promise that is kept or taken back. */
const CLOSED = '';

/** Remembers what was promised until when, and when a stream was last heard of. */
export const remember: EntryRule = (seen) => {
  promise(seen);
  stream(seen);
  return [];
};

const promise = onKind('relocation', (payload, { entry, memory }) => {
  const fact = promiseFact(entry.statement.iss, payload.relocationId);
  if (payload.phase === 'announced') memory.set(fact, `${payload.due} ${entry.index}`);
  else if ((payload.phase === 'completed' || payload.phase === 'cancelled') && memory.get(fact))
    memory.set(fact, CLOSED);
  return [];
});

const stream = onKind('build', ({ product }, { entry, view, bounds, memory, watch }) => {
  const { iss } = entry.statement;
  const watched = watch.streams?.some((one) => one.organisation === iss && one.product === product);
  // The log's clock; where it is not known, when it was seen.
  const at = view.get('heartbeat', '')?.at ?? bounds.now;
  if (watched) memory.set(streamFact(iss, product), `${at} ${entry.index}`);
  return [];
});

/** SPEC (VOCABULARY §4): an announced promise whose `due` has passed without `completed` is overdue. */
export function overdue(promises: ReadonlyMap<string, string>, now: string): Finding[] {
  return [...promises].flatMap(([name, value]): Finding[] => {
    const [due = '', index] = value.split(' ');
    if (now <= due) return [];
    const relocation = name.slice('promise/'.length);
    return [
      {
        kind: 'match',
        rule: 'overdue',
        subject: `${relocation} ${index}`,
        index: Number(index),
        summary: `${relocation} was promised for ${due} and is not completed`,
        detail: { due },
      },
    ];
  });
}

/** Silence is told once for each last entry: the next one begins it anew. One that was never heard of is told once. */
export function silent(watch: Watch, streams: ReadonlyMap<string, string>, now: string): Finding[] {
  return (watch.streams ?? []).flatMap(({ organisation, product, hours }): Finding[] => {
    const [last, index] = streams.get(streamFact(organisation, product))?.split(' ') ?? [];
    if (last !== undefined && now <= later(last, hours * 3600)) return [];
    const heard = last === undefined ? 'has never been heard of' : `was last heard of at ${last}`;
    return [
      {
        kind: 'match',
        rule: 'silent-stream',
        subject: `${organisation} ${product} ${index ?? 'never'}`,
        summary: `${product} of ${organisation} ${heard}; it is built every ${hours} hours`,
        detail: { last: last ?? null },
        ...(index === undefined ? {} : { index: Number(index) }),
      },
    ];
  });
}
