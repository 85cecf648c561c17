/** A log of signed statements in memory, by a vendor whose keys are seeds: what benches of readers read. @module */
import { toHex } from '../../src/core/bytes.ts';
import { signStatement } from '../../src/core/cose.ts';
import { kidOf, type Signer, signerOf } from '../../src/core/signature.ts';
import type { AdmittedKind, Payload } from '../../src/registry/kinds.ts';
import { contentTypeOf, KIND_NAMES } from '../../src/registry/names.ts';
import { payloadOf, subjectOf } from '../../src/registry/payload.ts';
import { enrolProofMessage, writePublicKey } from '../../src/registry/publickey.ts';

export const ORIGIN = 'bench.example/acme';

const signer = (n: number) => signerOf('ed25519', new Uint8Array(32).fill(n));
export const [operator, root, operations, build, logKey] = [1, 2, 3, 4, 5].map(signer) as [
  Signer,
  Signer,
  Signer,
  Signer,
  Signer,
];

export function say<K extends AdmittedKind>(
  by: Signer,
  iss: string,
  kind: K,
  payload: Payload<K>,
  sub?: string,
): Uint8Array {
  const about = { origin: ORIGIN, ...(sub === undefined ? {} : { sub }) };
  return signStatement({
    signer: by,
    kid: kidOf(by.key),
    contentType: contentTypeOf(kind),
    iss,
    sub: subjectOf(kind, payload, about),
    aud: ORIGIN,
    payload: payloadOf(kind, payload),
  });
}

const member = (id: string, role: 'operator' | 'vendor', by: Signer) => {
  return { id, name: id, role, threshold: 1, rootKeys: [writePublicKey(by.key)] };
};
export const subjectOfKey = (by: Signer) => `key:${toHex(kidOf(by.key))}`;

/** The beginning of every log here: policy, clock, two keys, a site. */
export function beginning(): Uint8Array[] {
  const policy: Payload<'policy'> = {
    ...{ version: 1, origin: ORIGIN, rules: 1, kinds: KIND_NAMES, maxEntryBytes: 4096, supervisorNoticeDays: 30 },
    organisations: [member('op', 'operator', operator), member('acme', 'vendor', root)],
    logKey: writePublicKey(logKey.key),
  };
  const enroll = (key: Signer, keyId: string, purpose: 'operations' | 'build') =>
    say(root, 'acme', 'key', {
      ...{ event: 'enroll', keyId, publicKey: writePublicKey(key.key), purpose },
      proof: key.sign(enrolProofMessage(ORIGIN, 'acme', purpose, keyId)),
    });
  const activate = (key: Signer, keyId: string) =>
    say(root, 'acme', 'key', { event: 'activate', keyId }, subjectOfKey(key));
  return [
    say(operator, 'op', 'policy', policy),
    say(logKey, 'op', 'heartbeat', { at: '2026-01-01T00:00:00Z' }),
    enroll(operations, 'ops', 'operations'),
    activate(operations, 'ops'),
    enroll(build, 'bld', 'build'),
    activate(build, 'bld'),
    say(operations, 'acme', 'site', { event: 'declare', siteId: 'zrh-1', country: 'CH', operator: 'x' }),
  ];
}

export function digestOf(n: number): Uint8Array {
  const digest = new Uint8Array(32);
  new DataView(digest.buffer).setFloat64(0, n);
  return digest;
}

export function buildOf(n: number): Uint8Array {
  const payload: Payload<'build'> = {
    ...{ product: `p${n % 1000}`, version: `1.${n}`, artifactKind: 'software', site: 'zrh-1' },
    artifacts: [{ name: `f${n}.tgz`, digests: { sha256: digestOf(n) }, size: n }],
    builder: 'https://acme.example/builders/zrh',
  };
  return say(build, 'acme', 'build', payload, `pkg:generic/p${n % 1000}@1.${n}`);
}
