/**
 * `node --conditions=source --import tsx tools/bench/verify.ts [runs]`: how long a program takes from the import of
 * `limmat/verify`, as it is built, to a verified bundle; each run in a process of its own. Beside it what Node itself took
 * before that, which says how fast the machine is in this minute. Prints and never judges.
 * @module
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Party } from '../../test/client/party.ts';
import { spreadOf } from './statistics.ts';

const root = join(import.meta.dirname, '../..');
const runs = Number(process.argv[2] ?? 20);

const party = await Party.meet();
const path = (name: string, bytes: Uint8Array): string => {
  writeFileSync(party.vendor.path(name), bytes);
  return party.vendor.path(name);
};
const files = [path('b.json', await party.bundle()), party.vendor.path('trust.json'), path('app.bin', party.artifact)];
await party.end();

const program = `
  import { readFileSync } from 'node:fs';
  const [bundle, trust, file] = process.argv.slice(1).map((path) => new Uint8Array(readFileSync(path)));
  const start = performance.now();
  const { parseTrust, verify } = await import('limmat/verify');
  const loaded = performance.now();
  const check = () => verify(bundle, parseTrust(trust), { file });
  check();
  const first = performance.now();
  check();
  console.log(JSON.stringify({ node: start, load: loaded - start, first: first - loaded, all: first - start, again: performance.now() - first }));
`;
const times = Array.from({ length: runs }, () => {
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program, ...files], { cwd: root });
  return JSON.parse(stdout.toString()) as Record<string, number>;
});
for (const what of ['node', 'load', 'first', 'all', 'again']) {
  const { median, low, high } = spreadOf(times.map((time) => time[what] as number));
  console.log(`${what.padEnd(6)} ${median.toFixed(1)} ms (${low.toFixed(1)} to ${high.toFixed(1)})`);
}
