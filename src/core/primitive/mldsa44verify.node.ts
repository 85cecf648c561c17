/**
 * Verifies ML-DSA-44 by `mldsa44verify.as.ts`, compiled to 4 kB of WebAssembly. For a process that verifies one signature
 * and ends: there JavaScript takes four times as long, as it runs in an interpreter. @module
 */
import { CODE } from './mldsa44code.ts';

type Verify = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean;

/** What the module exports; globals are where things belong in its memory. */
type Exports = {
  readonly memory: WebAssembly.Memory;
  readonly PUBLIC_KEY: WebAssembly.Global<'i32'>;
  readonly SIGNATURE: WebAssembly.Global<'i32'>;
  readonly PART: WebAssembly.Global<'i32'>;
  readonly PART_BYTES: WebAssembly.Global<'i32'>;
  begin(): void;
  update(length: number): void;
  verdict(): number;
};

let compiled: Verify | undefined;

/**
 * Whether `signature`, of 2420 bytes, over `message` is by `publicKey`, of 1312 bytes.
 * @throws where there is no WebAssembly (`node --jitless`): to fall back on noble would load it at every start.
 */
export const verify: Verify = (publicKey, message, signature) => {
  compiled ??= compile();
  return compiled(publicKey, message, signature);
};

/** Takes half a millisecond. */
function compile(): Verify {
  if (typeof WebAssembly === 'undefined') {
    throw new Error('before Node 24, ML-DSA-44 is verified in WebAssembly, and here is none: do without --jitless');
  }
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(CODE, 'base64')));
  const { memory, PUBLIC_KEY, SIGNATURE, PART, PART_BYTES, begin, update, verdict } = exports as Exports;
  const { buffer } = memory;
  const bytes = new Uint8Array(buffer);
  return (publicKey, message, signature) => {
    bytes.set(publicKey, PUBLIC_KEY.value);
    bytes.set(signature, SIGNATURE.value);
    begin();
    for (let at = 0; at < message.length; at += PART_BYTES.value) {
      const part = message.subarray(at, at + PART_BYTES.value);
      bytes.set(part, PART.value);
      update(part.length);
    }
    return verdict() === 1;
  };
}
