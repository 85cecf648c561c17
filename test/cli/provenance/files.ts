/** Provenance as real builders write it, made up here for artifacts that a test has. */
import { createHash } from 'node:crypto';

export const sha = (algorithm: string, data: string) => createHash(algorithm).update(data).digest('hex');
export const COMMIT = '0123456789abcdef0123456789abcdef01234567';
const REPOSITORY = 'git+https://git.acme.example/kdb@refs/tags/v1.2.3';

export type NamedFile = { readonly name: string; readonly content: string };
type Json = Record<string, unknown>;

const subjects = (files: readonly NamedFile[], algorithm = 'sha256') =>
  files.map(({ name, content }) => ({ name, digest: { [algorithm]: sha(algorithm, content) } }));

/** As a hosted builder writes it: SLSA 1.0 in in-toto v1. */
export function slsa1(files: readonly NamedFile[], more: Json = {}): Json {
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject: subjects(files),
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: {
      buildDefinition: {
        buildType: 'https://ci.acme.example/types/workflow/v1',
        externalParameters: { workflow: { ref: 'refs/tags/v1.2.3', repository: 'https://git.acme.example/kdb' } },
        internalParameters: { runner: { environment: 'hosted' } },
        resolvedDependencies: [
          { uri: REPOSITORY, digest: { gitCommit: COMMIT } },
          { uri: 'docker://images.acme.example/build@v4', digest: { sha256: sha('sha256', 'the image') } },
        ],
      },
      runDetails: {
        builder: { id: 'https://ci.acme.example/runners/hosted' },
        metadata: {
          invocationId: 'https://ci.acme.example/runs/4711/attempts/1',
          startedOn: '2018-12-31T14:51:07.123456+01:00',
          finishedOn: '2018-12-31T13:58:40Z',
        },
      },
    },
    ...more,
  };
}

/** As older generators write it: SLSA 0.2 in in-toto v0.1. */
export function slsa02(files: readonly NamedFile[]): Json {
  const source = { uri: REPOSITORY, digest: { sha1: COMMIT } };
  return {
    _type: 'https://in-toto.io/Statement/v0.1',
    predicateType: 'https://slsa.dev/provenance/v0.2',
    subject: subjects(files),
    predicate: {
      builder: { id: 'https://ci.acme.example/generator@v1' },
      buildType: 'https://ci.acme.example/types/generic@v1',
      invocation: { configSource: { ...source, entryPoint: '.ci/release.yml' }, parameters: {}, environment: {} },
      metadata: {
        buildInvocationID: '4711-1',
        buildStartedOn: '2018-12-31T13:51:07Z',
        buildFinishedOn: '2018-12-31T13:58:40Z',
        completeness: { parameters: true, environment: false, materials: false },
        reproducible: false,
      },
      materials: [source, { uri: 'pkg:deb/debian/gcc@12', digest: { sha256: sha('sha256', 'gcc') } }],
    },
  };
}

/** As a registry writes it: the subject is a package URL, and the digest is the one that the registry has. */
export function registry(file: NamedFile): Json {
  return { ...slsa1([]), subject: subjects([{ ...file, name: 'pkg:npm/%40acme/kdb@1.2.3' }], 'sha512') };
}

/** A signature that nobody checks here. */
const SIGNATURE = { keyid: '', sig: Buffer.alloc(64, 7).toString('base64') };

export function dsse(statement: Json, more: Json = {}): Json {
  return {
    payloadType: 'application/vnd.in-toto+json',
    payload: Buffer.from(JSON.stringify(statement)).toString('base64'),
    signatures: [SIGNATURE],
    ...more,
  };
}

const MATERIAL = {
  publicKey: { hint: 'c2VlIHRoZSBsb2c=' },
  tlogEntries: [],
  timestampVerificationData: { rfc3161Timestamps: [] },
};

export function bundle(version: '0.1' | '0.2' | '0.3', statement: Json, more: Json = {}): Json {
  const type = 'application/vnd.dev.sigstore.bundle';
  return {
    mediaType: version === '0.3' ? `${type}.v0.3+json` : `${type}+json;version=${version}`,
    verificationMaterial: MATERIAL,
    dsseEnvelope: dsse(statement),
    ...more,
  };
}

/** A bundle over the file itself, as `sign-blob` makes it. */
export function blobBundle({ content }: NamedFile): Json {
  const { dsseEnvelope: _, ...rest } = bundle('0.3', {});
  const digest = createHash('sha256').update(content).digest('base64');
  return { ...rest, messageSignature: { messageDigest: { algorithm: 'SHA2_256', digest }, signature: SIGNATURE.sig } };
}

export function buildinfo(files: readonly NamedFile[]): string {
  const list = (algorithm: string) =>
    files.map(({ name, content }) => ` ${sha(algorithm, content)} ${content.length} ${name}`).join('\n');
  return `Format: 1.0
Source: kdb
Binary: kdb kdb-dbgsym
Architecture: amd64 source
Version: 1.2.3-1
Checksums-Md5:
${list('md5')}
Checksums-Sha1:
${list('sha1')}
Checksums-Sha256:
${list('sha256')}
Build-Origin: Acme
Build-Architecture: amd64
Build-Date: Mon, 31 Dec 2018 14:58:40 +0100
Build-Path: /build/kdb-1.2.3
Build-Tainted-By:
 merged-usr-via-aliased-dirs
Installed-Build-Depends:
 autoconf (= 2.71-3),
 base-files (= 12.4)
Environment:
 DEB_BUILD_OPTIONS="parallel=4"
 LC_ALL="C.UTF-8"
`;
}

/** The same as its builder signs it. */
export function clearsigned(text: string): string {
  const escaped = text.replace(/^-/gm, '- -');
  return `-----BEGIN PGP SIGNED MESSAGE-----
Hash: SHA512

${escaped}-----BEGIN PGP SIGNATURE-----

iQIzBAEBCgAdFiEEfakefakefakefakefakefakefakefakefake
=fake
-----END PGP SIGNATURE-----
`;
}
