/** What every server of ours counts: requests, refusals, and its own process; by prom-client. @module */
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { answers, type Described } from './describe.ts';
import type { Handler, Watch } from './route.ts';

export const metricsDescribed: Described = {
  summary: 'Counters for Prometheus.',
  answers: answers('The text format of Prometheus', 'text/plain'),
};

export type RequestMetrics = Pick<Watch, 'count' | 'refused'> & { readonly registry: Registry };

export function createRequestMetrics(): RequestMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const requests = new Counter({
    name: 'limmat_http_requests_total',
    help: 'Requests answered',
    labelNames: ['route', 'status'],
    registers,
  });
  const refusals = new Counter({
    name: 'limmat_refusals_total',
    help: 'Requests and submissions refused, by fault code',
    labelNames: ['code'],
    registers,
  });
  return {
    registry,
    count: counting((route, status) => requests.labels({ route, status })),
    refused: (code) => refusals.inc({ code }),
  };
}

/** Finds the counter of a route and a status once, since looking it up costs more than counting. */
function counting(find: (route: string, status: number) => { inc(): void }): Watch['count'] {
  const known = new Map<string, { inc(): void }[]>();
  return (route, status) => {
    const statuses = known.get(route) ?? [];
    known.set(route, statuses);
    statuses[status] ??= find(route, status);
    statuses[status].inc();
  };
}

/** A gauge that is read when it is asked for. */
export function gauge(registry: Registry, name: string, help: string, read: () => number): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      this.set(read());
    },
  });
}

export function metricsHandler({ registry }: Pick<RequestMetrics, 'registry'>): Handler {
  return async () => ({
    status: 200,
    headers: { 'content-type': registry.contentType, 'cache-control': 'no-store' },
    body: await registry.metrics(),
  });
}
