/** Signatures to check on their way to a thread, packed, so that a message costs about the same for one or many. @module */
import { ByteBox } from '../../core/bytebox.ts';
import { must } from '../../core/fault.ts';
import { keyCache } from '../../core/primitive/keycache.node.ts';
import { type Algorithm, type PublicKey, publicKey, verify } from '../../core/signature.ts';

export type Check = { readonly key: PublicKey; readonly message: Uint8Array; readonly signature: Uint8Array };

/** The same with the bytes of a key alone, which whoever packed it had checked. */
export type Unpacked = Omit<Check, 'key'> & { readonly algorithm: Algorithm; readonly key: Uint8Array };

/** Keys, messages and signatures one after the other; three lengths a check. */
export type PackedChecks = {
  readonly algorithms: readonly Algorithm[];
  readonly lengths: Uint32Array;
  readonly bytes: Uint8Array;
};

/** Checks that wait to go to a thread. */
export class CheckBox {
  #algorithms: Algorithm[] = [];
  #lengths: number[] = [];
  readonly #bytes = new ByteBox();

  get size(): number {
    return this.#algorithms.length;
  }

  put({ key, message, signature }: Check): void {
    this.#algorithms.push(key.algorithm);
    this.#lengths.push(key.bytes.length, message.length, signature.length);
    this.#bytes.put(key.bytes);
    this.#bytes.put(message);
    this.#bytes.put(signature);
  }

  /** The message of all that waits. */
  take(): PackedChecks {
    const [algorithms, lengths] = [this.#algorithms, Uint32Array.from(this.#lengths)];
    [this.#algorithms, this.#lengths] = [[], []];
    return { algorithms, lengths, bytes: this.#bytes.take() };
  }
}

/** The checks in a message of a `CheckBox`. */
export function unpackChecks({ algorithms, lengths, bytes }: PackedChecks): Unpacked[] {
  let at = 0;
  const part = (i: number): Uint8Array => {
    at += lengths[i] as number;
    return bytes.subarray(at - (lengths[i] as number), at);
  };
  const checks = algorithms.map((algorithm, i) => {
    return { algorithm, key: part(3 * i), message: part(3 * i + 1), signature: part(3 * i + 2) };
  });
  must(at === bytes.length, 'unpacking checks left bytes over');
  return checks;
}

/** By algorithm: finding out whether a key is a good one costs more than verifying with it. */
const keys: Record<Algorithm, (bytes: Uint8Array) => PublicKey> = {
  ed25519: keyCache((bytes) => publicKey('ed25519', bytes)),
  p256: keyCache((bytes) => publicKey('p256', bytes)),
  mldsa44: keyCache((bytes) => publicKey('mldsa44', bytes)),
};

/** Checks them all: 1 for a signature that verifies, 0 for one that does not, in their order. */
export function verdicts(packed: PackedChecks): Uint8Array {
  return Uint8Array.from(unpackChecks(packed), ({ algorithm, key, message, signature }) =>
    verify(keys[algorithm](key), message, signature) ? 1 : 0,
  );
}
