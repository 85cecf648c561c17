/** The tree as RFC 6962 §2.1 defines it, written the slow way from the recursive definitions: the oracle of the tests. */
import { createHash } from 'node:crypto';
import type { Hash } from '../src/core/bytes.ts';

const sha256 = (...parts: Uint8Array[]): Hash => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest()) as Hash;
};

export const leaf = (entry: Uint8Array): Hash => sha256(Uint8Array.of(0), entry);

/** k, the largest power of two smaller than n. */
const split = (n: number): number => {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
};

const known = new WeakMap<readonly Hash[], Map<number, Hash>>();

/** MTH(D[lo:hi]), over leaf hashes; remembered, so that every proof of every size can be written out. */
export function mth(leaves: readonly Hash[], lo = 0, hi = leaves.length): Hash {
  if (hi === lo) return sha256();
  if (hi - lo === 1) return leaves[lo] as Hash;
  const cache = known.get(leaves) ?? new Map<number, Hash>();
  known.set(leaves, cache);
  const key = lo * 2 ** 20 + hi;
  const k = lo + split(hi - lo);
  const hash = cache.get(key) ?? sha256(Uint8Array.of(1), mth(leaves, lo, k), mth(leaves, k, hi));
  cache.set(key, hash);
  return hash;
}

/** PATH(m, D[lo:hi]), m counted from lo. */
export function path(m: number, leaves: readonly Hash[], lo = 0, hi = leaves.length): Hash[] {
  if (hi - lo === 1) return [];
  const k = split(hi - lo);
  return m < k
    ? [...path(m, leaves, lo, lo + k), mth(leaves, lo + k, hi)]
    : [...path(m - k, leaves, lo + k, hi), mth(leaves, lo, lo + k)];
}

/** PROOF(m, D[n]). */
export const consistency = (m: number, leaves: readonly Hash[], n = leaves.length): Hash[] =>
  subproof(m, leaves, 0, n, true);

function subproof(m: number, leaves: readonly Hash[], lo: number, hi: number, complete: boolean): Hash[] {
  if (m === hi - lo) return complete ? [] : [mth(leaves, lo, hi)];
  const k = split(hi - lo);
  return m <= k
    ? [...subproof(m, leaves, lo, lo + k, complete), mth(leaves, lo + k, hi)]
    : [...subproof(m - k, leaves, lo + k, hi, false), mth(leaves, lo, lo + k)];
}

/** The n-th entry of every tree in the tests. */
export const entry = (n: number): Uint8Array => new TextEncoder().encode(`entry ${n}`);

export const leaves = (size: number): Hash[] => Array.from({ length: size }, (_, n) => leaf(entry(n)));
