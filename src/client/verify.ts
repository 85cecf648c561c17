/**
 * `limmat/verify`: checks a bundle or an offline proof with no network, no clock and nothing of a platform, so that it
 * runs in a browser as well as in Node. Trust is in the file of `trust.ts` and nothing else. @module
 */
import { sha256 } from '#sha256';
import { checkBytes, equal, fromUtf8, toHex } from '../core/bytes.ts';
import { decode } from '../core/cbor.ts';
import { decodeStatement, type SignedStatement, statementIn, verifyStatement } from '../core/cose.ts';
import { fromCoseKey } from '../core/cosekey.ts';
import { Fault } from '../core/fault.ts';
import { leafHash } from '../core/hash.ts';
import { verifyInclusion } from '../core/proof.ts';
import { type Age, AHEAD, evaluate, explain, isoTime, type Verdict } from '../core/quorum.ts';
import { kidOf, type PublicKey } from '../core/signature.ts';
import { parseTlogProof, type TlogProof } from '../core/tlogproof.ts';
import { artifactIn, type Digests, type Proven, verifyParsed } from './offline.ts';
import { parseBundle } from './proofbundle.ts';
import { proveTransparent, SIGN1_TAG } from './transparent.ts';
import { type Trust, trustedKeys } from './trust.ts';

export { Fault } from '../core/fault.ts';
export type { Digests } from './offline.ts';
export { type Bundle, formatBundle, parseBundle } from './proofbundle.ts';
export { formatTrust, parseTrust, type Trust } from './trust.ts';

export type VerifyOptions = {
  /** The file that the entry must speak of; in an opaque log, the entry itself. */
  readonly file?: Uint8Array;
  /** Instead of `file`: its digests by algorithm (`sha256`, `sha384`, `sha512`), for one that is too large to hold. */
  readonly digests?: Digests;
  /** How old the newest signature with a time, and every cosignature that counts, may be; in seconds. */
  readonly age?: Age;
};

/** The key that signed the statement, as its enrolment in the same log shows it. */
export type Enrolment = {
  readonly index: number;
  readonly organisation: string;
  readonly keyId: string;
  readonly purpose: string;
  readonly key: PublicKey;
};

/** What is so, and what this file alone does not show. */
export type Verified = Proven & {
  /** None in an opaque log. */
  readonly statement?: SignedStatement;
  /** None if the bundle does not carry it; then the signature on the statement was not checked here. */
  readonly enrolment?: Enrolment;
  /** The name under which the build lists the file. */
  readonly artifact?: string;
  readonly quorum: Verdict;
  /** The pinned key whose receipt has shown it; none where a checkpoint did. */
  readonly receiptKey?: PublicKey;
  readonly notShown: readonly string[];
};

/**
 * Checks everything that a bundle (or a `tlog-proof@v1`) shows: that the log signed a tree with the entry in it, that
 * enough witnesses saw that tree, that it is not too old, that the statement was signed by a key that was enrolled
 * before, and that a file is the one it speaks of. A Transparent Statement is taken too, where the trust pins receipt
 * keys and asks for no witness. Throws a `Fault` that says what is not so; `bad-request` for an argument of another type.
 *
 * ```ts
 * import { parseTrust, verify } from 'limmat/verify';
 *
 * const verified = verify(bundleFile, parseTrust(trustFile), { file: artifact });
 * console.assert(verified.artifact === 'app.bin' && verified.enrolment?.organisation === 'acme');
 * ```
 */
export function verify(bundle: Uint8Array, trust: Trust, options: VerifyOptions = {}): Verified {
  checkBytes(bundle, 'a bundle');
  if (options.file !== undefined) checkBytes(options.file, 'file');
  if (!trust?.policy) throw new Fault('bad-request', 'trust must be what parseTrust gives');
  if (bundle[0] === SIGN1_TAG) return verifyTransparent(bundle, trust, options);
  const parsed = parseBundle(bundle);
  const proof = parseTlogProof(parsed.proof);
  // A proof without its entry is for an opaque log, where the file itself was logged.
  const entry = proof.extra === undefined ? options.file : undefined;
  const { proven, quorum } = prove(proof, trust, entry, options.age);
  const statement = statementIn(proven.entry);
  const enrolment = parsed.enrolment && parseTlogProof(parsed.enrolment);
  const shown = enrolment && enrolmentIn(proveBeside(enrolment, proof, proven, trust));
  if (shown) checkSigner(proven, statement, shown);
  const artifact = entry === undefined ? artifactOf(proven, statement, options) : undefined;
  return {
    ...proven,
    quorum,
    ...(statement === undefined ? {} : { statement }),
    ...(shown === undefined ? {} : { enrolment: shown }),
    ...(artifact === undefined ? {} : { artifact }),
    notShown: notShown(proven, statement, shown, quorum),
  };
}

function verifyTransparent(bytes: Uint8Array, trust: Trust, options: VerifyOptions): Verified {
  const { proven, ...shown } = proveTransparent(bytes, trust, options.age);
  checkGenesis(proven.index, proven.leafHash, trust);
  const statement = decodeStatement(proven.entry);
  const artifact = artifactOf(proven, statement, options);
  const unsigned = `whether its place is ${proven.index} of ${proven.size}: a receipt signs the root of the tree alone`;
  return {
    ...proven,
    ...shown,
    statement,
    ...(artifact === undefined ? {} : { artifact }),
    notShown: [...notShown(proven, statement, undefined, shown.quorum), unsigned],
  };
}

function prove(proof: TlogProof, trust: Trust, entry?: Uint8Array, age?: Age): { proven: Proven; quorum: Verdict } {
  const proven = verifyParsed(proof, trustedKeys(trust), entry);
  const { origin, size, root, signed } = proven;
  const quorum = evaluate(trust.policy, { checkpoint: { origin, size, root }, signed }, age);
  if (!quorum.log) throw new Fault('unknown-signer', `no key of the log ${origin} that is pinned has signed this`);
  if (!quorum.met) throw new Fault('no-quorum', explain(trust.policy, quorum).join('; '));
  if (age) checkAge(proven, age);
  checkGenesis(proven.index, proven.leafHash, trust);
  return { proven, quorum };
}

function checkGenesis(index: number, leaf: Uint8Array, { genesis }: Trust): void {
  if (!genesis || index !== 0 || equal(genesis, leaf)) return;
  throw new Fault('bad-proof', 'entry 0 is not the first policy that is pinned');
}

/** The proof of a second entry, mostly under the checkpoint of the first, whose signatures are then not checked twice. */
function proveBeside(second: TlogProof, first: TlogProof, proven: Proven, trust: Trust): Proven {
  const { index, path, checkpoint, extra } = second;
  if (!extra || text(checkpoint) !== text(first.checkpoint)) {
    const other = prove(second, trust).proven;
    // Where several are pinned: who a key belongs to is up to each log, and their indexes say nothing about each other.
    if (other.origin === proven.origin) return other;
    throw new Fault('bad-proof', `the enrolment is in ${other.origin}, and the entry in ${proven.origin}`);
  }
  const leaf = leafHash(extra);
  verifyInclusion(index, proven.size, leaf, path, proven.root);
  checkGenesis(index, leaf, trust);
  return { ...proven, index, leafHash: leaf, entry: extra };
}

/** What was text before is compared as text: byte by byte, in code that runs once, it takes a quarter of a millisecond. */
const text = (bytes: Uint8Array): string => fromUtf8(bytes, 'bad-proof');

/** A log whose policy asks for no witness says itself when it signed. */
function checkAge({ signed }: Proven, { now, max }: Age): void {
  const times = signed.map(({ time }) => time ?? 0);
  // Whoever signs for a time to come would be fresh until then.
  if (times.some((time) => time >= now - max && time <= now + AHEAD)) return;
  const newest = Math.max(0, ...times);
  const when = newest === 0 ? 'has no time' : `is from ${isoTime(newest)}`;
  throw new Fault('bad-proof', `the newest signature ${when}: fetch a fresh proof, or allow for a greater age`);
}

/** The key that an entry enrolled. Fault `bad-proof` if it enrolled none. */
function enrolmentIn({ entry, index }: Proven): Enrolment {
  const statement = statementIn(entry);
  const payload = statement?.contentType === 'application/vnd.limmat.key+cbor' ? decode(statement.payload) : undefined;
  const publicKey = payload instanceof Map && payload.get('event') === 'enroll' ? payload.get('publicKey') : undefined;
  if (!statement || !(payload instanceof Map) || !(publicKey instanceof Uint8Array)) {
    throw new Fault('bad-proof', `entry ${index}, which the bundle has as an enrolment, enrolled no key`);
  }
  const key = fromCoseKey(decode(publicKey)).key;
  const [keyId, purpose] = [String(payload.get('keyId')), String(payload.get('purpose'))];
  return { index, organisation: statement.iss, keyId, purpose, key };
}

function checkSigner({ index }: Proven, statement: SignedStatement | undefined, enrolment: Enrolment): void {
  const { organisation, key, purpose } = enrolment;
  const isBuild = statement?.contentType === BUILD;
  const fits = statement && equal(kidOf(key), statement.kid) && organisation === statement.iss;
  if (!fits || enrolment.index >= index || (isBuild && purpose !== 'build')) {
    throw new Fault('bad-proof', `entry ${enrolment.index} did not enrol the key that signed entry ${index}`);
  }
  if (!verifyStatement(statement, key)) {
    throw new Fault('bad-signature', 'the signature of the statement does not verify with the key that was enrolled');
  }
}

const BUILD = 'application/vnd.limmat.build+cbor';

/** The name of the file in the build, if there is a file to check. */
function artifactOf(
  { entry, leafHash: leaf }: Proven,
  statement: SignedStatement | undefined,
  { file, digests }: VerifyOptions,
): string | undefined {
  if (file === undefined && digests === undefined) return undefined;
  if (!statement) {
    if (file && equal(file, entry)) return toHex(leaf);
    throw new Fault('bad-proof', 'the file is not the entry that was logged');
  }
  if (statement.contentType !== BUILD) {
    throw new Fault('bad-proof', 'the proof is not of a build, so no file can be checked against it');
  }
  const known = digests ?? new Map([['sha256', sha256(file as Uint8Array)]]);
  return artifactIn({ artifacts: artifactsIn(statement.payload) }, known);
}

/** What a build lists. Fault `bad-proof` if it has not the form of its kind, as a log of raw bytes may have admitted it. */
function artifactsIn(payload: Uint8Array): { name: string; digests: Record<string, Uint8Array> }[] {
  const build = decode(payload);
  const artifacts = build instanceof Map ? build.get('artifacts') : undefined;
  if (!Array.isArray(artifacts)) throw new Fault('bad-proof', 'this is no build: it lists no artifacts');
  return artifacts.map((artifact: unknown) => {
    const [name, digests] = artifact instanceof Map ? [artifact.get('name'), artifact.get('digests')] : [];
    if (digests instanceof Map) return { name: String(name), digests: Object.fromEntries(digests) };
    throw new Fault('bad-proof', 'this is no build: an artifact of it has no digests');
  });
}

/** What nobody may conclude from this file alone. */
function notShown(
  { index, size }: Proven,
  statement: SignedStatement | undefined,
  enrolment: Enrolment | undefined,
  { counted }: Verdict,
): string[] {
  const later = `what happened after size ${size}, such as a withdrawal or a correction: ask the log or a monitor`;
  const state = `whether the key was active at entry ${index}, and whether it was revoked or reported compromised since`;
  const key =
    enrolment === undefined
      ? 'whether the signature of the statement is good, and its key: there is no enrolment here, the log has checked it'
      : `${state}: this shows its enrolment at entry ${enrolment.index} alone; ask the log for its verdict, or a monitor`;
  return [
    ...(statement ? [key] : []),
    later,
    ...(counted.length === 0 ? ['whether witnesses saw this tree: no cosignature of theirs was counted'] : []),
  ];
}
