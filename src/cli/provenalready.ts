/**
 * Whether the bundle that lies beside a file proves what `limmat gate` is asked for: it verifies, and its statement is the
 * one that the options describe. @module
 */
import { existsSync, readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import type { Log } from '../client/log.ts';
import { type Verified, verify } from '../client/verify.ts';
import { toHex } from '../core/bytes.ts';
import type { SignedStatement } from '../core/cose.ts';
import { Fault } from '../core/fault.ts';
import { kidOf } from '../core/signature.ts';
import { type Json, toJson } from '../registry/json.ts';
import { readKeyFile } from '../store/keyfile.ts';
import type { Fields } from './draft.ts';
import { hashFile } from './hashfile.ts';
import { visible } from './print.ts';
import type { BuildOptions, Described } from './submitbuild.ts';

/** What is asked for beside what was built. */
type Asking = Pick<BuildOptions, 'issuer' | 'audience' | 'at' | 'key'>;

/** Where the proof of a file goes. */
export const bundlePath = (artifact: string): string => `${artifact}.limmat.json`;

/** The proof that lies beside a file, by the same trust in one of the logs as a new one; none if it is of something else. */
export async function provenAlready(
  path: string,
  logs: readonly Log[],
  described: Described,
  options: Asking & { readonly json?: boolean },
): Promise<Verified | undefined> {
  const beside = bundlePath(path);
  if (!existsSync(beside)) return undefined;
  const { digests } = await hashFile(path, ['sha256'], options.json);
  const verified = verifiedBy(logs, Uint8Array.from(readFileSync(beside)), digests);
  if (!verified?.statement) return undefined;
  const other = differences(verified.statement, described, options);
  if (other.length === 0) return verified;
  console.error(
    visible(
      `limmat: ${beside} is the proof of another build: ${other.join('; ')}. The one that was asked for is logged now`,
    ),
  );
  return undefined;
}

/** What the bundle proves of a file with these digests by the trust in one of the logs; none if nothing. */
export function verifiedBy(
  logs: readonly Log[],
  bundle: Uint8Array,
  digests: ReadonlyMap<string, Uint8Array>,
): Verified | undefined {
  for (const { trust } of logs) {
    try {
      return verify(bundle, trust, { digests });
    } catch (error) {
      // One of another file, log or key, or with too few witnesses: it is logged again, which changes nothing there.
      if (!(error instanceof Fault)) throw error;
    }
  }
  return undefined;
}

/** In what a statement is not what is asked for; what nobody asks for can be anything. */
function differences(
  statement: SignedStatement,
  { fields, claims }: Described,
  { issuer, audience, at, key }: Asking,
): string[] {
  const { iss, sub, aud, kid } = statement;
  const payload = toJson('build', statement.payload) as Fields;
  const signed = { ...payload, issuer: iss, subject: sub, audience: aud, key: toHex(kid) };
  const asked = {
    ...fields,
    ...claims,
    issuer: issuer ?? claims.issuer,
    audience: audience ?? claims.audience,
    key: key === undefined ? undefined : toHex(kidOf(readKeyFile(key).key)),
  };
  return Object.entries(asked).flatMap(([name, value]) => {
    // The file is among the artifacts, as was verified, and whoever says `now` says another time each time.
    if (value === undefined || name === 'artifacts' || (name === 'at' && at === 'now')) return [];
    const [said, wanted] = [bare(name, (signed as Record<string, Json | undefined>)[name]), bare(name, value)];
    return isDeepStrictEqual(said, wanted) ? [] : [`${name} is ${shown(said)}, not ${shown(wanted)}`];
  });
}

/** References are compared by their index: whoever asks need not know the leaf hash. */
function bare(name: string, value: Json | undefined): Json | undefined {
  if (name !== 'refs' || !Array.isArray(value)) return value;
  return value.map((ref: Json) =>
    typeof ref === 'object' && ref !== null && 'index' in ref ? (ref.index as Json) : ref,
  );
}

const shown = (value: Json | undefined): string => (value === undefined ? 'not said' : JSON.stringify(value));
