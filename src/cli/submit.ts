/** `limmat submit`: logs an entry of any kind, from a file and flags, or as it was signed elsewhere. @module */
import { Command } from 'commander';
import { toHex } from '../core/bytes.ts';
import { decodeStatement } from '../core/cose.ts';
import type { AdmittedKind } from '../registry/kinds.ts';
import { collect, commonFields, withRefs } from './common.ts';
import { readDraft } from './draft.ts';
import { command, setting } from './options.ts';
import { readBytes } from './readinput.ts';
import {
  compose,
  finish,
  proofName,
  type Stating,
  submit,
  type Target,
  withStatement,
  withTarget,
} from './statement.ts';
import { makeBuildCommand } from './submitbuild.ts';

/** What each kind says. Builds have more flags, and heartbeats are written by the log itself. */
const SAYS: Readonly<Record<Exclude<AdmittedKind, 'build' | 'heartbeat'>, string>> = {
  policy: 'the rules of the log, as its operator changes them',
  key: 'an event in the life of a key; `limmat key` is easier',
  approval: 'a further root signature; `limmat approve` is easier',
  withdrawal: 'a build that nobody should use any more',
  site: 'a place where things are built or data are processed',
  process: 'something that is done with data about people',
  relocation: 'a phase of moving data between sites',
  attestation: 'what a supervisor or a rebuilder found',
  review: 'a visit at which source code was read',
  disclosure: 'how often authorities asked for data',
  correction: 'what was wrong in an earlier entry',
};

export function makeCommand(): Command {
  const group = new Command('submit').description('log something, and keep the proof');
  group.addCommand(makeBuildCommand()).addCommand(makeStatementCommand());
  for (const [kind, says] of Object.entries(SAYS)) group.addCommand(makeKindCommand(kind as AdmittedKind, says));
  return group;
}

function makeKindCommand(kind: AdmittedKind, says: string): Command {
  const made = command(kind, `log ${says}`);
  if (kind === 'policy') {
    const what = 'a checkpoint that witnesses cosigned after the policy in force announced this one; give two';
    made.option('--notice <note>', what, collect, []);
  }
  made
    .addOption(setting('--file <file>', 'its fields, YAML or JSON; a reference can be an index alone'))
    .addOption(setting('--subject <text>', 'what it speaks about, where the fields do not say it'))
    .addOption(setting('--out <file>', `where the proof goes (default: ${kind}-INDEX.tlog-proof)`))
    .action((options: KindOptions) => submitKind(kind, options));
  return withStatement(withRefs(made));
}

type KindOptions = Stating & { file?: string; out?: string; notice?: string[] };

async function submitKind(kind: AdmittedKind, options: KindOptions): Promise<void> {
  const { file } = options;
  const { fields, claims } = file === undefined ? { fields: {}, claims: {} } : readDraft(kind, file);
  const { notice = [] } = options;
  const notes = notice.length === 0 ? {} : { notice: notice.map((path) => toHex(readBytes(path))) };
  const flags = { ...(await commonFields(kind, options)), ...notes };
  const statement = await compose({ kind, fields: { ...fields, ...flags }, claims }, options);
  await finish(statement, options, { proof: (index) => options.out ?? proofName(kind, String(index)) });
}

function makeStatementCommand(): Command {
  const made = command('statement', 'log a statement that `limmat sign` made')
    .argument('<file>', 'the statement')
    .addOption(setting('--out <file>', 'where the proof goes (default: FILE.tlog-proof)'))
    .action(submitFile);
  return withTarget(made);
}

async function submitFile(file: string, options: Target & { out?: string }): Promise<void> {
  await submit(decodeStatement(readBytes(file)).entry, options, { proof: () => options.out ?? `${file}.tlog-proof` });
}
