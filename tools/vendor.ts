/** A vendor with a site and its keys, and what its pipeline signs, for benchmarks and for tests with a real server. */

import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { toHex } from '../src/core/bytes.ts';
import { signStatement } from '../src/core/cose.ts';
import { kidOf, type Signer } from '../src/core/signature.ts';
import type { AdmittedKind, Payload } from '../src/registry/kinds.ts';
import { contentTypeOf } from '../src/registry/names.ts';
import { type About, payloadOf, subjectOf } from '../src/registry/payload.ts';
import { enrolProofMessage, writePublicKey } from '../src/registry/publickey.ts';
import { createKeyFile, readKeyFile } from '../src/store/keyfile.ts';
import type { Build } from './demo/builds.ts';

export const ORIGIN = 'demo.limmat.example/acme';
export const VENDOR = 'acme';
export const SITE = 'zrh-1';
export const BUILDER = 'https://acme.example/builders/conveyer-zrh';

export type World = {
  readonly operator: Signer;
  readonly root: Signer;
  readonly operations: Signer;
  readonly build: Signer;
  /** Where the keys lie. */
  readonly keys: string;
};

/** The keys of everyone, made at the first run and kept. */
export function openWorld(folder: string): World {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const key = (name: string) => {
    const path = `${folder}/${name}.pem`;
    if (!existsSync(path)) createKeyFile(path, 'ed25519', new Uint8Array(randomBytes(32)));
    return readKeyFile(path);
  };
  return {
    operator: key('operator'),
    root: key('acme-root'),
    operations: key('acme-operations'),
    build: key('acme-build'),
    keys: folder,
  };
}

/** What the first policy says beside the operator. */
export function policyFields({ root }: World): object {
  const acme = {
    id: VENDOR,
    name: 'Acme Security',
    role: 'vendor',
    rootKeys: [toHex(writePublicKey(root.key))],
    threshold: 1,
  };
  return { organisations: [acme] };
}

function statement<K extends AdmittedKind>(signer: Signer, kind: K, payload: Payload<K>, about: About): Uint8Array {
  return signStatement({
    signer,
    kid: kidOf(signer.key),
    contentType: contentTypeOf(kind),
    iss: VENDOR,
    sub: subjectOf(kind, payload, about),
    aud: ORIGIN,
    payload: payloadOf(kind, payload),
  });
}

/** The vendor's keys and site, as statements in the order in which they must be logged. The same at every run. */
export function governance({ root, operations, build }: World): Uint8Array[] {
  const enroll = (key: Signer, keyId: string, purpose: 'operations' | 'build') => {
    const proof = key.sign(enrolProofMessage(ORIGIN, VENDOR, purpose, keyId));
    return statement(
      root,
      'key',
      { event: 'enroll', keyId, publicKey: writePublicKey(key.key), purpose, proof },
      { origin: ORIGIN },
    );
  };
  const activate = (key: Signer, keyId: string) =>
    statement(root, 'key', { event: 'activate', keyId }, { origin: ORIGIN, sub: `key:${toHex(kidOf(key.key))}` });
  return [
    enroll(operations, 'operations-1', 'operations'),
    activate(operations, 'operations-1'),
    statement(
      operations,
      'site',
      { event: 'declare', siteId: SITE, country: 'CH', operator: 'Example Colocation AG', locode: 'CHZRH' },
      { origin: ORIGIN },
    ),
    enroll(build, 'build-1', 'build'),
    activate(build, 'build-1'),
  ];
}

/** The statement that a build pipeline of the vendor would sign. */
export function buildStatement({ build }: World, { packageUrl, product, version, artifact }: Build): Uint8Array {
  const payload = {
    product,
    version,
    artifactKind: 'software',
    artifacts: [artifact],
    builder: BUILDER,
    site: SITE,
  } as const;
  return statement(build, 'build', payload, { origin: ORIGIN, sub: packageUrl });
}
