/**
 * Which logs a witness is told to cosign: `logs/v0` lists of the witness network, or files of vkeys as a log's `init`
 * writes them; and what must not be in them. Pure. @module
 */
import { toHex, utf8 } from '../core/bytes.ts';
import { Fault, messageOf } from '../core/fault.ts';
import { COSIGNATURE_ED25519, parseVkey, parseVkeys, type Vkey } from '../core/note.ts';

/** A log to be cosigned; one with several keys is several of these. */
export type ListedLog = { readonly origin: string; readonly vkey: Vkey };

const HEADER = 'logs/v0';
const MAX_QPD = 2 ** 31;

/** Reads either kind of file. Fault `bad-vkey`, with the line in a list. */
export function parseLogs(text: string): ListedLog[] {
  const first = text
    .split('\n')
    .map((line) => line.trim())
    .find((line) => line !== '' && !line.startsWith('#'));
  if (first !== undefined && first !== HEADER && /^logs\/v\d+$/.test(first)) {
    throw new Fault('bad-vkey', `this is a list of the form ${first}; only ${HEADER} can be read`);
  }
  if (first !== HEADER) return parseVkeys(text).map((vkey) => ({ origin: vkey.name, vkey }));
  return parseLogList(text);
}

/** SPEC (log-list-format): blank lines and comments are ignored; a log is `vkey`, maybe `origin`, `qpd`, `contact`. */
function parseLogList(text: string): ListedLog[] {
  const lines = text
    .split('\n')
    .map((line, i) => ({ text: line.trim(), number: i + 1 }))
    .filter((line) => line.text !== '' && !line.text.startsWith('#'));
  const logs: ListedLog[] = [];
  let at = 1; // behind the header
  /** The value of the line with this key; undefined if the next line has another. */
  const take = (key: string): string | undefined => {
    const [, value] = new RegExp(`^${key}\\s+(.*)$`).exec(lines[at]?.text ?? '') ?? [];
    if (value !== undefined) at++;
    return value;
  };
  while (at < lines.length) {
    const { number } = lines[at] as { number: number };
    try {
      const vkey = parseVkey(take('vkey') ?? missing('vkey'));
      const origin = take('origin') ?? vkey.name;
      checkRate(take('qpd') ?? missing('qpd'));
      take('contact') ?? missing('contact');
      logs.push({ origin, vkey });
    } catch (error) {
      throw new Fault('bad-vkey', `the log of line ${number} of the list: ${messageOf(error)}`);
    }
  }
  return logs;
}

function missing(key: string): never {
  throw new Fault('bad-vkey', `its line "${key} …" is missing or out of order (vkey, [origin], qpd, contact)`);
}

/** SPEC: a number in the range [1, 2^31), in decimal, with no leading zeroes. How often a log asks is not limited here. */
function checkRate(qpd: string): void {
  if (!/^[1-9][0-9]{0,9}$/.test(qpd) || Number(qpd) >= MAX_QPD) {
    throw new Fault('bad-vkey', `"${qpd.slice(0, 20)}" is not a number of requests a day`);
  }
}

/** Fault `bad-request` if a log that is to be added cannot be told apart from the witness or from another log. */
export function checkLogs(name: string, known: readonly ListedLog[], added: readonly ListedLog[]): void {
  const owners = new Map(known.map(({ origin, vkey }) => [toHex(vkey.key.bytes), origin]));
  for (const { origin, vkey } of added) {
    if (origin === name || vkey.name === name) {
      throw new Fault(
        'bad-request',
        `${origin} has the name of this witness, whose cosignatures would pass for its own`,
      );
    }
    if (vkey.type === COSIGNATURE_ED25519) {
      throw new Fault('bad-request', `the key ${vkey.id} of ${origin} is one for cosigning; a log has 0x01 or 0x06`);
    }
    // ML-DSA cosignatures name the origin in at most 255 bytes.
    if (utf8(origin).length > 255) {
      throw new Fault('bad-request', `the origin "${origin.slice(0, 40)}…" has more than 255 bytes`);
    }
    const key = toHex(vkey.key.bytes);
    const owner = owners.get(key) ?? origin;
    if (owner !== origin) {
      throw new Fault('bad-request', `${owner} and ${origin} have the same key, so one could sign as the other`);
    }
    owners.set(key, origin);
  }
}
