/**
 * Ed25519 by libsodium, which verifies in half of OpenSSL's time and to the same verdict: without cofactor. It has
 * compiled code for Linux with glibc, macOS and Windows; importing this file fails elsewhere. @module
 */
// @ts-expect-error It comes without types.
import sodium from 'sodium-native';

const { crypto_sign_verify_detached: verifyDetached } = sodium as {
  crypto_sign_verify_detached(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean;
};

/** Takes 32 bytes of a key that passed `isKey`, and 64 of a signature whose R is not of small order. */
export function verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  return verifyDetached(signature, message, publicKey);
}
