/** Builds that acme submits, what is expected of the answers, and a key whose signatures anyone can alter. */
import * as assert from 'uvu/assert';
import { fromHex, toHex } from '../../src/core/bytes.ts';
import {
  decodeStatement,
  entryIdOf,
  type SignedStatement,
  signStatement,
  verifyStatement,
} from '../../src/core/cose.ts';
import { leafHash } from '../../src/core/hash.ts';
import { decodeReceipt, verifyReceipt } from '../../src/core/receipt.ts';
import { kidOf } from '../../src/core/signature.ts';
import { parseTlogProof, verifyTlogProof } from '../../src/core/tlogproof.ts';
import { contentTypeOf, keySubject } from '../../src/registry/names.ts';
import { payloadOf } from '../../src/registry/payload.ts';
import { enrolProofMessage, writePublicKey } from '../../src/registry/publickey.ts';
import { sameBytes } from '../check.ts';
import { BUILD, key, keyEvent, ORIGIN, say } from '../registry/world.ts';
import { PUBLIC_URL, RECEIPT_KEY, VKEYS } from './httplog.ts';

/** The answer as JSON. */
export type Everything = Record<'entryId' | 'location' | 'leafHash' | 'checkpoint' | 'receipt' | 'proof', string> & {
  readonly index: number;
  readonly tree: { readonly origin: string; readonly size: number; readonly root: string };
};

let versions = 0;
/** A build that was not there before. */
export const build = () => say('bld', 'acme', 'build', { ...BUILD, version: `2019.${++versions}` });
export const pathOf = ({ id }: SignedStatement) => `/entries/${entryIdOf(id)}`;
export const PROOF = { accept: 'text/x.tlog-proof' };
export const JSON_TYPE = { accept: 'application/json' };

/** A receipt that verifies for these bytes; answers the index it is for. */
export function checkReceipt(bytes: Uint8Array, entry: Uint8Array): number {
  const receipt = decodeReceipt(bytes);
  verifyReceipt(receipt, leafHash(entry), RECEIPT_KEY, { iss: PUBLIC_URL, sub: ORIGIN });
  return receipt.proofs[0]?.index as number;
}

/** A proof bundle that verifies, with these bytes in it; answers the index it is for. */
export function checkProof(bytes: Uint8Array, entry: Uint8Array): number {
  const proof = parseTlogProof(bytes);
  sameBytes(proof.extra, entry);
  verifyTlogProof(proof, leafHash(entry), VKEYS);
  return proof.index;
}

const p256 = key('p', 'p256');
const sub = keySubject(kidOf(p256.key));

/** Enrols the key and makes it active. */
export function enrolP256(): SignedStatement[] {
  const proof = p256.sign(enrolProofMessage(ORIGIN, 'acme', 'build', 'p'));
  const publicKey = writePublicKey(p256.key);
  const enrolment = { event: 'enroll', keyId: 'p', publicKey, purpose: 'build', proof } as const;
  return [say('acme1', 'acme', 'key', enrolment, { sub }), keyEvent('acme1', 'acme', 'p', 'activate', {}, { sub })];
}

export function revokeP256(): SignedStatement {
  return keyEvent('acme1', 'acme', 'p', 'revoke', {}, { sub });
}

/** A build that is signed with it. */
export function p256Build(version: string): SignedStatement {
  return decodeStatement(
    signStatement({
      signer: p256,
      kid: kidOf(p256.key),
      contentType: contentTypeOf('build'),
      iss: 'acme',
      sub: 'pkg:generic/kdb@1',
      payload: payloadOf('build', { ...BUILD, version }),
    }),
  );
}

/** P-256 signatures have a second form, which anyone can make from the first (high-S). */
export function otherSignature(statement: SignedStatement): SignedStatement {
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
  const s = BigInt(`0x${toHex(statement.signature.subarray(32))}`);
  const high = fromHex((order - s).toString(16).padStart(64, '0'), 'bad-signature');
  const entry = Uint8Array.from(statement.entry);
  entry.set(high, entry.length - 32);
  const other = decodeStatement(entry);
  assert.ok(verifyStatement(other, p256.key), 'the other signature is as good');
  assert.equal(other.id, statement.id);
  assert.not.equal(leafHash(other.entry), leafHash(statement.entry));
  return other;
}
