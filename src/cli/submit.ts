/** `limmat submit build`: hashes the files of a build, signs the statement, logs it, and keeps the proof. @module */
import { basename } from 'node:path';
import { Command, Option } from 'commander';
import { LogClient } from '../client/logclient.ts';
import { statementIn, verifyProof } from '../client/offline.ts';
import { equal, fromHex } from '../core/bytes.ts';
import { decodeStatement, signStatement } from '../core/cose.ts';
import { Fault } from '../core/fault.ts';
import { kidOf, type Signer } from '../core/signature.ts';
import type { Payload } from '../registry/kinds.ts';
import { contentTypeOf } from '../registry/names.ts';
import { payloadOf } from '../registry/payload.ts';
import { replaceFile } from '../store/durable.ts';
import { readKeyFile } from '../store/keyfile.ts';
import { describeProven } from './describe.ts';
import { hashFile } from './hashfile.ts';
import { command, required, setting } from './options.ts';
import { print } from './print.ts';
import { readBytes, readVkeys } from './readinput.ts';
import { refusePersonal } from './screen.ts';

export function makeCommand(): Command {
  const build = command('build', 'log a build: its files, its version, its builder and its site')
    .addOption(setting('--url <url>', 'the log'))
    .addOption(setting('--vkey <file>', 'the pinned keys of the log, one a line'))
    .addOption(setting('--key <file>', 'the build key that signs, PKCS#8 in PEM'))
    .addOption(setting('--issuer <id>', 'the organisation that owns the key'))
    .addOption(setting('--site <id>', 'where it was built, a site that the organisation has declared'))
    .addOption(setting('--builder <uri>', 'what built it'))
    .option('--product <name>', 'what was built')
    .option('--product-version <version>', 'which version of it')
    .option('--package-url <purl>', 'its package URL (default: pkg:generic/PRODUCT@VERSION)')
    .addOption(
      new Option('--kind <kind>', 'what it is')
        .choices(['software', 'detection-rules', 'firmware', 'container', 'document'])
        .default('software'),
    )
    .option('--artifact <file>', 'a file of the build; give as many as there are', collect, [])
    .option('--source <uri=alg:hex>', 'a source and its digest, such as git+https://…=gitCommit:…', collect, [])
    .option('--channel <id>', 'release channel')
    .addOption(setting('--out <file>', 'where the proof goes (default: PRODUCT-VERSION.tlog-proof)'))
    .action(submitBuild);
  const file = command('statement', 'log a statement that `limmat sign` made')
    .argument('<file>', 'the statement')
    .addOption(setting('--url <url>', 'the log'))
    .addOption(setting('--vkey <file>', 'the pinned keys of the log, one a line'))
    .addOption(setting('--out <file>', 'where the proof goes (default: FILE.tlog-proof)'))
    .action(submitFile);
  return new Command('submit').description('log something, and keep the proof').addCommand(build).addCommand(file);
}

type Target = { url?: string; vkey?: string; out?: string; json?: boolean };
type BuildOptions = Target & {
  key?: string;
  issuer?: string;
  site?: string;
  builder?: string;
  product?: string;
  productVersion?: string;
  packageUrl?: string;
  kind: Payload<'build'>['artifactKind'];
  artifact: string[];
  source: string[];
  channel?: string;
};

async function submitBuild(options: BuildOptions): Promise<void> {
  const [product, version] = [required(options, 'product'), required(options, 'productVersion')];
  if (options.artifact.length === 0) throw new Fault('bad-request', 'a build has at least one --artifact FILE');
  const payload = payloadOf('build', {
    product,
    version,
    artifactKind: options.kind,
    artifacts: await Promise.all(options.artifact.map((path) => artifactOf(path, options.json))),
    builder: required(options, 'builder'),
    site: required(options, 'site'),
    ...(options.channel === undefined ? {} : { channel: options.channel }),
    ...(options.source.length === 0 ? {} : { source: options.source.map(sourceOf) }),
  });
  refusePersonal('build', payload);
  const sub = options.packageUrl ?? `pkg:generic/${encodeURIComponent(product)}@${encodeURIComponent(version)}`;
  const statement = signBuild(readKeyFile(required(options, 'key')), required(options, 'issuer'), sub, payload);
  await send(statement, options, `${product}-${version}.tlog-proof`.replaceAll('/', '_'));
}

/** The signed statement of a build. */
export function signBuild(signer: Signer, iss: string, sub: string, payload: Uint8Array): Uint8Array {
  return signStatement({ signer, kid: kidOf(signer.key), contentType: contentTypeOf('build'), iss, sub, payload });
}

async function artifactOf(path: string, quiet?: boolean): Promise<Payload<'build'>['artifacts'][number]> {
  const { digests, size } = await hashFile(path, ['sha256'], quiet);
  return { name: basename(path), digests: { sha256: digests.get('sha256') as Uint8Array }, size };
}

function sourceOf(text: string): NonNullable<Payload<'build'>['source']>[number] {
  const [, uri, name, hex] = /^(.+)=([A-Za-z0-9-]+):([0-9a-f]+)$/.exec(text) ?? [];
  if (uri === undefined || name === undefined || hex === undefined) {
    throw new Fault('bad-request', `--source takes URI=ALGORITHM:HEX, not "${text}"`);
  }
  return { uri, digests: { [name]: fromHex(hex, 'bad-request') } };
}

async function submitFile(file: string, options: Target): Promise<void> {
  await send(decodeStatement(readBytes(file)).entry, options, `${file}.tlog-proof`);
}

/** Submits, checks what came back, and writes it down before saying that it is done. */
async function send(statement: Uint8Array, options: Target, defaultOut: string): Promise<void> {
  const vkeys = readVkeys(required(options, 'vkey'));
  const proof = await new LogClient(required(options, 'url'), fetch).submit(statement);
  const proven = verifyProof(proof, vkeys);
  // Not the same bytes: if it was logged before, with another signature by the same key, that is the entry.
  const logged = statementIn(proven.entry);
  if (!logged || !equal(logged.id, decodeStatement(statement).id)) {
    throw new Fault('bad-proof', 'the log answered with the proof of another statement');
  }
  const out = options.out ?? defaultOut;
  replaceFile(out, proof);
  print(options.json, { proof: out, ...describeProven(proven) });
}

function collect(value: string, before: string[]): string[] {
  return [...before, value];
}
