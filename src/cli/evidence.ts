/** Evidence: a document that stays outside the log, as its digest, or as a commitment that can be made meaningless. @module */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import mime from 'mime';
import { concat, toHex } from '../core/bytes.ts';
import { Fault } from '../core/fault.ts';
import type { Json } from '../registry/json.ts';
import { createFile } from '../store/durable.ts';
import { hashFile } from './hashfile.ts';
import { readBytes } from './readinput.ts';

export type EvidenceOptions = {
  readonly mediaType?: string | undefined;
  readonly location?: string | undefined;
  readonly salted?: boolean | undefined;
  readonly quiet?: boolean | undefined;
};

/** The evidence for a file. Its bytes are read and go nowhere; its size is left out of a commitment, for it tells. */
export async function evidenceOf(path: string, options: EvidenceOptions): Promise<Json> {
  const { mediaType = guessMediaType(path), location, salted = false, quiet } = options;
  const prefix = salted ? concat(Uint8Array.of(0x02), saltOf(path)) : new Uint8Array();
  const { digests, size } = await hashFile(path, ['sha256'], quiet, prefix);
  return {
    mediaType,
    digest: { alg: 'sha256', value: toHex(digests.get('sha256') as Uint8Array) },
    salted,
    ...(salted ? {} : { size }),
    ...(location === undefined ? {} : { location }),
  };
}

/** Where the salt of a file lies. */
export const saltFile = (path: string): string => `${path}.salt`;

const SALT_BYTES = 32;

/**
 * SPEC (VOCABULARY §5): SHA-256(0x02 ‖ salt32 ‖ document). The salt lies beside the document, for who may check it and
 * who may have to erase both. One that is there is taken, so that a second try makes the same statement.
 */
function saltOf(path: string): Uint8Array {
  const file = saltFile(path);
  if (!existsSync(file)) createFile(file, new Uint8Array(randomBytes(SALT_BYTES)), 0o600);
  const salt = readBytes(file);
  if (salt.length === SALT_BYTES) return salt;
  throw new Fault('bad-request', `${file} has ${salt.length} bytes and is no salt: move it away, or give another file`);
}

function guessMediaType(path: string): string {
  return mime.getType(basename(path)) ?? 'application/octet-stream';
}
