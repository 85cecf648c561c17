/** `limmat verify`: checks an offline proof with no network, and no trust but in the keys that are given. @module */
import type { Command } from 'commander';
import { artifactIn, type Proven, statementIn, verifyProof } from '../client/offline.ts';
import { equal } from '../core/bytes.ts';
import { Fault } from '../core/fault.ts';
import { parseTlogProof } from '../core/tlogproof.ts';
import { kindOf } from '../registry/names.ts';
import { readPayload } from '../registry/payload.ts';
import { describeProven } from './describe.ts';
import { hashFile } from './hashfile.ts';
import { command, required, setting } from './options.ts';
import { print } from './print.ts';
import { readBytes, readVkeys } from './readinput.ts';
import { verifyTrusted } from './verifytrusted.ts';

export function makeCommand(): Command {
  return command(
    'verify',
    'check a .tlog-proof offline: that the log has the entry, and that a file is what it speaks of',
  )
    .argument('<proof>', 'the proof, as `limmat submit` and `limmat proof` write it; - for standard input')
    .addOption(setting('--vkey <file>', 'the pinned keys of the log, one a line'))
    .addOption(
      setting('--trust <file>', 'instead: what `limmat trust bundle` wrote, or a tlog-policy that names the log'),
    )
    .addOption(setting('--max-age <seconds>', 'with --trust: how old the newest signature may be'))
    .addOption(
      setting('--artifact <file>', 'the file that must be one of the build; in an opaque log, the entry itself'),
    )
    .action(verify);
}

type Options = { vkey?: string; trust?: string; maxAge?: string; artifact?: string; json?: boolean };

async function verify(file: string, options: Options): Promise<void> {
  if (options.trust !== undefined) return verifyTrusted(file, options.trust, options);
  const vkeys = readVkeys(required(options, 'vkey'));
  const bytes = readBytes(file);
  // A proof without its entry is for an opaque log, where the file itself was logged.
  const entry = options.artifact && !parseTlogProof(bytes).extra ? readBytes(options.artifact) : undefined;
  const proven = verifyProof(bytes, vkeys, entry);
  const artifact =
    options.artifact && !entry ? await checkArtifact(proven, options.artifact, options.json) : options.artifact;
  print(options.json, { verified: true, ...describeProven(proven), artifact, notShown: notShown(proven) });
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
    `whether the key of the issuer was good at that entry, and what happened after size ${size}: ask the log or a monitor`,
    ...(others.length === 0 ? ['whether witnesses saw this tree: only the log itself has signed it'] : []),
  ];
}
