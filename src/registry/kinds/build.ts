/** `build`: what was made, where, from which source, and its digests. One entry for all files of a release. @module */
import { COMMON, count, digests, evidence, id, ref, sources, uri } from '../common.ts';
import { kindOf } from '../names.ts';
import { refuse } from '../rule.ts';
import { bytesUpTo, doc, list, map, oneOf, type TypeOf, text, time } from '../schema.ts';
import { type Admission, signedByWorkingKey } from '../signers.ts';
import { textLength } from '../text.ts';
import type { Change } from '../view.ts';
import { requireSite } from './site.ts';

export const about =
  'What was made, where and from which source, with its digests. Signed by a build key; sub is its package URL.';

export const schema = map(
  {
    product: text(128),
    version: text(128),
    artifactKind: oneOf('software', 'detection-rules', 'firmware', 'container', 'document'),
    // The size is optional: lock files and package indexes do not always tell it.
    artifacts: list(map({ name: text(512), digests }, { size: count }), 1, 256),
    builder: doc('what built it', uri),
    site: doc('where it was built, a siteId', id),
  },
  {
    channel: id,
    source: sources,
    startedOn: time,
    finishedOn: time,
    provenance: list(evidence, 1, 16),
    nativeSignatures: list(map({ format: text(64) }, { alg: text(64), keyFingerprint: bytesUpTo(64) }), 1, 16),
    replaces: doc('an earlier build of the same organisation', ref),
    deltaOf: doc(
      'the file that a delta is applied to, which need not be in this log',
      map({ digests }, { name: text(512) }),
    ),
    ...COMMON,
  },
);
export type Build = TypeOf<typeof schema>;

const MAX_PACKAGE_URL = 512;

export function admit(admission: Admission<Build>): Change[] {
  const { entry, payload } = admission;
  const { sub, iss } = entry.statement;
  const length = textLength(sub);
  if (!sub.startsWith('pkg:') || length === undefined || length > MAX_PACKAGE_URL) {
    refuse('subject', `sub must be a package URL, "pkg:…", of at most ${MAX_PACKAGE_URL} characters`);
  }
  signedByWorkingKey(admission, 'build');
  requireSite(admission, iss, payload.site);
  if (payload.replaces !== undefined) requireOwnBuild(admission, 'replaces', payload.replaces.index);
  return [];
}

/** The build of the same organisation that a field refers to; that the reference is good has been checked. */
export function requireOwnBuild({ lookup, entry }: Admission<unknown>, field: string, index: number): void {
  const { iss } = entry.statement;
  const build = lookup.entry(index)?.statement;
  if (build === undefined || kindOf(build.contentType) !== 'build' || build.iss !== iss) {
    refuse('reference', `${field} must refer to a build of ${iss}, and entry ${index} is none`);
  }
}
