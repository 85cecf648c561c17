/**
 * `limmat verdict`: asks a log whether a file is logged, by which key, and whether that key was good, and believes of the
 * answer what its proofs show. What only the log says is told apart. @module
 */
import type { Command } from 'commander';
import { type Cited, verifyCited } from '../client/cited.ts';
import { LogClient } from '../client/logclient.ts';
import { fromUtf8, toHex } from '../core/bytes.ts';
import { Fault } from '../core/fault.ts';
import type { Vkey } from '../core/note.ts';
import type { Verdict } from '../registry/verdict.ts';
import { FAILED } from './exit.ts';
import { hashFile } from './hashfile.ts';
import { command, required, setting } from './options.ts';
import { print } from './print.ts';
import { readVkeys } from './readinput.ts';

export function makeCommand(): Command {
  return command('verdict', 'ask a log about a file: is it logged, by which key, and was the key good')
    .addOption(setting('--url <url>', 'the log'))
    .addOption(setting('--vkey <file>', 'the pinned keys of the log, one a line'))
    .addOption(setting('--artifact <file>', 'the file'))
    .addOption(setting('--digest <alg:hex>', 'its digest instead, as sha256:…'))
    .addOption(setting('--issuer <id>', 'builds of this organisation alone'))
    .action(askVerdict);
}

type Options = { url?: string; vkey?: string; artifact?: string; digest?: string; issuer?: string; json?: boolean };
type Answer = Verdict & { readonly entries: readonly Cited[] };

async function askVerdict(options: Options): Promise<void> {
  const vkeys = readVkeys(required(options, 'vkey'));
  const query = new URLSearchParams({ digest: await digestOf(options) });
  if (options.issuer !== undefined) query.set('issuer', options.issuer);
  const client = new LogClient(required(options, 'url'), fetch);
  const answer = JSON.parse(fromUtf8(await client.get(`v1/verdict?${query}`), 'bad-request')) as Answer;
  checkProofs(answer, vkeys);
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

/** Every entry that the answer rests on is proven. Fault `bad-proof` otherwise. */
function checkProofs({ entries, proven, builds }: Answer, vkeys: readonly Vkey[]): void {
  const shown = verifyCited(entries, vkeys);
  const cited = [...proven.flatMap((one) => one.entries), ...builds.map(({ index }) => index)];
  const missing = cited.find((index) => !shown.has(index));
  if (missing !== undefined) throw new Fault('bad-proof', `the answer rests on entry ${missing} and does not prove it`);
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
}: Answer): Record<string, unknown> {
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
