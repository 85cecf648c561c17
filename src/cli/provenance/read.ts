/** The one door for provenance files: finds the format, reads it, and faults with the name of the file. @module */
import { fromUtf8, refuseMark } from '../../core/bytes.ts';
import { Fault } from '../../core/fault.ts';
import { isBuildinfo, readBuildinfo } from './buildinfo.ts';
import { isBundle, isEnvelope, readBundle, readEnvelope } from './envelope.ts';
import { isStatement, readStatement } from './intoto.ts';
import { parseJsonMap } from './jsonfile.ts';
import { isStrong, type Provenance, wrong } from './provenance.ts';

/** More than such files have, and little enough to be parsed at once. */
export const MAX_PROVENANCE = 8 * 1024 * 1024;

const FORMATS = 'an in-toto statement, a DSSE envelope, a Sigstore bundle, or a .buildinfo file';

/** Fault `bad-request` for a file that is none of the formats, or not well-formed; never anything else. */
export function readProvenance(bytes: Uint8Array, name: string): Provenance {
  try {
    if (bytes.length > MAX_PROVENANCE) wrong('it', `is larger than ${MAX_PROVENANCE} bytes`);
    const provenance = readAny(bytes);
    const isNamed = provenance.subjects.some(({ digests }) => Object.keys(digests).some(isStrong));
    if (!isNamed) wrong('it', 'names no file by SHA-256, SHA-384 or SHA-512');
    return provenance;
  } catch (error) {
    if (error instanceof Fault) throw new Fault('bad-request', `${name}: ${error.message}`);
    throw error;
  }
}

function readAny(bytes: Uint8Array): Provenance {
  refuseMark(bytes, 'bad-request');
  const text = fromUtf8(bytes, 'bad-request');
  if (!text.trimStart().startsWith('{'))
    return isBuildinfo(text) ? readBuildinfo(bytes) : wrong('it', `is not ${FORMATS}`);
  const map = parseJsonMap(bytes, '');
  if (isBundle(map)) return readBundle(map);
  if (isEnvelope(map)) return readEnvelope(map);
  if (isStatement(map)) return readStatement(map);
  return wrong('it', `is not ${FORMATS}`);
}
