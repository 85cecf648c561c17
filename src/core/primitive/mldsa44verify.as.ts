/**
 * ML-DSA.Verify of FIPS 204 (algorithm 8) for ML-DSA-44 and the empty context, in AssemblyScript: `tools/wasm.ts` compiles
 * it to `mldsa44code.ts`, and `mldsa44verify.node.ts` calls it. Whoever does puts the key and the signature where they
 * belong, calls `begin`, `update` for each part of the message, and `verdict`. It has no heap and imports nothing, all
 * lies at fixed places. What has loops is exported, so that it stays a function of its own: of one that is all, V8 would
 * make a faster one, which takes another thread 5 ms, when it has run for the last time. Nothing in it is secret, so
 * nothing need take constant time. Names are those of the standard. @module
 */
import { absorb, finish, keccakF, SHAKE128_RATE, SHAKE256_RATE, STATE, start } from './shake.as.ts';

const Q: i32 = 8380417;
const N: u32 = 256;
const K: u32 = 4;
const L: u32 = 4;
const D: i32 = 13;
const TAU: u32 = 39;
const GAMMA1: i32 = 131072;
const GAMMA2: i32 = 95232;
const BETA: i32 = 78;
const OMEGA: u32 = 80;
/** The number of values of HighBits. */
const M: i32 = (Q - 1) / (2 * GAMMA2);

const SEED_BYTES: i32 = 32;
const COLLISION_BYTES: i32 = 64;
const CHALLENGE_BYTES: i32 = 32;
const T1_BYTES: i32 = 320;
const KEY_BYTES: u32 = SEED_BYTES + K * T1_BYTES;
const Z_BYTES: i32 = 576;
const W1_BYTES: i32 = 192;
const POLY_BYTES: i32 = 1024;

/** Where 256 coefficients lie, of a polynomial or of its NTT, each an i32 that stands for what it is modulo Q. */
type Poly = usize;

export const PUBLIC_KEY: usize = memory.data(KEY_BYTES);
export const SIGNATURE: usize = memory.data(CHALLENGE_BYTES + L * Z_BYTES + OMEGA + K);
/** For a part of the message. */
export const PART_BYTES: u32 = 4096;
export const PART: usize = memory.data(PART_BYTES);

/** μ, and behind it w₁ as w1Encode has it. */
const MU: usize = memory.data(COLLISION_BYTES + K * W1_BYTES);
/** ρ, s and r: what an entry of Â is expanded from. */
const ENTRY: usize = memory.data(SEED_BYTES + 2);
/** A byte for each coefficient of w, 1 where it has a hint. */
const HINTS: usize = memory.data(K * N);
const Z: usize = memory.data(L * POLY_BYTES, 8);
const C: Poly = memory.data(POLY_BYTES, 8);
const T: Poly = memory.data(POLY_BYTES, 8);
const W: Poly = memory.data(POLY_BYTES, 8);
/** Sums of products: 256 times an i64. */
const SUMS: usize = memory.data(2 * POLY_BYTES, 8);
/** Powers of the root of unity 1753 in [0, Q), in the order of bit-reversed exponents. */
const ZETAS: Poly = memory.data(POLY_BYTES, 8);

function at(w: Poly, i: u32): i32 {
  return load<i32>(w + 4 * i);
}
function put(w: Poly, i: u32, value: i32): void {
  store<i32>(w + 4 * i, value);
}
/** The product modulo Q, within ±Q. */
function multiply(a: i32, b: i32): i32 {
  return (((a as i64) * (b as i64)) % (Q as i64)) as i32;
}

/** Starts μ, which is of the key at `PUBLIC_KEY` and of the message. */
export function begin(): void {
  start();
  absorb(PUBLIC_KEY, KEY_BYTES);
  finish(SHAKE256_RATE);
  // tr, and behind it the zeros that say that the message is no digest, and that the context is empty.
  memory.copy(MU, STATE, COLLISION_BYTES);
  store<u16>(MU + COLLISION_BYTES, 0);
  start();
  absorb(MU, COLLISION_BYTES + 2);
}

/** Takes the next `length` bytes of the message, at `PART`. */
export function update(length: u32): void {
  absorb(PART, length);
}

/** Whether the signature at `SIGNATURE` is by that key over that message. */
export function verdict(): bool {
  finish(SHAKE256_RATE);
  memory.copy(MU, STATE, COLLISION_BYTES);
  if (!decodeZ(SIGNATURE + CHALLENGE_BYTES)) return false;
  if (!hintBitUnpack(SIGNATURE + CHALLENGE_BYTES + L * Z_BYTES)) return false;
  findZetas();
  sampleInBall();
  ntt(C);
  for (let s: u32 = 0; s < L; s++) ntt(Z + s * POLY_BYTES);
  for (let r: u32 = 0; r < K; r++) {
    residue(r);
    invNtt(W);
    useHint(HINTS + r * N);
    w1Encode(MU + COLLISION_BYTES + r * W1_BYTES);
  }
  start();
  absorb(MU, COLLISION_BYTES + K * W1_BYTES);
  finish(SHAKE256_RATE);
  return memory.compare(STATE, SIGNATURE, CHALLENGE_BYTES) === 0;
}

/**
 * W becomes row `r` of Â ∘ NTT(z) − NTT(c) ∘ NTT(t₁ · 2^d), within ±Q. With entries of Â in [0, Q) and NTTs within
 * ±9 · Q, sums of five products stay within 120 · Q² < 2^63.
 */
export function residue(r: u32): void {
  const t1 = PUBLIC_KEY + SEED_BYTES + r * T1_BYTES;
  for (let i: u32 = 0; i < N; i++) put(T, i, bits(t1, i, 10) << D);
  ntt(T);
  memory.fill(SUMS, 0, 2 * POLY_BYTES);
  memory.copy(ENTRY, PUBLIC_KEY, SEED_BYTES);
  store<u8>(ENTRY + SEED_BYTES + 1, r as u8);
  for (let s: u32 = 0; s < L; s++) {
    store<u8>(ENTRY + SEED_BYTES, s as u8);
    addProducts(Z + s * POLY_BYTES);
  }
  for (let i: u32 = 0; i < N; i++) {
    const sum = load<i64>(SUMS + 8 * i) - (at(C, i) as i64) * (at(T, i) as i64);
    put(W, i, (sum % (Q as i64)) as i32);
  }
}

/** Algorithm 30, RejNTTPoly, of the entry of Â that ENTRY says, whose products with those of `z` are added to SUMS. */
export function addProducts(z: Poly): void {
  start();
  absorb(ENTRY, SEED_BYTES + 2);
  finish(SHAKE128_RATE);
  let i: u32 = 0;
  for (;;) {
    for (let from: u32 = 0; from < SHAKE128_RATE; from += 3) {
      const value = load<i32>(STATE + from) & 0x7fffff;
      if (value >= Q) continue;
      const sum = SUMS + 8 * i;
      store<i64>(sum, load<i64>(sum) + (value as i64) * (at(z, i) as i64));
      if (++i === N) return;
    }
    keccakF();
  }
}

/** Algorithm 29, SampleInBall: C becomes a polynomial with TAU coefficients of ±1. */
export function sampleInBall(): void {
  start();
  absorb(SIGNATURE, CHALLENGE_BYTES);
  finish(SHAKE256_RATE);
  memory.fill(C, 0, POLY_BYTES);
  let signs = load<u64>(STATE);
  let from: u32 = 8;
  for (let i: u32 = N - TAU; i < N; i++) {
    let j: u32;
    do {
      if (from === SHAKE256_RATE) {
        keccakF();
        from = 0;
      }
      j = load<u8>(STATE + from++);
    } while (j > i);
    put(C, i, at(C, j));
    put(C, j, 1 - 2 * ((signs & 1) as i32));
    signs >>= 1;
  }
}

/** z of a signature (algorithm 19, BitUnpack), if no coefficient is too large (algorithm 8, line 13). */
export function decodeZ(from: usize): bool {
  for (let i: u32 = 0; i < L * N; i++) {
    const value = GAMMA1 - bits(from, i, 18);
    if (abs(value) >= GAMMA1 - BETA) return false;
    put(Z, i, value);
  }
  return true;
}

/** Number `i` of those of `width` bits each at `from`; what is read behind it, perhaps behind all, is cut off. */
function bits(from: usize, i: u32, width: u32): i32 {
  const bit = i * width;
  return ((load<u32>(from + bit / 8) >> (bit % 8)) & ((1 << width) - 1)) as i32;
}

/** Algorithm 21, HintBitUnpack, if it is the one encoding: indexes that rise, zeros behind the last. */
export function hintBitUnpack(y: usize): bool {
  memory.fill(HINTS, 0, K * N);
  let index: u32 = 0;
  for (let i: u32 = 0; i < K; i++) {
    const end: u32 = load<u8>(y + OMEGA + i);
    if (end < index || end > OMEGA) return false;
    for (const first = index; index < end; index++) {
      if (index > first && load<u8>(y + index - 1) >= load<u8>(y + index)) return false;
      store<u8>(HINTS + i * N + load<u8>(y + index), 1);
    }
  }
  for (; index < OMEGA; index++) if (load<u8>(y + index) !== 0) return false;
  return true;
}

/**
 * Algorithms 36 and 40, Decompose and UseHint, of all of W. At the top, where r₁ would be M and is 0, r₀ is not positive,
 * so nothing depends on that the standard then takes one from it.
 */
export function useHint(hint: usize): void {
  for (let i: u32 = 0; i < N; i++) {
    const value = at(W, i);
    const low = value % (2 * GAMMA2);
    const r0 = low > GAMMA2 ? low - 2 * GAMMA2 : low;
    const r1 = (value - r0) / (2 * GAMMA2);
    put(W, i, (load<u8>(hint + i) === 0 ? r1 : r0 > 0 ? r1 + 1 : r1 + M - 1) % M);
  }
}

/** Algorithm 28, w1Encode: 6 bits for each coefficient of W. */
export function w1Encode(to: usize): void {
  for (let i: u32 = 0; i < N; i += 4, to += 3) {
    const four = at(W, i) | (at(W, i + 1) << 6) | (at(W, i + 2) << 12) | (at(W, i + 3) << 18);
    store<u16>(to, four as u16);
    store<u8>(to + 2, (four >> 16) as u8);
  }
}

/** Fills ZETAS, a kilobyte that the code need not carry. */
export function findZetas(): void {
  let power: i32 = 1;
  let reversed: u32 = 0;
  for (let exponent: u32 = 0; exponent < N; exponent++) {
    put(ZETAS, reversed, power);
    power = multiply(power, 1753);
    // Adds one, from the highest bit down.
    let bit: u32 = N / 2;
    for (; bit >= 1 && reversed >= bit; bit /= 2) reversed -= bit;
    reversed += bit;
  }
}
/** 1/256 modulo Q. */
const INVERSE: i32 = 8347681;

/** Algorithm 41, in place, of coefficients within ±Q: each of 8 layers adds at most Q, to ±9 · Q. */
function ntt(w: Poly): void {
  let m: u32 = 0;
  for (let length: u32 = N / 2; length >= 1; length /= 2) {
    for (let from: u32 = 0; from < N; from += 2 * length) {
      const zeta = at(ZETAS, ++m);
      for (let j = from; j < from + length; j++) {
        const t = multiply(zeta, at(w, j + length));
        put(w, j + length, at(w, j) - t);
        put(w, j, at(w, j) + t);
      }
    }
  }
}

/** Algorithm 42, in place: the inverse of `ntt`, from ±Q to [0, Q). Each layer may double: to 256 · Q < 2^31. */
export function invNtt(w: Poly): void {
  let m: u32 = N;
  for (let length: u32 = 1; length < N; length *= 2) {
    for (let from: u32 = 0; from < N; from += 2 * length) {
      const zeta = -at(ZETAS, --m);
      for (let j = from; j < from + length; j++) {
        const t = at(w, j);
        put(w, j, t + at(w, j + length));
        put(w, j + length, multiply(zeta, t - at(w, j + length)));
      }
    }
  }
  for (let i: u32 = 0; i < N; i++) put(w, i, (multiply(at(w, i), INVERSE) + Q) % Q);
}
