/** `GET /healthz`: 200 while the log signs what it takes in, 503 with the reason while it does not. @module */
import type { LogHandle } from '../log/handle.ts';
import { answers, type Described, object, SIZE } from './describe.ts';
import type { Handler } from './route.ts';

const health = object({
  status: { enum: ['ok', 'unhealthy'] },
  'problem?': { type: 'string' },
  origin: { type: 'string' },
  'publishedSize?': SIZE,
});
export const healthDescribed: Described = {
  summary: 'Whether the log signs what it takes in.',
  answers: {
    ...answers('It does', 'application/json', health),
    503: { says: 'It does not, and why', types: { 'application/json': health } },
  },
};

export type Health = { readonly log: LogHandle; readonly origin: string; readonly stopping: () => boolean };

export function healthHandler({ log, origin, stopping }: Health): Handler {
  return () => {
    const problem = log.frozen?.message ?? (stopping() ? 'the server is stopping' : undefined);
    const healthy = problem === undefined && log.published !== undefined;
    const body = { status: healthy ? 'ok' : 'unhealthy', problem, origin, publishedSize: log.published?.head.size };
    return {
      status: healthy ? 200 : 503,
      headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
      body: `${JSON.stringify(body)}\n`,
    };
  };
}
