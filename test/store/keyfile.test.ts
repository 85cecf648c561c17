import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { utf8 } from '../../src/core/bytes.ts';
import { signerOf, spki, verify } from '../../src/core/signature.ts';
import { createKeyFile, publicKeyPem, readKeyFile } from '../../src/store/keyfile.ts';
import { createSeed, readSeed } from '../../src/store/seed.ts';
import { faults, sameBytes } from '../check.ts';
import { folder } from '../folder.ts';

const seed = Uint8Array.from({ length: 32 }, (_, i) => i + 1);

for (const algorithm of ['ed25519', 'p256', 'mldsa44'] as const) {
  test(`${algorithm}: written, read, not overwritten, not readable by others`, () => {
    const path = join(folder(), 'key.pem');
    createKeyFile(path, algorithm, seed);
    assert.is(statSync(path).mode & 0o777, 0o600);
    const signer = readKeyFile(path);
    sameBytes(signer.key.bytes, signerOf(algorithm, seed).key.bytes);
    assert.ok(verify(signer.key, utf8('m'), signer.sign(utf8('m'))));
    faults('bad-request', () => createKeyFile(path, algorithm, seed));
    chmodSync(path, 0o640);
    assert.match(faults('bad-key', () => readKeyFile(path)).message, /: run `chmod 600` on it$/);
  });
}

test('keys that OpenSSL made are read, and OpenSSL reads ours', () => {
  const dir = folder();
  for (const [algorithm, args] of [
    ['ed25519', ['ED25519']],
    ['p256', ['EC', '-pkeyopt', 'ec_paramgen_curve:P-256']],
  ] as const) {
    const theirs = join(dir, `${algorithm}.theirs`);
    execFileSync('openssl', ['genpkey', '-algorithm', ...args, '-out', theirs], { stdio: 'ignore' });
    chmodSync(theirs, 0o600);
    const der = execFileSync('openssl', ['pkey', '-in', theirs, '-pubout', '-outform', 'DER']);
    sameBytes(spki(readKeyFile(theirs).key), der);
    const ours = join(dir, `${algorithm}.ours`);
    createKeyFile(ours, algorithm, seed);
    const pem = execFileSync('openssl', ['pkey', '-in', ours, '-pubout']).toString();
    assert.is(publicKeyPem(readKeyFile(ours).key), pem);
  }
});

test('other keys and other files are refused', () => {
  const path = join(folder(), 'key.pem');
  faults('bad-key', () => readKeyFile(path));
  writeFileSync(path, 'hello', { mode: 0o600 });
  faults('bad-key', () => readKeyFile(path));
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  writeFileSync(path, privateKey.export({ type: 'pkcs8', format: 'pem' }));
  faults('bad-key', () => readKeyFile(path));
});

test('seeds: written, read, not overwritten, not readable by others, not of another length', () => {
  const path = join(folder(), 'seed');
  createSeed(path, seed);
  assert.is(statSync(path).mode & 0o777, 0o600);
  sameBytes(readSeed(path), seed);
  faults('bad-request', () => createSeed(path, seed));
  chmodSync(path, 0o604);
  faults('bad-key', () => readSeed(path));
  chmodSync(path, 0o600);
  writeFileSync(path, 'abcd\n');
  faults('bad-key', () => readSeed(path));
  faults('bad-key', () => readSeed(`${path}.none`));
});

test.run();
