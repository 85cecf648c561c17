/**
 * CBOR, RFC 8949: the one door. What is written is deterministic (§4.2.1); what is read must have the same one form,
 * except that map keys may come in any order where COSE allows it. No floats, tags, `undefined` or bignums. @module
 */
import { compare, concat, fromUtf8, utf8 } from './bytes.ts';
import { Fault, must } from './fault.ts';

/** Integers are those of ±(2^53-1); byte strings that were read are views on the input, which they keep alive. */
export type Cbor = number | string | boolean | null | Uint8Array | readonly Cbor[] | CborMap;
export type CborKey = number | string;
/** Never an object: COSE labels are integers as well as text, and 1 and "1" are different keys. */
export type CborMap = ReadonlyMap<CborKey, Cbor>;

/** The major types of §3.1, as they stand in the upper three bits of a head. */
export const [UNSIGNED, NEGATIVE, BYTES, TEXT, ARRAY, MAP] = [0, 1, 2, 3, 4, 5] as const;
type Major = 0 | 1 | 2 | 3 | 4 | 5;
const [FALSE, TRUE, NULL] = [0xf4, 0xf5, 0xf6] as const;

// Reading recurses, and a few kilobytes of array heads would exhaust the stack. Ours nest 8 deep at most.
const MAX_DEPTH = 16;
// A map or array in memory is many times its bytes. The largest map of ours has some twenty keys.
const [MAX_KEYS, MAX_ITEMS] = [64, 4096] as const;

/** The least argument that needs a head of 1, 2, 4 or 8 more bytes. */
const LEAST = [24, 2 ** 8, 2 ** 16, 2 ** 32] as const;

/** The deterministic encoding. Fault `bad-cbor` for numbers and text that have none. */
export function encode(value: Cbor): Uint8Array {
  return write(value, 0);
}

function write(value: Cbor, depth: number): Uint8Array {
  if (value === null) return Uint8Array.of(NULL);
  if (typeof value === 'boolean') return Uint8Array.of(value ? TRUE : FALSE);
  if (typeof value === 'number') return writeInteger(value);
  if (typeof value === 'string') return writeText(value);
  if (value instanceof Uint8Array) return concat(head(BYTES, value.length), value);
  const isMap = value instanceof Map;
  must(isMap || Array.isArray(value), `${typeof value} is not CBOR of ours`);
  if (depth === MAX_DEPTH || (isMap ? value.size > MAX_KEYS : value.length > MAX_ITEMS)) {
    throw new Fault('bad-cbor', 'a map or array is too large or nested too deep');
  }
  if (!isMap) return concat(head(ARRAY, value.length), ...value.map((item: Cbor) => write(item, depth + 1)));
  const pairs = [...(value as CborMap)].map(([key, item]) => [write(key, depth), write(item, depth + 1)] as const);
  // SPEC (§4.2.1): the keys MUST be sorted in the bytewise lexicographic order of their deterministic encodings.
  pairs.sort(([a], [b]) => compare(a, b));
  return concat(head(MAP, pairs.length), ...pairs.flat());
}

function writeInteger(value: number): Uint8Array {
  if (!Number.isSafeInteger(value)) throw new Fault('bad-cbor', `${value} is not an integer below 2^53`);
  return value < 0 ? head(NEGATIVE, -1 - value) : head(UNSIGNED, value);
}

function writeText(value: string): Uint8Array {
  if (/\p{Surrogate}/u.test(value)) throw new Fault('bad-cbor', 'text with half a surrogate pair is not Unicode');
  const bytes = utf8(value);
  return concat(head(TEXT, bytes.length), bytes);
}

/** The head of an item, as `encode` writes it: for frames around bytes that must stay as they are. */
export function head(major: Major, argument: number): Uint8Array {
  const size = LEAST.filter((least) => argument >= least).length;
  if (size === 0) return Uint8Array.of(major * 32 + argument);
  const out = new Uint8Array(1 + 2 ** (size - 1));
  out[0] = major * 32 + 23 + size;
  for (let i = out.length - 1, rest = argument; i > 0; i--, rest = Math.floor(rest / 256)) out[i] = rest % 256;
  return out;
}

/** The inverse of `encode`, for one item that fills `bytes`; the keys of maps may come in any order. */
export function decode(bytes: Uint8Array): Cbor {
  return only(new Cursor(bytes));
}

/** The strict inverse of `encode`: what it accepts encodes to the same bytes again. */
export function decodeDeterministic(bytes: Uint8Array): Cbor {
  return only(new Cursor(bytes, true));
}

function only(cursor: Cursor): Cbor {
  const value = cursor.value();
  cursor.end();
  return value;
}

/** A CBOR sequence (RFC 8742) of byte strings: how several entries are posted at once. */
export function writeByteStrings(items: readonly Uint8Array[]): Uint8Array {
  return concat(...items.flatMap((item) => [head(BYTES, item.length), item]));
}

/** The inverse of `writeByteStrings`. Fault `too-large` if there are more than `maxItems`. */
export function readByteStrings(bytes: Uint8Array, maxItems: number): Uint8Array[] {
  const cursor = new Cursor(bytes);
  const items: Uint8Array[] = [];
  while (cursor.at < bytes.length) {
    if (items.length === maxItems) throw new Fault('too-large', `a sequence holds at most ${maxItems} byte strings`);
    items.push(cursor.byteString());
  }
  return items;
}

/**
 * Reads items one after the other. Our own, because the decoders at hand take the last of two equal keys, long heads,
 * indefinite lengths and bytes that are not UTF-8.
 */
export class Cursor {
  /** Where the next item begins. */
  at = 0;
  readonly #bytes: Uint8Array;
  readonly #sorted: boolean;

  constructor(bytes: Uint8Array, sorted = false) {
    this.#bytes = bytes;
    this.#sorted = sorted;
  }

  value(depth = 0): Cbor {
    const at = this.at;
    const initial = this.#byte();
    const major = Math.floor(initial / 32);
    if (major === UNSIGNED) return this.#argument(initial);
    if (major === NEGATIVE) return this.#negative(initial, at);
    if (major === BYTES) return this.#take(this.#argument(initial));
    if (major === TEXT) return this.#text(initial, at);
    if (major === ARRAY) return this.#array(this.#count(initial, depth, MAX_ITEMS), depth);
    if (major === MAP) return this.#map(this.#count(initial, depth, MAX_KEYS), depth);
    if (initial === FALSE || initial === TRUE) return initial === TRUE;
    if (initial === NULL) return null;
    return this.#fail(initial < 0xe0 ? 'a tag' : 'a float, undefined or another simple value', at);
  }

  byteString(): Uint8Array {
    const at = this.at;
    const initial = this.#byte();
    if (Math.floor(initial / 32) !== BYTES) this.#fail('an item that should be a byte string', at);
    return this.#take(this.#argument(initial));
  }

  /** Nothing may follow. */
  end(): void {
    if (this.at !== this.#bytes.length) this.#fail('bytes after the last item', this.at);
  }

  #byte(): number {
    return this.#bytes[this.at++] ?? this.#fail('an item that is cut off', this.at - 1);
  }

  /** The argument of the head that `initial` begins, in its shortest form. */
  #argument(initial: number): number {
    const info = initial % 32;
    if (info < 24) return info;
    const at = this.at - 1;
    if (info > 27) this.#fail(info === 31 ? 'an indefinite length' : 'a reserved head', at);
    let value = 0;
    for (let left = 2 ** (info - 24); left > 0; left--) value = value * 256 + this.#byte();
    if (value < (LEAST[info - 24] as number)) this.#fail('a head that is longer than it need be', at);
    if (value > Number.MAX_SAFE_INTEGER) this.#fail('an integer or a length beyond 2^53', at);
    return value;
  }

  #negative(initial: number, at: number): number {
    const value = -1 - this.#argument(initial);
    return Number.isSafeInteger(value) ? value : this.#fail('an integer beyond -2^53', at);
  }

  #take(length: number): Uint8Array {
    const at = this.at;
    if (length > this.#bytes.length - at) this.#fail(`a string of ${length} bytes that is cut off`, at);
    this.at += length;
    return this.#bytes.subarray(at, this.at);
  }

  #text(initial: number, at: number): string {
    const bytes = this.#take(this.#argument(initial));
    try {
      return fromUtf8(bytes, 'bad-cbor');
    } catch {
      return this.#fail('text that is not UTF-8', at);
    }
  }

  #count(initial: number, depth: number, most: number): number {
    const at = this.at - 1;
    const count = this.#argument(initial);
    if (count > most) this.#fail(`a map or array of ${count}, more than ${most},`, at);
    if (depth === MAX_DEPTH) this.#fail(`nesting deeper than ${MAX_DEPTH}`, at);
    return count;
  }

  #array(count: number, depth: number): Cbor[] {
    const items: Cbor[] = [];
    for (let i = 0; i < count; i++) items.push(this.value(depth + 1));
    return items;
  }

  #map(count: number, depth: number): CborMap {
    const map = new Map<CborKey, Cbor>();
    let last = 0;
    for (let i = 0; i < count; i++) {
      const at = this.at;
      const key = this.value(depth + 1);
      if (typeof key !== 'number' && typeof key !== 'string') this.#fail('a key that is neither integer nor text', at);
      if (map.has(key)) this.#fail('a key that was there before', at);
      if (this.#sorted && i > 0 && !this.#ascends(last, at)) this.#fail('a key that is not in bytewise order', at);
      map.set(key, this.value(depth + 1));
      last = at;
    }
    return map;
  }

  /** Whether the key at `a` sorts before the key at `b`. No key begins another, so two of them differ in time. */
  #ascends(a: number, b: number): boolean {
    let i = 0;
    while (this.#bytes[a + i] === this.#bytes[b + i]) i++;
    return (this.#bytes[a + i] as number) < (this.#bytes[b + i] as number);
  }

  #fail(what: string, at: number): never {
    throw new Fault('bad-cbor', `CBOR has ${what} at byte ${at} of ${this.#bytes.length}`);
  }
}
