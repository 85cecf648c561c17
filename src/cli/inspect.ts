/** `limmat inspect`: prints any file or URL of the formats of this project for a person. It shows, it does not verify. @module */
import type { Command } from 'commander';
import { LogClient } from '../client/logclient.ts';
import { readBundle } from '../core/bundle.ts';
import { toHex } from '../core/bytes.ts';
import { decode } from '../core/cbor.ts';
import { parseCheckpoint } from '../core/checkpoint.ts';
import { decodeStatement, statementIn } from '../core/cose.ts';
import { decodeKeySet, fromCoseKey, thumbprintOf } from '../core/cosekey.ts';
import { parseEvidence } from '../core/evidence.ts';
import { Fault } from '../core/fault.ts';
import { hashAt, leafHash } from '../core/hash.ts';
import { parseNote, parseVkeys } from '../core/note.ts';
import { decodeReceipt, splitTransparent } from '../core/receipt.ts';
import { parseTlogProof } from '../core/tlogproof.ts';
import { describeStatement } from './describe.ts';
import { command } from './options.ts';
import { print } from './print.ts';
import { readBytes } from './readinput.ts';

export function makeCommand(): Command {
  return command('inspect', 'print a file or URL of any format used here; nothing is verified')
    .argument(
      '<what>',
      'checkpoint, proof, evidence, statement, receipt, vkeys, COSE keys, tile or bundle; - for standard input',
    )
    .action(inspect);
}

type Shown = Record<string, unknown> & { format: string };

async function inspect(what: string, options: { json?: boolean }): Promise<void> {
  const bytes = /^https?:\/\//.test(what) ? await download(what) : readBytes(what);
  for (const read of READERS) {
    const shown = attempt(() => read(bytes));
    if (shown) return print(options.json, shown);
  }
  throw new Fault('bad-request', `${what} is of no format known here (${bytes.length} bytes)`);
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
  (bytes) => {
    const { index, path, checkpoint, extra } = parseTlogProof(bytes);
    const entry = extra && (statementOf(extra) ?? toHex(extra));
    return { format: 'tlog-proof@v1', index, path: path.map(toHex), ...noteOf(checkpoint), entry };
  },
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
  (bytes) => ({ format: 'COSE key', ...keyOf(fromCoseKey(decode(bytes))) }),
  (bytes) => {
    const keys = decodeKeySet(bytes);
    return keys.length === 0 ? undefined : { format: 'COSE key set', keys: keys.map(keyOf) };
  },
  (bytes) => {
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

function noteOf(bytes: Uint8Array): Record<string, unknown> {
  const note = parseNote(bytes);
  const { origin, size, root, extension } = parseCheckpoint(note.text);
  const signatures = note.signatures.map(({ name, id, signature }) => `${name} (key ${id}, ${signature.length} bytes)`);
  return { origin, size, root: toHex(root), extension, signatures };
}

function receiptOf(bytes: Uint8Array): Record<string, unknown> {
  const { iss, sub, kid, algorithm, proofs } = decodeReceipt(bytes);
  return {
    issuer: iss,
    subject: sub,
    kid: kid && toHex(kid),
    algorithm,
    claims: proofs.map(({ index, size, path }) => ({ index, size, path: path.map(toHex) })),
  };
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
