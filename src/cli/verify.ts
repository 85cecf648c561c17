/** `limmat verify`: checks an offline proof with no network, and no trust but in the keys that are given. @module */

import type { Command } from 'commander';
import { artifactIn, type Proven, verifyProof } from '../client/offline.ts';
import { SIGN1_TAG } from '../client/transparent.ts';
import { equal } from '../core/bytes.ts';
import { statementIn } from '../core/cose.ts';
import { Fault } from '../core/fault.ts';
import { parseTlogProof } from '../core/tlogproof.ts';
import { kindOf } from '../registry/names.ts';
import { readPayload } from '../registry/payload.ts';
import { describeProven } from './describe.ts';
import { hashFile } from './hashfile.ts';
import { command, setting } from './options.ts';
import { print } from './print.ts';
import { readBytes } from './readinput.ts';
import { readTrust, type Trust, type Trusting, withTrust } from './trust.ts';
import { verifyTrusted } from './verifytrusted.ts';

export function makeCommand(): Command {
  const made = command(
    'verify',
    'check a .tlog-proof offline: that the log has the entry, and that a file is what it speaks of',
  )
    .argument('<proof>', 'the proof, as `limmat submit` and `limmat proof` write it; - for standard input')
    .addOption(
      setting('--trust <file>', 'instead: what `limmat trust bundle` wrote, or a tlog-policy that names the log'),
    )
    .addOption(
      setting('--artifact <file>', 'the file that must be one of the build; in an opaque log, the entry itself'),
    )
    .action(verify);
  return withTrust(made);
}

type Options = Trusting & { trust?: string; artifact?: string; json?: boolean };

async function verify(file: string, options: Options): Promise<void> {
  if (options.trust !== undefined) return verifyTrusted(file, options.trust, options);
  const trust = readTrust(options);
  const bytes = readBytes(file);
  if (bytes[0] === SIGN1_TAG) refuseReceipt(file, trust);
  // A proof without its entry is for an opaque log, where the file itself was logged.
  const entry = options.artifact && !parseTlogProof(bytes).extra ? readBytes(options.artifact) : undefined;
  const proven = verifyProof(bytes, trust.vkeys, entry);
  const witnesses = trust.check({ checkpoint: proven, signed: proven.signed });
  const artifact =
    options.artifact && !entry ? await checkArtifact(proven, options.artifact, options.json) : options.artifact;
  print(options.json, { verified: true, ...describeProven(proven), witnesses, artifact, notShown: notShown(proven) });
}

/** SPEC: a bare receipt proves the log's word alone: where a policy asks for witnesses, a `tlog-proof` is needed. */
function refuseReceipt(file: string, { needsWitnesses }: Trust): never {
  const instead = '`limmat proof` fetches the .tlog-proof of the entry, which has the signed checkpoint in it';
  if (needsWitnesses) {
    throw new Fault('no-quorum', `no witness evidence: ${file} is a receipt, the word of the log alone; ${instead}`);
  }
  const what = `${file} is COSE, not a .tlog-proof, and --vkey has no receipt keys: a statement with its receipt goes with --trust`;
  throw new Fault('bad-request', `${what}; ${instead}`);
}

/**
 * The name that the logged build has for the file; of an opaque entry, the file's own, if it is the entry. Fault
 * `bad-proof` if it is something else.
 */
async function checkArtifact({ entry }: Proven, path: string, quiet?: boolean): Promise<string> {
  const statement = statementIn(entry);
  if (!statement) {
    if (equal(readBytes(path), entry)) return path;
    throw new Fault('bad-proof', `${path} is not the entry that was logged`);
  }
  if (kindOf(statement.contentType) !== 'build') {
    throw new Fault('bad-proof', 'the proof is not of a build, so no file can be checked against it');
  }
  const { digests } = await hashFile(path, ['sha256', 'sha384', 'sha512'], quiet);
  return artifactIn(readPayload('build', statement.payload).value, digests);
}

/** What nobody may conclude from this file alone. */
function notShown({ size, signed }: Proven): string[] {
  const others = signed.filter(({ vkey }) => vkey.name !== signed[0]?.vkey.name);
  return [
    `whether the key of the issuer was good at that entry, or was revoked since: ask with \`limmat verdict\`, or a monitor`,
    `what else happened after size ${size}: ask the log or a monitor`,
    ...(others.length === 0 ? ['whether witnesses saw this tree: only the log itself has signed it'] : []),
  ];
}
