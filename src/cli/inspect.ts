/** `limmat inspect`: prints any file or URL of the formats of this project for a person. It shows, it does not verify. @module */
import type { Command } from 'commander';
import { LogClient } from '../client/logclient.ts';
import { parseBundle } from '../client/proofbundle.ts';
import { parseTrust } from '../client/trust.ts';
import { readBundle } from '../core/bundle.ts';
import { fromBase64, fromUtf8, refuseMark, toHex } from '../core/bytes.ts';
import { decode } from '../core/cbor.ts';
import { parseCheckpoint } from '../core/checkpoint.ts';
import { decodeConsistencyReceipt } from '../core/consistency.ts';
import { decodeStatement, statementIn } from '../core/cose.ts';
import { decodeKeySet, fromCoseKey, thumbprintOf } from '../core/cosekey.ts';
import { parseEvidence } from '../core/evidence.ts';
import { Fault } from '../core/fault.ts';
import { hashAt, leafHash } from '../core/hash.ts';
import { parseNote, parseVkeys, type Vkey } from '../core/note.ts';
import { decodeReceipt, type Envelope, splitTransparent } from '../core/receipt.ts';
import { kidOf } from '../core/signature.ts';
import { parseSize } from '../core/size.ts';
import { type Policy, parsePolicy } from '../core/tlogpolicy.ts';
import { parseTlogProof } from '../core/tlogproof.ts';
import { publicKeyIn } from '../store/keyfile.ts';
import { describeStatement } from './describe.ts';
import { command } from './options.ts';
import { print } from './print.ts';
import { readBytes } from './readinput.ts';

export function makeCommand(): Command {
  return command('inspect', 'print a file or URL of any format used here; nothing is verified')
    .argument(
      '<what>',
      'checkpoint, proof, bundle, evidence, statement, receipt of inclusion or consistency, vkeys, keys in COSE or PEM, ' +
        'tile, entry bundle, tlog-policy, trust bundle, guard, problem details, or an answer in JSON; - for standard input',
    )
    .action(inspect);
}

type Shown = Record<string, unknown> & { format: string };

async function inspect(what: string, options: { json?: boolean }): Promise<void> {
  const bytes = /^https?:\/\//.test(what) ? await download(what) : readBytes(what);
  for (const read of READERS) {
    const shown = attempt(() => read(bytes));
    // JSON is for people too, as it is.
    if (shown?.format === 'JSON' && !options.json)
      return void process.stdout.write(`${JSON.stringify(shown.value, null, 2)}\n`);
    if (shown) return print(options.json, shown);
  }
  refuseMark(bytes, 'bad-request');
  const known = '`limmat inspect --help` lists those that are';
  throw new Fault('bad-request', `${what} is of no format known here (${bytes.length} bytes): ${known}`);
}

async function download(url: string): Promise<Uint8Array> {
  if (!URL.canParse(url)) throw new Fault('bad-request', `${url} is not a URL`);
  const { origin, pathname, search } = new URL(url);
  return new LogClient(origin, fetch).get(`${pathname.slice(1)}${search}`);
}

function attempt(read: () => Shown | undefined): Shown | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof Fault) return undefined;
    throw error;
  }
}

/** From the most telling format to the least: what has a distinct beginning comes before what any bytes could be. */
const READERS: readonly ((bytes: Uint8Array) => Shown | undefined)[] = [
  (bytes) => ({ format: 'tlog-proof@v1', ...proofOf(bytes) }),
  (bytes) => {
    if (!isJson(bytes)) return undefined;
    const { proof, enrolment } = parseBundle(bytes);
    return { format: 'limmat-bundle/v1', ...proofOf(proof), enrolment: enrolment && proofOf(enrolment) };
  },
  (bytes) => {
    if (!isJson(bytes)) return undefined;
    const { policy, genesis, receiptKeys = [] } = parseTrust(bytes);
    const receipts = receiptKeys.map((key) => toHex(thumbprintOf(key)));
    return {
      format: 'limmat-trust/v1',
      ...policyOf(policy),
      genesis: genesis && toHex(genesis),
      receiptKeys: receipts,
    };
  },
  pemOf,
  guardOf,
  (bytes) => ({ format: 'tlog-policy', ...policyOf(parsePolicy(bytes)) }),
  (bytes) => {
    const { kind, log, hashes, notes } = parseEvidence(bytes);
    const key = `${log.name} (key ${log.id})`;
    return { format: 'tlog-evidence', kind, log: key, hashes: hashes.map(toHex), notes: notes.map(noteOf) };
  },
  (bytes) => ({ format: 'checkpoint', ...noteOf(bytes) }),
  (bytes) => ({
    format: 'vkeys',
    keys: parseVkeys(new TextDecoder().decode(bytes)).map(({ name, id, type, key }) => ({
      name,
      id,
      type,
      publicKey: toHex(key.bytes),
    })),
  }),
  (bytes) => {
    const { statement, receipts } = splitTransparent(bytes);
    if (receipts.length === 0) return undefined;
    return {
      format: 'transparent statement',
      ...describeStatement(decodeStatement(statement)),
      receipts: receipts.map(receiptOf),
    };
  },
  (bytes) => ({
    format: 'statement',
    ...describeStatement(decodeStatement(bytes)),
    leafHash: toHex(leafHash(decodeStatement(bytes).entry)),
  }),
  (bytes) => ({ format: 'receipt', ...receiptOf(bytes) }),
  (bytes) => ({ format: 'consistency receipt', ...consistencyOf(bytes) }),
  problemOf,
  (bytes) => ({ format: 'COSE key', ...keyOf(fromCoseKey(decode(bytes))) }),
  (bytes) => {
    const keys = decodeKeySet(bytes);
    return keys.length === 0 ? undefined : { format: 'COSE key set', keys: keys.map(keyOf) };
  },
  (bytes) => (/[[{]/.test(String.fromCharCode(bytes[0] ?? 0)) ? { format: 'JSON', value: jsonOf(bytes) } : undefined),
  (bytes) => {
    // Hashes are hardly ever all text, and what is may be somebody's private key.
    if (bytes.every((byte) => byte < 0x80)) return undefined;
    const width = bytes.length / 32;
    if (!Number.isInteger(width) || width < 1 || width > 256 || isBundle(bytes)) return undefined;
    return { format: 'tile', width, hashes: Array.from({ length: width }, (_, i) => toHex(hashAt(bytes, i))) };
  },
  (bytes) => {
    const entries = bundleOf(bytes);
    if (entries.length === 0) return undefined;
    return {
      format: 'entry bundle',
      width: entries.length,
      entries: entries.map((entry) => ({
        leafHash: toHex(leafHash(entry)),
        ...(statementOf(entry) ?? { bytes: toHex(entry) }),
      })),
    };
  },
];

const isJson = (bytes: Uint8Array): boolean => bytes[0] === '{'.charCodeAt(0);

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(fromUtf8(bytes, 'bad-request'));
  } catch (error) {
    throw new Fault('bad-request', 'not JSON', { cause: error });
  }
}

function proofOf(bytes: Uint8Array): Record<string, unknown> {
  const { index, path, checkpoint, extra } = parseTlogProof(bytes);
  const entry = extra && (statementOf(extra) ?? toHex(extra));
  return { index, path: path.map(toHex), ...noteOf(checkpoint), entry };
}

function policyOf({ logs, witnesses, groups, quorum }: Policy): Record<string, unknown> {
  const keyed = ({ vkey, url }: { vkey: Vkey; url?: string }) => ({
    key: vkey.name,
    id: vkey.id,
    type: vkey.type,
    url,
  });
  return {
    logs: logs.map(keyed),
    witnesses: witnesses.map(({ name, ...witness }) => ({ name, ...keyed(witness) })),
    groups: groups.map(({ name, threshold, members }) => `${name}: ${threshold} of ${members.join(', ')}`),
    quorum,
  };
}

function noteOf(bytes: Uint8Array): Record<string, unknown> {
  const note = parseNote(bytes);
  const { origin, size, root, extension } = parseCheckpoint(note.text);
  const signatures = note.signatures.map(({ name, id, signature }) => `${name} (key ${id}, ${signature.length} bytes)`);
  return { origin, size, root: toHex(root), extension, signatures };
}

function receiptOf(bytes: Uint8Array): Record<string, unknown> {
  const { proofs, ...envelope } = decodeReceipt(bytes);
  const claims = proofs.map(({ index, size, path }) => ({ index, size, path: path.map(toHex) }));
  return { ...envelopeOf(envelope), claims };
}

function consistencyOf(bytes: Uint8Array): Record<string, unknown> {
  const { proofs, ...envelope } = decodeConsistencyReceipt(bytes);
  const claims = proofs.map(({ first, second, path }) => ({ first, second, path: path.map(toHex) }));
  return { ...envelopeOf(envelope), claims };
}

function envelopeOf({ iss, sub, kid, algorithm }: Envelope): Record<string, unknown> {
  return { issuer: iss, subject: sub, kid: kid && toHex(kid), algorithm };
}

/** A key in PEM; of a private one the public half alone. */
function pemOf(bytes: Uint8Array): Shown | undefined {
  const text = new TextDecoder().decode(bytes);
  const key = publicKeyIn(text, 'it');
  if (!key) return undefined;
  const format = /PRIVATE/.test(text) ? 'private key in PEM; this is its public half' : 'public key in PEM';
  return { format, algorithm: key.algorithm, kid: toHex(kidOf(key)), publicKey: toHex(key.bytes) };
}

/** The journal of signed heads. Its chain begins with the origin, which is not in it: `fsck` checks that. */
function guardOf(bytes: Uint8Array): Shown | undefined {
  const lines = new TextDecoder().decode(bytes).match(/[^\n]*\n/g) ?? [];
  const heads = lines.map((line) => /^([0-9]+) (\S{44}) \S{44}\n$/.exec(line) ?? []);
  const [, size, root] = heads.at(-1) ?? [];
  if (size === undefined || heads.some(([line]) => line === undefined)) return undefined;
  const newest = { size: parseSize(size, 'bad-request'), root: toHex(fromBase64(root as string, 'bad-request')) };
  return { format: 'guard', heads: heads.length, newest };
}

/** What a log answers when it refuses, RFC 9290. */
function problemOf(bytes: Uint8Array): Shown | undefined {
  const problem = decode(bytes);
  if (!(problem instanceof Map)) return undefined;
  const [title, detail, status] = [problem.get(-1), problem.get(-2), problem.get(-4)];
  if (typeof title !== 'string') return undefined;
  return { format: 'problem details', title, detail, status };
}

function keyOf({ key, kid, alg }: ReturnType<typeof fromCoseKey>): Record<string, unknown> {
  return {
    algorithm: key.algorithm,
    alg,
    kid: kid && toHex(kid),
    thumbprint: toHex(thumbprintOf(key)),
    publicKey: toHex(key.bytes),
  };
}

function statementOf(entry: Uint8Array): Record<string, unknown> | undefined {
  const statement = statementIn(entry);
  return statement && describeStatement(statement);
}

/** The entries of a bundle whose width nobody told. */
function bundleOf(bytes: Uint8Array): Uint8Array[] {
  let [at, width] = [0, 0];
  for (; at < bytes.length; width++) at += 2 + (bytes[at] as number) * 256 + (bytes[at + 1] ?? 0);
  return readBundle(bytes, width);
}

function isBundle(bytes: Uint8Array): boolean {
  return attempt(() => ({ format: '', width: bundleOf(bytes).length })) !== undefined;
}
