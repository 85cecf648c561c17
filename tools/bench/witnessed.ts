/** What three witnesses on the loopback, two of which must cosign, cost a log: beside the same log without any. @module */
import { writeFileSync } from 'node:fs';
import { serveWitness } from '../../test/flow/server.ts';
import type { World } from '../vendor.ts';
import { describe, type Form, publishedSize, toLoad } from './append.ts';
import { measureIdle } from './latency.ts';
import { observe, toSample } from './observe.ts';
import { type Log, limmat, startLog } from './processes.ts';
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
  readonly turns: number;
  readonly results: Results;
};

/** One of the two logs, and how many of the bodies of each form it has had. */
type Side = { readonly log: Log; readonly how: string; readonly sent: Map<Form, number> };

/** Submits alone to an idle log and then in every form, without witnesses and with them in turn; each pair is a sample. */
export async function measureWitnessed(bench: Witnessed): Promise<void> {
  const { folder, world, size, idle, turns, forms, results } = bench;
  const [template, plain, asking] = [`${folder}/statements-${size}`, `${folder}/copy`, `${folder}/copy-witnessed`];
  const witnesses = await Promise.all([0, 1, 2].map((n) => startWitness(`${folder}/witness-${n}`, n, template)));
  const policy = `${folder}/witnesses.policy`;
  writeFileSync(policy, policyOf(witnesses));
  const sides: Side[] = [];
  const open = async (copy: string, how: string, ...flags: string[]) => {
    copyLog(template, copy);
    const side = { log: await startLog(copy, ...flags), how, sent: new Map() };
    sides.push(side);
    return side;
  };
  try {
    const without = await open(plain, ', no witnesses');
    const withThem = await open(asking, ', 2 of 3 witnesses', '--policy', policy);
    const few = Math.ceil(idle / turns);
    for (let turn = 0; turn < turns; turn++) {
      // Numbers of builds beyond those of the templates and of the rounds.
      const fresh = [...builds(world, 1000 * size + turn * few, few)];
      for (const { log, how } of sides) await measureIdle(log, size, fresh, results, how);
    }
    for (const form of forms) {
      const times = form.warming ? 1 : turns;
      for (let turn = 0; turn < times; turn++) {
        const { value } = await append(without, form, form.seconds / times);
        const sample = await append(withThem, form, form.seconds / times);
        if (form.warming) continue;
        const what = `append ${describe(form)}, 2 of 3 witnesses, × without`;
        results.add(what, size, 'entries/s', { ...sample, ratio: sample.value / value });
      }
    }
  } finally {
    await Promise.all([...sides.map(({ log }) => log.end()), ...witnesses.map((witness) => witness.end('SIGTERM'))]);
    for (const data of [plain, asking, ...[0, 1, 2].map((n) => `${folder}/witness-${n}`)]) removeLog(data);
  }
}

async function append({ log, sent }: Side, form: Form, seconds: number): Promise<ReturnType<typeof toSample>> {
  const before = await publishedSize(log.port);
  const skip = sent.get(form) ?? 0;
  const observed = await observe(log, { ...toLoad(form, '/entries'), seconds, skip });
  sent.set(form, skip + observed.requests);
  return toSample(observed, (await publishedSize(log.port)) - before);
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
