/** `limmat sign`: makes a signed statement of any kind, on a machine that need not reach the log. @module */
import type { Command } from 'commander';
import { decodeStatement, entryIdOf, signStatement } from '../core/cose.ts';
import { Fault } from '../core/fault.ts';
import { kidOf } from '../core/signature.ts';
import { fromJson } from '../registry/json.ts';
import { type AdmittedKind, isAdmitted, KINDS } from '../registry/kinds.ts';
import { contentTypeOf } from '../registry/names.ts';
import { readPayload, subjectOf } from '../registry/payload.ts';
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
    .addOption(setting('--out <file>', 'where the statement goes'))
    .action(sign);
}

type Options = {
  file?: string;
  key?: string;
  issuer?: string;
  audience?: string;
  subject?: string;
  out?: string;
  json?: boolean;
};

function sign(kind: string, options: Options): void {
  if (!isAdmitted(kind)) throw new Fault('bad-request', `there is no kind "${kind}"`);
  const entry = makeStatement(kind, options);
  createFile(required(options, 'out'), entry);
  print(options.json, { statement: options.out, entryId: entryIdOf(decodeStatement(entry).id), bytes: entry.length });
}

function makeStatement(kind: AdmittedKind, options: Options): Uint8Array {
  const payload = fromJson(kind, readMap(required(options, 'file')));
  refusePersonal(kind, payload);
  const signer = readKeyFile(required(options, 'key'));
  const about = { origin: options.audience ?? '', ...(options.subject === undefined ? {} : { sub: options.subject }) };
  return signStatement({
    signer,
    kid: kidOf(signer.key),
    contentType: contentTypeOf(kind),
    iss: required(options, 'issuer'),
    sub: options.subject ?? subjectOf(kind, readPayload(kind, payload).value, about),
    ...(options.audience === undefined ? {} : { aud: options.audience }),
    payload,
  });
}
