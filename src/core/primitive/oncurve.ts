/**
 * Whether 32 bytes are the canonical encoding of a point of edwards25519 (RFC 8032 §5.1.3), without the whole curve:
 * loading that takes longer than all else that verifying a signature by OpenSSL needs. @module
 */
const P = 2n ** 255n - 19n;
const D = 37095705934669439343138083508754565189542113879843219016388785533085940283555n;

export function isOnCurve(bytes: Uint8Array): boolean {
  const encoded = bytes.reduceRight((value, byte) => value * 256n + BigInt(byte), 0n);
  const y = encoded % 2n ** 255n;
  if (y >= P) return false;
  // x² = (y² − 1) / (dy² + 1), and a quotient is a square if and only if the product of its two parts is one.
  const square = ((((y * y - 1n) * (D * y * y + 1n)) % P) + P) % P;
  // x = 0 has no negative.
  return square === 0n ? encoded === y : isSquare(square);
}

/** The Jacobi symbol (value / P) by quadratic reciprocity, which takes a third of the time of a power. */
function isSquare(value: bigint): boolean {
  let [a, n, sign] = [value, P, 1];
  while (a !== 0n) {
    for (; a % 2n === 0n; a /= 2n) if (n % 8n === 3n || n % 8n === 5n) sign = -sign;
    if (a % 4n === 3n && n % 4n === 3n) sign = -sign;
    [a, n] = [n % a, a];
  }
  return n === 1n && sign === 1;
}
