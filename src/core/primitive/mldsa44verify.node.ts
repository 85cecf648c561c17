/**
 * ML-DSA.Verify of FIPS 204 (algorithm 8) for ML-DSA-44 and the empty context, with SHAKE by OpenSSL. For a process that
 * verifies one signature and ends: there the Keccak of a library in JavaScript takes ten times as long as all of this.
 * Nothing in it is secret, so nothing need take constant time. Names are those of the standard. @module
 */
import { createHash } from 'node:crypto';

const [Q, N, K, L] = [8380417, 256, 4, 4] as const;
const [TAU, GAMMA1, GAMMA2, BETA, OMEGA] = [39, 2 ** 17, 95232, 78, 80] as const;
const [CHALLENGE_BYTES, T1_BYTES, Z_BYTES] = [32, 320, 576] as const;
const COLLISION_BYTES = 64;
/** The number of values of HighBits. */
const M = (Q - 1) / (2 * GAMMA2);

/**
 * Coefficients modulo Q, of a polynomial or of its NTT. They are reduced only where they must be: every sum below stays
 * within 256 · Q < 2^31, and a product of that with half of Q within 2^53.
 */
type Poly = Int32Array;

/** Whether `signature`, of 2420 bytes, over `message` is by `publicKey`, of 1312 bytes. */
export function verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const [rho, t1] = [publicKey.subarray(0, 32), publicKey.subarray(32)];
  const challenge = signature.subarray(0, CHALLENGE_BYTES);
  const z = decodeZ(signature.subarray(CHALLENGE_BYTES));
  const hints = hintBitUnpack(signature.subarray(CHALLENGE_BYTES + L * Z_BYTES));
  if (!z || !hints) return false;
  const tr = shake('shake256', COLLISION_BYTES, publicKey);
  const mu = shake('shake256', COLLISION_BYTES, tr, Uint8Array.of(0, 0), message);
  const c = ntt(sampleInBall(challenge));
  const zHat = z.map(ntt);
  const w1 = hints.map((hint, row) => {
    const t = ntt(unpack(t1.subarray(row * T1_BYTES, (row + 1) * T1_BYTES), 10).map((high) => high * 2 ** 13));
    return useHint(hint, invNtt(residue(rho, row, zHat, c, t)));
  });
  return shake('shake256', CHALLENGE_BYTES, mu, ...w1.map(w1Encode)).equals(challenge);
}

/** A row of Â ∘ NTT(z) − NTT(c) ∘ NTT(t₁ · 2^d), within ±Q. NTTs are within 9 · Q, so five products stay below 2^53. */
function residue(rho: Uint8Array, row: number, zHat: readonly Poly[], c: Poly, t: Poly): Poly {
  const sums = new Float64Array(N);
  for (let s = 0; s < L; s++) {
    const a = rejNttPoly(rho, s, row);
    const z = zHat[s] as Poly;
    for (let i = 0; i < N; i++) sums[i] = (sums[i] as number) + (a[i] as number) * (z[i] as number);
  }
  const out = new Int32Array(N);
  for (let i = 0; i < N; i++) out[i] = ((sums[i] as number) - (c[i] as number) * (t[i] as number)) % Q;
  return out;
}

function shake(name: 'shake128' | 'shake256', length: number, ...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash(name, { outputLength: length });
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** Algorithm 30, RejNTTPoly: an entry of Â. */
function rejNttPoly(rho: Uint8Array, s: number, r: number): Poly {
  const out = new Int32Array(N);
  // Five blocks nearly always do; where not, more of the same stream.
  for (let length = 840; ; length *= 2) {
    const stream = shake('shake128', length, rho, Uint8Array.of(s, r));
    let filled = 0;
    for (let at = 0; at < length && filled < N; at += 3) {
      const value =
        (stream[at] as number) + 256 * (stream[at + 1] as number) + 65536 * ((stream[at + 2] as number) % 128);
      if (value < Q) out[filled++] = value;
    }
    if (filled === N) return out;
  }
}

/** Algorithm 29, SampleInBall: a polynomial with TAU coefficients of ±1. */
function sampleInBall(challenge: Uint8Array): Poly {
  for (let length = 136; ; length *= 2) {
    const stream = shake('shake256', length, challenge);
    const out = new Int32Array(N);
    let [at, i] = [8, N - TAU];
    for (; i < N && at < length; at++) {
      const j = stream[at] as number;
      if (j > i) continue;
      const bit = i + TAU - N;
      out[i] = out[j] as number;
      out[j] = Math.floor((stream[Math.floor(bit / 8)] as number) / 2 ** (bit % 8)) % 2 === 0 ? 1 : -1;
      i++;
    }
    if (i === N) return out;
  }
}

/** The vector z of a signature (algorithm 19, BitUnpack), or nothing if a coefficient is too large (algorithm 8, line 13). */
function decodeZ(bytes: Uint8Array): Poly[] | undefined {
  const z: Poly[] = [];
  for (let i = 0; i < L; i++) {
    const packed = unpack(bytes.subarray(i * Z_BYTES, (i + 1) * Z_BYTES), 18);
    for (let n = 0; n < N; n++) {
      const value = GAMMA1 - (packed[n] as number);
      if (Math.abs(value) >= GAMMA1 - BETA) return undefined;
      packed[n] = value;
    }
    z.push(packed);
  }
  return z;
}

/** Algorithm 18, SimpleBitUnpack of 256 numbers of `width` bits each. */
function unpack(bytes: Uint8Array, width: number): Poly {
  const out = new Int32Array(N);
  const limit = 2 ** width;
  let at = 0;
  let held = 0;
  let unit = 1;
  for (let i = 0; i < N; i++) {
    for (; unit < limit; unit *= 256) held += (bytes[at++] as number) * unit;
    out[i] = held % limit;
    held = Math.floor(held / limit);
    unit /= limit;
  }
  return out;
}

/** Algorithm 21, HintBitUnpack; nothing unless it is the one encoding: indexes that rise, zeros behind the last. */
function hintBitUnpack(y: Uint8Array): Uint8Array[] | undefined {
  const hints: Uint8Array[] = [];
  let index = 0;
  for (let i = 0; i < K; i++) {
    const end = y[OMEGA + i] as number;
    if (end < index || end > OMEGA) return undefined;
    const hint = new Uint8Array(N);
    for (const first = index; index < end; index++) {
      if (index > first && (y[index - 1] as number) >= (y[index] as number)) return undefined;
      hint[y[index] as number] = 1;
    }
    hints.push(hint);
  }
  return y.subarray(index, OMEGA).every((byte) => byte === 0) ? hints : undefined;
}

/** Algorithms 36 and 40, Decompose and UseHint. */
function useHint(hint: Uint8Array, r: Poly): Poly {
  return r.map((value, i) => {
    const low = value % (2 * GAMMA2);
    const r0 = low > GAMMA2 ? low - 2 * GAMMA2 : low;
    const top = value - r0 === Q - 1;
    const r1 = top ? 0 : (value - r0) / (2 * GAMMA2);
    if (hint[i] === 0) return r1;
    return (r1 + ((top ? r0 - 1 : r0) > 0 ? 1 : M - 1)) % M;
  });
}

/** Algorithm 28, w1Encode: 6 bits for each coefficient. */
function w1Encode(w1: Poly): Uint8Array {
  const out = new Uint8Array((N * 6) / 8);
  for (let i = 0, at = 0; i < N; i += 4, at += 3) {
    const [a, b, c, d] = [w1[i] as number, w1[i + 1] as number, w1[i + 2] as number, w1[i + 3] as number];
    out[at] = a + 64 * (b % 4);
    out[at + 1] = Math.floor(b / 4) + 16 * (c % 16);
    out[at + 2] = Math.floor(c / 16) + 4 * d;
  }
  return out;
}

/** Powers of the root of unity 1753, in the order of bit-reversed exponents, each within ±Q/2. */
const ZETAS = new Int32Array(N);
for (let exponent = 0, power = 1, reversed = 0; exponent < N; exponent++, power = (power * 1753) % Q) {
  ZETAS[reversed] = power > Q / 2 ? power - Q : power;
  // Adds one, from the highest bit down.
  let bit = N / 2;
  for (; bit >= 1 && reversed >= bit; bit /= 2) reversed -= bit;
  reversed += bit;
}
/** 1/256. */
const INVERSE = -32736;

/** Algorithm 41, in place; of coefficients within ±Q. */
function ntt(w: Poly): Poly {
  let m = 0;
  for (let length = N / 2; length >= 1; length /= 2) {
    for (let start = 0; start < N; start += 2 * length) {
      const zeta = ZETAS[++m] as number;
      for (let j = start; j < start + length; j++) {
        const t = (zeta * (w[j + length] as number)) % Q;
        w[j + length] = (w[j] as number) - t;
        w[j] = (w[j] as number) + t;
      }
    }
  }
  return w;
}

/** Algorithm 42, in place: the inverse of `ntt`, to coefficients in [0, Q). */
function invNtt(w: Poly): Poly {
  let m = N;
  for (let length = 1; length < N; length *= 2) {
    for (let start = 0; start < N; start += 2 * length) {
      const zeta = -(ZETAS[--m] as number);
      for (let j = start; j < start + length; j++) {
        const t = w[j] as number;
        w[j] = t + (w[j + length] as number);
        w[j + length] = (zeta * (t - (w[j + length] as number))) % Q;
      }
    }
  }
  for (let i = 0; i < N; i++) w[i] = ((((w[i] as number) * INVERSE) % Q) + Q) % Q;
  return w;
}
