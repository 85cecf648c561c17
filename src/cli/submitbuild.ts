/** `limmat submit build`: hashes the files of a build, reads its provenance, signs the statement and logs it. @module */
import { basename } from 'node:path';
import { type Command, Option } from 'commander';
import { toHex } from '../core/bytes.ts';
import { Fault } from '../core/fault.ts';
import type { Json } from '../registry/json.ts';
import { KINDS } from '../registry/kinds.ts';
import { collect, commonFields, withCommon, withRefs } from './common.ts';
import { type Claims, type Fields, readDraft } from './draft.ts';
import { hashFile } from './hashfile.ts';
import { command, required, setting } from './options.ts';
import { type Artifact, algorithmsOf, type ProvenanceFile, requireMatch } from './provenance/match.ts';
import { mergeProvenance } from './provenance/merge.ts';
import type { NamedDigests } from './provenance/provenance.ts';
import { readProvenance } from './provenance/read.ts';
import { readBytes } from './readinput.ts';
import type { Origins } from './screen.ts';
import { type Composed, compose, finish, proofName, type Stating, withSigning, withTarget } from './statement.ts';

const { fields } = KINDS.build.schema;
const artifactKind = fields.get('artifactKind')?.node;

export function makeBuildCommand(): Command {
  const build = command('build', 'log a build: its files, its version, its builder and its site')
    .option('--artifact <file>', 'a file of the build; give as many as there are', collect, [])
    .addOption(setting('--out <file>', 'where the proof goes (default: PRODUCT-VERSION.tlog-proof)'))
    .action(submitBuild);
  return withTarget(withBuild(build));
}

/** The flags that say what was built, where, from what, and who signs for it; all but the files. */
export function withBuild(build: Command): Command {
  build
    .addOption(setting('--file <file>', 'fields of the build, YAML or JSON'))
    .addOption(setting('--site <id>', 'where it was built, a site that the organisation has declared'))
    .addOption(setting('--builder <uri>', 'what built it'))
    .option('--product <name>', 'what was built')
    .option('--product-version <version>', 'which version of it')
    .option('--package-url <purl>', 'its package URL (default: pkg:generic/PRODUCT@VERSION)')
    .addOption(
      new Option('--kind <kind>', 'what it is (default: software)').choices(
        artifactKind?.type === 'enum' ? artifactKind.values : [],
      ),
    )
    .option(
      '--provenance <file>',
      'in-toto, DSSE, Sigstore bundle or .buildinfo; what it says need not be given',
      collect,
      [],
    )
    .option('--source <uri=alg:hex>', 'a source and its digest, such as git+https://…=gitCommit:…', collect, [])
    .option('--channel <id>', 'release channel');
  return withSigning(withRefs(withCommon(build)));
}

export type BuildOptions = Stating & {
  file?: string;
  site?: string;
  builder?: string;
  product?: string;
  productVersion?: string;
  packageUrl?: string;
  kind?: string;
  artifact: string[];
  provenance: string[];
  source: string[];
  channel?: string;
};

async function submitBuild(options: BuildOptions & { out?: string }): Promise<void> {
  const { statement, product, version } = await composeBuild(options);
  await finish(statement, options, { proof: () => options.out ?? proofName(product, version) });
}

/** What is to be said of a build, as far as it is known; and of what comes from provenance, from which file. */
export type Described = { readonly fields: Fields; readonly claims: Claims; readonly origins: Origins };

/** Hashes the files and puts together what is to be signed about them. */
export async function composeBuild(
  options: BuildOptions,
  described?: Described,
): Promise<{ statement: Composed; product: string; version: string }> {
  const { fields, claims, origins } = described ?? (await describeBuild(options));
  const product = required(fields, 'product');
  const version = required({ productVersion: fields.version }, 'productVersion');
  for (const name of ['builder', 'site']) required(fields, name);
  const statement = await compose({ kind: 'build', fields, claims }, options, origins);
  return { statement, product, version };
}

/** The same before anything is asked for that was not said. */
export async function describeBuild(options: BuildOptions): Promise<Described> {
  const files = options.provenance.map((path): ProvenanceFile => {
    return { path, provenance: readProvenance(readBytes(path), path) };
  });
  const draft = options.file === undefined ? undefined : readDraft('build', options.file);
  const own = { ...draft?.fields, ...(await flagFields(options)) };
  const artifacts = await hashAll(options, algorithmsOf(files));
  if (artifacts.length === 0 && (files.length > 0 || own.artifacts === undefined)) {
    throw new Fault('bad-request', 'a build has at least one --artifact FILE');
  }
  requireMatch(artifacts, files);
  const { fields: said, packageUrl, origins } = mergeProvenance(files, own);
  const fields: Fields = {
    artifactKind: 'software',
    ...said,
    ...own,
    ...(artifacts.length === 0 ? {} : { artifacts: artifacts.map(artifactJson) }),
    ...(files.length === 0 ? {} : { provenance: await evidenceOfAll(files, options.json) }),
  };
  const subject = options.packageUrl ?? draft?.claims.subject ?? packageUrl ?? genericUrl(fields);
  return { fields, claims: { ...draft?.claims, ...(subject === undefined ? {} : { subject }) }, origins };
}

function genericUrl({ product, version }: Fields): string | undefined {
  if (typeof product !== 'string' || typeof version !== 'string') return undefined;
  return `pkg:generic/${encodeURIComponent(product)}@${encodeURIComponent(version)}`;
}

/** What the flags say; the files are hashed apart. */
async function flagFields(options: BuildOptions): Promise<Fields> {
  const { product, productVersion: version, builder, site, channel, kind: artifactKind, source } = options;
  const given = { product, version, builder, site, channel, artifactKind };
  return {
    ...Object.fromEntries(Object.entries(given).filter((entry): entry is [string, string] => entry[1] !== undefined)),
    ...(source.length === 0 ? {} : { source: source.map(sourceOf) }),
    ...(await commonFields('build', options)),
  };
}

type Hashed = Artifact & { readonly size: number };

/** One after the other: a disk reads that way, and progress is seen. */
async function hashAll({ artifact, json }: BuildOptions, algorithms: readonly string[]): Promise<Hashed[]> {
  const hashed: Hashed[] = [];
  for (const path of artifact) {
    const { digests, size } = await hashFile(path, algorithms, json);
    hashed.push({ name: basename(path), digests: Object.fromEntries(digests), size });
  }
  return hashed;
}

function artifactJson({ name, digests, size }: Hashed): Json {
  return { name, digests: hexOf(digests), size };
}

async function evidenceOfAll(files: readonly ProvenanceFile[], quiet: boolean | undefined): Promise<Json[]> {
  const all: Json[] = [];
  for (const { path, provenance } of files) {
    const { digests, size } = await hashFile(path, ['sha256'], quiet);
    const value = toHex(digests.get('sha256') as Uint8Array);
    all.push({ mediaType: provenance.mediaType, digest: { alg: 'sha256', value }, salted: false, size });
  }
  return all;
}

function hexOf(digests: NamedDigests): Json {
  return Object.fromEntries(Object.entries(digests).map(([name, digest]) => [name, toHex(digest)]));
}

function sourceOf(text: string): Json {
  const [, uri, name, hex] = /^(.+)=([A-Za-z0-9-]+):([0-9a-f]+)$/.exec(text) ?? [];
  if (uri === undefined || name === undefined || hex === undefined) {
    throw new Fault('bad-request', `--source takes URI=ALGORITHM:HEX, not "${text}"`);
  }
  return { uri, digests: { [name]: hex } };
}
