/** Whose signatures a command believes: pinned keys of a log, and the witnesses that a trust policy asks for. @module */
import type { Command } from 'commander';
import { type Pinned, requireQuorum } from '../client/offline.ts';
import { type Trust as ClientTrust, parseTrust } from '../client/trust.ts';
import type { OpenedCheckpoint } from '../core/cosignature.ts';
import { Fault } from '../core/fault.ts';
import { explain } from '../core/quorum.ts';
import { parsePolicy, policyKeys } from '../core/tlogpolicy.ts';
import { required, setting } from './options.ts';
import { readText, readVkeys } from './readinput.ts';

export type Trusting = { vkey?: string; policy?: string; maxAge?: string };

export type Trust = Pinned & {
  /** Says by which witnesses a checkpoint is good enough; Fault `no-quorum` if it is not. Undefined without a policy. */
  check(checkpoint: Pick<OpenedCheckpoint, 'checkpoint' | 'signed'>): string[] | undefined;
};

export function withTrust(
  command: Command,
  keys = 'the pinned keys of the log, one a line',
  age = 'how old their cosignatures may be',
): Command {
  return command
    .addOption(setting('--vkey <file>', keys))
    .addOption(
      setting(
        '--policy <file>',
        'tlog-policy, or a trust bundle with one: the witnesses that must have cosigned, and maybe the log',
      ),
    )
    .addOption(setting('--max-age <duration>', `${age}, such as 90s, 30m, 24h, 7d`));
}

export function readTrust(options: Trusting): Trust {
  const policy = options.policy === undefined ? undefined : readPolicy(options.policy).policy;
  const max = options.maxAge === undefined ? undefined : parseDuration(options.maxAge);
  if (max !== undefined && !policy) throw new Fault('bad-request', '--max-age is for a --policy with witnesses');
  const isKnown = policy !== undefined && policy.logs.length > 0 && options.vkey === undefined;
  const pinned = isKnown ? [] : readVkeys(required(options, 'vkey'));
  return {
    vkeys: [...pinned, ...(policy ? policyKeys(policy) : [])],
    check(opened) {
      if (!policy) return undefined;
      const now = Math.floor(Date.now() / 1000);
      return explain(policy, requireQuorum(policy, opened, max === undefined ? undefined : { now, max }));
    },
  };
}

/** A tlog-policy, by itself or with what else `limmat trust bundle` wrote. */
export function readPolicy(path: string): ClientTrust {
  const bytes = readText(path);
  return bytes[0] === '{'.charCodeAt(0) ? parseTrust(bytes) : { policy: parsePolicy(bytes) };
}

const UNITS = { '': 1, s: 1, m: 60, h: 3600, d: 86_400 } as const;

/** Seconds, from text such as 90, 90s, 30m, 24h or 7d. */
export function parseDuration(text: string): number {
  const [, number, unit] = /^([0-9]{1,9})([smhd]?)$/.exec(text) ?? [];
  if (number === undefined)
    throw new Fault('bad-request', `--max-age takes a duration such as 90s, 30m, 24h or 7d, not "${text}"`);
  return Number(number) * UNITS[unit as keyof typeof UNITS];
}
