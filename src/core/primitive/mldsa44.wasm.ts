/**
 * ML-DSA-44 by liboqs in WebAssembly: ten times as fast as JavaScript. Its signatures are hedged with random bytes, so
 * no two are the same. Those who make it recommend to use it only beside a classical signature, as each of ours is; and
 * what it signed is verified before anyone gets it. It asks for Node 22, and runs on 20 as well. @module
 */
import { createMLDSA44 } from '@oqs/liboqs-js/sig';

export type Compiled = {
  /** `secretKey` as FIPS 204 encodes it. */
  sign(message: Uint8Array, secretKey: Uint8Array, publicKey: Uint8Array): Uint8Array;
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
};

/** Loads and compiles it, which takes some 50 ms. */
export async function compile(): Promise<Compiled> {
  const code = await createMLDSA44();
  // It takes no Buffer, and nothing that lies in a larger memory as a subclass of Uint8Array does.
  const plain = (bytes: Uint8Array) => Uint8Array.from(bytes);
  const verify: Compiled['verify'] = (publicKey, message, signature) =>
    code.verify(plain(message), plain(signature), plain(publicKey));
  return {
    verify,
    sign(message, secretKey, publicKey) {
      const signature = code.sign(plain(message), plain(secretKey));
      if (!verify(publicKey, message, signature)) throw new Error('a signature that was just made does not verify');
      return signature;
    },
  };
}
