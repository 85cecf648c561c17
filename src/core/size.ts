/**
 * The one door for tree sizes, indexes and their arithmetic: integers from 0 to 2^53-1. JavaScript's bit operators
 * work on 32 bits, so nothing in core shifts or masks; it divides. @module
 */
import { Fault, type FaultCode, must } from './fault.ts';

export const MAX_SIZE = Number.MAX_SAFE_INTEGER;

export function isSize(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

/** Checks a size or index of ours; a bad one is a bug. */
export function checkSize(value: number): number {
  must(isSize(value), `size ${value} is not an integer in [0, 2^53)`);
  return value;
}

/** Reads a size in the one decimal form (no sign, no leading zero); the inverse of `String`. */
export function parseSize(text: string, code: FaultCode): number {
  const value = Number(text);
  if (!/^(?:0|[1-9][0-9]{0,15})$/.test(text) || !isSize(value)) {
    throw new Fault(code, `"${text.slice(0, 32)}" is not a decimal integer below 2^53`);
  }
  return value;
}

/** floor(n / 2), for any size. */
export function half(n: number): number {
  return Math.floor(n / 2);
}

/** The number of binary digits of n: 0 for 0, 1 for 1, 8 for 255. */
export function bitLength(n: number): number {
  const high = Math.floor(n / 2 ** 32);
  return high > 0 ? 64 - Math.clz32(high) : 32 - Math.clz32(n);
}

/** The number of ones among the binary digits of n. */
export function onesIn(n: number): number {
  let ones = 0;
  for (let rest = n; rest > 0; rest = half(rest)) ones += rest % 2;
  return ones;
}

/** The largest power of two smaller than n, for n ≥ 2: where RFC 6962 §2.1 splits a tree of n leaves. */
export function splitPoint(n: number): number {
  must(n >= 2, `cannot split a tree of ${n} leaves`);
  return 2 ** (bitLength(n - 1) - 1);
}

/** The eight bytes of a size, most significant first. */
export function uint64(value: number): Uint8Array {
  checkSize(value);
  const out = new Uint8Array(8);
  let rest = value;
  for (let i = 7; i >= 0; i--) {
    out[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return out;
}

/** The inverse of `uint64`; not a size if the bytes are too few or say 2^53 or more. */
export function readUint64(bytes: Uint8Array): number {
  if (bytes.length < 8) return Number.NaN;
  return bytes.subarray(0, 8).reduce((value, byte) => value * 256 + byte, 0);
}
