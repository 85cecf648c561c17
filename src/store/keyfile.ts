/**
 * Private keys of those who sign statements: PKCS#8 in PEM, as OpenSSL and others write and read it, in files that
 * only their owner may read. ML-DSA-44 keys are kept as their seed (RFC 9881), which Node 20 itself cannot parse. @module
 */
import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { concat, equal, fromBase64, fromHex, toBase64, utf8 } from '../core/bytes.ts';
import { Fault } from '../core/fault.ts';
import {
  type Algorithm,
  type PublicKey,
  parseSpki,
  SEED_BYTES,
  type Signer,
  signerOf,
  spki,
} from '../core/signature.ts';
import { createFile } from './durable.ts';
import { checkPrivate } from './seed.ts';

// The DER of a private key that holds nothing but 32 secret bytes (RFC 5958, RFC 8410, RFC 5915, RFC 9881).
const HEAD = {
  ed25519: '302e020100300506032b657004220420',
  p256: '3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420',
  mldsa44: '3034020100300b060960864801650304031104228020',
} as const satisfies Record<Algorithm, string>;

/** Writes a new key file with mode 0600; refuses to overwrite one. */
export function createKeyFile(path: string, algorithm: Algorithm, seed: Uint8Array): void {
  createFile(path, utf8(toPem('PRIVATE KEY', concat(fromHex(HEAD[algorithm], 'bad-key'), seed))), 0o600);
}

/** The signer in a key file. Fault `bad-key` if it is missing, readable by others, or of another kind. */
export function readKeyFile(path: string): Signer {
  checkPrivate(path);
  return signerIn(readFileSync(path, 'utf8'), path);
}

function signerIn(text: string, path: string): Signer {
  const der = fromPem('PRIVATE KEY', text, path);
  for (const algorithm of ['ed25519', 'p256', 'mldsa44'] as const) {
    const head = fromHex(HEAD[algorithm], 'bad-key');
    const whole = der.length === head.length + SEED_BYTES && equal(der.subarray(0, head.length), head);
    if (whole) return signerOf(algorithm, der.subarray(head.length));
  }
  return signerOf(...parseOther(path, text));
}

/** Keys as other programs write them, with the public half beside the private one. */
function parseOther(path: string, pem: string): [Algorithm, Uint8Array] {
  try {
    const key = createPrivateKey(pem);
    const { crv, d } = key.export({ format: 'jwk' });
    const algorithm = crv === 'Ed25519' ? 'ed25519' : crv === 'P-256' ? 'p256' : undefined;
    if (algorithm && d) return [algorithm, Uint8Array.from(Buffer.from(d, 'base64url'))];
  } catch {
    // told below
  }
  throw new Fault('bad-key', `${path} does not hold an Ed25519, P-256 or ML-DSA-44 key in PKCS#8`);
}

/** A public key as PEM (SubjectPublicKeyInfo). */
export function publicKeyPem(key: PublicKey): string {
  return toPem('PUBLIC KEY', spki(key));
}

/** The key in PEM text, the public half of a private one; undefined if there is none. `path` is for the message. */
export function publicKeyIn(text: string, path: string): PublicKey | undefined {
  if (/-----BEGIN PUBLIC KEY-----/.test(text)) return parseSpki(fromPem('PUBLIC KEY', text, path));
  return /-----BEGIN PRIVATE KEY-----/.test(text) ? signerIn(text, path).key : undefined;
}

function toPem(label: string, der: Uint8Array): string {
  const lines = toBase64(der).match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

function fromPem(label: string, text: string, path: string): Uint8Array {
  const [, body] = new RegExp(`-----BEGIN ${label}-----\\s([A-Za-z0-9+/=\\s]+)-----END ${label}-----`).exec(text) ?? [];
  try {
    if (body !== undefined) return fromBase64(body.replace(/\s/g, ''), 'bad-key');
  } catch {
    // told below
  }
  throw new Fault('bad-key', `${path} has no ${label} in PEM form: name a key file as \`limmat keygen\` writes it`);
}
