/** `GET /healthz`: 200 while the log signs what it takes in, 503 with the reason while it does not. @module */
import type { LogHandle } from '../log/handle.ts';
import type { Handler } from './route.ts';

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
