/** `limmat sign`: makes a signed statement of any kind, on a machine that need not reach the log. @module */
import type { Command } from 'commander';
import { Fault } from '../core/fault.ts';
import { isAdmitted, KINDS } from '../registry/kinds.ts';
import { type Draft, readDraft } from './draft.ts';
import { enrolmentFields, proveKey } from './keyproof.ts';
import { command, required, setting } from './options.ts';
import { compose, keepStatement, type Signing, sign, type Target, withSigning, withTarget } from './statement.ts';

export function makeCommand(): Command {
  const made = command('sign', 'sign a statement, to be submitted from anywhere')
    .argument('<kind>', `one of ${Object.keys(KINDS).join(', ')}`)
    .addOption(setting('--file <file>', 'its payload, YAML or JSON, or a draft that `limmat` wrote'))
    .addOption(setting('--subject <text>', 'what it speaks about, where neither payload nor draft says it'))
    .addOption(setting('--enroll <file>', 'private key that a `key` statement enrols: fills in publicKey and proof'))
    .addOption(setting('--out <file>', 'where the statement goes'))
    .action(signFile);
  return withTarget(withSigning(made));
}

type Options = Target & Signing & { file?: string; enroll?: string; out?: string };

async function signFile(kind: string, options: Options): Promise<void> {
  if (!isAdmitted(kind)) {
    throw new Fault('bad-request', `there is no kind "${kind}": it is one of ${Object.keys(KINDS).join(', ')}`);
  }
  const read = readDraft(kind, required(options, 'file'));
  const draft = options.enroll === undefined ? read : enrolment(read, options.enroll, options);
  const statement = await compose(draft, options);
  keepStatement(required(options, 'out'), sign(statement, required(options, 'key')), options.json);
}

/** The draft of an enrolment with what only the new key can say: its public half, and that it is held. */
function enrolment({ kind, fields, claims }: Draft, keyFile: string, options: Options): Draft {
  if (kind !== 'key') throw new Fault('bad-request', `--enroll goes with \`limmat sign key\`, not with ${kind}`);
  const proof = proveKey(keyFile, {
    origin: required({ audience: options.audience ?? claims.audience }, 'audience'),
    organisation: required({ issuer: options.issuer ?? claims.issuer }, 'issuer'),
    purpose: String(fields.purpose),
    keyId: String(fields.keyId),
  });
  return { kind, fields: { ...fields, ...enrolmentFields(proof) }, claims };
}
