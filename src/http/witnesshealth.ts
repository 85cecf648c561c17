/** `GET /healthz` and `GET /metrics` of a witness: what it knows of each log, and what it answered. @module */
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { EvidenceKind, Known } from '../witness/ports.ts';
import type { Witness } from '../witness/witness.ts';
import { answers, type Described, object, SIZE } from './describe.ts';
import { metricsDescribed, metricsHandler } from './metrics.ts';
import { asJson, asText, type Handler, noBody, type Route, type Watch } from './route.ts';

export type WitnessMetrics = Pick<Watch, 'count' | 'refused'> & {
  readonly registry: Registry;
  evidence(origin: string, kind: EvidenceKind): void;
  watch(witness: Witness): void;
};

export function createWitnessMetrics(): WitnessMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const counter = <T extends string>(name: string, help: string, ...labelNames: T[]) =>
    new Counter({ name, help, labelNames, registers });
  const requests = counter('limmat_http_requests_total', 'Requests answered', 'route', 'status');
  const refusals = counter('limmat_refusals_total', 'Requests refused, by fault code', 'code');
  const evidence = counter(
    'limmat_witness_evidence_total',
    'Signed checkpoints kept since the start as they speak against their log',
    'origin',
    'kind',
  );
  return {
    registry,
    count: (route, status) => requests.inc({ route, status }),
    refused: (code) => refusals.inc({ code }),
    evidence: (origin, kind) => evidence.inc({ origin, kind }),
    watch(witness) {
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

const health = object({ status: { enum: ['ok', 'stopping'] }, name: { type: 'string' }, logs: SIZE });
const healthDescribed: Described = {
  summary: 'Whether the witness can read its state.',
  answers: {
    ...answers('It can', 'application/json', health),
    503: { says: 'It stops', types: { 'application/json': health } },
  },
};

/** The routes for those who run the witness. */
export function witnessOperatorRoutes(
  witness: Witness,
  name: string,
  stopping: () => boolean,
  metrics: WitnessMetrics,
): Route[] {
  const get = { method: 'GET', limit: noBody, hot: false } as const;
  return [
    {
      ...get,
      path: '/healthz',
      form: asJson,
      handler: healthHandler(witness, name, stopping),
      described: healthDescribed,
    },
    { ...get, path: '/metrics', form: asText, handler: metricsHandler(metrics), described: metricsDescribed },
  ];
}

/** 200 while it can read its state, 503 while it stops; a state that cannot be read is a 500. */
function healthHandler(witness: Witness, name: string, stopping: () => boolean): Handler {
  return () => {
    const body = { status: stopping() ? 'stopping' : 'ok', name, logs: witness.logs().length };
    return {
      status: stopping() ? 503 : 200,
      headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
      body: `${JSON.stringify(body)}\n`,
    };
  };
}
