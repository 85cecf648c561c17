/**
 * `npm run demo`: makes a log, serves it, puts real builds into it, proves some of them without trusting the server,
 * checks the whole log, and says what happened. A second run continues the same log. @module
 */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { progressBar } from '../../src/cli/progress.ts';
import { LogClient } from '../../src/client/logclient.ts';
import { type Proven, verifyProof } from '../../src/client/offline.ts';
import { decodeStatement, entryIdOf } from '../../src/core/cose.ts';
import { openCheckpoint } from '../../src/core/cosignature.ts';
import { messageOf } from '../../src/core/fault.ts';
import { parseVkeys, type Vkey } from '../../src/core/note.ts';
import { type Build, debianBuilds, lockFileBuilds } from './builds.ts';
import {
  BUILDER,
  buildStatement,
  governance,
  ORIGIN,
  openWorld,
  policyFields,
  SITE,
  VENDOR,
  type World,
} from './world.ts';

const ROOT = join(import.meta.dirname, '../..');
const MAIN = join(ROOT, 'dist/cli/main.js');
const BATCH = 128;
const PROOFS = 5;

const options = new Command('npm run demo --')
  .description('Makes a log, puts real builds into it, and proves them')
  .option('--exit', 'end after the report, with exit code 0 only if everything verified')
  .option('--debian', "log every build in this machine's Debian package index (about 63,000) instead of the lock file")
  .option('--data <dir>', 'where the demo keeps its log and keys', '.demo')
  .option('--listen <host:port>', 'where the log is served', '127.0.0.1:8080')
  .parse()
  .opts<{ exit?: boolean; debian?: boolean; data: string; listen: string }>();

const say = (text = '') => console.log(text);
const log = `${options.data}/log`;

const world = openWorld(`${options.data}/keys`);
if (!existsSync(`${log}/log.vkey`)) makeLog(world);
else say(`The log in ${log} is there from an earlier run; this one continues it.`);

const server = await serve();
let failed = false;
try {
  failed = !(await run(new LogClient(server.url, fetch), parseVkeys(readFileSync(`${log}/log.vkey`, 'utf8'))));
} catch (error) {
  say(`\nThe demo failed: ${messageOf(error)}`);
  failed = true;
}
if (options.exit || failed) {
  await server.stop();
  process.exitCode = failed ? 1 : 0;
} else {
  say('Serving until Ctrl-C.');
  process.once('SIGINT', () => void server.stop());
}

function makeLog(made: World): void {
  const policy = `${options.data}/policy.json`;
  writeFileSync(policy, JSON.stringify(policyFields(made), null, 2));
  const flags = ['--data', log, '--origin', ORIGIN, '--operator-key', `${made.keys}/operator.pem`, '--policy', policy];
  execFileSync(process.execPath, [MAIN, 'init', ...flags]);
  say(`Made the log ${ORIGIN} in ${log}: its keys, and as its first entries the policy and a heartbeat.`);
}

/** Starts `limmat serve` as a user would, and waits until it listens. */
function serve(): Promise<{ url: string; stop(): Promise<unknown> }> {
  const flags = ['serve', '--data', log, '--listen', options.listen, '--json', '--accept-clock-step'];
  const child = spawn(process.execPath, [MAIN, ...flags], { stdio: ['ignore', 'pipe', 'inherit'], detached: true });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  process.once('exit', () => child.kill());
  return new Promise((resolve, reject) => {
    let text = '';
    void ended.then((code) => reject(new Error(`the server ended with code ${code}`)));
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk;
      if (!text.includes('\n')) return;
      const { listen } = JSON.parse(text) as { listen: string };
      say(`Serving it at ${listen}`);
      resolve({
        url: listen,
        stop() {
          child.kill('SIGTERM');
          return ended;
        },
      });
    });
  });
}

/** The story; true if everything verified. */
async function run(client: LogClient, vkeys: readonly Vkey[]): Promise<boolean> {
  const builds = options.debian ? debianBuilds() : lockFileBuilds(join(ROOT, 'package-lock.json'));
  const started = performance.now();
  await submitAll(client, governance(world), 'keys and site');
  const statements = builds.map((build) => buildStatement(world, build));
  await submitAll(client, statements, 'builds');
  const seconds = (performance.now() - started) / 1000;
  const { checkpoint, signed } = openCheckpoint(await client.get('checkpoint'), vkeys);
  const proven = await proveSome(client, vkeys, builds, statements);
  const lockFile = proveLockFile();
  const checked = fsck();
  report(builds, seconds, checkpoint.size, signed.length, proven, lockFile, checked);
  return proven.length === PROOFS && lockFile && checked.ok;
}

async function submitAll(client: LogClient, statements: readonly Uint8Array[], name: string): Promise<void> {
  const bar = progressBar(`submitting ${name}`, statements.length);
  for (let at = 0; at < statements.length; at += BATCH) {
    const outcomes = await client.submitBatch(statements.slice(at, at + BATCH));
    for (const outcome of outcomes) if ('fault' in outcome) throw outcome.fault;
    bar.update(Math.min(statements.length, at + BATCH));
  }
  bar.stop();
}

/** Fetches the proofs of some builds and checks them with the pinned keys alone. */
async function proveSome(
  client: LogClient,
  vkeys: readonly Vkey[],
  builds: readonly Build[],
  statements: readonly Uint8Array[],
): Promise<string[]> {
  const step = Math.max(1, Math.floor(builds.length / PROOFS));
  const proven: string[] = [];
  for (let i = 0; i < PROOFS; i++) {
    const at = Math.min(i * step, builds.length - 1);
    const statement = statements[at] as Uint8Array;
    const { index }: Proven = verifyProof(
      await client.proof(entryIdOf(decodeStatement(statement).id)),
      vkeys,
      statement,
    );
    const { product, version } = builds[at] as Build;
    proven.push(`${product} ${version} is entry ${index}`);
  }
  return proven;
}

/** Logs our own lock file as a document by the command line, and verifies the proof against the file. */
function proveLockFile(): boolean {
  const proof = `${options.data}/package-lock.tlog-proof`;
  const file = join(ROOT, 'package-lock.json');
  const version = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).version as string;
  const about = [
    '--product',
    'limmat-lock-file',
    '--product-version',
    version,
    '--kind',
    'document',
    '--artifact',
    file,
  ];
  const who = ['--issuer', VENDOR, '--site', SITE, '--builder', BUILDER, '--key', `${world.keys}/acme-build.pem`];
  const where = ['--url', server.url, '--vkey', `${log}/log.vkey`];
  execFileSync(process.execPath, [MAIN, 'submit', 'build', ...about, ...who, ...where, '--out', proof], {
    stdio: 'ignore',
  });
  execFileSync(process.execPath, [MAIN, 'verify', proof, '--vkey', `${log}/log.vkey`, '--artifact', file], {
    stdio: 'ignore',
  });
  return true;
}

function fsck(): { ok: boolean; said: string } {
  try {
    const said = execFileSync(process.execPath, [MAIN, 'fsck', '--data', log], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    return { ok: true, said: said.toString().trim() };
  } catch (error) {
    return { ok: false, said: String((error as { stdout?: Buffer }).stdout ?? error) };
  }
}

function report(
  builds: readonly Build[],
  seconds: number,
  size: number,
  signatures: number,
  proven: readonly string[],
  lockFile: boolean,
  checked: { ok: boolean; said: string },
): void {
  const source = options.debian ? "this machine's Debian package index" : 'the lock file of this project';
  say(`
What happened
  ${builds.length.toLocaleString('en')} builds from ${source} are in the log, ${Math.round(builds.length / seconds).toLocaleString('en')} a second,
  each with its real digest, signed by the build key of "${VENDOR}" and checked before it was let in. (Vendor, builder
  and site are invented; the digests are not. What was there from an earlier run is the same entry as before.)
  The log has ${size.toLocaleString('en')} entries now, and ${signatures} signatures of its own on the newest checkpoint.

What was verified without trusting the server, with the keys in ${log}/log.vkey alone
${proven.map((line) => `  ${line}: its inclusion proof leads to the signed root`).join('\n')}
  package-lock.json ${lockFile ? 'is' : 'is NOT'} the file that its logged build speaks of
  ${checked.said}

What to try next (in another terminal)
  npx limmat verify ${options.data}/package-lock.tlog-proof --vkey ${log}/log.vkey --artifact package-lock.json
  npx limmat inspect ${server.url}/checkpoint
  npx limmat proof --url ${server.url} --vkey ${log}/log.vkey --index 0 --out first-policy.tlog-proof
  npx limmat fsck --url ${server.url} --vkey ${log}/log.vkey
  npx limmat submit build --url ${server.url} --vkey ${log}/log.vkey --key ${world.keys}/acme-build.pem --issuer ${VENDOR} \\
    --site ${SITE} --builder ${BUILDER} --product readme --product-version 1 --artifact README.md
  Stop it, run it again: the same log goes on. Kill it with \`kill -9\` in the middle: nothing acknowledged is lost.
`);
}
