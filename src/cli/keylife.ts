/** `limmat key EVENT`: the life of a working key, each event drafted, signed or logged: VOCABULARY §3. @module */
import { readFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { Fault } from '../core/fault.ts';
import { PURPOSES } from '../registry/kinds/key.ts';
import { commonFields, withRefs } from './common.ts';
import type { Claims, Fields } from './draft.ts';
import { canHappenAgain, EVENTS, eventFields, type KeyEventName, withEventFields } from './keyevents.ts';
import { type EnrolledFor, enrolmentFields, type KeyProof, proveKey, readKeyProof, writeKeyProof } from './keyproof.ts';
import { command, required, setting } from './options.ts';
import { print } from './print.ts';
import { readVkeys } from './readinput.ts';
import { commandLine, quoted } from './shell.ts';
import {
  compose,
  finishStep,
  type Signing,
  type Stating,
  type StepFiles,
  type Target,
  withSigning,
  withSteps,
  withTarget,
} from './statement.ts';
import { WHICH_KEY, whichKey } from './whichkey.ts';

/** `prove`, and one command for each event. */
export function lifeCommands(): Command[] {
  return [makeProveCommand(), ...(Object.keys(EVENTS) as KeyEventName[]).map(makeEventCommand)];
}

function withEnrolledFor(command: Command): Command {
  return command
    .addOption(new Option('--purpose <purpose>', 'what it may sign').choices([...PURPOSES]))
    .option('--key-id <id>', 'what the organisation calls it');
}

function makeProveCommand(): Command {
  const made = command('prove', 'let a new key say for what it will be enrolled, on the machine where it lies')
    .addOption(setting('--out <file>', 'where that goes; it holds no secret, and is carried to where the roots are'))
    .action(prove);
  return withTarget(withSigning(withEnrolledFor(made)));
}

type Enrolling = { purpose?: string; keyId?: string };

function prove(options: Target & Signing & Enrolling & { out?: string }): void {
  const out = required(options, 'out');
  const proof = proveKey(required(options, 'key'), enrolledFor(options));
  writeKeyProof(out, proof);
  const next = commandLine(`limmat key enroll ${quoted(out)}`, { key: 'ROOT.pem', out: 'enroll.cose' });
  print(options.json, { file: out, ...proof, next });
}

function enrolledFor(options: Target & Signing & Enrolling): EnrolledFor {
  const { audience, vkey } = options;
  return {
    origin: audience ?? (vkey && readVkeys(vkey)[0]?.name) ?? required(options, 'audience'),
    organisation: required(options, 'issuer'),
    purpose: required(options, 'purpose'),
    keyId: required(options, 'keyId'),
  };
}

function makeEventCommand(event: KeyEventName): Command {
  const isEnrolment = event === 'enroll';
  const made = command(event, EVENTS[event].does)
    .argument('<which>', isEnrolment ? 'a file of `limmat key prove`, or the new private key itself' : WHICH_KEY)
    .action((which: string, options: EventOptions) => logEvent(event, which, options));
  if (isEnrolment) withEnrolledFor(made);
  return withSteps(withRefs(withEventFields(made, event)));
}

type EventOptions = Stating & StepFiles & Enrolling;

async function logEvent(event: KeyEventName, which: string, options: EventOptions): Promise<void> {
  const own = eventFields(event, options);
  const { fields, claims } = event === 'enroll' ? enrolment(which, options) : await laterEvent(which, options);
  // A second suspension in the same words would be the same statement, and the log would answer with the first one.
  const common = await commonFields('key', canHappenAgain(event) ? { at: 'now', ...options } : options);
  const statement = await compose({ kind: 'key', fields: { ...own, ...fields, ...common }, claims }, options);
  const approve = (index: number) =>
    `if ${statement.iss} needs more than one root: limmat approve --index ${index} --key OTHER-ROOT.pem`;
  // SPEC (VOCABULARY §3): a suspension takes effect with one root.
  await finishStep(statement, options, event === 'suspend' ? {} : { next: approve });
}

type Said = { readonly fields: Fields; readonly claims: Claims };

async function laterEvent(which: string, options: EventOptions): Promise<Said> {
  const { keyId, claims } = await whichKey(which, options);
  return { fields: { keyId }, claims };
}

function enrolment(which: string, options: EventOptions): Said {
  const proof = isPrivateKey(which) ? proveKey(which, enrolledFor(options)) : readKeyProof(which);
  checkSame(which, proof, options);
  return {
    fields: enrolmentFields(proof),
    claims: { issuer: proof.organisation, audience: proof.origin },
  };
}

/** What a key has signed cannot be changed by a flag: only the key itself can say it anew. */
function checkSame(which: string, proof: KeyProof, options: EventOptions): void {
  const said = [
    ['purpose', options.purpose, proof.purpose],
    ['keyId', options.keyId, proof.keyId],
    ['organisation', options.issuer, proof.organisation],
    ['origin', options.audience, proof.origin],
  ] as const;
  for (const [name, asked, signed] of said) {
    if (asked === undefined || asked === signed) continue;
    const next = 'run `limmat key prove` again where the key lies';
    throw new Fault('bad-request', `${which}: the key has signed that its ${name} is ${signed}, not ${asked}: ${next}`);
  }
}

function isPrivateKey(path: string): boolean {
  try {
    return /^\ufeff?-----BEGIN/.test(readFileSync(path, 'utf8'));
  } catch {
    return false; // told by whoever reads it next
  }
}
