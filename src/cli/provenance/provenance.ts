/** What a provenance file says about a build, whatever its format; and where in the file something is wrong. @module */
import { fromHex } from '../../core/bytes.ts';
import { Fault } from '../../core/fault.ts';
import { sourceDigests } from '../../registry/common.ts';

/** Digests by the names of in-toto; only algorithms that an entry may name. */
export type NamedDigests = { readonly [algorithm: string]: Uint8Array };
export type Subject = { readonly name: string; readonly digests: NamedDigests };
export type Source = { readonly uri: string; readonly digests: NamedDigests };

/** The fields are those of a build; what the file does not say is not there. Nothing in it has been verified. */
export type Provenance = {
  readonly mediaType: string;
  /** The files that it speaks about. */
  readonly subjects: readonly Subject[];
  readonly product?: string | undefined;
  readonly version?: string | undefined;
  readonly packageUrl?: string | undefined;
  readonly builder?: string | undefined;
  readonly source?: readonly Source[] | undefined;
  readonly startedOn?: string | undefined;
  readonly finishedOn?: string | undefined;
};

/** Bounds for lists in such files: far more than builds have, and little enough to compare with each other. */
export const MAX_SUBJECTS = 4096;

/** Fault `bad-request` for something in a file; the caller puts the name of the file before it. */
export function wrong(path: string, what: string): never {
  throw new Fault('bad-request', `${path === '' ? 'it' : path} ${what}`);
}

const LENGTHS = new Map(
  [...sourceDigests.fields].map(([name, { node }]) => [name, node.type === 'bytes' ? node.lengths : undefined]),
);

/** A digest by algorithm and hexadecimal text; `undefined` for an algorithm that no entry can name. */
export function readDigest(algorithm: string, hex: string, path: string): Uint8Array | undefined {
  const lengths = LENGTHS.get(algorithm);
  if (lengths === undefined) return undefined;
  if (/^(?:[0-9a-f]{2})+$/.test(hex) && lengths.includes(hex.length / 2)) return fromHex(hex, 'bad-request');
  return wrong(path, `must be ${lengths.join(' or ')} bytes in lower-case hexadecimal`);
}

/** Whether a file with these digests may be meant: the log wants one that nobody can forge. */
export function isStrong(algorithm: string): boolean {
  return ['sha256', 'sha384', 'sha512'].includes(algorithm);
}
