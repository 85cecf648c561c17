/**
 * A bundle: the offline proof of an entry, and beside it that of the enrolment of the key that signed it, so that the
 * signature on the statement can be checked with no network too. JSON around two `tlog-proof@v1`. @module
 */
import { checkBytes, fromUtf8, refuseMark, utf8 } from '../core/bytes.ts';
import { Fault } from '../core/fault.ts';

export type Bundle = {
  /** A `tlog-proof@v1` with the entry in it. */
  readonly proof: Uint8Array;
  /** The same of the entry that enrolled the key of the statement. */
  readonly enrolment?: Uint8Array;
};

const FORMAT = 'limmat-bundle/v1';
const MAX_BUNDLE = 1024 * 1024;

/**
 * Writes a bundle. Fault `bad-request` if a part of it is no Uint8Array.
 *
 * ```ts
 * import { formatBundle, parseBundle } from 'limmat/verify';
 *
 * const { proof } = parseBundle(bundleFile);
 * const withoutKey = formatBundle({ proof });
 * console.assert(withoutKey.includes('tlog-proof@v1'));
 * ```
 */
export function formatBundle({ proof, enrolment }: Bundle): string {
  checkBytes(proof, 'a proof');
  if (enrolment !== undefined) checkBytes(enrolment, 'an enrolment');
  const text = (bytes: Uint8Array | undefined) => bytes && fromUtf8(bytes, 'bad-proof');
  return `${JSON.stringify({ format: FORMAT, proof: text(proof), enrolment: text(enrolment) }, null, 2)}\n`;
}

/**
 * Reads a bundle, or a bare `tlog-proof@v1`, which is one without an enrolment. Nothing is verified. Fault `bad-proof`, or
 * `bad-request` for what is no Uint8Array.
 *
 * ```ts
 * import { parseBundle } from 'limmat/verify';
 *
 * const { proof, enrolment } = parseBundle(bundleFile);
 * console.assert(proof.length > 0 && enrolment !== undefined);
 * ```
 */
export function parseBundle(bytes: Uint8Array): Bundle {
  checkBytes(bytes, 'a bundle');
  refuseMark(bytes, 'bad-proof');
  if (bytes[0] !== '{'.charCodeAt(0)) return { proof: bytes };
  if (bytes.length > MAX_BUNDLE) throw new Fault('bad-proof', `a bundle of ${bytes.length} bytes is too large`);
  const { format, proof, enrolment, ...rest } = parseObject(fromUtf8(bytes, 'bad-proof'));
  // What is misspelt would be passed over, and its absence taken for something that is merely not shown.
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) throw new Fault('bad-proof', `a bundle has no member "${unknown.slice(0, 40)}"`);
  if (format !== FORMAT || typeof proof !== 'string' || (enrolment !== undefined && typeof enrolment !== 'string')) {
    throw new Fault('bad-proof', `a bundle is JSON with format ${FORMAT}, a proof and perhaps an enrolment, as texts`);
  }
  return { proof: utf8(proof), ...(enrolment === undefined ? {} : { enrolment: utf8(enrolment) }) };
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // told by the caller, as there is no format
  }
  return {};
}
