/** The configuration of a monitor: a YAML or JSON file, checked field by field before anything starts. @module */
import { statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fromUtf8 } from '../core/bytes.ts';
import { type CoseKey, decodeKeySet } from '../core/cosekey.ts';
import { Fault } from '../core/fault.ts';
import { parseVkeys, type Vkey } from '../core/note.ts';
import { type Policy, parsePolicy } from '../core/tlogpolicy.ts';
import type { Channel } from '../monitor/notify.ts';
import { EMPTY_WATCH, readStrictly, readWatch, strict, type Watch } from '../monitor/watch.ts';
import { integer, list, pattern, text } from '../registry/schema.ts';
import { hookChannel, mailChannel, webhookChannel } from './channels.ts';
import { readBytes, readMap, readText } from './readinput.ts';

const url = pattern(2048, /^https?:\/\/[^\s/]+(?:\/[^\s]*)?$/, 'a http or https URL');
const path = text(4096);
const urls = list(url, 1, 64);

const log = strict(
  { url, vkeys: path },
  {
    /** Further places with the same tiles. */
    mirrors: urls,
    /** A tlog-policy file: the witnesses, and how many of them have to cosign. */
    policy: path,
    /** COSE keys that sign receipts, so that those of customers can be imported. */
    receiptKeys: path,
    freshnessHours: integer(1, 100_000),
  },
);

const schema = strict(
  { logs: list(log, 1, 1000) },
  {
    peers: urls,
    distributors: urls,
    watch: path,
    hooks: list(path, 1, 32),
    webhooks: list(strict({ url, secret: path }, {}), 1, 32),
    /** `smtp` is a file with a URL, since that has a password in it. */
    mail: strict({ smtp: path, from: text(320), to: list(text(320), 1, 32) }, {}),
    heartbeat: path,
    /** Where heads are exchanged; without it, nobody can ask this monitor. */
    listen: text(300),
    seconds: integer(1, 86_400),
    graceSeconds: integer(0, 604_800),
  },
);

export type LogConfig = {
  readonly url: string;
  readonly mirrors: readonly string[];
  readonly vkeys: readonly Vkey[];
  readonly policy: Policy | undefined;
  readonly receiptKeys: readonly CoseKey[];
  /** In seconds. */
  readonly freshness: number;
};

export type MonitorConfig = {
  readonly logs: readonly LogConfig[];
  readonly peers: readonly string[];
  readonly distributors: readonly string[];
  readonly watch: () => Watch;
  readonly channels: readonly Channel[];
  readonly heartbeat: string | undefined;
  readonly listen: string | undefined;
  /** Between two rounds, in seconds; and how long a signed head may lack its tree, in milliseconds. */
  readonly seconds: number;
  readonly grace: number;
};

const DAY_HOURS = 24;
const USUAL_SECONDS = 300;
const USUAL_GRACE = 3600;

/** Paths in it are relative to its folder. `trouble` is told of a watch list that cannot be read after a change. */
export function readMonitorConfig(file: string, trouble: (message: string) => void): MonitorConfig {
  const given = readStrictly(schema, readMap(file), file);
  const at = (relative: string) => resolve(dirname(file), relative);
  const watchFile = given.watch === undefined ? undefined : at(given.watch);
  return {
    logs: given.logs.map((one) => ({
      url: trimmed(one.url),
      mirrors: (one.mirrors ?? []).map(trimmed),
      vkeys: parseVkeys(fromUtf8(readText(at(one.vkeys)), 'bad-vkey')),
      policy: one.policy === undefined ? undefined : parsePolicy(readText(at(one.policy))),
      receiptKeys: one.receiptKeys === undefined ? [] : decodeKeySet(readBytes(at(one.receiptKeys))),
      freshness: 3600 * (one.freshnessHours ?? DAY_HOURS),
    })),
    peers: (given.peers ?? []).map(trimmed),
    distributors: (given.distributors ?? []).map(trimmed),
    watch: watchFile === undefined ? () => EMPTY_WATCH : watchOf(watchFile, trouble),
    channels: [
      ...(given.hooks ?? []).map((hook) => hookChannel(at(hook))),
      ...(given.webhooks ?? []).map((hook) => webhookChannel(hook.url, secretIn(at(hook.secret)))),
      ...(given.mail ? [mailChannel({ ...given.mail, smtp: lineIn(at(given.mail.smtp)) })] : []),
    ],
    heartbeat: given.heartbeat === undefined ? undefined : at(given.heartbeat),
    listen: given.listen,
    seconds: given.seconds ?? USUAL_SECONDS,
    grace: 1000 * (given.graceSeconds ?? USUAL_GRACE),
  };
}

function trimmed(base: string): string {
  return base.replace(/\/+$/, '');
}

/** The watch list, read again when its file has changed. One that is then wrong leaves the old one in force. */
function watchOf(file: string, trouble: (message: string) => void): () => Watch {
  let read = readWatch(readMap(file));
  let version = versionOf(file);
  return () => {
    const now = versionOf(file);
    if (now === version) return read;
    version = now;
    try {
      read = readWatch(readMap(file));
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      trouble(`the watch list was changed and cannot be read, so the old one stays: ${error.message}`);
    }
    return read;
  };
}

function versionOf(file: string): string {
  const { mtimeMs, size, ino } = statSync(file, { throwIfNoEntry: false }) ?? {};
  return `${mtimeMs} ${size} ${ino}`;
}

function lineIn(file: string): string {
  return fromUtf8(readBytes(file), 'bad-request').trim();
}

/** The line break that an editor or `openssl rand -hex` leaves at the end is no part of it. */
function secretIn(file: string): Uint8Array {
  const bytes = readText(file);
  const breaks = [0x0a, 0x0d].findIndex((octet, i) => bytes.at(-1 - i) !== octet);
  const secret = bytes.subarray(0, bytes.length - (breaks < 0 ? 2 : breaks));
  if (secret.length < 16) throw new Fault('bad-request', `the secret in ${file} is shorter than 16 bytes`);
  return secret;
}
