/**
 * Receipts, RFC 9942 with RFC9162_SHA256, and Transparent Statements, RFC 9943 §7. Only the root is signed, so one
 * signature under one protected header serves every receipt of a head. @module
 */
import { concat, equal, HASH_BYTES, type Hash, type Thumbprint } from './bytes.ts';
import { ARRAY, BYTES, type Cbor, type CborMap, decode, encode, head, UNSIGNED } from './cbor.ts';
import { CLAIM, EMPTY_MAP, LABEL, readSign1, sigStructure, withUnprotected, writeSign1 } from './cose.ts';
import { algorithmId } from './cosekey.ts';
import { Fault, must } from './fault.ts';
import { foldInclusion, inclusionLength } from './proof.ts';
import { type Algorithm, type PublicKey, verify } from './signature.ts';
import { isSize } from './size.ts';

/** The verifiable data structure, and its two kinds of proof; `consistency.ts` has the other. */
const RFC9162_SHA256 = 1;
const INCLUSION = -1;

// More than any honest receipt or statement has: a tree of 2^53 leaves has proofs of 53 hashes.
const MAX_PATH = 64;
const MAX_PROOFS = 16;
const MAX_RECEIPTS = 16;

/** {396: {kind: [ …, an unprotected header with one proof of a kind, up to it. */
export const proofOf = (kind: number): Uint8Array =>
  concat(Uint8Array.of(0xa1, 0x19, 0x01, 0x8c, 0xa1), encode(kind), head(ARRAY, 1));
const INCLUSION_PROOF = proofOf(INCLUSION);
const HASH_HEAD = head(BYTES, HASH_BYTES);

/** Where a leaf is claimed to be. Nobody signs the size and the index, and others may lead to the same root. */
export type Inclusion = { readonly size: number; readonly index: number; readonly path: readonly Hash[] };

/** The protected header of every receipt of a log: its base URL, its origin, its receipt key, which is for P-256. */
export function receiptProtected(log: { iss: string; sub: string; kid: Thumbprint }): Uint8Array {
  const claims = new Map([
    [CLAIM.iss, log.iss],
    [CLAIM.sub, log.sub],
  ]);
  return encode(
    new Map<number, Cbor>([
      [LABEL.alg, algorithmId('p256')],
      [LABEL.kid, log.kid],
      [LABEL.claims, claims],
      [LABEL.vds, RFC9162_SHA256],
    ]),
  );
}

/** What the receipt key signs for a head. */
export function receiptToSign(header: Uint8Array, root: Hash): Uint8Array {
  return sigStructure(header, root);
}

/** The parts that all receipts of a head share. */
export type SignedRoot = { readonly protected: Uint8Array; readonly signature: Uint8Array };

/** The receipt of one leaf, its root detached, so that whoever verifies it has to compute the root. */
export function encodeReceipt(parts: Inclusion & SignedRoot): Uint8Array {
  const { size, index, path } = parts;
  must(path.length === inclusionLength(index, size), `not a proof of leaf ${index} of ${size}`);
  return writeReceipt(parts, INCLUSION_PROOF, [size, index], path);
}

/** A receipt with one proof: what `proofOf` makes of its kind, two numbers and a path. */
export function writeReceipt(
  signed: SignedRoot,
  proofs: Uint8Array,
  [a, b]: readonly [number, number],
  path: readonly Hash[],
): Uint8Array {
  const counts = [head(ARRAY, 3), head(UNSIGNED, a), head(UNSIGNED, b), head(ARRAY, path.length)];
  const proof = concat(...counts, hashes(path));
  const unprotected = concat(proofs, head(BYTES, proof.length), proof);
  return writeSign1(signed.protected, unprotected, null, signed.signature);
}

/** The items of a path, packed in one go: every answer of a log has one, and hashes one by one take thrice the time. */
function hashes(path: readonly Hash[]): Uint8Array {
  const out = new Uint8Array(path.length * (HASH_HEAD.length + HASH_BYTES));
  let at = 0;
  for (const hash of path) {
    out.set(HASH_HEAD, at);
    out.set(hash, at + HASH_HEAD.length);
    at += HASH_HEAD.length + HASH_BYTES;
  }
  return out;
}

/** All of a receipt but its proofs. */
export type Envelope = SignedRoot & {
  readonly algorithm: Algorithm;
  readonly kid: Uint8Array | undefined;
  readonly iss: string | undefined;
  readonly sub: string | undefined;
  /** The root, if it is attached. */
  readonly root: Uint8Array | null;
};

export type Receipt = Envelope & {
  /** At least one; any of them may be the one that the signature is for. */
  readonly proofs: readonly Inclusion[];
};

/** The inverse of `encodeReceipt`, and of what other logs write. Nothing is verified yet. */
export function decodeReceipt(bytes: Uint8Array): Receipt {
  const { envelope, unprotected } = readReceipt(bytes);
  return { ...envelope, proofs: readProofs(unprotected, INCLUSION, inclusionOf) };
}

/** By which key a receipt says that it is, whatever kind of log made it; none if it names no key or cannot be read. */
export function kidIn(bytes: Uint8Array): Uint8Array | undefined {
  try {
    const kid = readSign1(bytes, 'bad-receipt').header.get(LABEL.kid);
    return kid instanceof Uint8Array ? kid : undefined;
  } catch (error) {
    if (error instanceof Fault) return undefined;
    throw error;
  }
}

/** Reads a receipt up to its proofs, which `readProofs` finds in the unprotected header. */
export function readReceipt(bytes: Uint8Array): { envelope: Envelope; unprotected: CborMap } {
  const message = readSign1(bytes, 'bad-receipt');
  const { header, unprotected, signature, algorithm } = message;
  // SPEC (RFC 9942): vds MUST be in the protected header.
  if (header.get(LABEL.vds) !== RFC9162_SHA256 || unprotected.has(LABEL.vds)) {
    bad(`the verifiable data structure (395) must be ${RFC9162_SHA256}, RFC9162_SHA256, in the protected header alone`);
  }
  const kid = header.get(LABEL.kid);
  if (kid !== undefined && !(kid instanceof Uint8Array)) bad('kid (4) is no byte string');
  const claims = header.get(LABEL.claims) ?? new Map();
  if (!(claims instanceof Map)) bad('the CWT claims (15) are no map');
  // A verifier MUST honour these two, and core has no clock. No log that we know of sets them.
  if (claims.has(CLAIM.exp) || claims.has(CLAIM.nbf))
    bad('receipts that are valid for a time only (exp, nbf) are not supported');
  const [iss, sub] = [textAt(claims, CLAIM.iss), textAt(claims, CLAIM.sub)];
  const envelope = { protected: message.protected, signature, algorithm, kid, iss, sub, root: message.payload };
  return { envelope, unprotected };
}

function bad(message: string): never {
  throw new Fault('bad-receipt', message);
}

function textAt(claims: CborMap, label: number): string | undefined {
  const value = claims.get(label);
  if (value !== undefined && typeof value !== 'string') bad('iss (1) and sub (2) are text');
  return value;
}

/** The proofs of one kind: each is two numbers and a path. */
export function readProofs<T>(
  unprotected: CborMap,
  kind: number,
  make: (a: number, b: number, path: readonly Hash[]) => T,
): T[] {
  const vdp = unprotected.get(LABEL.vdp);
  const proofs = vdp instanceof Map ? vdp.get(kind) : undefined;
  if (!Array.isArray(proofs) || proofs.length === 0 || proofs.length > MAX_PROOFS) {
    bad(`the receipt has no proof of the kind ${kind} among its proofs (396), or more than ${MAX_PROOFS}`);
  }
  return proofs.map((bytes: Cbor) => {
    const proof = bytes instanceof Uint8Array ? decode(bytes) : undefined;
    if (!Array.isArray(proof) || proof.length !== 3) bad('a proof is a byte string with an array of three');
    const [a, b, path] = proof;
    if (!isSize(a) || !isSize(b)) bad('a proof begins with two sizes, or a size and an index');
    // An empty path is the proof in a tree of one leaf, although the RFC's grammar asks for one element.
    if (!Array.isArray(path) || path.length > MAX_PATH || !path.every(isHash)) {
      bad(`a path has at most ${MAX_PATH} hashes of ${HASH_BYTES} bytes`);
    }
    return make(a, b, path);
  });
}

function inclusionOf(size: number, index: number, path: readonly Hash[]): Inclusion {
  return { size, index, path };
}

function isHash(value: Cbor): value is Hash {
  return value instanceof Uint8Array && value.length === HASH_BYTES;
}

/**
 * Checks that the log with this key has signed a tree with the leaf in it, and returns the root of that tree. Which key
 * to trust, by `receipt.kid` and `iss`, is the caller's choice. Faults `bad-receipt` if it speaks for someone else,
 * `bad-proof` if no proof can be right, `bad-signature` if none leads to a root that is signed.
 */
export function verifyReceipt(receipt: Receipt, leaf: Hash, key: PublicKey, expected: Speaker = {}): Hash {
  return signedRoot(
    receipt,
    receipt.proofs.flatMap((proof) => rootOf(proof, leaf)),
    key,
    expected,
  );
}

/** For whom a receipt must speak. */
export type Speaker = { readonly iss?: string; readonly sub?: string };

/** The one of the roots, which the proofs of a receipt lead to, that the key has signed. Faults as `verifyReceipt`. */
export function signedRoot(receipt: Envelope, roots: readonly Hash[], key: PublicKey, expected: Speaker): Hash {
  for (const name of ['iss', 'sub'] as const) {
    if (expected[name] !== undefined && expected[name] !== receipt[name]) bad(`the receipt has another ${name}`);
  }
  // SPEC (RFC 9942 §5.2.1): an attached payload must be the root that the proof leads to.
  const candidates = roots.filter((root) => receipt.root === null || equal(root, receipt.root));
  if (candidates.length === 0) throw new Fault('bad-proof', 'no proof of the receipt leads to its root');
  const signed = candidates.find(
    (root) =>
      key.algorithm === receipt.algorithm && verify(key, receiptToSign(receipt.protected, root), receipt.signature),
  );
  if (!signed) throw new Fault('bad-signature', 'the receipt is for something else, or not signed by this key');
  return signed;
}

/** The root that a proof leads to; none if there is no such leaf or its path has another length. */
function rootOf({ index, size, path }: Inclusion, leaf: Hash): Hash[] {
  if (index >= size || path.length !== inclusionLength(index, size)) return [];
  return [foldInclusion(index, size, leaf, path)];
}

/** A Transparent Statement: the entry with its receipts in the unprotected header. */
export function attachReceipts(entry: Uint8Array, receipts: readonly Uint8Array[]): Uint8Array {
  must(receipts.length > 0 && receipts.length <= MAX_RECEIPTS, `${receipts.length} receipts are too few or too many`);
  const { span } = readSign1(entry, 'bad-statement');
  return withUnprotected(entry, span, encode(new Map([[LABEL.receipts, receipts]])));
}

/** The inverse of `attachReceipts`; drops whatever else the unprotected header holds. Neither part is decoded yet. */
export function splitTransparent(bytes: Uint8Array): { statement: Uint8Array; receipts: Uint8Array[] } {
  const { span, unprotected } = readSign1(bytes, 'bad-statement');
  const receipts = unprotected.get(LABEL.receipts) ?? [];
  if (!Array.isArray(receipts) || receipts.length > MAX_RECEIPTS || !receipts.every((r) => r instanceof Uint8Array)) {
    throw new Fault('bad-statement', `the receipts (394) are an array of at most ${MAX_RECEIPTS} byte strings`);
  }
  return { statement: withUnprotected(bytes, span, EMPTY_MAP), receipts };
}
