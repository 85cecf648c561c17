import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { QUICK } from '../../tools/bench/scale.ts';
import { folder } from '../folder.ts';

// The benchmark at its smallest, on real servers: that every figure is there and is a number, not what it is.

const ROOT = join(import.meta.dirname, '../..');
const SIZE = 300;

const { bench } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).scripts as { bench: string };

test('a quick run prints one JSON value with all that a reader needs to judge it', async () => {
  // What `npm run bench` runs after its build, which the tests have behind them.
  const args = (bench.split(' && ').at(-1) as string).split(' ').slice(1);
  const flags = ['--quick', '--json', '--sizes', `${SIZE}`, '--seconds', '0.1', '--folder', join(folder(), 'bench')];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [...args, ...flags], { cwd: ROOT });
  const { machine, scale, noisyRounds, rows } = JSON.parse(stdout) as Output;
  assert.match(machine.node, /^v[0-9]+\./);
  assert.match(machine.commit, /^[0-9a-f]{7,}/);
  assert.equal(scale.sizes, [SIZE]);
  assert.type(noisyRounds, 'number');
  assert.match(stderr, /round 1/, 'progress goes to stderr');

  const whats = rows.map(({ what }) => what);
  for (const start of EXPECTED)
    assert.ok(
      whats.some((what) => what.startsWith(start)),
      `nothing says: ${start}`,
    );
  for (const { what, size, unit, value, p99, micros, ratio, runs } of rows) {
    assert.ok(size === undefined || size === SIZE, what);
    assert.type(unit, 'string');
    assert.ok(value.low <= value.median && value.median <= value.high && value.high > 0, `${what}: ${value.median}`);
    if (what.startsWith('append')) assert.ok(p99 > 0 && micros >= 0 && ratio > 0, what);
    if (what.endsWith('× without')) assert.is(runs, QUICK.turns, `${what}: in turn`);
  }
});

const EXPECTED = [
  'append opaque, single, ',
  'append opaque, batches of 256, ',
  'append statements, single, ',
  'append statements, batches of 256, ',
  'bare node:http, ',
  'submit to an idle log, with proof',
  'submit to an idle log, with proof, 2 of 3 witnesses',
  'make inclusion proofs, in process',
  'read receipts, ',
  'read hash tiles, ',
  'read entry bundles, ',
  'start opaque log',
  'start statements log',
  'memory of opaque log',
  'disk of statements log',
  'static copy beyond its entries',
  'SQLite commit alone, ',
  'Ed25519 verify, noble',
];

type Output = {
  machine: { node: string; commit: string };
  scale: { sizes: number[] };
  noisyRounds: number;
  rows: {
    what: string;
    size?: number;
    unit: string;
    value: { median: number; low: number; high: number };
    p99: number;
    micros: number;
    ratio: number;
    runs: number;
  }[];
};

test.run();
