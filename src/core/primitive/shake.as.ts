/**
 * SHAKE128 and SHAKE256 of FIPS 202, in AssemblyScript: one sponge at a time, whose output is read where its state lies.
 * @module
 */

export const SHAKE128_RATE: u32 = 168;
export const SHAKE256_RATE: u32 = 136;

/** 25 lanes of 64 bits, lane (x, y) at x + 5y; little-endian, as all of WebAssembly is. */
export const STATE: usize = memory.data(200, 8);

/** How many bytes of the current block are filled. */
let filled: u32 = 0;

export function start(): void {
  memory.fill(STATE, 0, 200);
  filled = 0;
}

/** Absorbs `length` bytes into blocks of SHAKE256; less than a block of it is one of SHAKE128 as well. */
export function absorb(from: usize, length: u32): void {
  for (let i: u32 = 0; i < length; i++) {
    const at = STATE + filled;
    store<u8>(at, load<u8>(at) ^ load<u8>(from + i));
    if (++filled === SHAKE256_RATE) {
      keccakF();
      filled = 0;
    }
  }
}

/** Pads, after which the first `rate` bytes of output are in `STATE`, and after each `keccakF` as many more. */
export function finish(rate: u32): void {
  store<u8>(STATE + filled, load<u8>(STATE + filled) ^ 0x1f);
  store<u8>(STATE + rate - 1, load<u8>(STATE + rate - 1) ^ 0x80);
  keccakF();
}

/** What ι adds to lane 0, for each round. */
const IOTA: usize = memory.data<u64>([
  0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000, 0x000000000000808b,
  0x0000000080000001, 0x8000000080008081, 0x8000000000008009, 0x000000000000008a, 0x0000000000000088,
  0x0000000080008009, 0x000000008000000a, 0x000000008000808b, 0x800000000000008b, 0x8000000000008089,
  0x8000000000008003, 0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
  0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
]);

/** Keccak-f[1600]: 24 rounds (FIPS 202 §3.3). */
export function keccakF(): void {
  for (let i: u32 = 0; i < 24; i++) {
    round();
    store<u64>(STATE, load<u64>(STATE) ^ load<u64>(IOTA + 8 * i));
  }
}

/** θ, ρ, π and χ, lane by lane: code that runs for a millisecond is hardly optimised, where loops take a third longer. */
function round(): void {
  const a = parity(STATE);
  const b = parity(STATE + 8);
  const c = parity(STATE + 16);
  const d = parity(STATE + 24);
  const e = parity(STATE + 32);
  // θ adds each of these to the lanes of a column.
  const t0 = e ^ rotl<u64>(b, 1);
  const t1 = a ^ rotl<u64>(c, 1);
  const t2 = b ^ rotl<u64>(d, 1);
  const t3 = c ^ rotl<u64>(e, 1);
  const t4 = d ^ rotl<u64>(a, 1);
  // ρ turns a lane, and π says which goes where.
  const b0 = load<u64>(STATE) ^ t0;
  const b1 = rotl<u64>(load<u64>(STATE, 48) ^ t1, 44);
  const b2 = rotl<u64>(load<u64>(STATE, 96) ^ t2, 43);
  const b3 = rotl<u64>(load<u64>(STATE, 144) ^ t3, 21);
  const b4 = rotl<u64>(load<u64>(STATE, 192) ^ t4, 14);
  const b5 = rotl<u64>(load<u64>(STATE, 24) ^ t3, 28);
  const b6 = rotl<u64>(load<u64>(STATE, 72) ^ t4, 20);
  const b7 = rotl<u64>(load<u64>(STATE, 80) ^ t0, 3);
  const b8 = rotl<u64>(load<u64>(STATE, 128) ^ t1, 45);
  const b9 = rotl<u64>(load<u64>(STATE, 176) ^ t2, 61);
  const b10 = rotl<u64>(load<u64>(STATE, 8) ^ t1, 1);
  const b11 = rotl<u64>(load<u64>(STATE, 56) ^ t2, 6);
  const b12 = rotl<u64>(load<u64>(STATE, 104) ^ t3, 25);
  const b13 = rotl<u64>(load<u64>(STATE, 152) ^ t4, 8);
  const b14 = rotl<u64>(load<u64>(STATE, 160) ^ t0, 18);
  const b15 = rotl<u64>(load<u64>(STATE, 32) ^ t4, 27);
  const b16 = rotl<u64>(load<u64>(STATE, 40) ^ t0, 36);
  const b17 = rotl<u64>(load<u64>(STATE, 88) ^ t1, 10);
  const b18 = rotl<u64>(load<u64>(STATE, 136) ^ t2, 15);
  const b19 = rotl<u64>(load<u64>(STATE, 184) ^ t3, 56);
  const b20 = rotl<u64>(load<u64>(STATE, 16) ^ t2, 62);
  const b21 = rotl<u64>(load<u64>(STATE, 64) ^ t3, 55);
  const b22 = rotl<u64>(load<u64>(STATE, 112) ^ t4, 39);
  const b23 = rotl<u64>(load<u64>(STATE, 120) ^ t0, 41);
  const b24 = rotl<u64>(load<u64>(STATE, 168) ^ t1, 2);
  chi(STATE, b0, b1, b2, b3, b4);
  chi(STATE + 40, b5, b6, b7, b8, b9);
  chi(STATE + 80, b10, b11, b12, b13, b14);
  chi(STATE + 120, b15, b16, b17, b18, b19);
  chi(STATE + 160, b20, b21, b22, b23, b24);
}

/** The parity of a column of lanes, of which each is 40 bytes behind the one before. */
function parity(column: usize): u64 {
  return (
    load<u64>(column) ^ load<u64>(column, 40) ^ load<u64>(column, 80) ^ load<u64>(column, 120) ^ load<u64>(column, 160)
  );
}

function chi(row: usize, a: u64, b: u64, c: u64, d: u64, e: u64): void {
  store<u64>(row, a ^ (~b & c));
  store<u64>(row, b ^ (~c & d), 8);
  store<u64>(row, c ^ (~d & e), 16);
  store<u64>(row, d ^ (~e & a), 24);
  store<u64>(row, e ^ (~a & b), 32);
}
