/**
 * `limmat proof`: fetches the proof of an entry, checks it, and writes it to a file: by itself, as a bundle with the
 * enrolment of its key, or as the statement with its receipt. @module
 */
import type { Command } from 'commander';
import { enrolmentIndex } from '../client/log.ts';
import { LogClient } from '../client/logclient.ts';
import { artifactIn, type Proven, verifyProof } from '../client/offline.ts';
import { formatBundle } from '../client/proofbundle.ts';
import { TiledLog } from '../client/tiledlog.ts';
import { trustInKeys } from '../client/trust.ts';
import { type Enrolment, verify } from '../client/verify.ts';
import { fromHex, toHex, utf8 } from '../core/bytes.ts';
import { entryIdOf, parseEntryId, statementIn } from '../core/cose.ts';
import { Fault } from '../core/fault.ts';
import { parseSize } from '../core/size.ts';
import { kindOf } from '../registry/names.ts';
import { readPayload } from '../registry/payload.ts';
import { replaceFile } from '../store/durable.ts';
import { describeEnrolment, describeProven } from './describe.ts';
import { command, requiredUrl, setting } from './options.ts';
import { print } from './print.ts';
import { transparentOf } from './receipts.ts';
import { readTrust, type Trusting, withTrust } from './trust.ts';

export function makeCommand(): Command {
  const made = command('proof', 'fetch the offline proof of an entry, check it and keep it')
    .addOption(setting('--url <url>', 'the log'))
    .option('--index <n>', 'the entry by its index, read through tiles')
    .option('--entry <id>', 'the entry by its id, as Location tells it')
    .option('--hash <hex>', 'the entry by its leaf hash')
    .option('--digest <alg:hex>', 'the first build that names a file with this digest, as sha256:…')
    .option('--size <n>', 'by the checkpoint that was published for this size (default: the newest); not with --entry')
    .option('--bundle', 'with the enrolment of its key beside it, by which `verify` checks the signature too')
    .option('--transparent', 'as a Transparent Statement instead: the statement with its receipt in header 394')
    .addOption(setting('--out <file>', 'where it goes (default: entry-N.tlog-proof, .limmat.json or .cose)'))
    .action(proof);
  return withTrust(made);
}

type Options = Trusting & {
  url?: string;
  index?: string;
  entry?: string;
  hash?: string;
  digest?: string;
  size?: string;
  bundle?: boolean;
  transparent?: boolean;
  out?: string;
  json?: boolean;
};

/** A receipt has no checkpoint, so that whoever gets it learns nothing of witnesses, whatever was checked here. */
const NO_EVIDENCE = ['no witness evidence: a receipt is the word of the log alone'];

async function proof(options: Options): Promise<void> {
  const asked = readAsked(options);
  const trust = readTrust(options);
  const client = new LogClient(requiredUrl(options), fetch);
  const log = new TiledLog(client.get, trust);
  const bytes = await fetchProof(asked, client, log);
  const proven = verifyProof(bytes, trust.vkeys);
  const witnesses = trust.check({ checkpoint: proven, signed: proven.signed });
  checkAsked(proven, asked);
  if (options.transparent) {
    const out = options.out ?? `entry-${proven.index}.cose`;
    replaceFile(out, await transparentOf(client, proven));
    print(options.json, { proof: out, ...describeProven(proven), witnesses: NO_EVIDENCE });
    return;
  }
  const enrolment = options.bundle ? await enrolmentOf(proven, client, log) : undefined;
  const kept = enrolment ? utf8(formatBundle({ proof: bytes, enrolment })) : bytes;
  // Both were seen by enough; that the one enrolled the key that signed the other is checked as whoever gets it will.
  const key = enrolment && describeEnrolment(verify(kept, trustInKeys(trust.vkeys)).enrolment as Enrolment);
  const out = options.out ?? `entry-${proven.index}.${enrolment ? 'limmat.json' : 'tlog-proof'}`;
  replaceFile(out, kept);
  print(options.json, { proof: out, ...describeProven(proven), key, witnesses });
}

type Asked = {
  readonly index?: number;
  readonly entry?: string;
  readonly hash?: string;
  readonly digest?: readonly [algorithm: string, hex: string];
  readonly size?: number;
};

function readAsked(options: Options): Asked {
  const { index, entry, hash, digest, size, bundle, transparent } = options;
  if ([index, entry, hash, digest].filter((name) => name !== undefined).length !== 1) {
    throw new Fault('bad-request', 'proof takes one of --index N, --entry ID, --hash HEX and --digest ALG:HEX');
  }
  if (bundle && transparent) {
    throw new Fault('bad-request', '--bundle keeps a proof, --transparent a receipt: give one of them');
  }
  if (size !== undefined && (entry !== undefined || transparent)) {
    const what =
      '--size is for a proof by --index, --hash or --digest: receipts and --entry are of the newest checkpoint';
    throw new Fault('bad-request', what);
  }
  if (hash !== undefined && !/^[0-9a-f]{64}$/.test(hash)) {
    throw new Fault('bad-request', '--hash takes a leaf hash, 64 lower-case hexadecimal digits');
  }
  const [, algorithm = '', hex = ''] = /^(sha(?:256|384|512)):([0-9a-f]+)$/.exec(digest ?? '') ?? [];
  if (digest !== undefined && (hex === '' || hex.length !== Number(algorithm.slice(3)) / 4)) {
    throw new Fault(
      'bad-request',
      `--digest takes sha256:HEX, sha384:HEX or sha512:HEX, not "${digest.slice(0, 100)}"`,
    );
  }
  return {
    ...(index === undefined ? {} : { index: parseSize(index, 'bad-request') }),
    ...(entry === undefined ? {} : { entry: entryIdOf(parseEntryId(entry)) }),
    ...(hash === undefined ? {} : { hash }),
    ...(digest === undefined ? {} : { digest: [algorithm, hex] }),
    ...(size === undefined ? {} : { size: parseSize(size, 'bad-request') }),
  };
}

function fetchProof(
  { index, entry, hash, digest, size }: Asked,
  client: LogClient,
  log: TiledLog,
): Promise<Uint8Array> {
  if (entry !== undefined) return client.proof(entry);
  if (index !== undefined && size === undefined) return log.proof(index);
  const query = { index, hash, digest: digest?.join(':'), size };
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  return client.get(`v1/proof?${given.map(([name, value]) => `${name}=${value}`).join('&')}`);
}

/** Fault `bad-proof` if the log answered with the proof of another entry, or of another tree. */
function checkAsked(proven: Proven, { index, entry, hash, digest, size }: Asked): void {
  const statement = statementIn(proven.entry);
  const isIt =
    (index === undefined || proven.index === index) &&
    (entry === undefined || (statement !== undefined && entryIdOf(statement.id) === entry)) &&
    (hash === undefined || toHex(proven.leafHash) === hash);
  if (!isIt) {
    const what = entry ?? hash ?? index;
    throw new Fault('bad-proof', `the log answered with the proof of another entry than ${what}`);
  }
  if (size !== undefined && proven.size !== size) {
    throw new Fault('bad-proof', `the log answered with a proof for size ${proven.size} instead of ${size}`);
  }
  if (digest === undefined) return;
  if (!statement || kindOf(statement.contentType) !== 'build') {
    throw new Fault('bad-proof', 'the log answered with the proof of an entry that is no build');
  }
  const [algorithm, hex] = digest;
  artifactIn(readPayload('build', statement.payload).value, new Map([[algorithm, fromHex(hex, 'bad-request')]]));
}

/** The proof of the entry that enrolled the key of a statement. Fault `unknown-key` if the log says that there is none. */
async function enrolmentOf({ entry, index }: Proven, client: LogClient, log: TiledLog): Promise<Uint8Array> {
  const statement = statementIn(entry);
  const enrolled = statement && (await enrolmentIndex(client, statement.kid));
  if (enrolled !== undefined) return log.proof(enrolled);
  throw new Fault(
    'unknown-key',
    `the log knows of no entry that enrolled the key of entry ${index}: leave out --bundle`,
  );
}
