/** Where `limmat gate` keeps its proofs: beside the files, and in the spool what has no file any more. @module */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { bundleOf, type Log, type Logged } from '../client/log.ts';
import { utf8 } from '../core/bytes.ts';
import { entryIdOf } from '../core/cose.ts';
import { Fault, must } from '../core/fault.ts';
import { replaceFile } from '../store/durable.ts';
import { isSystemError, sentenceOf } from './exit.ts';
import { hashFile } from './hashfile.ts';
import { bundlePath, verifiedBy } from './provenalready.ts';

/** A spool, and whether its statements may be older than what lies at their paths by now. */
export type Place = { readonly folder: string; readonly isLater: boolean };

/** Answers where it was written. Fault `bad-request` if it cannot be: then the statement stays in the spool. */
export async function writeBundles(
  log: Log,
  logged: Logged,
  artifacts: readonly string[],
  place: Place,
): Promise<string[]> {
  const { statement, index, origin } = logged.verified;
  must(statement !== undefined, 'what was submitted is a statement');
  // Asked once: it is the submitter that waits, no longer than its patience.
  const bundle = utf8(bundleOf(logged, await log.once.enrolment(statement.kid)));
  const kept = join(place.folder, entryIdOf(statement.id));
  const paths = new Set<string>();
  for (const path of artifacts) paths.add(bundlePath((await belongsBeside(path, bundle, log, place)) ? path : kept));
  for (const path of paths) {
    try {
      replaceFile(path, bundle);
    } catch (error) {
      throw ofMachine(error, `logged, as entry ${index} of ${origin}; but the proof is not kept as ${path}: `);
    }
  }
  return [...paths];
}

/** Whether a proof goes beside the file: it lies there, or may be put there again, and is not another build by now. */
async function belongsBeside(path: string, bundle: Uint8Array, log: Log, { isLater }: Place): Promise<boolean> {
  if (!existsSync(dirname(path))) return false;
  if (!isLater || !existsSync(path)) return true;
  const { digests } = await hashFile(path, ['sha256'], true);
  return verifiedBy([log], bundle, digests) !== undefined;
}

/** What this machine would not do as a Fault, so that the rest of a spool goes on; any other error as it is. */
export function ofMachine(error: unknown, before = ''): unknown {
  return isSystemError(error) ? new Fault('bad-request', before + sentenceOf(error), { cause: error }) : error;
}
