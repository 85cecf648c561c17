/** `limmat keygen`: makes a key pair for signing statements, in a file that only its owner may read. @module */
import { randomBytes } from 'node:crypto';
import { type Command, Option } from 'commander';
import { toHex } from '../core/bytes.ts';
import { type Algorithm, kidOf } from '../core/signature.ts';
import { writePublicKey } from '../registry/publickey.ts';
import { createKeyFile, publicKeyPem, readKeyFile } from '../store/keyfile.ts';
import { command, required, setting } from './options.ts';
import { print } from './print.ts';

export function makeCommand(): Command {
  return command('keygen', 'make a key pair that signs statements')
    .addOption(setting('--out <file>', 'where the private key goes, PKCS#8 in PEM with mode 0600; never overwritten'))
    .addOption(
      new Option('--algorithm <name>', 'signature algorithm')
        .choices(['ed25519', 'p256', 'mldsa44'])
        .default('ed25519'),
    )
    .action(keygen);
}

function keygen(options: { out?: string; algorithm: Algorithm; json?: boolean }): void {
  const out = required(options, 'out');
  createKeyFile(out, options.algorithm, newScalar(options.algorithm));
  const { key } = readKeyFile(out);
  print(options.json, {
    algorithm: options.algorithm,
    privateKey: out,
    kid: toHex(kidOf(key)),
    // As policies and enrolments hold it.
    publicKey: toHex(writePublicKey(key)),
    pem: publicKeyPem(key).trimEnd(),
  });
}

/** 32 random bytes; for P-256 a number below the order, which all but one in 2^32 of them are. */
function newScalar(algorithm: Algorithm): Uint8Array {
  for (;;) {
    const seed = new Uint8Array(randomBytes(32));
    if (algorithm !== 'p256' || seed.subarray(0, 4).some((byte) => byte < 0xff)) return seed;
  }
}
