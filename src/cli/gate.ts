/**
 * `limmat gate`: stands in a build job before the signing for customers. Logs what is not logged yet, waits for a proof
 * that satisfies the policy, and writes it beside each file. A statement lies in a spool until it is proven. @module
 */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { Log, type Logged } from '../client/log.ts';
import { fileSpool, refusedPath, type Spool } from '../client/spool.ts';
import { Submitter } from '../client/submitter.ts';
import { parseTrust, type Trust } from '../client/trust.ts';
import type { Verified } from '../client/verify.ts';
import { decodeStatement, entryIdOf } from '../core/cose.ts';
import { Fault } from '../core/fault.ts';
import { ofMachine, writeBundles } from './bundles.ts';
import { collectLines } from './common.ts';
import { exitCode, FAILED, isSystemError, UNAVAILABLE } from './exit.ts';
import { explained } from './hints.ts';
import { command, missing, parseBaseUrl, parseNumber, required, setting } from './options.ts';
import { print, visible } from './print.ts';
import { bundlePath, provenAlready } from './provenalready.ts';
import { readText } from './readinput.ts';
import { commandLine } from './shell.ts';
import { sign } from './statement.ts';
import { type BuildOptions, composeBuild, describeBuild, withBuild } from './submitbuild.ts';

export function makeCommand(): Command {
  const gate = command('gate', 'in a build job: let files pass only when they are logged and proven')
    .argument('[artifact...]', 'the files of one build')
    .addOption(repeatable('--url <url>', 'the log; give several, and the first that can takes the build'))
    .addOption(
      repeatable(
        '--trust <file>',
        'what `limmat trust bundle` wrote, a tlog-policy, or the vkeys of the log; one for all logs, or one for each',
      ),
    )
    .addOption(
      setting('--patience <seconds>', 'how long to go on while the log or its witnesses are away').default('3600'),
    )
    .addOption(setting('--spool <dir>', 'where statements lie until they are proven').default('.limmat-spool'))
    .addOption(
      setting('--offline-spool <dir>', 'the same, and a log that is away does not stop the release; it is told'),
    )
    .option('--resume', 'submit what lies in the spool, and write its bundles')
    .action(pass);
  return withBuild(gate);
}

/** In the environment, one a line. */
const repeatable = (flags: string, what: string) => setting(flags, what).argParser(collectLines).default([]);

type Options = Omit<BuildOptions, 'artifact' | 'vkey' | 'url'> & {
  url: string[];
  trust: string[];
  patience: string;
  spool: string;
  offlineSpool?: string;
  resume?: boolean;
};

async function pass(named: string[], options: Options, self: Command): Promise<void> {
  const artifacts = named.filter((path) => !isBundleOf(path, named));
  const logs = logsOf(options);
  const folder = options.offlineSpool ?? options.spool;
  const spool = fileSpool(folder);
  const bundles = new Map<Logged, string[]>();
  const submitter = new Submitter({
    logs,
    spool,
    patience: parseNumber('patience', options.patience),
    async keep(logged, note, log) {
      const place = { folder, isLater: options.resume === true };
      bundles.set(logged, await writeBundles(log, logged, JSON.parse(note) as string[], place));
    },
  });
  if (options.resume && artifacts.length > 0) {
    throw new Fault('bad-request', '--resume goes on with what lies in the spool: leave out the files');
  }
  if (options.resume) {
    requireNamed(folder, options, self);
    return resume(submitter, spool, folder, bundles, options);
  }
  if (artifacts.length === 0) throw new Fault('bad-request', 'gate takes the files of a build, or --resume');
  const { url: _, trust: __, ...said } = options;
  const build = { ...said, artifact: artifacts };
  const described = await describeBuild(build);
  const known = await Promise.all(artifacts.map((path) => provenAlready(path, logs, described, build)));
  if (!known.includes(undefined)) {
    tell(options, 'logged before', known[0] as Verified, artifacts);
    return;
  }
  const { statement } = await composeBuild(build, described);
  const entry = sign(statement, required(options, 'key'));
  const paths = artifacts.map((path) => resolve(path));
  try {
    const { verified } = await submitter.submit(entry, JSON.stringify(paths));
    tell(options, 'logged', verified, artifacts);
  } catch (thrown) {
    const error = ofMachine(thrown);
    if (!(error instanceof Fault)) throw error;
    const id = entryIdOf(decodeStatement(entry).id);
    const waits = (await spool.all()).has(id);
    if (!waits) throw error.code === 'refused' ? refused(explained(error) as Fault, folder, id) : error;
    if (options.offlineSpool === undefined || !isAway(error)) throw waiting(explained(error) as Fault, folder);
    warn(error, folder);
    print(options.json, { logged: false, spool: folder, next: resuming({ 'offline-spool': folder }) });
  }
}

/** What a run before this one has left beside a file that is named too, as in `dist/*`: it is told, and no build. */
function isBundleOf(path: string, named: readonly string[]): boolean {
  if (!named.some((other) => bundlePath(other) === path)) return false;
  console.error(visible(`limmat: ${path} is left out: it is where the proof of another of these files lies`));
  return true;
}

/** In the order in which they are tried, each with what is pinned of it. */
function logsOf({ url: urls, trust: files }: Options): Log[] {
  if (urls.length === 0) throw missing('url');
  // What is no URL is not away, and will never be there.
  for (const url of urls) parseBaseUrl('--url', url);
  if (files.length === 0) throw missing('trust');
  if (files.length !== 1 && files.length !== urls.length) {
    const what = `--trust is one for all logs or one for each, in the order of --url: not ${files.length} for ${urls.length}`;
    throw new Fault('bad-request', what);
  }
  const trusts = files.map((file) => parseTrust(readText(file)));
  return urls.map((url, i) => new Log({ url, trust: trusts[trusts.length === 1 ? 0 : i] as Trust }));
}

/** A folder that is named in the call and is not there is misspelt; by default, or from the environment, nothing waits. */
function requireNamed(folder: string, { offlineSpool }: Options, self: Command): void {
  const isNamed = self.getOptionValueSource(offlineSpool === undefined ? 'spool' : 'offlineSpool') === 'cli';
  if (!isNamed || existsSync(folder)) return;
  throw new Fault('bad-request', `there is no folder ${folder}: name the one in which the statements lie`);
}

async function resume(
  submitter: Submitter,
  spool: Spool,
  folder: string,
  bundles: ReadonlyMap<Logged, readonly string[]>,
  options: Options,
): Promise<void> {
  const results: Record<string, unknown>[] = [];
  let [worst, waiting, refusals] = [0, 0, 0];
  for await (const one of submitter.resume()) {
    const artifacts = JSON.parse(one.note) as string[];
    if ('logged' in one) {
      const { logged } = one;
      results.push({ logged: true, artifacts, entry: logged.verified.index, bundles: bundles.get(logged) });
      continue;
    }
    const waits = (await spool.all()).has(one.id);
    const { message } = waits ? one.fault : refused(explained(one.fault) as Fault, folder, one.id);
    if (waits) waiting++;
    else {
      refusals++;
      console.error(visible(`limmat: ${artifacts.join(', ')}: ${message}`));
    }
    results.push({ logged: false, artifacts, waits, why: message });
    worst = Math.max(worst, exitCode(one.fault));
  }
  print(options.json, { resumed: results, waiting });
  // What was refused is told this once, and must not be taken for a log that is away and asked again.
  process.exitCode = refusals > 0 ? FAILED : worst;
}

/** Only what passes by itself may be put off: a refusal or a false proof stops every release. */
function isAway(error: Fault): boolean {
  return error.code === 'no-quorum' || (exitCode(error) === UNAVAILABLE && error.code !== 'refused');
}

function waiting(fault: Fault, folder: string): Fault {
  const again = `\`${resuming({ spool: folder })}\` submits it again, with the same --url and --trust`;
  // What this machine would not do may have been after it was proven, and says so.
  const what = isSystemError(fault.cause) ? '' : 'Not proven. ';
  return saying(fault, `${what}The statement lies in ${folder}; ${again}`);
}

const resuming = (options: Record<string, string>): string => commandLine('limmat gate --resume', options);

function refused(fault: Fault, folder: string, id: string): Fault {
  const where = `The statement is set aside as ${refusedPath(folder, id)}`;
  return saying(fault, `Refused, and not sent again. ${where}: gate the files again when what it says was mended`);
}

function saying(fault: Fault, next: string): Fault {
  const { rule, retryAfter } = fault;
  return new Fault(fault.code, `${fault.message}\n${next}`, {
    ...(rule === undefined ? {} : { rule }),
    // By this, a log that is away is told from a call that cannot be used.
    ...(retryAfter === undefined ? {} : { retryAfter }),
    cause: fault,
  });
}

/** On standard error whatever the output is, so that nobody takes this release for a logged one. */
function warn({ message }: Fault, folder: string): void {
  const bar = '!'.repeat(100);
  console.error(
    `${bar}\nNOT PROVEN: this release goes on WITHOUT a proof, because the log, or its witnesses, are away.\n${message}\n` +
      `Its statement lies in ${folder}. Keep that folder, and run \`${resuming({ 'offline-spool': folder })}\` with the same --url and --trust.\n${bar}`,
  );
}

function tell(options: Options, what: string, verified: Verified, artifacts: readonly string[]): void {
  print(options.json, {
    logged: true,
    what,
    log: verified.origin,
    entry: verified.index,
    treeSize: verified.size,
    witnesses: verified.quorum.counted.map(({ witness }) => witness.vkey.name),
    bundles: artifacts.map(bundlePath),
  });
}
