/** `limmat trust bundle`: writes what a client pins of a log into one small file, once it was checked. @module */
import { Command } from 'commander';
import { LogClient } from '../client/logclient.ts';
import { type Proven, requireQuorum, verifyPinned } from '../client/offline.ts';
import { formatTrust, type Trust, trustInKeys } from '../client/trust.ts';
import { toHex, utf8 } from '../core/bytes.ts';
import { statementIn } from '../core/cose.ts';
import { thumbprintOf } from '../core/cosekey.ts';
import { Fault } from '../core/fault.ts';
import { parseVkey, type Vkey } from '../core/note.ts';
import { type Policy, policyKeys } from '../core/tlogpolicy.ts';
import { kindOf } from '../registry/names.ts';
import { readPayload } from '../registry/payload.ts';
import { replaceFile } from '../store/durable.ts';
import { command, required, requiredUrl, setting } from './options.ts';
import { print } from './print.ts';
import { readVkeys } from './readinput.ts';
import { receiptKeys } from './receipts.ts';
import { commandLine } from './shell.ts';
import { readPolicy } from './trust.ts';

export function makeCommand(): Command {
  const bundle = command('bundle', 'write what a client pins of a log into one file: keys, witnesses, first entry')
    .addOption(setting('--url <url>', 'the log'))
    .addOption(setting('--vkey <file>', 'the keys of the log, one a line, from a place that you trust'))
    .addOption(setting('--policy <file>', 'tlog-policy with the witnesses (default: those of the first entry)'))
    .addOption(setting('--out <file>', 'where it goes').default('trust.json'))
    .action(writeBundle);
  return new Command('trust').description('what a client trusts').addCommand(bundle);
}

type Options = { url?: string; vkey?: string; policy?: string; out: string; json?: boolean };

async function writeBundle(options: Options): Promise<void> {
  const vkeys = readVkeys(required(options, 'vkey'));
  const client = new LogClient(requiredUrl(options), fetch);
  const given = options.policy === undefined ? undefined : withLogs(readPolicy(options.policy).policy, vkeys);
  // A bundle that nothing of this log satisfies is not written. The witnesses of the first policy may be others by now.
  const first = verifyPinned(await client.get('v1/proof?index=0'), {
    vkeys: given ? policyKeys(given) : vkeys,
    check: (opened) => given && requireQuorum(given, opened),
  });
  const statement = statementIn(first.entry);
  const trust: Trust = {
    policy: given ?? withLogs(policyIn(first), vkeys),
    genesis: first.leafHash,
    // A log of raw bytes gives no receipts.
    ...(statement ? { receiptKeys: await receiptKeys(client, first) } : {}),
  };
  replaceFile(options.out, utf8(formatTrust(trust)));
  print(options.json, {
    trust: options.out,
    log: first.origin,
    genesis: first.leafHash,
    witnesses: trust.policy.witnesses.map(({ vkey }) => vkey.name),
    quorum: trust.policy.quorum,
    receiptKeys: (trust.receiptKeys ?? []).map((key) => toHex(thumbprintOf(key))),
    next: commandLine('limmat verify FILE.tlog-proof', { trust: options.out, artifact: 'FILE' }),
  });
}

/** A policy that names the pinned keys; one that names others is not of this log. */
function withLogs(policy: Policy, vkeys: readonly Vkey[]): Policy {
  const { logs } = trustInKeys(vkeys).policy;
  const differs = policy.logs.some(({ vkey }) => !vkeys.some(({ name, id }) => name === vkey.name && id === vkey.id));
  if (differs) throw new Fault('bad-policy', 'the policy names a log key that is not among those of --vkey');
  return { ...policy, logs };
}

/** The witnesses of the first policy of the log: any `witnessQuorum` of them. */
function policyIn({ entry }: Proven): Policy {
  const statement = statementIn(entry);
  const isPolicy = statement !== undefined && kindOf(statement.contentType) === 'policy';
  const { witnesses = [], witnessQuorum = 0 } = isPolicy ? readPayload('policy', statement.payload).value : {};
  if (witnesses.length === 0) return trustInKeys([]).policy;
  const named = witnesses.map((text, i) => ({ name: `witness-${i + 1}`, vkey: parseVkey(text) }));
  const members = named.map(({ name }) => name);
  const group = { name: 'witnesses', threshold: witnessQuorum, members };
  return { logs: [], witnesses: named, groups: [group], quorum: group.name };
}
