/** `GET /healthz` and `GET /metrics` of a witness: what it knows of each log, and what it answered. @module */
import { Counter, Gauge } from 'prom-client';
import type { EvidenceKind, Known } from '../witness/ports.ts';
import type { Witness } from '../witness/witness.ts';
import { answers, type Described, object, SIZE } from './describe.ts';
import { createRequestMetrics, metricsDescribed, metricsHandler, type RequestMetrics } from './requestmetrics.ts';
import { asJson, asText, type Handler, noBody, type Route } from './route.ts';

export type WitnessMetrics = RequestMetrics & {
  evidence(origin: string, kind: EvidenceKind): void;
  /** `away` tells whether its key cannot be reached. */
  watch(witness: Witness, away: () => boolean): void;
};

export function createWitnessMetrics(): WitnessMetrics {
  const requests = createRequestMetrics();
  const registers = [requests.registry];
  const evidence = new Counter({
    name: 'limmat_witness_evidence_total',
    help: 'Signed checkpoints kept since the start as they speak against their log',
    labelNames: ['origin', 'kind'],
    registers,
  });
  return {
    ...requests,
    evidence: (origin, kind) => evidence.inc({ origin, kind }),
    watch(witness, away) {
      new Gauge({
        name: 'limmat_key_away',
        help: '1 while the key that cosigns cannot be reached',
        registers,
        collect() {
          this.set(away() ? 1 : 0);
        },
      });
      const gauge = (name: string, help: string, read: (known: Known) => number) =>
        new Gauge({
          name,
          help,
          labelNames: ['origin'],
          registers,
          collect() {
            for (const { origin, known } of witness.logs()) this.set({ origin }, read(known));
          },
        });
      gauge('limmat_witness_size', 'Size of the latest checkpoint that was cosigned', ({ size }) => size);
      gauge('limmat_witness_time_seconds', 'When it was cosigned, in seconds since 1970', ({ time }) => time);
    },
  };
}

const health = object({
  status: { enum: ['ok', 'degraded', 'stopping'] },
  'problem?': { type: 'string' },
  name: { type: 'string' },
  logs: SIZE,
});
const healthDescribed: Described = {
  summary:
    'Whether the witness can read its state; degraded while it cannot reach its key, or its clock is far behind.',
  answers: {
    ...answers('It can', 'application/json', health),
    503: { says: 'It stops', types: { 'application/json': health } },
  },
};

type Watched = {
  readonly witness: Witness;
  readonly name: string;
  readonly stopping: () => boolean;
  readonly away: () => boolean;
};

/** The routes for those who run the witness. */
export function witnessOperatorRoutes(watched: Watched, metrics: WitnessMetrics): Route[] {
  const get = { method: 'GET', limit: noBody, hot: false } as const;
  return [
    {
      ...get,
      path: '/healthz',
      form: asJson,
      handler: healthHandler(watched),
      described: healthDescribed,
    },
    { ...get, path: '/metrics', form: asText, handler: metricsHandler(metrics), described: metricsDescribed },
  ];
}

/** 200 while it can read its state, 503 while it stops; a state that cannot be read is a 500. */
function healthHandler({ witness, name, stopping, away }: Watched): Handler {
  return () => {
    const logs = witness.logs();
    const problem = witness.trouble(logs);
    const status = stopping() ? 'stopping' : away() || problem ? 'degraded' : 'ok';
    const body = { status, problem, name, logs: logs.length };
    return {
      status: stopping() ? 503 : 200,
      headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
      body: `${JSON.stringify(body)}\n`,
    };
  };
}
