/** Holds the files of a build against those that its provenance speaks about. @module */
import { equal, toHex } from '../../core/bytes.ts';
import { Fault } from '../../core/fault.ts';
import { isStrong, type NamedDigests, type Provenance, type Subject } from './provenance.ts';

export type Artifact = { readonly name: string; readonly digests: NamedDigests };
export type ProvenanceFile = { readonly path: string; readonly provenance: Provenance };

/** The strong algorithms by which the files must be hashed to be found again. */
export function algorithmsOf(files: readonly ProvenanceFile[]): string[] {
  const subjects = files.flatMap(({ provenance }) => provenance.subjects);
  const named = subjects.flatMap(({ digests }) => Object.keys(digests).filter(isStrong));
  return [...new Set(['sha256', ...named])];
}

/**
 * Each file speaks of an artifact, each artifact is spoken of, and none by another digest; a file may speak of more than is
 * logged here. Fault `refused` with a list of everything that does not fit.
 */
export function requireMatch(artifacts: readonly Artifact[], files: readonly ProvenanceFile[]): void {
  if (files.length === 0) return;
  const problems = files.flatMap((file) => problemsOf(file, artifacts));
  const spokenOf = (artifact: Artifact) =>
    files.some(({ provenance }) => provenance.subjects.some((subject) => isSame(subject, artifact)));
  for (const artifact of artifacts.filter((one) => !spokenOf(one))) {
    problems.push(`${artifact.name} (${shown(artifact.digests)}) is in no provenance file`);
  }
  if (problems.length === 0) return;
  const advice = 'Give the provenance of these very files, or the files that it is for';
  throw new Fault('bad-request', `artifacts and provenance do not fit:\n${problems.join('\n')}\n${advice}`);
}

function problemsOf({ path, provenance }: ProvenanceFile, artifacts: readonly Artifact[]): string[] {
  const { subjects } = provenance;
  const others = artifacts.flatMap((artifact) => {
    const named = subjects.filter(({ name }) => lastPart(name) === artifact.name);
    if (named.length === 0 || named.some((subject) => isSame(subject, artifact))) return [];
    return named.map(
      ({ digests }) => `${path}: ${artifact.name} is ${shown(digests)}, the file is ${shown(artifact.digests)}`,
    );
  });
  const isOfAny = artifacts.some((artifact) => subjects.some((subject) => isSame(subject, artifact)));
  if (others.length > 0 || isOfAny) return others;
  const list = subjects.slice(0, MOST_SHOWN).map(({ name, digests }) => `${name || 'a file'} (${shown(digests)})`);
  const more = subjects.length > MOST_SHOWN ? ` and ${subjects.length - MOST_SHOWN} more` : '';
  return [`${path} is for none of the artifacts, but for ${list.join(', ')}${more}`];
}

const MOST_SHOWN = 5;

/** They agree in a strong digest, and in each that both have. */
function isSame(subject: Subject, { digests }: Artifact): boolean {
  const both = Object.entries(subject.digests).filter(([name]) => isStrong(name) && digests[name] !== undefined);
  return both.length > 0 && both.every(([name, digest]) => equal(digest, digests[name] as Uint8Array));
}

function shown(digests: NamedDigests): string {
  const [name, digest] = Object.entries(digests).find(([algorithm]) => isStrong(algorithm)) ?? [];
  return name === undefined || digest === undefined ? 'without a digest' : `${name} ${toHex(digest).slice(0, 16)}…`;
}

/** Subjects can have paths, artifacts have the names of their files. */
function lastPart(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}
