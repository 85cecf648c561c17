/**
 * What a new key says for itself when it is enrolled, VOCABULARY §3, made where the key lies and carried as a small file to
 * where the roots are. The same file names the key in its later events. @module
 */
import { fromHex, toHex, utf8 } from '../core/bytes.ts';
import { Fault } from '../core/fault.ts';
import { verify } from '../core/signature.ts';
import { enrolProofMessage, readPublicKey, writePublicKey } from '../registry/publickey.ts';
import { createFile } from '../store/durable.ts';
import { readKeyFile } from '../store/keyfile.ts';
import type { Fields } from './draft.ts';
import { readMap } from './readinput.ts';

/** For what a key is enrolled, which it signs. */
export type EnrolledFor = {
  readonly origin: string;
  readonly organisation: string;
  readonly purpose: string;
  readonly keyId: string;
};

/** Public key and proof in hexadecimal, as in JSON payloads. */
export type KeyProof = EnrolledFor & { readonly publicKey: string; readonly proof: string };

const NAMES = ['origin', 'organisation', 'purpose', 'keyId', 'publicKey', 'proof'] as const;

export function proveKey(keyFile: string, enrolledFor: EnrolledFor): KeyProof {
  const { key, sign } = readKeyFile(keyFile);
  const { origin, organisation, purpose, keyId } = enrolledFor;
  const proof = sign(enrolProofMessage(origin, organisation, purpose, keyId));
  return { ...enrolledFor, publicKey: toHex(writePublicKey(key)), proof: toHex(proof) };
}

export function writeKeyProof(path: string, proof: KeyProof): void {
  createFile(path, utf8(`${JSON.stringify(proof, null, 2)}\n`));
}

/** The inverse of `writeKeyProof`. Fault `bad-request` for another file, `bad-proof` for one whose key did not sign it. */
export function readKeyProof(path: string): KeyProof {
  const map = readMap(path);
  const values = NAMES.map((name) => [name, map[name]] as const);
  const missing = values.filter(([, value]) => typeof value !== 'string').map(([name]) => name);
  if (missing.length > 0) {
    throw new Fault('bad-request', `${path} is not what \`limmat key prove\` writes: it has no ${missing.join(', ')}`);
  }
  const proof = Object.fromEntries(values) as KeyProof;
  const { origin, organisation, purpose, keyId } = proof;
  const { key } = readPublicKey(fromHex(proof.publicKey, 'bad-request'), 'publicKey');
  const message = enrolProofMessage(origin, organisation, purpose, keyId);
  if (!verify(key, message, fromHex(proof.proof, 'bad-request'))) {
    const said = `${keyId} of ${organisation} for ${purpose} in ${origin}`;
    throw new Fault('bad-proof', `${path}: the key has not signed that it is ${said}: run \`limmat key prove\` again`);
  }
  return proof;
}

/** The fields of an enrolment that the key itself decides. */
export function enrolmentFields({ purpose, keyId, publicKey, proof }: KeyProof): Fields {
  return { event: 'enroll', keyId, publicKey, purpose, proof };
}
