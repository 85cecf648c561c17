/**
 * in-toto statements v0.1 and v1, with SLSA provenance 0.2 and 1.0 in them. Of other predicates only the subjects are
 * read. @module
 */
import { PackageURL } from 'packageurl-js';
import { type JsonMap, listAt, mapAt, optionalAt, textAt, timeAt } from './jsonfile.ts';
import {
  MAX_SUBJECTS,
  type NamedDigests,
  type Provenance,
  readDigest,
  type Source,
  type Subject,
  wrong,
} from './provenance.ts';

const TYPES = ['https://in-toto.io/Statement/v0.1', 'https://in-toto.io/Statement/v1'];
export const STATEMENT_TYPE = 'application/vnd.in-toto+json';

const MAX_MATERIALS = 65_536;
/** As many as an entry may have. */
const MAX_SOURCES = 64;

export function isStatement(map: JsonMap): boolean {
  return map._type !== undefined;
}

/** Reads a statement; `mediaType` is that of the file that it came in. */
export function readStatement(map: JsonMap, mediaType = STATEMENT_TYPE): Provenance {
  if (!TYPES.includes(map._type as string)) wrong('_type', `must be ${TYPES.join(' or ')}`);
  const subjects = listAt(map.subject, 'subject', MAX_SUBJECTS).map(readSubject);
  if (subjects.length === 0) wrong('subject', 'must name at least one file');
  const predicateType = textAt(map.predicateType, 'predicateType');
  const read = Object.hasOwn(PREDICATES, predicateType) ? PREDICATES[predicateType] : undefined;
  const said = read?.(mapAt(map.predicate, 'predicate'));
  return { mediaType, subjects, ...packageOf(subjects), ...said };
}

function readSubject(value: unknown, i: number): Subject {
  const path = `subject[${i}]`;
  const map = mapAt(value, path);
  // v1 lets a subject go without a name.
  return { name: optionalAt(map.name, `${path}.name`, textAt) ?? '', digests: digestsAt(map.digest, `${path}.digest`) };
}

function digestsAt(value: unknown, path: string): NamedDigests {
  const entries = Object.entries(mapAt(value, path)).map(([name, hex]) => {
    const at = `${path}.${name.slice(0, 32)}`;
    return [name, readDigest(name, textAt(hex, at), at)] as const;
  });
  return Object.fromEntries(entries.filter(([, digest]) => digest !== undefined)) as NamedDigests;
}

/** Registries name a subject by its package URL, which says what the product is and which version. */
function packageOf(subjects: readonly Subject[]): Pick<Provenance, 'product' | 'version' | 'packageUrl'> {
  const names = new Set(subjects.map(({ name }) => name));
  const [name = ''] = names;
  const purl = names.size === 1 && name.startsWith('pkg:') ? parsePurl(name) : undefined;
  if (purl === undefined) return {};
  const { namespace, name: product, version } = purl;
  return {
    product: namespace ? `${namespace}/${product}` : (product ?? undefined),
    version: version ?? undefined,
    packageUrl: name,
  };
}

/** A name that only looks like a package URL is a name like others. */
function parsePurl(text: string): PackageURL | undefined {
  try {
    return PackageURL.fromString(text);
  } catch {
    return undefined;
  }
}

type Said = Pick<Provenance, 'builder' | 'source' | 'startedOn' | 'finishedOn'>;

const PREDICATES: Readonly<Record<string, (predicate: JsonMap) => Said>> = {
  'https://slsa.dev/provenance/v0.2': (predicate) => {
    const path = 'predicate';
    const metadata = optionalAt(predicate.metadata, `${path}.metadata`, mapAt) ?? {};
    const invocation = optionalAt(predicate.invocation, `${path}.invocation`, mapAt) ?? {};
    const config = optionalAt(invocation.configSource, `${path}.invocation.configSource`, mapAt);
    const materials = listOf(predicate.materials, `${path}.materials`);
    textAt(predicate.buildType, `${path}.buildType`);
    return {
      builder: builderAt(predicate.builder, `${path}.builder`),
      source: sourcesOf([
        ...(config === undefined ? [] : [[config, `${path}.invocation.configSource`] as const]),
        ...materials,
      ]),
      startedOn: optionalAt(metadata.buildStartedOn, `${path}.metadata.buildStartedOn`, timeAt),
      finishedOn: optionalAt(metadata.buildFinishedOn, `${path}.metadata.buildFinishedOn`, timeAt),
    };
  },
  'https://slsa.dev/provenance/v1': (predicate) => {
    const definition = mapAt(predicate.buildDefinition, 'predicate.buildDefinition');
    const details = mapAt(predicate.runDetails, 'predicate.runDetails');
    const path = 'predicate.runDetails.metadata';
    const metadata = optionalAt(details.metadata, path, mapAt) ?? {};
    textAt(definition.buildType, 'predicate.buildDefinition.buildType');
    const resolved = 'predicate.buildDefinition.resolvedDependencies';
    return {
      builder: builderAt(details.builder, 'predicate.runDetails.builder'),
      source: sourcesOf(listOf(definition.resolvedDependencies, resolved)),
      startedOn: optionalAt(metadata.startedOn, `${path}.startedOn`, timeAt),
      finishedOn: optionalAt(metadata.finishedOn, `${path}.finishedOn`, timeAt),
    };
  },
};

function builderAt(value: unknown, path: string): string {
  return textAt(mapAt(value, path).id, `${path}.id`);
}

type Material = readonly [value: JsonMap, path: string];

function listOf(value: unknown, path: string): Material[] {
  const items = optionalAt(value, path, (given) => listAt(given, path, MAX_MATERIALS)) ?? [];
  return items.map((item, i) => [mapAt(item, `${path}[${i}]`), `${path}[${i}]`] as const);
}

/** Version control, as SPDX download locations and SLSA name it: `git+https://…`. Other materials are tools and parts. */
const SOURCE_URI = /^(?:git|hg|svn|bzr)(?:\+[a-z]+)?:[\x21-\x7e]{1,2000}$/;

function sourcesOf(materials: readonly Material[]): readonly Source[] | undefined {
  const found = new Map<string, Source>();
  for (const [{ uri, digest }, path] of materials) {
    if (typeof uri !== 'string' || !SOURCE_URI.test(uri)) continue;
    const digests = optionalAt(digest, `${path}.digest`, digestsAt) ?? {};
    if (Object.keys(digests).length > 0) found.set(JSON.stringify([uri, digest]), { uri, digests });
  }
  if (found.size > MAX_SOURCES) wrong('it', `names ${found.size} sources, and an entry has at most ${MAX_SOURCES}`);
  return found.size === 0 ? undefined : [...found.values()];
}
