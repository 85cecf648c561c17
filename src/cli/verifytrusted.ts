/** `limmat verify --trust`: everything that a bundle shows, by `limmat/verify`, for people and for scripts. @module */

import { parseBundle } from '../client/proofbundle.ts';
import { SIGN1_TAG } from '../client/transparent.ts';
import { parseTrust } from '../client/trust.ts';
import { type Enrolment, type VerifyOptions, verify } from '../client/verify.ts';
import { toHex } from '../core/bytes.ts';
import { statementIn } from '../core/cose.ts';
import { thumbprintOf } from '../core/cosekey.ts';
import { splitTransparent } from '../core/receipt.ts';
import { parseTlogProof } from '../core/tlogproof.ts';
import { kindOf } from '../registry/names.ts';
import { describeProven } from './describe.ts';
import { hashFile } from './hashfile.ts';
import { print } from './print.ts';
import { readBytes } from './readinput.ts';
import { parseDuration } from './trust.ts';

export type TrustedOptions = { artifact?: string; maxAge?: string; json?: boolean };

export async function verifyTrusted(file: string, trustFile: string, options: TrustedOptions): Promise<void> {
  const trust = parseTrust(readBytes(trustFile));
  const bundle = readBytes(file);
  const age =
    options.maxAge === undefined ? {} : { age: { now: Date.now() / 1000, max: parseDuration(options.maxAge) } };
  const verified = verify(bundle, trust, { ...(await artifactOf(bundle, options)), ...age });
  const { quorum, enrolment, artifact, receiptKey, notShown } = verified;
  print(options.json, {
    verified: true,
    ...describeProven(verified),
    receiptKey: receiptKey && toHex(thumbprintOf(receiptKey)),
    key: enrolment && describeEnrolment(enrolment),
    witnesses: quorum.counted.map(
      ({ witness, time }) => `${witness.vkey.name} at ${new Date(1000 * time).toISOString()}`,
    ),
    artifact: artifact ?? options.artifact,
    notShown,
  });
}

/** The digests of the file, which may be large; all of it where the entry is no build. */
async function artifactOf(bundle: Uint8Array, { artifact, json }: TrustedOptions): Promise<VerifyOptions> {
  if (artifact === undefined) return {};
  const entry = bundle[0] === SIGN1_TAG ? splitTransparent(bundle).statement : extraOf(bundle);
  const kind = entry && kindOf(statementIn(entry)?.contentType ?? '');
  if (kind === undefined) return { file: readBytes(artifact) };
  return { digests: (await hashFile(artifact, ['sha256', 'sha384', 'sha512'], json)).digests };
}

const extraOf = (bundle: Uint8Array) => parseTlogProof(parseBundle(bundle).proof).extra;

function describeEnrolment({ index, organisation, keyId, purpose }: Enrolment): Record<string, unknown> {
  return { enrolledAt: index, organisation, keyId, purpose };
}
