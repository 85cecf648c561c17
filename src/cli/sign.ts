/** `limmat sign`: makes a signed statement of any kind, on a machine that need not reach the log. @module */
import type { Command } from 'commander';
import { toHex } from '../core/bytes.ts';
import { decodeStatement, entryIdOf, signStatement } from '../core/cose.ts';
import { Fault } from '../core/fault.ts';
import { kidOf } from '../core/signature.ts';
import { fromJson, type Json } from '../registry/json.ts';
import { type AdmittedKind, isAdmitted, KINDS } from '../registry/kinds.ts';
import { contentTypeOf } from '../registry/names.ts';
import { readPayload, subjectOf } from '../registry/payload.ts';
import { enrolProofMessage, writePublicKey } from '../registry/publickey.ts';
import { createFile } from '../store/durable.ts';
import { readKeyFile } from '../store/keyfile.ts';
import { command, required, setting } from './options.ts';
import { print } from './print.ts';
import { readMap } from './readinput.ts';
import { refusePersonal } from './screen.ts';

export function makeCommand(): Command {
  return command('sign', 'sign a statement, to be submitted from anywhere')
    .argument('<kind>', `one of ${Object.keys(KINDS).join(', ')}`)
    .addOption(setting('--file <file>', 'its payload, YAML or JSON'))
    .addOption(setting('--key <file>', 'the private key that signs, PKCS#8 in PEM'))
    .addOption(setting('--issuer <id>', 'the organisation that owns the key'))
    .addOption(setting('--audience <origin>', 'the origin of the log; builds can go without'))
    .addOption(setting('--subject <text>', 'what it speaks about, where the payload does not say it'))
    .addOption(setting('--enroll <file>', 'private key that a `key` statement enrols: fills in publicKey and proof'))
    .addOption(setting('--out <file>', 'where the statement goes'))
    .action(sign);
}

type Options = {
  file?: string;
  key?: string;
  issuer?: string;
  audience?: string;
  subject?: string;
  enroll?: string;
  out?: string;
  json?: boolean;
};

function sign(kind: string, options: Options): void {
  if (!isAdmitted(kind)) {
    throw new Fault('bad-request', `there is no kind "${kind}": it is one of ${Object.keys(KINDS).join(', ')}`);
  }
  const entry = makeStatement(kind, options);
  createFile(required(options, 'out'), entry);
  print(options.json, { statement: options.out, entryId: entryIdOf(decodeStatement(entry).id), bytes: entry.length });
}

function makeStatement(kind: AdmittedKind, options: Options): Uint8Array {
  const fields = readMap(required(options, 'file'));
  const payload = fromJson(kind, options.enroll === undefined ? fields : enrolment(kind, fields, options));
  refusePersonal(kind, payload);
  const signer = readKeyFile(required(options, 'key'));
  return signStatement({
    signer,
    kid: kidOf(signer.key),
    contentType: contentTypeOf(kind),
    iss: required(options, 'issuer'),
    sub: options.subject ?? subjectIn(kind, payload, options),
    ...(options.audience === undefined ? {} : { aud: options.audience }),
    payload,
  });
}

/** The fields of an enrolment with what only the new key can say: its public half, and that it is held. */
function enrolment(kind: AdmittedKind, fields: { readonly [name: string]: Json }, options: Options) {
  if (kind !== 'key') throw new Fault('bad-request', `--enroll goes with \`limmat sign key\`, not with ${kind}`);
  const { key, sign: signWith } = readKeyFile(required(options, 'enroll'));
  const [audience, issuer] = [required(options, 'audience'), required(options, 'issuer')];
  const proof = signWith(enrolProofMessage(audience, issuer, String(fields.purpose), String(fields.keyId)));
  return { event: 'enroll', ...fields, publicKey: toHex(writePublicKey(key)), proof: toHex(proof) };
}

/** What to give as --subject where the payload does not name it: builds, and events of keys that are enrolled. */
const SUBJECTS: Partial<Record<AdmittedKind, string>> = {
  build: 'PACKAGE-URL, such as pkg:generic/kdb@1',
  key: 'key:KID, with the kid that `limmat keygen` printed',
};

/** The subject that a payload names by itself. Fault `bad-request` where it does not, with what to give. */
function subjectIn(kind: AdmittedKind, payload: Uint8Array, options: Options): string {
  const { value } = readPayload(kind, payload);
  const hint = (value as { event?: string }).event === 'enroll' ? undefined : SUBJECTS[kind];
  if (hint) throw new Fault('bad-request', `--subject is missing: ${hint}`);
  return subjectOf(kind, value, { origin: kind === 'site' ? '' : required(options, 'audience') });
}
