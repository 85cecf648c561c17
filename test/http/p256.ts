/** acme's P-256 build key `p`: its signatures can be altered by anyone, which nothing may hang on. */
import { decodeStatement, type SignedStatement, signStatement } from '../../src/core/cose.ts';
import { kidOf } from '../../src/core/signature.ts';
import { contentTypeOf, keySubject } from '../../src/registry/names.ts';
import { payloadOf } from '../../src/registry/payload.ts';
import { enrolProofMessage, writePublicKey } from '../../src/registry/publickey.ts';
import { BUILD, key, keyEvent, ORIGIN, say } from '../registry/world.ts';

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
