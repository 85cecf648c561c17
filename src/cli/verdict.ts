/**
 * `limmat verdict`: asks a log whether a file is logged, by which key, and whether that key was good, and believes of the
 * answer what its proofs show. What only the log says is told apart. @module
 */
import type { Command } from 'commander';
import { LogClient } from '../client/logclient.ts';
import { askVerdict, type ProvenVerdict } from '../client/verdict.ts';
import { toHex } from '../core/bytes.ts';
import { Fault } from '../core/fault.ts';
import { FAILED } from './exit.ts';
import { hashFile } from './hashfile.ts';
import { command, requiredUrl, setting } from './options.ts';
import { print } from './print.ts';
import { readTrust, type Trusting, withTrust } from './trust.ts';

export function makeCommand(): Command {
  const made = command('verdict', 'ask a log about a file: is it logged, by which key, and was the key good')
    .addOption(setting('--url <url>', 'the log'))
    .addOption(setting('--artifact <file>', 'the file'))
    .addOption(setting('--digest <alg:hex>', 'its digest instead, as sha256:…'))
    .addOption(setting('--issuer <id>', 'builds of this organisation alone'))
    .action(verdict);
  return withTrust(made);
}

type Options = Trusting & { url?: string; artifact?: string; digest?: string; issuer?: string; json?: boolean };

async function verdict(options: Options): Promise<void> {
  const trust = readTrust(options);
  const client = new LogClient(requiredUrl(options), fetch);
  const answer = await askVerdict(client, trust, await digestOf(options), options.issuer);
  print(options.json, options.json ? { ...answer } : summary(answer));
  if (answer.verdict !== 'valid') process.exitCode = FAILED;
}

async function digestOf({ artifact, digest, json }: Options): Promise<string> {
  if ((artifact === undefined) === (digest === undefined)) {
    throw new Fault('bad-request', 'verdict takes one of --artifact FILE and --digest sha256:HEX');
  }
  if (artifact === undefined) return digest as string;
  const { digests } = await hashFile(artifact, ['sha256'], json);
  return `sha256:${toHex(digests.get('sha256') as Uint8Array)}`;
}

function summary({
  verdict,
  digest,
  size,
  withdrawn,
  contradicted,
  builds,
  proven,
  asserted,
}: ProvenVerdict): Record<string, unknown> {
  return {
    verdict,
    digest,
    withdrawn: withdrawn || undefined,
    contradicted: contradicted || undefined,
    builds: builds.map(({ index, verdict: own, why, issuer, product, version, keyId, site }) => {
      return {
        entry: index,
        verdict: own,
        why,
        issuer,
        product,
        version,
        key: keyId,
        site: site?.site,
        country: site?.country,
      };
    }),
    proven: proven.map(({ says, entries }) => `${says} (${entries.map((index) => `entry ${index}`).join(', ')})`),
    asserted: asserted.map(({ says }) => says),
    note: `what is asserted is the word of the log for its first ${size} entries; \`limmat replay\` shows whether it is so`,
  };
}
