/**
 * Runs the tests: every file that ends in `.test.ts` below `test/`, in a process of its own, some at a time. A file
 * that ran no test has failed, whatever its exit code (a uvu file without `.run()` prints nothing and exits with 0), and
 * so has one that does not end.
 * Arguments filter by path. Ends with the plain line `N passed, N failed, N skipped`. @module
 */
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';

type Result = { file: string; ok: boolean; passed: number; failed: number; skipped: number; output: string };

/** Three times what the longest file takes on two cores, in milliseconds. */
const PATIENCE = 5 * 60_000;

/** Those that start programs take longest: they come first, so that none is alone at the end. */
const isLong = (file: string) => /^test\/(?:browser|crash|flow|tools)\//.test(file);

const filters = process.argv.slice(2);
const files = readdirSync('test', { recursive: true, encoding: 'utf8' })
  .map((name) => `test/${name}`)
  .filter((file) => file.endsWith('.test.ts') && filters.every((filter) => file.includes(filter)))
  .sort()
  .sort((one, other) => Number(isLong(other)) - Number(isLong(one)));

/** Reads uvu's closing lines; a process that was killed counts as one failed test. */
function judge(file: string, code: number | null, output: string): Result {
  const count = (name: string) =>
    [...output.matchAll(new RegExp(`^ {2}${name}: +([0-9]+)`, 'gm'))].reduce((sum, match) => sum + Number(match[1]), 0);
  const [total, passed, skipped] = [count('Total'), count('Passed'), count('Skipped')];
  const ok = code === 0 && total > 0 && passed === total;
  return { file, ok, passed, failed: ok ? 0 : Math.max(1, total - passed), skipped, output };
}

function run(file: string): Promise<Result> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--conditions=source', '--import', 'tsx', file], {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: PATIENCE,
      killSignal: 'SIGKILL',
      env: { ...process.env, FORCE_COLOR: '0', NODE_NO_WARNINGS: '1' },
    });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.on('close', (code, signal) => {
      if (signal) chunks.push(Buffer.from(`\nended by ${signal}, after ${PATIENCE / 60_000} minutes at most`));
      resolve(judge(file, code, Buffer.concat(chunks).toString()));
    });
  });
}

const results: Result[] = [];
const queue = [...files];
async function lane(): Promise<void> {
  for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
    const started = performance.now();
    const result = await run(file);
    results.push(result);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`${result.ok ? 'ok  ' : 'FAIL'} ${file} (${result.passed} passed, ${seconds} s)`);
    const said = result.output.match(/^skipped: .*$/gm) ?? [];
    for (const line of said) console.log(`     ${line}`);
    if (!result.ok) console.log(result.output.trim() || 'the file printed nothing: it ran no test');
  }
}
// Two more than processors: tests wait for browsers, servers and disks, and one more left a fifth of the time unused.
await Promise.all(Array.from({ length: availableParallelism() + 2 }, lane));

const sum = (field: 'passed' | 'failed' | 'skipped') => results.reduce((total, result) => total + result[field], 0);
console.log(`\n${sum('passed')} passed, ${sum('failed')} failed, ${sum('skipped')} skipped`);
process.exitCode = results.length > 0 && results.every((result) => result.ok) ? 0 : 1;
