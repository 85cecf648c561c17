/** Assertions that uvu lacks: bytes whatever their class, and faults by code. */
import * as assert from 'uvu/assert';
import { toHex } from '../src/core/bytes.ts';
import { Fault, type FaultCode } from '../src/core/fault.ts';

/** Equal bytes; `assert.equal` fails on a Buffer beside an equal Uint8Array. */
export function sameBytes(actual: Uint8Array | undefined, expected: Uint8Array, message?: string): void {
  assert.ok(actual, message ?? 'there are no bytes');
  assert.is(toHex(actual), toHex(expected), message);
}

/** The call throws a Fault with this code. */
export function faults(code: FaultCode, call: () => unknown, message?: string): Fault {
  let thrown: unknown;
  try {
    call();
  } catch (error) {
    thrown = error;
  }
  return checkFault(code, thrown, message);
}

/** The promise rejects with a Fault with this code; `assert.throws` would not wait for it. */
export async function faultsLater(code: FaultCode, call: () => Promise<unknown>, message?: string): Promise<Fault> {
  let thrown: unknown;
  try {
    await call();
  } catch (error) {
    thrown = error;
  }
  return checkFault(code, thrown, message);
}

function checkFault(code: FaultCode, thrown: unknown, message = ''): Fault {
  if (thrown === undefined) assert.unreachable(`${message} no fault, expected ${code}`);
  if (!(thrown instanceof Fault)) throw thrown;
  assert.is(thrown.code, code, `${message} ${thrown.message}`);
  return thrown;
}

/** A copy with one bit changed. */
export function flipBit<T extends Uint8Array>(bytes: T, bit = 0): T {
  const copy = Uint8Array.from(bytes) as T;
  copy[Math.floor(bit / 8)] = (copy[Math.floor(bit / 8)] as number) ^ (1 << (bit % 8));
  return copy;
}
