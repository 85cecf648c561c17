/**
 * `limmat verify`: everything that a proof shows, by `limmat/verify`, with no network and no trust but in what is given;
 * for people and for scripts. @module
 */
import type { Command } from 'commander';
import { parseBundle } from '../client/proofbundle.ts';
import { SIGN1_TAG } from '../client/transparent.ts';
import { parseTrust, type Trust, trustInKeys } from '../client/trust.ts';
import { type VerifyOptions, verify } from '../client/verify.ts';
import { toHex } from '../core/bytes.ts';
import { statementIn } from '../core/cose.ts';
import { thumbprintOf } from '../core/cosekey.ts';
import { Fault } from '../core/fault.ts';
import { formatVkey } from '../core/note.ts';
import { explain } from '../core/quorum.ts';
import { splitTransparent } from '../core/receipt.ts';
import { NO_QUORUM, type Policy, type PolicyLog } from '../core/tlogpolicy.ts';
import { parseTlogProof } from '../core/tlogproof.ts';
import { kindOf } from '../registry/names.ts';
import { describeEnrolment, describeProven } from './describe.ts';
import { hashFile } from './hashfile.ts';
import { command, setting } from './options.ts';
import { print } from './print.ts';
import { readBytes, readText, readVkeys } from './readinput.ts';
import { parseDuration, readPolicy, type Trusting, withTrust } from './trust.ts';

export function makeCommand(): Command {
  const made = command(
    'verify',
    'check a proof offline: that the log has the entry, who signed it, and that a file is what it speaks of',
  )
    .argument('<proof>', 'a bundle or a .tlog-proof, as `limmat` writes them; - for standard input')
    .addOption(
      setting(
        '--trust <file>',
        'what `limmat trust bundle` wrote, or a tlog-policy that names the log; instead of --vkey and --policy',
      ),
    )
    .addOption(
      setting('--artifact <file>', 'the file that must be one of the build; in an opaque log, the entry itself'),
    )
    .action(check);
  return withTrust(made, undefined, 'how old what was signed may be, by each witness that counts or else by the log');
}

type Options = Trusting & { trust?: string; artifact?: string; json?: boolean };

async function check(file: string, options: Options): Promise<void> {
  const trust = trustOf(options);
  const bytes = readBytes(file);
  // Before the file is looked at, and its age: nothing that is asked for beside may hide that nobody has seen it.
  if (bytes[0] === SIGN1_TAG && (trust.policy.quorum !== NO_QUORUM || !trust.receiptKeys)) refuseReceipt(file, trust);
  const age =
    options.maxAge === undefined ? {} : { age: { now: Date.now() / 1000, max: parseDuration(options.maxAge) } };
  const verified = verify(bytes, trust, { ...(await artifactOf(bytes, options)), ...age });
  const { quorum, enrolment, artifact, receiptKey, notShown } = verified;
  print(options.json, {
    verified: true,
    ...describeProven(verified),
    receiptKey: receiptKey && toHex(thumbprintOf(receiptKey)),
    key: enrolment && describeEnrolment(enrolment),
    // A receipt says nothing of any; whoever asks for some has had it refused.
    witnesses: receiptKey || trust.policy.witnesses.length === 0 ? [] : explain(trust.policy, quorum),
    // Of an opaque entry, which has no name for it, the file's own.
    artifact: (verified.statement && artifact) ?? options.artifact,
    notShown,
  });
}

/** A policy that names its log needs no keys beside it; one that does not says who else must have seen the tree. */
function trustOf({ trust, vkey, policy }: Options): Trust {
  if (trust) {
    if (!vkey && !policy) return parseTrust(readText(trust));
    const what = '--trust says all that is believed: leave out --vkey and --policy (or LIMMAT_VKEY, LIMMAT_POLICY)';
    throw new Fault('bad-request', what);
  }
  if (!policy && !vkey) {
    const what =
      'nothing says whom to believe: give --trust, --policy or --vkey (or LIMMAT_TRUST and so on, or --config)';
    throw new Fault('bad-request', what);
  }
  if (!policy) return trustInKeys(readVkeys(vkey as string));
  const asked = readPolicy(policy);
  const { logs } = asked.policy;
  if (vkey)
    return { ...asked, policy: { ...asked.policy, logs: inBoth(trustInKeys(readVkeys(vkey)).policy.logs, logs) } };
  if (logs.length > 0) return asked;
  throw new Fault(
    'bad-policy',
    'the policy names no log: add a line `log <vkey>` with the key of the log, or give --vkey',
  );
}

/** The pinned keys, without those that a policy leaves out which names logs itself: what is believed must be in both. */
function inBoth(pinned: Policy['logs'], named: Policy['logs']): Policy['logs'] {
  const isNamed = ({ vkey }: PolicyLog) => named.some((log) => formatVkey(log.vkey) === formatVkey(vkey));
  const both = named.length === 0 ? pinned : pinned.filter(isNamed);
  if (both.length > 0) return both;
  throw new Fault('bad-policy', 'the policy names logs, and none by a key of --vkey: leave out one of the two');
}

/** SPEC: a bare receipt proves the log's word alone: where a policy asks for witnesses, a `tlog-proof` is needed. */
function refuseReceipt(file: string, { policy }: Trust): never {
  const instead = '`limmat proof` fetches the .tlog-proof of the entry, which has the signed checkpoint in it';
  if (policy.quorum !== NO_QUORUM) {
    throw new Fault('no-quorum', `no witness evidence: ${file} is a receipt, the word of the log alone; ${instead}`);
  }
  const what = `${file} is COSE, not a .tlog-proof, and no receipt keys are given, as they are in what \`limmat trust bundle\` writes`;
  throw new Fault('bad-request', `${what}; ${instead}`);
}

/** The digests of the file, which may be large; all of it where the entry is no build. */
async function artifactOf(proof: Uint8Array, { artifact, json }: Options): Promise<VerifyOptions> {
  if (artifact === undefined) return {};
  const entry = proof[0] === SIGN1_TAG ? splitTransparent(proof).statement : extraOf(proof);
  const kind = entry && kindOf(statementIn(entry)?.contentType ?? '');
  if (kind === undefined) return { file: readBytes(artifact) };
  return { digests: (await hashFile(artifact, ['sha256', 'sha384', 'sha512'], json)).digests };
}

const extraOf = (proof: Uint8Array) => parseTlogProof(parseBundle(proof).proof).extra;
