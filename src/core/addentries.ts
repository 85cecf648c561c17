/**
 * The body of `POST /add-entries`, C2SP tlog-mirror: entries in packages that are aligned like entry bundles, each with a
 * proof that it belongs to the tree that the upload ends at. @module
 */
import { concat, fromBase64, fromUtf8, HASH_BYTES, type Hash, toBase64, utf8 } from './bytes.ts';
import { Fault, must } from './fault.ts';
import { hashAt } from './hash.ts';
import { checkSize, isSize, parseSize } from './size.ts';
import type { Range } from './subtree.ts';
import { TILE_WIDTH } from './tile.ts';

export type UploadHead = {
  readonly origin: string;
  /** The entries [start, end) are uploaded; a size `end` that the mirror knows a checkpoint of. */
  readonly start: number;
  readonly end: number;
  /** What the mirror gave along before. */
  readonly ticket: Uint8Array;
};

/** Entries [start, end) of the log, and the proof of the subtree that ends with them. */
export type Package = Range & { readonly entries: readonly Uint8Array[]; readonly proof: readonly Hash[] };

/** SPEC: num_hashes MUST be at most 63. */
const MAX_HASHES = 63;
/** SPEC: clients SHOULD limit each request to at most 32 entry packages. */
export const MAX_PACKAGES = 32;
/** The media type of 202 and 409: a size to end at, the next entry, a ticket. */
export const MIRROR_INFO_TYPE = 'text/x.tlog.mirror-info';

/** Where an upload goes on: the size to end at, the next entry, and what to give along. */
export type MirrorInfo = { readonly size: number; readonly next: number; readonly ticket: Uint8Array };

/** SPEC: a size, the next entry, and a possibly zero length ticket in base64, each followed by a newline. */
export function formatMirrorInfo({ size, next, ticket }: MirrorInfo): Uint8Array {
  return utf8(`${size}\n${next}\n${toBase64(ticket)}\n`);
}

/** The inverse of `formatMirrorInfo`. Fault `bad-request`. */
export function parseMirrorInfo(body: Uint8Array): MirrorInfo {
  const [size = '', next = '', ticket, end, ...more] = fromUtf8(body, 'bad-request').split('\n');
  if (ticket === undefined || end !== '' || more.length > 0) {
    throw new Fault('bad-request', 'it is not a size, a next entry and a ticket, one a line');
  }
  return {
    size: parseSize(size, 'bad-request'),
    next: parseSize(next, 'bad-request'),
    ticket: fromBase64(ticket, 'bad-request'),
  };
}

/** The entries of each package of an upload, in order. */
export function* packagesOf({ start, end }: Range): Generator<Range> {
  for (let at = start; at < end; ) {
    const next = Math.min(end, at - (at % TILE_WIDTH) + TILE_WIDTH);
    yield { start: at, end: next };
    at = next;
  }
}

/** SPEC: the proof is computed from the subtree [rounded_start + i * 256, end). */
export function subtreeOfPackage({ start, end }: Range): Range {
  return { start: start - (start % TILE_WIDTH), end };
}

export function formatAddEntries({ origin, start, end, ticket }: UploadHead, packages: readonly Package[]): Uint8Array {
  const name = utf8(origin);
  const parts = packages.flatMap(({ entries, proof }) => {
    must(proof.length <= MAX_HASHES, `a proof of ${proof.length} hashes is longer than any`);
    return [...entries.flatMap((entry) => [bigEndian(entry.length, 2), entry]), Uint8Array.of(proof.length), ...proof];
  });
  const head = [bigEndian(name.length, 2), name, bigEndian(start, 8), bigEndian(end, 8), bigEndian(ticket.length, 2)];
  return concat(...head, ticket, ...parts);
}

/**
 * The inverse of `formatAddEntries`. The packages come one by one; they end with the last that is whole, since a body may
 * be any prefix. Fault `bad-request` if not even the head is there.
 */
export function parseAddEntries(body: Uint8Array): { head: UploadHead; packages: Generator<Package> } {
  const cursor = new Cursor(body);
  const origin = cursor.prefixed();
  const [start, end] = [cursor.number(8), cursor.number(8)];
  const ticket = cursor.prefixed();
  if (origin === undefined || ticket === undefined || !isSize(start) || !isSize(end)) {
    throw new Fault('bad-request', 'the body begins with an origin, a start, an end and a ticket');
  }
  // SPEC: upload_start MUST be less or equal to upload_end.
  if (start > end) throw new Fault('bad-request', `the upload starts at ${start} and ends before, at ${end}`);
  const head = { origin: fromUtf8(origin, 'bad-request'), start, end, ticket };
  return { head, packages: readPackages(cursor, head) };
}

function* readPackages(cursor: Cursor, head: UploadHead): Generator<Package> {
  for (const { start, end } of packagesOf(head)) {
    const entries: Uint8Array[] = [];
    for (let i = start; i < end; i++) {
      const entry = cursor.prefixed();
      if (!entry) return;
      entries.push(entry);
    }
    const count = cursor.number(1) ?? MAX_HASHES + 1;
    const hashes = count <= MAX_HASHES ? cursor.take(count * HASH_BYTES) : undefined;
    if (!hashes) return;
    yield { start, end, entries, proof: Array.from({ length: count }, (_, i) => hashAt(hashes, i)) };
  }
}

/** Reads bytes from the front; undefined where they end. */
class Cursor {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  take(length: number): Uint8Array | undefined {
    if (this.#at + length > this.#bytes.length) return undefined;
    this.#at += length;
    return this.#bytes.slice(this.#at - length, this.#at);
  }

  /** Big-endian; not a size if it is 2^53 or more. */
  number(length: number): number | undefined {
    return this.take(length)?.reduce((value, octet) => value * 256 + octet, 0);
  }

  prefixed(): Uint8Array | undefined {
    const length = this.number(2);
    return length === undefined ? undefined : this.take(length);
  }
}

function bigEndian(value: number, length: number): Uint8Array {
  const out = new Uint8Array(length);
  let rest = checkSize(value);
  for (let i = length - 1; i >= 0; i--) {
    out[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  must(rest === 0, `${value} does not fit ${length} bytes`);
  return out;
}
