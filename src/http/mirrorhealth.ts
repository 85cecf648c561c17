/** `GET /healthz` and `GET /metrics` of a mirror: how far it is, whether that went well, what it answered. @module */
import type { Mirror } from '../monitor/mirror.ts';
import { answers, type Described, object, SIZE } from './describe.ts';
import {
  createRequestMetrics,
  gauge,
  metricsDescribed,
  metricsHandler,
  type RequestMetrics,
} from './requestmetrics.ts';
import { asJson, asText, type Handler, noBody, type Route } from './route.ts';

/** How a mirror is, beside what it has decided. */
export type MirrorState = {
  readonly mirror: Mirror;
  /** How many evidence files are kept. */
  evidence(): number;
  /** What goes wrong; undefined while nothing does. */
  trouble(): string | undefined;
};

export function createMirrorMetrics({ mirror, evidence, trouble }: MirrorState): RequestMetrics {
  const metrics = createRequestMetrics();
  const { registry } = metrics;
  gauge(registry, 'limmat_mirror_size', 'Size of the checkpoint that is served', () => mirror.mirrored()?.size ?? 0);
  gauge(registry, 'limmat_mirror_time_seconds', 'When it was cosigned, since 1970', () => mirror.mirrored()?.time ?? 0);
  gauge(
    registry,
    'limmat_mirror_pending_size',
    'Size of the newest that the log signed',
    () => mirror.pending()[0]?.size ?? 0,
  );
  gauge(registry, 'limmat_mirror_entries', 'Entries that are stored', () => mirror.tree.head.size);
  gauge(registry, 'limmat_mirror_evidence', 'Evidence files that are kept against the log', evidence);
  gauge(registry, 'limmat_mirror_trouble', '1 if the last round did not go well', () =>
    trouble() === undefined ? 0 : 1,
  );
  return metrics;
}

const health = object({
  status: { enum: ['ok', 'unhealthy'] },
  'problem?': { type: 'string' },
  origin: { type: 'string' },
  'mirroredSize?': SIZE,
  'pendingSize?': SIZE,
  nextEntry: SIZE,
  evidence: SIZE,
});
const HEALTH: Described = {
  summary: 'Whether the last round went well, and its cosignatures count.',
  answers: {
    ...answers('So it is', 'application/json', health),
    503: { says: 'It is not so, and why', types: { 'application/json': health } },
  },
};

/** The routes for those who run the mirror. */
export function mirrorOperatorRoutes(state: MirrorState, metrics: RequestMetrics): Route[] {
  const get = { method: 'GET', limit: noBody, hot: false } as const;
  return [
    { ...get, path: '/healthz', form: asJson, handler: healthHandler(state), described: HEALTH },
    { ...get, path: '/metrics', form: asText, handler: metricsHandler(metrics), described: metricsDescribed },
  ];
}

/** 200 while nothing goes wrong, 503 with the reason while something does. */
function healthHandler({ mirror, evidence, trouble }: MirrorState): Handler {
  return () => {
    const [problem, mirrored, pending] = [trouble(), mirror.mirrored(), mirror.pending()[0]];
    const status = problem === undefined && mirrored ? 'ok' : 'unhealthy';
    const sizes = { mirroredSize: mirrored?.size, pendingSize: pending?.size, nextEntry: mirror.tree.head.size };
    const body = { status, problem, origin: mirror.origin, ...sizes, evidence: evidence() };
    const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' };
    return { status: status === 'ok' ? 200 : 503, headers, body: `${JSON.stringify(body)}\n` };
  };
}
