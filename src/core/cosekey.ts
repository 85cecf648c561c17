/**
 * Public keys as COSE_Key maps: OKP and EC2 (RFC 9053 §7), AKP for ML-DSA (RFC 9964), sets of them (RFC 9052 §7), and
 * thumbprints (RFC 9679). A private key is refused wherever it turns up. @module
 */
import { sha256 } from '#sha256';
import { concat, type Thumbprint } from './bytes.ts';
import { type Cbor, type CborMap, decode, encode } from './cbor.ts';
import { Fault, must } from './fault.ts';
import { type Algorithm, type PublicKey, publicKey } from './signature.ts';

/** A public key with what a COSE_Key may say beside it. */
export type CoseKey = {
  readonly key: PublicKey;
  readonly kid?: Uint8Array | undefined;
  /** The algorithm identifier, one that belongs to the key. */
  readonly alg?: number | undefined;
};

// EdDSA, ES256 and ML-DSA-44 are written; their fully-specified twins of RFC 9864, Ed25519 and ESP256, are only read,
// because hardly any verifier knows them yet.
const WRITTEN = { ed25519: -8, p256: -7, mldsa44: -48 } as const satisfies Record<Algorithm, number>;
const READ = new Map<Cbor | undefined, Algorithm>([
  [-8, 'ed25519'],
  [-19, 'ed25519'],
  [-7, 'p256'],
  [-9, 'p256'],
  [-48, 'mldsa44'],
]);

/** What a COSE algorithm identifier stands for, if it is one of ours. */
export function algorithmOf(alg: Cbor | undefined): Algorithm | undefined {
  return READ.get(alg);
}

/** The identifier that we write for an algorithm. */
export function algorithmId(algorithm: Algorithm): number {
  return WRITTEN[algorithm];
}

const [KTY, KID, ALG, KEY_OPS] = [1, 2, 3, 4] as const;
const [OKP, EC2, AKP] = [1, 2, 7] as const;
// Labels below zero mean one thing for each key type.
const [CRV, X, Y, D] = [-1, -2, -3, -4] as const;
const [PUB, PRIV] = [-1, -2] as const;
const [P256, ED25519] = [1, 6] as const;
const VERIFY = 2;
const COORDINATE_BYTES = 32;
const MAX_KID = 64;

/** The members that make the key, in the order of their encoding: what a thumbprint covers. */
function required({ algorithm, bytes }: PublicKey): (readonly [number, Cbor])[] {
  if (algorithm === 'ed25519') {
    return [
      [KTY, OKP],
      [CRV, ED25519],
      [X, bytes],
    ];
  }
  if (algorithm === 'p256') {
    return [
      [KTY, EC2],
      [CRV, P256],
      [X, bytes.subarray(1, 33)],
      [Y, bytes.subarray(33)],
    ];
  }
  return [
    [KTY, AKP],
    [ALG, WRITTEN.mldsa44],
    [PUB, bytes],
  ];
}

/** SPEC (RFC 9679 §3): the hash of the deterministic encoding of the required members and nothing else. */
export function thumbprintOf(key: PublicKey): Thumbprint {
  return sha256(encode(new Map(required(key)))) as Thumbprint;
}

/** The COSE_Key map, for `encode` or to stand inside another value. */
export function toCoseKey({ key, kid, alg }: CoseKey): CborMap {
  must(alg === undefined || algorithmOf(alg) === key.algorithm, `algorithm ${alg} does not go with ${key.algorithm}`);
  const map = new Map<number, Cbor>(required(key));
  if (kid !== undefined) map.set(KID, kid);
  if (alg !== undefined) map.set(ALG, alg);
  return map;
}

/** The inverse of `toCoseKey`. Fault `bad-key`. */
export function fromCoseKey(value: Cbor): CoseKey {
  if (!(value instanceof Map)) throw new Fault('bad-key', 'a COSE_Key is a map');
  const map: CborMap = value;
  if (map.has(map.get(KTY) === AKP ? PRIV : D)) {
    throw new Fault('bad-key', 'this is a private key: whoever has seen it can sign, so replace it');
  }
  const key = publicPart(map);
  const [kid, alg, operations] = [map.get(KID), map.get(ALG), map.get(KEY_OPS)];
  if (alg !== undefined && algorithmOf(alg) !== key.algorithm) {
    throw new Fault('bad-key', `the alg (3) of this COSE_Key does not go with ${key.algorithm}`);
  }
  if (kid !== undefined && !(kid instanceof Uint8Array && kid.length <= MAX_KID)) {
    throw new Fault('bad-key', `the kid of a COSE_Key is a byte string of at most ${MAX_KID} bytes`);
  }
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes(VERIFY))) {
    throw new Fault('bad-key', 'the key_ops of this COSE_Key do not let it verify');
  }
  return { key, kid, alg: alg as number | undefined };
}

function publicPart(map: CborMap): PublicKey {
  const [kty, crv] = [map.get(KTY), map.get(CRV)];
  if (kty === OKP && crv === ED25519) return publicKey('ed25519', bytesAt(map, X));
  // SPEC (RFC 9964): alg MUST be there in an AKP key; nothing else says what kind of key it is.
  if (kty === AKP && map.get(ALG) === WRITTEN.mldsa44) return publicKey('mldsa44', bytesAt(map, PUB));
  if (kty !== EC2 || crv !== P256) {
    throw new Fault('bad-key', 'a COSE_Key is one for Ed25519, P-256 or ML-DSA-44');
  }
  if (typeof map.get(Y) === 'boolean') {
    throw new Fault('bad-key', 'a compressed P-256 key is not accepted: give y as 32 bytes, not as a sign');
  }
  const [x, y] = [bytesAt(map, X), bytesAt(map, Y)];
  if (x.length !== COORDINATE_BYTES || y.length !== COORDINATE_BYTES) {
    throw new Fault('bad-key', `a coordinate of P-256 has ${COORDINATE_BYTES} bytes, leading zeros included`);
  }
  return publicKey('p256', concat(Uint8Array.of(4), x, y));
}

function bytesAt(map: CborMap, label: number): Uint8Array {
  const value = map.get(label);
  if (!(value instanceof Uint8Array)) throw new Fault('bad-key', `a COSE_Key of this type has bytes at ${label}`);
  return value;
}

/** A COSE_KeySet: an array of COSE_Key maps. */
export function encodeKeySet(keys: readonly CoseKey[]): Uint8Array {
  return encode(keys.map(toCoseKey));
}

/** The inverse of `encodeKeySet`. */
export function decodeKeySet(bytes: Uint8Array): CoseKey[] {
  const set = decode(bytes);
  if (!Array.isArray(set)) throw new Fault('bad-key', 'a COSE_KeySet is an array');
  return set.flatMap((element: Cbor) => {
    try {
      return [fromCoseKey(element)];
    } catch (error) {
      // SPEC (RFC 9052 §7): an element that is malformed or not understood is ignored, and the others are processed.
      if (error instanceof Fault) return [];
      throw error;
    }
  });
}
