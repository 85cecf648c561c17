/**
 * COSE_Sign1 (RFC 9052) and the signed statements in it (RFC 9943 §6), byte strings kept exactly as received. Whether
 * a signature is good is asked of `verifyStatement`; whether its key may say so is decided elsewhere. @module
 */
import { sha256 } from '#sha256';
import { concat, fromBase64url, HASH_BYTES, type Kid, type StatementId, toBase64url, utf8 } from './bytes.ts';
import { BYTES, type Cbor, type CborMap, Cursor, decode, encode, head } from './cbor.ts';
import { algorithmId, algorithmOf } from './cosekey.ts';
import { Fault, must } from './fault.ts';
import { MAX_ENTRY } from './hash.ts';
import { type Algorithm, type PublicKey, type Signer, signatureBytes, verify, verifyLater } from './signature.ts';

/** Labels of headers (RFC 9052, 9597, 9995, 9942), and of the CWT claims (RFC 8392) under one of them. */
export const LABEL = { alg: 1, crit: 2, cty: 3, kid: 4, claims: 15, receipts: 394, vds: 395, vdp: 396 } as const;
export const CLAIM = { iss: 1, sub: 2, aud: 3, exp: 4, nbf: 5, iat: 6 } as const;
/** payload-hash-alg, preimage content type, payload-location (RFC 9995). */
const HASH_ENVELOPE = [258, 259, 260] as const;

/** SPEC (RFC 9943 §6): iss is a string of 1 to 8192 characters; we hold all texts of a header to it. */
const MAX_TEXT = 8192;

const NIL = Uint8Array.of(0xf6);
export const EMPTY_MAP = Uint8Array.of(0xa0);
/** Tag 18 and an array of four. */
const SIGN1 = Uint8Array.of(0xd2, 0x84);
/** An array of four that begins with the context of Sig_structure. */
const SIGNATURE1 = Uint8Array.of(0x84, 0x6a, ...utf8('Signature1'));
const NO_AAD = Uint8Array.of(0x40);

export type Sign1 = {
  /** The protected header as it was signed, and what it says. */
  readonly protected: Uint8Array;
  readonly header: CborMap;
  readonly unprotected: CborMap;
  /** `null` if it is detached. */
  readonly payload: Uint8Array | null;
  readonly signature: Uint8Array;
  readonly algorithm: Algorithm;
  /** Where the unprotected header lies in the message: `[from, to)`. */
  readonly span: readonly [number, number];
};

/** Reads a COSE_Sign1 of any content; Fault `code` unless it has the shape of one, made with an algorithm of ours. */
export function readSign1(bytes: Uint8Array, code: 'bad-statement' | 'bad-receipt'): Sign1 {
  // Heads have one form each, so there is one way to write the tag and the array.
  if (bytes[0] !== SIGN1[0] || bytes[1] !== SIGN1[1]) {
    throw new Fault(code, 'not a COSE_Sign1: it begins with tag 18 and an array of four, d2 84');
  }
  const cursor = new Cursor(bytes);
  cursor.at = SIGN1.length;
  const signedHeader = cursor.byteString();
  const from = cursor.at;
  const unprotected = cursor.value();
  const to = cursor.at;
  const payload = cursor.value();
  const signature = cursor.byteString();
  cursor.end();
  const header = signedHeader.length === 0 ? undefined : decode(signedHeader);
  if (!(header instanceof Map) || header.size === 0) throw new Fault(code, 'the protected header is no map, or empty');
  if (!(unprotected instanceof Map)) throw new Fault(code, 'the unprotected header is no map');
  if (payload !== null && !(payload instanceof Uint8Array)) throw new Fault(code, 'the payload is no byte string');
  // SPEC (RFC 9052 §3.1): a critical header that is not understood is a fatal error. We understand none by that name.
  if (header.has(LABEL.crit)) throw new Fault(code, 'no header may be marked critical (crit, label 2)');
  const algorithm = algorithmOf(header.get(LABEL.alg));
  if (algorithm === undefined) {
    throw new Fault('bad-algorithm', 'alg (1) is none of -8, -19 (Ed25519), -7, -9 (P-256), -48 (ML-DSA-44)');
  }
  if (signature.length !== signatureBytes(algorithm)) {
    throw new Fault('bad-signature', `${signature.length} bytes are not a signature for ${algorithm}`);
  }
  return { protected: signedHeader, header, unprotected, payload, signature, algorithm, span: [from, to] };
}

/** The same message with another unprotected header, given encoded: nobody signs that one. */
export function withUnprotected(bytes: Uint8Array, [from, to]: Sign1['span'], map: Uint8Array): Uint8Array {
  return concat(bytes.subarray(0, from), map, bytes.subarray(to));
}

/** The inverse of `readSign1`, given the headers encoded. */
export function writeSign1(
  header: Uint8Array,
  unprotected: Uint8Array,
  payload: Uint8Array | null,
  signature: Uint8Array,
): Uint8Array {
  const body = payload === null ? [NIL] : [head(BYTES, payload.length), payload];
  const framed = [head(BYTES, header.length), header, unprotected, ...body, head(BYTES, signature.length), signature];
  return concat(SIGN1, ...framed);
}

/** SPEC (RFC 9052 §4.4): Sig_structure = ["Signature1", body_protected, external_aad, payload]; the aad is empty. */
export function sigStructure(header: Uint8Array, payload: Uint8Array): Uint8Array {
  return concat(SIGNATURE1, head(BYTES, header.length), header, NO_AAD, head(BYTES, payload.length), payload);
}

export type SignedStatement = {
  /** The leaf data: the bytes received, but for the unprotected header, which is empty. */
  readonly entry: Uint8Array;
  readonly protected: Uint8Array;
  readonly payload: Uint8Array;
  readonly signature: Uint8Array;
  readonly algorithm: Algorithm;
  /** The identifier by which the statement names the algorithm. */
  readonly alg: number;
  readonly contentType: string;
  readonly kid: Kid;
  readonly iss: string;
  readonly sub: string;
  readonly aud: string | undefined;
  readonly iat: number | undefined;
  readonly toBeSigned: Uint8Array;
  /** SHA-256 of `toBeSigned`: what makes two submissions the same statement. */
  readonly id: StatementId;
};

/** Reads a submitted statement. Its byte strings are views on `bytes` where they can be. */
export function decodeStatement(bytes: Uint8Array): SignedStatement {
  const message = readSign1(bytes, 'bad-statement');
  const { header, payload } = message;
  if (HASH_ENVELOPE.some((label) => header.has(label))) {
    bad('hash envelopes (258 to 260) are not accepted; put large or private content into `evidence`');
  }
  const kid = header.get(LABEL.kid);
  if (!(kid instanceof Uint8Array && kid.length === HASH_BYTES)) bad(`kid (4) is not a SHA-256 of ${HASH_BYTES} bytes`);
  const claims = header.get(LABEL.claims);
  if (!(claims instanceof Map)) bad('the CWT claims (15) are missing');
  const iat = claims.get(CLAIM.iat);
  if (iat !== undefined && typeof iat !== 'number') bad('iat (6) is not an integer');
  // SPEC (SCRAPI): Payload Missing. An empty one says as little as none.
  if (!payload?.length) throw new Fault('payload-missing', 'the payload must be in the statement, and not empty');
  const entry = message.unprotected.size === 0 ? bytes : withUnprotected(bytes, message.span, EMPTY_MAP);
  if (entry.length > MAX_ENTRY) throw new Fault('too-large', `a statement has at most ${MAX_ENTRY} bytes`);
  // Most who read an entry need neither, and together they cost as much as the rest.
  const toBeSigned = once(() => sigStructure(message.protected, payload));
  const id = once(() => sha256(toBeSigned()) as StatementId);
  return {
    entry,
    protected: message.protected,
    payload,
    signature: message.signature,
    algorithm: message.algorithm,
    alg: header.get(LABEL.alg) as number,
    contentType: textAt(header, LABEL.cty, 'content type (3)'),
    kid: kid as Kid,
    iss: textAt(claims, CLAIM.iss, 'iss (1)'),
    sub: textAt(claims, CLAIM.sub, 'sub (2)'),
    aud: claims.has(CLAIM.aud) ? textAt(claims, CLAIM.aud, 'aud (3)') : undefined,
    iat,
    get toBeSigned() {
      return toBeSigned();
    },
    get id() {
      return id();
    },
  };
}

function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

/** The statement in an entry, if it is one. */
export function statementIn(entry: Uint8Array): SignedStatement | undefined {
  try {
    return decodeStatement(entry);
  } catch (error) {
    if (error instanceof Fault) return undefined;
    throw error;
  }
}

function bad(message: string): never {
  throw new Fault('bad-statement', message);
}

function textAt(map: CborMap, label: number, name: string): string {
  const value = map.get(label);
  if (typeof value === 'string' && value !== '' && value.length <= MAX_TEXT) return value;
  return bad(`${name} is not a text of 1 to ${MAX_TEXT} characters`);
}

/** `alg` is given where it is not to be the usual one of the signer. */
export type StatementParts = { readonly signer: Signer } & Pick<SignedStatement, 'kid' | 'payload'> &
  Pick<SignedStatement, 'contentType' | 'iss' | 'sub'> &
  Partial<Pick<SignedStatement, 'alg' | 'aud' | 'iat'>>;

/** Signs a statement; the entry that `decodeStatement` reads. */
export function signStatement(parts: StatementParts): Uint8Array {
  const { signer, alg = algorithmId(signer.key.algorithm), payload } = parts;
  must(algorithmOf(alg) === signer.key.algorithm, `algorithm ${alg} does not go with ${signer.key.algorithm}`);
  const claims = new Map<number, Cbor>([
    [CLAIM.iss, parts.iss],
    [CLAIM.sub, parts.sub],
  ]);
  if (parts.aud !== undefined) claims.set(CLAIM.aud, parts.aud);
  if (parts.iat !== undefined) claims.set(CLAIM.iat, parts.iat);
  const header = encode(
    new Map<number, Cbor>([
      [LABEL.alg, alg],
      [LABEL.cty, parts.contentType],
      [LABEL.kid, parts.kid],
      [LABEL.claims, claims],
    ]),
  );
  const signature = signer.sign(sigStructure(header, payload));
  // What we make goes through the door that it will have to pass, so that the limits stand in one place.
  return decodeStatement(writeSign1(header, EMPTY_MAP, payload, signature)).entry;
}

/** Whether the signature is by this key, which must be one for the algorithm that the statement names. */
export function verifyStatement(statement: SignedStatement, key: PublicKey): boolean {
  return key.algorithm === statement.algorithm && verify(key, statement.toBeSigned, statement.signature);
}

/** `verifyStatement` off the calling thread, as far as `verifyLater` can. */
export async function verifyStatementLater(statement: SignedStatement, key: PublicKey): Promise<boolean> {
  return key.algorithm === statement.algorithm && verifyLater(key, statement.toBeSigned, statement.signature);
}

/** The EntryID of SCRAPI, known before the statement is logged. */
export function entryIdOf(id: StatementId): string {
  return toBase64url(id);
}

/** The inverse of `entryIdOf`. */
export function parseEntryId(text: string): StatementId {
  if (text.length !== 43) throw new Fault('bad-locator', 'an entry id is 32 bytes in base64url, 43 characters');
  return fromBase64url(text, 'bad-locator') as StatementId;
}
