/**
 * `npm run demo`: makes a log, serves it, plays the story of `story.yaml`, asks what the log can answer, puts real builds
 * in, proves some without trusting the server, checks the whole log, and says what happened. A second run continues the
 * same log. @module
 */
import { execFileSync } from 'node:child_process';
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
import { KIND_NAMES } from '../../src/registry/names.ts';
import { ask, covered, kindsMissing } from './ask.ts';
import { type Build, debianBuilds, lockFileBuilds } from './builds.ts';
import { ORIGIN, Player, STORY } from './play.ts';
import { serve } from './server.ts';

const ROOT = join(import.meta.dirname, '../..');
const MAIN = join(ROOT, 'dist/cli/main.js');
const BATCH = 128;
const PROOFS = 5;
const SITE = 'zrh-1';
const BUILDER = 'https://acme.example/builders/conveyer-zrh';
const WIDTH = 110;

const options = new Command('npm run demo --')
  .description('Makes a log, tells a story in it, puts real builds into it, and proves them')
  .option('--exit', 'end after the report, with exit code 0 only if everything verified')
  .option('--debian', "log every build in this machine's Debian package index (about 63,000) instead of the lock file")
  .option('--data <dir>', 'where the demo keeps its log and keys', '.demo')
  .option('--listen <host:port>', 'where the log is served', '127.0.0.1:8080')
  .parse()
  .opts<{ exit?: boolean; debian?: boolean; data: string; listen: string }>();

const say = (text = '') => console.log(text);
const log = `${options.data}/log`;

const player = new Player(options.data);
if (!existsSync(`${log}/log.vkey`)) makeLog();
else say(`The log in ${log} is there from an earlier run; this one continues it.`);

const server = await serve(MAIN, log, options.listen);
say(`Serving it at ${server.url}`);
let failed = false;
try {
  failed = !(await run(new LogClient(server.url, fetch), parseVkeys(readFileSync(`${log}/log.vkey`, 'utf8'))));
} catch (error) {
  say(`\nThe demo failed: ${messageOf(error)}`);
  say(`(If ${options.data} is of an older version of the demo, remove it, or give another folder with --data.)`);
  failed = true;
}
process.exitCode = failed ? 1 : 0;
if (options.exit || failed) await server.stop();
else say('Serving until Ctrl-C.');

function makeLog(): void {
  player.signer('operator');
  const policy = `${options.data}/policy.json`;
  writeFileSync(policy, JSON.stringify(player.policyFields(), null, 2));
  const flags = [
    '--data',
    log,
    '--origin',
    ORIGIN,
    '--operator-key',
    `${player.keys}/operator.pem`,
    '--policy',
    policy,
  ];
  execFileSync(process.execPath, [MAIN, 'init', ...flags]);
  say(`Made the log ${ORIGIN} in ${log}: its keys, and its first two entries, the policy and the log's clock.`);
}

/** True if everything verified. */
async function run(client: LogClient, vkeys: readonly Vkey[]): Promise<boolean> {
  const size = await tell(client, vkeys);
  const answered = await askAll(client, vkeys, size);
  const builds = options.debian ? debianBuilds() : lockFileBuilds(join(ROOT, 'package-lock.json'));
  const statements = builds.map((build) => player.build(build));
  const started = performance.now();
  await submitAll(client, statements, 'real builds');
  const seconds = (performance.now() - started) / 1000;
  const { checkpoint, signed } = openCheckpoint(await client.get('checkpoint'), vkeys);
  const proven = await proveSome(client, vkeys, builds, statements);
  proveLockFile();
  const checked = fsck();
  report(builds, seconds, checkpoint.size, signed.length, proven, checked);
  return answered && checked.ok;
}

/** Plays all chapters; answers the size of the log that has them. */
async function tell(client: LogClient, vkeys: readonly Vkey[]): Promise<number> {
  let size = 0;
  heading(
    'The story',
    `acme, a vendor, has promised where its software is built and its customers' data are processed. The log keeps it to
    that: whatever is said is an entry, signed, numbered, and there for good. (Names are invented, dates are from public
    statements, and all of it is told in retrospect.) The policy, entry 0, says who may write: the operator, acme, and
    the supervisor examplaris. Each entry was answered with a proof, which was checked.`,
  );
  for (const chapter of STORY.chapters) {
    const indexes = await player.play(chapter, client, vkeys);
    say(`\n${chapter.title} · entries ${Math.min(...indexes)} to ${Math.max(...indexes)}`);
    say(wrapped(chapter.text, '  '));
    size = Math.max(size, ...indexes.map((index) => index + 1));
  }
  return size;
}

/** True if every answer says what it should, and proves what it cites. */
async function askAll(client: LogClient, vkeys: readonly Vkey[], size: number): Promise<boolean> {
  heading(
    'What anyone can ask',
    `The server answers, and need not be believed: every entry that an answer rests on comes with a proof that the log's
    signed tree holds it, and all of them are checked here with the log's public keys. What a proof cannot show, that
    there is no other entry, is the server's word until the log is replayed.`,
  );
  const where = { client, vkeys, player };
  await covered(client, size);
  let [proofs, wrong] = [0, 0];
  for (const question of STORY.questions) {
    const told = await ask(question, where);
    say(`\n${question.ask}`);
    for (const line of told.lines) say(wrapped(line, /^ */.exec(line)?.[0].padEnd(2) ?? ''));
    if (told.missing.length > 0) say(`  WRONG: the answer should say ${told.missing.join(', ')}`);
    proofs += told.proofs;
    wrong += told.missing.length;
  }
  const missing = await kindsMissing(where);
  const kinds = missing.length === 0 ? `all ${KIND_NAMES.length} kinds of entry are there` : `no ${missing.join(', ')}`;
  say(`\n${STORY.questions.length} questions, ${proofs} proofs checked, ${kinds}.`);
  return wrong === 0 && missing.length === 0;
}

function heading(title: string, text: string): void {
  say(`\n${title}\n${'='.repeat(title.length)}`);
  if (text !== '') say(wrapped(text, ''));
}

/** Text in lines of at most `WIDTH` characters, each behind `indent`. */
function wrapped(text: string, indent: string): string {
  const lines = [indent.slice(0, -1)];
  for (const word of text.trim().split(/\s+/)) {
    const line = lines.at(-1) as string;
    const isFull = line.length + word.length >= WIDTH && line.trim() !== '';
    if (isFull) lines.push(`${indent}${word}`);
    else lines[lines.length - 1] = line === '' && indent === '' ? word : `${line} ${word}`;
  }
  return lines.join('\n');
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
function proveLockFile(): void {
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
  const who = ['--issuer', 'acme', '--site', SITE, '--builder', BUILDER, '--key', `${player.keys}/acme-build.pem`];
  const where = ['--url', server.url, '--vkey', `${log}/log.vkey`];
  execFileSync(process.execPath, [MAIN, 'submit', 'build', ...about, ...who, ...where, '--out', proof], {
    stdio: 'ignore',
  });
  execFileSync(process.execPath, [MAIN, 'verify', proof, '--vkey', `${log}/log.vkey`, '--artifact', file], {
    stdio: 'ignore',
  });
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
  checked: { ok: boolean; said: string },
): void {
  const source = options.debian ? "this machine's Debian package index" : 'the lock file of this project';
  const [count, rate] = [builds.length, builds.length / seconds].map((n) => Math.round(n).toLocaleString('en'));
  const where = `--url ${server.url} --vkey ${log}/log.vkey`;
  heading('Real builds', '');
  say(`  ${count} builds from ${source} are in the log, ${rate} a second, each with its real digest,
  signed by acme's build key and checked before it was let in. (What was there from an earlier run is the same entry as
  before.) The log has ${size.toLocaleString('en')} entries now, and ${signatures} signatures of its own on the newest checkpoint.

  Verified without trusting the server, with the keys in ${log}/log.vkey alone:
${proven.map((line) => `    ${line}: its inclusion proof leads to the signed root`).join('\n')}
    package-lock.json is the file that its logged build speaks of
    ${checked.said}`);
  heading('What to try next, in another terminal', '');
  say(`  npx limmat verdict ${where} --artifact ${player.files}/rules-11.cab
  npx limmat verify ${options.data}/package-lock.tlog-proof --vkey ${log}/log.vkey --artifact package-lock.json
  npx limmat inspect ${server.url}/checkpoint
  npx limmat replay ${where}
  npx limmat fsck ${where}
  npx limmat proof ${where} --index 0 --out first-policy.tlog-proof
  npx limmat submit build ${where} --key ${player.keys}/acme-build.pem \\
    --issuer acme --site ${SITE} --builder ${BUILDER} --product readme --product-version 1 --artifact README.md
  curl '${server.url}/v1/builds?product=hono&proof=1'
  Stop it, run it again: the same log goes on. Kill it with \`kill -9\` in the middle: nothing acknowledged is lost.
`);
}
