/** `GET /metrics` for Prometheus, by prom-client: what the log did, how long it took, what it refused. @module */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Observation } from '../log/channel.ts';
import type { WitnessStatus } from '../log/cosign.ts';
import type { LogHandle } from '../log/handle.ts';
import type { Pusher, PushStatus } from '../log/push.ts';
import type { WitnessingStatus } from '../log/witnessing.ts';
import { createRequestMetrics, gauge, type RequestMetrics } from './requestmetrics.ts';

export type Metrics = RequestMetrics & {
  observe(observation: Observation): void;
  watch(log: LogHandle, pushers: readonly Pusher[]): void;
};

/** From a tenth of a millisecond to ten seconds. */
const BUCKETS = [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10];

export function createMetrics(): Metrics {
  const requests = createRequestMetrics();
  const { registry } = requests;
  const registers = [registry];
  const entries = new Counter({ name: 'limmat_entries_total', help: 'Entries committed since the start', registers });
  const steps = new Histogram({
    name: 'limmat_step_seconds',
    help: 'Time taken by each step of the write path',
    labelNames: ['step'],
    buckets: BUCKETS,
    registers,
  });
  return {
    ...requests,
    observe({ what, seconds, entries: count }) {
      steps.observe({ step: what }, seconds);
      if (what === 'turn') entries.inc(count);
    },
    watch(log, pushers) {
      gauge(registry, 'limmat_published_size', 'Size of the published tree', () => log.published?.head.size ?? 0);
      gauge(registry, 'limmat_waiting', 'Submissions waiting for an answer', () => log.waiting);
      gauge(registry, 'limmat_frozen', '1 while the log refuses to sign', () => (log.frozen ? 1 : 0));
      gauge(
        registry,
        'limmat_read_only',
        '1 while the log takes in nothing, for want of disk or as its clock is off',
        () => (log.readOnly ? 1 : 0),
      );
      gauge(
        registry,
        'limmat_key_away',
        '1 while the keys that sign checkpoints and heartbeats cannot be reached',
        () => (log.keyAwaySince === undefined ? 0 : 1),
      );
      watchWitnesses(registry, log);
      if (pushers.length > 0) watchPushers(registry, pushers);
    },
  };
}

/** What is known of the witnesses that this log asks; nothing in a log that asks none. */
function watchWitnesses(registry: Registry, log: LogHandle): void {
  const registers = [registry];
  const all = (name: string, help: string, read: (status: WitnessingStatus) => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        if (log.witnessing) this.set(read(log.witnessing));
      },
    });
  all('limmat_quorum', '1 if the last round met the quorum of witnesses', ({ quorum }) => (quorum ? 1 : 0));
  all('limmat_witness_fail_open', '1 if checkpoints may be published without a quorum', (s) => (s.failOpen ? 1 : 0));
  all('limmat_published_without_quorum', 'Checkpoints so published since the start', (s) => s.publishedWithout);
  const each = (name: string, help: string, read: (witness: WitnessStatus) => number | undefined) =>
    new Gauge({
      name,
      help,
      labelNames: ['witness'],
      registers,
      collect() {
        for (const witness of log.witnessing?.witnesses ?? []) this.set({ witness: witness.name }, read(witness) ?? 0);
      },
    });
  each('limmat_cosign_attempts', 'Requests to a witness since the start', ({ attempts }) => attempts);
  each('limmat_cosign_successes', 'Rounds that it cosigned', ({ successes }) => successes);
  each('limmat_cosign_conflicts', 'Answers that named another size', ({ conflicts }) => conflicts);
  each('limmat_witness_alarm', '1 if it says that this log was rolled back or has forked', ({ alarm }) =>
    alarm ? 1 : 0,
  );
  each('limmat_cosign_size', 'The size that it has cosigned last', ({ size }) => size);
  each('limmat_cosign_time_seconds', 'When it did, since 1970', (one) => one.lastSuccess && one.lastSuccess / 1000);
}

/** The mirrors that this log pushes to, by their hosts. */
function watchPushers(registry: Registry, pushers: readonly Pusher[]): void {
  const each = (name: string, help: string, read: (status: PushStatus) => number) =>
    new Gauge({
      name,
      help,
      labelNames: ['mirror'],
      registers: [registry],
      collect() {
        for (const status of pushers.map((one) => one.status())) {
          this.set({ mirror: new URL(status.url).host }, read(status));
        }
      },
    });
  each('limmat_push_size', 'The size that a mirror has by what was pushed', ({ size }) => size);
  each('limmat_push_failures', 'Attempts that failed since the start', ({ failures }) => failures);
  each('limmat_push_trouble', '1 while the mirror cannot be brought up to date', ({ trouble }) => (trouble ? 1 : 0));
  each('limmat_push_time_seconds', 'When it was up to date, since 1970', (one) => (one.lastSuccess ?? 0) / 1000);
}
