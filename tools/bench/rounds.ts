/** One round of all measurements, on fresh copies of logs that were filled before. @module */
import type { World } from '../vendor.ts';
import { type Form, measureAppend, measureBare, opaqueForms, statementForms } from './append.ts';
import { measureIdle } from './latency.ts';
import { measureCommit, measurePrimitives } from './parts.ts';
import { startBare } from './processes.ts';
import {
  measureBareReads,
  measureHttpProofs,
  measureProofs,
  measureReceipts,
  measureTiles,
  measureVerdicts,
} from './reads.ts';
import type { Results } from './results.ts';
import type { Scale } from './scale.ts';
import { measureDisk, measureExport, startMeasured } from './sizes.ts';
import { builds, makeWorld } from './statements.ts';
import { copyLog, fill, makeLog, removeLog } from './templates.ts';
import { measureWitnessed } from './witnessed.ts';

/** What all rounds share. */
export type Bench = {
  readonly folder: string;
  readonly scale: Scale;
  readonly world: World;
  readonly opaque: readonly Form[];
  readonly statements: readonly Form[];
  readonly results: Results;
  readonly say: (text: string) => void;
};

const KINDS = ['opaque', 'statements'] as const;
type Kind = (typeof KINDS)[number];

/** Makes keys, the logs of every size, and the statements that will be submitted to them. */
export async function prepare(folder: string, scale: Scale, results: Results, say: Bench['say']): Promise<Bench> {
  const { world, flags } = makeWorld(folder);
  const template = { opaque: ['--entries', 'opaque'], statements: flags };
  for (const kind of KINDS) {
    const empty = `${folder}/${kind}-0`;
    makeLog(empty, ...template[kind]);
    let smaller = empty;
    for (const size of scale.sizes) {
      say(`filling a log with ${size} ${kind === 'opaque' ? 'opaque entries' : kind}`);
      const larger = `${folder}/${kind}-${size}`;
      copyLog(smaller, larger);
      await fill(larger, size, kind === 'opaque' ? undefined : world);
      smaller = larger;
    }
  }
  say('signing statements to submit');
  // Numbers of builds beyond those of any template.
  const statements = statementForms(scale, world, folder, 10 * (scale.sizes.at(-1) ?? 0));
  return { folder, scale, world, opaque: opaqueForms(scale), statements, results, say };
}

/** What the parts do alone, and what does not change from round to round. */
export async function measureParts({ folder, scale, results, say }: Bench): Promise<void> {
  say('parts: primitives and commits alone');
  await measurePrimitives(scale.seconds / 4, results);
  const copy = `${folder}/copy`;
  copyLog(`${folder}/opaque-0`, copy);
  measureCommit(copy, scale.seconds / 2, results);
  for (const size of scale.sizes) {
    say(`static copy of ${size} entries`);
    copyLog(`${folder}/opaque-${size}`, copy);
    await measureExport(copy, `${folder}/static-${size}`, size, results);
    for (const kind of KINDS) measureDisk(`${folder}/${kind}-${size}`, kind, size, results);
  }
  removeLog(copy);
}

/** Everything that servers are asked for, on logs of every size. */
export async function measureRound(bench: Bench, round: number): Promise<void> {
  const { scale, say } = bench;
  say(`round ${round}: the bare server`);
  const bare = await startBare();
  const rates = await measureBare(bare, [...bench.opaque, ...bench.statements], bench.results);
  const reads = await measureBareReads(bare, scale.seconds / 2, bench.results);
  await bare.end();
  for (const size of scale.sizes) {
    for (const kind of KINDS) {
      say(`round ${round}: ${kind}, ${size} entries`);
      await measureLog(bench, kind, size, round, rates, reads);
    }
  }
  say(`round ${round}: witnesses`);
  const { folder, world, statements: forms, results } = bench;
  const [size] = scale.sizes as [number];
  await measureWitnessed({ folder, world, forms, size, idle: scale.idle, turns: scale.turns, results });
}

async function measureLog(
  { folder, scale, world, results, ...forms }: Bench,
  kind: Kind,
  size: number,
  round: number,
  rates: ReadonlyMap<Form, number>,
  reads: number,
): Promise<void> {
  const copy = `${folder}/copy`;
  copyLog(`${folder}/${kind}-${size}`, copy);
  const log = await startMeasured(copy, kind, size, results);
  try {
    if (kind === 'opaque') {
      await measureTiles(log, size, reads, scale.seconds / 2, results);
    } else {
      // First, because it waits for the lookup, which goes through a copied log anew.
      await measureVerdicts(log, size, scale.seconds / 2, results);
      const proofs = { log, data: copy, size, bare: reads, seconds: scale.seconds, results };
      await measureHttpProofs(proofs);
      await measureReceipts(proofs);
      measureProofs(copy, size, scale.seconds / 4, results);
      const fresh = builds(world, 20 * size + round * scale.idle, scale.idle);
      await measureIdle(log, size, fresh, results);
    }
    await measureAppend(log, size, forms[kind], rates, results);
  } finally {
    await log.end();
    removeLog(copy);
  }
}
