/** What three witnesses on the loopback, two of which must cosign, cost a log: beside the same log without any. @module */
import { writeFileSync } from 'node:fs';
import { serveWitness } from '../../test/flow/server.ts';
import type { World } from '../vendor.ts';
import { describe, type Form, publishedSize, toLoad } from './append.ts';
import { measureIdle } from './latency.ts';
import { observe, toSample } from './observe.ts';
import { limmat, startLog } from './processes.ts';
import type { Results } from './results.ts';
import { builds } from './statements.ts';
import { copyLog, removeLog } from './templates.ts';

type Server = Awaited<ReturnType<typeof serveWitness>>;

export type Witnessed = {
  readonly folder: string;
  readonly world: World;
  readonly forms: readonly Form[];
  readonly size: number;
  readonly idle: number;
  readonly seconds: number;
  readonly results: Results;
};

/** Submits in every form, without witnesses and with them, one after the other; then alone to an idle log. */
export async function measureWitnessed(bench: Witnessed): Promise<void> {
  const { folder, size, forms, results } = bench;
  const [template, copy] = [`${folder}/statements-${size}`, `${folder}/copy`];
  const witnesses = await Promise.all([0, 1, 2].map((n) => startWitness(`${folder}/witness-${n}`, n, template)));
  const policy = `${folder}/witnesses.policy`;
  writeFileSync(policy, policyOf(witnesses));
  try {
    const without = await measureForms(bench, copy, template);
    const withThem = await measureForms(bench, copy, template, '--policy', policy);
    for (const form of forms.filter(({ warming }) => !warming)) {
      const sample = withThem.get(form) as ReturnType<typeof toSample>;
      const ratio = sample.value / (without.get(form)?.value as number);
      results.add(`append ${describe(form)}, 2 of 3 witnesses, × without`, size, 'entries/s', { ...sample, ratio });
    }
  } finally {
    await Promise.all(witnesses.map((witness) => witness.end('SIGTERM')));
    for (const n of [0, 1, 2]) removeLog(`${folder}/witness-${n}`);
    removeLog(copy);
  }
}

async function measureForms(
  { world, forms, size, idle, seconds, results }: Witnessed,
  copy: string,
  template: string,
  ...flags: string[]
): Promise<Map<Form, ReturnType<typeof toSample>>> {
  removeLog(copy);
  copyLog(template, copy);
  const log = await startLog(copy, ...flags);
  const samples = new Map<Form, ReturnType<typeof toSample>>();
  try {
    // Numbers of builds beyond those of the templates and of the rounds.
    const fresh = builds(world, 1000 * size + flags.length * idle, idle);
    await measureIdle(log, size, fresh, results, flags.length > 0 ? ', 2 of 3 witnesses' : ', no witnesses');
    for (const form of forms) {
      const before = await publishedSize(log.port);
      const observed = await observe(log, { ...toLoad(form, '/entries'), seconds });
      samples.set(form, toSample(observed, (await publishedSize(log.port)) - before));
    }
  } finally {
    await log.end();
  }
  return samples;
}

function startWitness(data: string, n: number, log: string): Promise<Server> {
  limmat('witness', 'init', '--data', data, '--name', `w${n}.example`);
  limmat('witness', 'add-log', '--data', data, `${log}/log.vkey`);
  return serveWitness(data, '--cosign', 'ed25519');
}

function policyOf(witnesses: readonly Server[]): string {
  const lines = witnesses.map(({ vkeys, url }, n) => `witness w${n} ${vkeys[0]} ${url}\n`);
  return `${lines.join('')}group enough 2 w0 w1 w2\nquorum enough\n`;
}
