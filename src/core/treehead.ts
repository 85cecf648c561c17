/**
 * The signed tree head of RFC 6962 §3.5: what is signed for a head besides its checkpoint, for clients of the
 * Certificate Transparency kind, and the form in which TLS writes the signature. @module
 */
import { concat } from './bytes.ts';
import type { Head } from './checkpoint.ts';
import { must } from './fault.ts';
import { uint64 } from './size.ts';

/** A head and the time of its signature, in milliseconds since 1970. */
export type TreeHead = Head & { readonly timestamp: number };

/** Version v1(0) and SignatureType tree_hash(1). */
const V1_TREE_HASH = Uint8Array.of(0, 1);
/** HashAlgorithm sha256(4) and SignatureAlgorithm ecdsa(3) of RFC 5246 §7.4.1.4.1. */
const SHA256_ECDSA = Uint8Array.of(4, 3);
const [SEQUENCE, INTEGER] = [0x30, 0x02] as const;
const SCALAR_BYTES = 32;

/** SPEC: struct { version; signature_type; uint64 timestamp; uint64 tree_size; opaque sha256_root_hash[32]; }. */
export function treeHeadToSign({ timestamp, size, root }: TreeHead): Uint8Array {
  return concat(V1_TREE_HASH, uint64(timestamp), uint64(size), root);
}

/** SPEC (RFC 5246 §4.7): a DigitallySigned names its algorithms, then the signature in DER behind its uint16 length. */
export function digitallySigned(signature: Uint8Array): Uint8Array {
  must(signature.length === 2 * SCALAR_BYTES, 'an ECDSA signature of ours is r and s, 32 bytes each');
  const [r, s] = [signature.subarray(0, SCALAR_BYTES), signature.subarray(SCALAR_BYTES)];
  const der = element(SEQUENCE, concat(element(INTEGER, unsigned(r)), element(INTEGER, unsigned(s))));
  return concat(SHA256_ECDSA, Uint8Array.of(0, der.length), der);
}

/** A DER element; what lies in a signature for P-256 never needs a length of two bytes. */
function element(tag: number, content: Uint8Array): Uint8Array {
  must(content.length < 128, 'a long DER element');
  return concat(Uint8Array.of(tag, content.length), content);
}

/** The shortest bytes of a number, with a zero in front where the first bit would make it negative. */
function unsigned(scalar: Uint8Array): Uint8Array {
  const digits = scalar.subarray(scalar.findIndex((byte) => byte !== 0));
  return (digits[0] as number) >= 0x80 ? concat(Uint8Array.of(0), digits) : digits;
}
