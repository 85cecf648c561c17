/**
 * What a client pins, in one small file: the keys of a log, its witnesses and their quorum, its first entry, and the
 * keys of its receipts. Also taken in its place: a tlog-policy file, or a file of vkeys. @module
 */
import { checkBytes, fromHex, fromUtf8, HASH_BYTES, type Hash, refuseMark, toHex, utf8 } from '../core/bytes.ts';
import { decode, encode } from '../core/cbor.ts';
import { fromCoseKey, toCoseKey } from '../core/cosekey.ts';
import { Fault } from '../core/fault.ts';
import { parseVkeys, type Vkey } from '../core/note.ts';
import type { PublicKey } from '../core/signature.ts';
import { formatPolicy, NO_QUORUM, type Policy, parsePolicy, policyKeys } from '../core/tlogpolicy.ts';

/** The logs and witnesses that are believed, and what else is known of a log beforehand. */
export type Trust = {
  /** Its `log` lines are the pinned keys. */
  readonly policy: Policy;
  /** Leaf hash of entry 0, the first policy of the log. */
  readonly genesis?: Hash;
  /** Keys that sign receipts, the one in use first. */
  readonly receiptKeys?: readonly PublicKey[];
};

const FORMAT = 'limmat-trust/v1';
const MAX_TRUST = 1024 * 1024;

/** All keys whose signatures can count. */
export function trustedKeys({ policy }: Trust): Vkey[] {
  return policyKeys(policy);
}

/** The trust in the keys of a log alone, whoever else may have seen its tree. */
export function trustInKeys(vkeys: readonly Vkey[]): Trust {
  return { policy: { logs: vkeys.map((vkey) => ({ vkey })), witnesses: [], groups: [], quorum: NO_QUORUM } };
}

/**
 * Writes a trust file.
 *
 * ```ts
 * import { formatTrust, parseTrust } from 'limmat/verify';
 *
 * const trust = parseTrust(trustFile);
 * const again = parseTrust(new TextEncoder().encode(formatTrust(trust)));
 * console.assert(again.policy.quorum === trust.policy.quorum);
 * ```
 */
export function formatTrust({ policy, genesis, receiptKeys }: Trust): string {
  const keys = receiptKeys?.map((key) => toHex(encode(toCoseKey({ key }))));
  const file = {
    format: FORMAT,
    // Line by line, so that a person can read and compare it.
    policy: formatPolicy(policy).split('\n').slice(0, -1),
    genesis: genesis && toHex(genesis),
    receiptKeys: keys,
  };
  return `${JSON.stringify(file, null, 2)}\n`;
}

/**
 * Reads a trust file as `limmat trust bundle` writes it; a tlog-policy file that names its log; or the vkeys of a log,
 * one a line. Fault `bad-policy` or `bad-vkey` if it is none of them, `bad-request` if it is no Uint8Array.
 *
 * ```ts
 * import { parseTrust } from 'limmat/verify';
 *
 * const trust = parseTrust(new TextEncoder().encode(`log ${vkey}\nquorum none\n`));
 * console.assert(trust.policy.logs.length === 1);
 * ```
 */
export function parseTrust(bytes: Uint8Array): Trust {
  checkBytes(bytes, 'a trust file');
  if (bytes.length > MAX_TRUST) throw new Fault('bad-policy', `a trust file of ${bytes.length} bytes is too large`);
  refuseMark(bytes, 'bad-policy');
  const text = fromUtf8(bytes, 'bad-policy');
  const trust = text.startsWith('{')
    ? parseFile(text)
    : /^(?:log|witness|group|quorum)[ \t]/m.test(text)
      ? { policy: parsePolicy(bytes) }
      : trustInKeys(parseVkeys(text));
  if (trust.policy.logs.length === 0) {
    throw new Fault('bad-policy', 'it names no log: add a line `log <vkey>` with the key of the log');
  }
  return trust;
}

function parseFile(text: string): Trust {
  const { format, policy, genesis, receiptKeys } = parseObject(text);
  if (format !== FORMAT) throw new Fault('bad-policy', `the format of a trust file is ${FORMAT}`);
  if (!isTexts(policy)) throw new Fault('bad-policy', 'policy is a list of the lines of a tlog-policy file');
  if (genesis !== undefined && !isHash(genesis)) throw new Fault('bad-policy', 'genesis is a leaf hash in hexadecimal');
  if (receiptKeys !== undefined && !isTexts(receiptKeys)) {
    throw new Fault('bad-policy', 'receiptKeys is a list of COSE_Keys in hexadecimal');
  }
  return {
    policy: parsePolicy(utf8(policy.map((line) => `${line}\n`).join(''))),
    ...(genesis === undefined ? {} : { genesis: fromHex(genesis, 'bad-policy') as Hash }),
    ...(receiptKeys === undefined
      ? {}
      : { receiptKeys: receiptKeys.map((key) => fromCoseKey(decode(fromHex(key, 'bad-policy'))).key) }),
  };
}

/** The members of a JSON object. Fault `bad-policy` if it is none. */
function parseObject(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  throw new Fault('bad-policy', 'it begins like JSON and is none');
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.length <= 1024 && value.every((item) => typeof item === 'string');
}

function isHash(value: unknown): value is string {
  return typeof value === 'string' && value.length === 2 * HASH_BYTES;
}
