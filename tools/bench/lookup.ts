/**
 * `node --conditions=source --import tsx tools/bench/lookup.ts [entries] [governance]`: what a lookup costs. Makes a log
 * of so many signed builds in memory, indexes it, asks for verdicts with proofs, folds a registry of so many governance
 * entries, and replays signed entries. Prints and never judges. @module
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packBundle, readBundle } from '../../src/core/bundle.ts';
import type { Hash } from '../../src/core/bytes.ts';
import { toHex, utf8 } from '../../src/core/bytes.ts';
import { decodeStatement } from '../../src/core/cose.ts';
import { answer } from '../../src/lookup/answers.ts';
import { Catalogue } from '../../src/lookup/catalogue.ts';
import type { LogSource } from '../../src/lookup/ports.ts';
import { Replay } from '../../src/monitor/replay.ts';
import { openPostings } from '../../src/store/postings.ts';
import { beginning, build, buildOf, digestOf, logKey, operations, root, say, subjectOfKey } from './vendorlog.ts';

const [size = 1_000_000, governance = 100_000] = process.argv.slice(2).map(Number);
const FOLDER = mkdtempSync(join(tmpdir(), 'limmat-lookup-'));
process.once('exit', () => rmSync(FOLDER, { recursive: true, force: true }));

/** Bundles, and the indexes that are folded; a proof is as long as it would be, and not a real one. */
function sourceOf(entries: Iterable<Uint8Array>): { source: LogSource; count: number; bundles: Uint8Array[] } {
  const bundles: Uint8Array[] = [];
  const folded: number[] = [];
  let open: Uint8Array[] = [];
  let count = 0;
  for (const entry of entries) {
    if (!decodeStatement(entry).contentType.includes('.build+')) folded.push(count);
    count++;
    if (open.push(entry) === 256) {
      bundles.push(packBundle(open));
      open = [];
    }
  }
  if (open.length > 0) bundles.push(packBundle(open));
  const width = (n: number) => Math.min(256, count - n * 256);
  const source: LogSource = {
    entries(lo, hi) {
      const n = Math.floor(lo / 256);
      const all = readBundle(bundles[n] as Uint8Array, width(n));
      return packBundle(all.slice(lo - n * 256, hi - n * 256));
    },
    governance: () => folded,
    around: () => ({ from: undefined, to: undefined }),
  };
  return { source, count, bundles };
}

function* logOfBuilds(count: number): Generator<Uint8Array> {
  yield* beginning();
  for (let n = 0; n < count; n++) yield buildOf(n);
}

/** Sites, keys and heartbeats in turn: what a registry of a large vendor grows by. */
function* logOfGovernance(count: number): Generator<Uint8Array> {
  yield* beginning();
  for (let n = 0; n < count; n++) {
    const at = new Date(Date.UTC(2026, 0, 2) + n * 1000).toISOString().replace('.000Z', 'Z');
    if (n % 4 === 0) yield say(logKey, 'op', 'heartbeat', { at });
    else if (n % 4 === 1)
      yield say(operations, 'acme', 'site', { event: 'declare', siteId: `s${n}`, country: 'CH', operator: 'x' });
    else if (n % 4 === 2)
      yield say(root, 'acme', 'key', { event: 'suspend', keyId: 'bld', reason: `${n}` }, subjectOfKey(build));
    else yield say(root, 'acme', 'key', { event: 'resume', keyId: 'bld', note: `${n}` }, subjectOfKey(build));
  }
}

/** Wall time, and the time of processors in it: on a machine that others use, only the second says much. */
function tell(what: string, unit: number, started: number, before: NodeJS.CpuUsage): void {
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(before);
  const busy = (user + system) / 1e6;
  console.log(`${what}: ${seconds.toFixed(2)} s (${Math.round(unit / seconds)}/s), ${busy.toFixed(2)} s of processors`);
}

function timed<T>(what: string, unit: number, call: () => T): T {
  const [started, cpu] = [performance.now(), process.cpuUsage()];
  const result = call();
  tell(what, unit, started, cpu);
  return result;
}

const note = utf8('x'.repeat(3600));
const path = Array.from({ length: Math.ceil(Math.log2(size)) }, () => new Uint8Array(32) as Hash);

function openCatalogue(source: LogSource, file: string, published: number) {
  const tree = {
    head: { size: published, root: new Uint8Array(32) as Hash, note },
    inclusion: () => path,
    rootAt: () => path[0] as Hash,
  };
  const postings = openPostings(file);
  return { catalogue: new Catalogue({ log: source, postings, tree: () => tree }, published), tree, postings };
}

const log = timed(`made ${size} signed builds`, size, () => sourceOf(logOfBuilds(size)));
const opened = openCatalogue(log.source, join(FOLDER, 'builds.db'), log.count);
timed(`indexed ${log.count} entries`, log.count, () => {
  while (opened.catalogue.advance(log.count));
});
console.log(`the index has ${(statSync(join(FOLDER, 'builds.db')).size / log.count).toFixed(0)} bytes an entry`);

const samples: number[] = [];
for (let i = 0; i < 2000; i++) {
  const digest = `sha256:${toHex(digestOf(Math.floor(Math.random() * size)))}`;
  const started = performance.now();
  JSON.stringify(answer(opened.catalogue, opened.tree, 'verdict', { digest }));
  samples.push(performance.now() - started);
}
samples.sort((a, b) => a - b);
const at = (part: number) => (samples[Math.floor(samples.length * part)] as number).toFixed(2);
console.log(`verdict with its entries as rows, 2000 of ${log.count}: median ${at(0.5)} ms, p99 ${at(0.99)} ms`);
opened.postings.close();

const governed = timed(`made ${governance} governance entries`, governance, () =>
  sourceOf(logOfGovernance(governance)),
);
const file = join(FOLDER, 'governance.db');
const first = openCatalogue(governed.source, file, governed.count);
while (first.catalogue.advance(governed.count));
first.postings.close();
timed(`folded ${governed.count} governance entries at start-up`, governed.count, () =>
  openCatalogue(governed.source, file, governed.count).postings.close(),
);

const some = Math.min(size, 50_000);
const replay = new Replay(
  (index) => readBundle(log.bundles[Math.floor(index / 256)] as Uint8Array, 256)[index % 256] as Uint8Array,
);
const [started, cpu] = [performance.now(), process.cpuUsage()];
let findings = 0;
for (let n = 0; n * 256 < some; n++) {
  const entries = readBundle(log.bundles[n] as Uint8Array, Math.min(256, log.count - n * 256));
  findings += (await replay.take(n * 256, entries)).length;
}
tell(`replayed ${some} signed entries with ${findings} findings`, some, started, cpu);
