/**
 * Whether 32 bytes are the canonical encoding of a point of edwards25519 (RFC 8032 §5.1.3), without the whole curve:
 * loading that takes longer than all else that verifying a signature by OpenSSL needs. @module
 */
import { toHex } from '../bytes.ts';

const P = 2n ** 255n - 19n;
const D = 37095705934669439343138083508754565189542113879843219016388785533085940283555n;

export function isOnCurve(bytes: Uint8Array): boolean {
  const encoded = BigInt(`0x${toHex(new Uint8Array(bytes).reverse())}`);
  const y = encoded % 2n ** 255n;
  if (y >= P) return false;
  // x² = (y² − 1) / (dy² + 1), and a quotient is a square if and only if the product of its two parts is one.
  const square = ((((y * y - 1n) * (D * y * y + 1n)) % P) + P) % P;
  // x = 0 has no negative.
  return square === 0n ? encoded === y : isSquare(square);
}

const POWERS_OF_TWO = [1n, 2n, 4n, 8n, 16n, 32n, 64n, 128n, 256n] as const;

/**
 * The Jacobi symbol (value / P) by quadratic reciprocity, which takes a third of the time of a power. It looks at the
 * lowest bits as a number, and takes no list apart: this runs once, and what it would leave behind brings on a collection.
 */
function isSquare(value: bigint): boolean {
  let a = value;
  let n = P;
  let nLow = lowOf(n);
  let sign = 1;
  while (a !== 0n) {
    let aLow = lowOf(a);
    let twos = 0;
    for (; aLow % 2 === 0 && twos < 8; aLow /= 2) twos++;
    a /= POWERS_OF_TWO[twos] as bigint;
    if (twos % 2 === 1 && (nLow % 8 === 3 || nLow % 8 === 5)) sign = -sign;
    if (twos === 8) continue;
    if (aLow % 4 === 3 && nLow % 4 === 3) sign = -sign;
    const rest = n % a;
    n = a;
    nLow = aLow;
    a = rest;
  }
  return n === 1n && sign === 1;
}

function lowOf(value: bigint): number {
  return Number(BigInt.asUintN(16, value));
}
