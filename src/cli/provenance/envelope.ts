/**
 * What in-toto statements come in: DSSE envelopes 1.0, and Sigstore bundles v0.1 to v0.3. Their signatures are not
 * checked here: an entry says which file there was, and the keys that a bundle needs are not ours. @module
 */
import { toHex } from '../../core/bytes.ts';
import { readStatement, STATEMENT_TYPE } from './intoto.ts';
import { base64At, type JsonMap, listAt, mapAt, optionalAt, parseJsonMap, textAt } from './jsonfile.ts';
import { type Provenance, readDigest, wrong } from './provenance.ts';

const MAX_SIGNATURES = 64;

export function isEnvelope(map: JsonMap): boolean {
  return map.payloadType !== undefined;
}

export function readEnvelope(map: JsonMap): Provenance {
  return readDsse(map, '', MAX_SIGNATURES, 'application/vnd.dsse.envelope.v1+json');
}

function readDsse(map: JsonMap, path: string, maxSignatures: number, mediaType: string): Provenance {
  const payloadType = textAt(map.payloadType, `${path}payloadType`);
  if (payloadType !== STATEMENT_TYPE) wrong(`${path}payloadType`, `is ${payloadType}, and ${STATEMENT_TYPE} is read`);
  const signatures = listAt(map.signatures, `${path}signatures`, maxSignatures);
  if (signatures.length === 0) wrong(`${path}signatures`, 'must have a signature: give the statement as it is');
  for (const [i, signature] of signatures.entries()) {
    const at = `${path}signatures[${i}]`;
    if (base64At(mapAt(signature, at).sig, `${at}.sig`).length === 0) wrong(`${at}.sig`, 'is empty');
  }
  const payload = base64At(map.payload, `${path}payload`);
  return readStatement(parseJsonMap(payload, `${path}payload`), mediaType);
}

const BUNDLE = /^application\/vnd\.dev\.sigstore\.bundle(?:\+json;\s?version=0\.[123]|\.v0\.3\+json)$/;

export function isBundle(map: JsonMap): boolean {
  return map.mediaType !== undefined;
}

export function readBundle(map: JsonMap): Provenance {
  const type = textAt(map.mediaType, 'mediaType');
  if (!BUNDLE.test(type)) wrong('mediaType', `is ${type}, and Sigstore bundles v0.1 to v0.3 are read`);
  mapAt(map.verificationMaterial, 'verificationMaterial');
  // An entry holds media types without parameters.
  const mediaType = type.replace(/;.*$/, '');
  const { dsseEnvelope, messageSignature } = map;
  if ((dsseEnvelope === undefined) === (messageSignature === undefined)) {
    wrong('it', 'must have one of dsseEnvelope and messageSignature');
  }
  // SPEC (sigstore_bundle.proto): the DSSE envelope of a bundle has exactly one signature.
  if (dsseEnvelope !== undefined) return readDsse(mapAt(dsseEnvelope, 'dsseEnvelope'), 'dsseEnvelope.', 1, mediaType);
  return readMessage(mapAt(messageSignature, 'messageSignature'), mediaType);
}

const ALGORITHMS: Readonly<Record<string, string>> = { SHA2_256: 'sha256', SHA2_384: 'sha384', SHA2_512: 'sha512' };

/** A signature over a file itself says which file, and nothing of how it was made. */
function readMessage(map: JsonMap, mediaType: string): Provenance {
  const path = 'messageSignature.messageDigest';
  const said = optionalAt(map.messageDigest, path, mapAt);
  if (said === undefined) return wrong(path, 'is missing, so nobody can tell which file it is for');
  const name = textAt(said.algorithm, `${path}.algorithm`);
  const algorithm = Object.hasOwn(ALGORITHMS, name) ? ALGORITHMS[name] : undefined;
  if (algorithm === undefined)
    return wrong(`${path}.algorithm`, `must be one of ${Object.keys(ALGORITHMS).join(', ')}`);
  const digest = readDigest(algorithm, toHex(base64At(said.digest, `${path}.digest`)), `${path}.digest`) as Uint8Array;
  return { mediaType, subjects: [{ name: '', digests: { [algorithm]: digest } }] };
}
