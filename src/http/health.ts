/**
 * `GET /healthz`: 200 while the log takes in what it is sent, `degraded` while its key or witnesses keep it from
 * publishing, witnesses are done without, or one speaks against the log; 503 with the reason while it takes in nothing. @module
 */
import type { LogHandle } from '../log/handle.ts';
import type { WitnessingStatus } from '../log/witnessing.ts';
import { answers, type Described, object, SIZE } from './describe.ts';
import type { Handler } from './route.ts';

const health = object({
  status: { enum: ['ok', 'degraded', 'unhealthy'] },
  'problem?': { type: 'string' },
  origin: { type: 'string' },
  'publishedSize?': SIZE,
  'witnesses?': { type: 'object' },
});
export const healthDescribed: Described = {
  summary: 'Whether the log signs what it takes in.',
  answers: {
    ...answers('It does', 'application/json', health),
    503: { says: 'It does not, and why', types: { 'application/json': health } },
  },
};

const LATE = 'entries are logged and answered 202, and the older checkpoint stays';

export type Health = { readonly log: LogHandle; readonly origin: string; readonly stopping: () => boolean };

export function healthHandler({ log, origin, stopping }: Health): Handler {
  return () => {
    const { published, witnessing } = log;
    const unhealthy = whyUnhealthy(log) ?? (stopping() ? 'the server is stopping' : undefined);
    const healthy = unhealthy === undefined && (published !== undefined || witnessing?.quorum === false);
    const degraded = whyDegraded(log);
    const status = healthy ? (degraded ? 'degraded' : 'ok') : 'unhealthy';
    const problem = unhealthy ?? degraded;
    const body = { status, problem, origin, publishedSize: published?.head.size, witnesses: toJson(witnessing) };
    return {
      status: healthy ? 200 : 503,
      headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
      body: `${JSON.stringify(body)}\n`,
    };
  };
}

/** What keeps the log from taking in, signing or publishing as it should, for people; undefined while nothing does. */
export function troubleOf(log: LogHandle): string | undefined {
  return whyUnhealthy(log) ?? whyDegraded(log);
}

function whyUnhealthy({ frozen, readOnly, heartbeatAwaySince }: LogHandle): string | undefined {
  const closed = readOnly?.message ?? (heartbeatAwaySince === undefined ? undefined : whyClosed(heartbeatAwaySince));
  return frozen?.message ?? closed;
}

function whyDegraded({ keyAwaySince, witnessing }: LogHandle): string | undefined {
  return keyAwaySince === undefined ? witnessing && whyUnwitnessed(witnessing) : whyUnsigned(keyAwaySince);
}

/** Which token it is, and what is wrong with it, is in the log of the server alone. */
function whyUnsigned(since: number): string {
  return `the key that signs checkpoints cannot be reached since ${isoTime(since)}: ${LATE}`;
}

function whyClosed(since: number): string {
  return `nothing is taken in: a heartbeat is due, and its key cannot be reached since ${isoTime(since)}`;
}

function whyUnwitnessed({ failOpen, quorum, withoutSince, witnesses }: WitnessingStatus): string | undefined {
  const accuser = witnesses.find(({ alarm }) => alarm !== undefined);
  if (accuser) return `ALARM: the witness ${accuser.name} says of this log: ${accuser.alarm}`;
  const without = withoutSince === undefined ? '' : `no quorum of witnesses since ${isoTime(withoutSince)}`;
  if (failOpen) {
    return `--witness-fail-open is on: checkpoints are published without witnesses if need be${without && `; ${without}`}`;
  }
  return quorum === false ? `${without}: ${LATE}` : undefined;
}

/** Without the URLs of the witnesses, which are nobody else's business. */
function toJson(status: WitnessingStatus | undefined): object | undefined {
  if (!status) return undefined;
  const { quorum, failOpen, publishedWithout, witnesses } = status;
  const each = witnesses.map(({ name, size, lastSuccess, trouble, alarm }) => {
    return { name, size, cosignedAt: lastSuccess === undefined ? undefined : isoTime(lastSuccess), trouble, alarm };
  });
  return { quorum, failOpen, publishedWithout, each };
}

const isoTime = (milliseconds: number): string => new Date(milliseconds).toISOString();
