/** What is told of builds: one version with two digests, a repeat, a site outside the promise, one nobody knows of. @module */
import { toHex } from '../../core/bytes.ts';
import type { Payload } from '../../registry/kinds.ts';
import { isGovernance } from '../../registry/names.ts';
import { nameOf } from '../../registry/view.ts';
import type { Finding } from '../alert.ts';
import { type EntryRule, kindIn, onKind, type Seen } from './seen.ts';

type Build = Payload<'build'>;

/** SPEC (VOCABULARY §5): one version with two digests. Of a file with the same name, in whatever channel. */
export const twoDigests: EntryRule = onKind('build', ({ product, version, artifacts }, { entry, memory }) => {
  const { iss } = entry.statement;
  return artifacts.flatMap(({ name, digests }) =>
    Object.entries(digests).flatMap(([algorithm, value]): Finding[] => {
      if (value === undefined) return [];
      const fact = `digest/${JSON.stringify([iss, product, version, name, algorithm])}`;
      const digest = toHex(value);
      const [known, first] = memory.get(fact)?.split(' ') ?? [];
      if (known === undefined) memory.set(fact, `${digest} ${entry.index}`);
      if (known === undefined || known === digest) return [];
      return [
        {
          kind: 'match',
          rule: 'two-digests',
          subject: `${fact} ${entry.index}`,
          index: entry.index,
          summary: `${product} ${version} of ${iss} has two files named ${name}: entries ${first} and ${entry.index}`,
          detail: { first: Number(first), algorithm, digests: [known, digest] },
        },
      ];
    }),
  );
});

/**
 * SPEC (VOCABULARY §5): that a build or attestation is logged once is the store's business; a replay reports a repeat as a
 * warning. Of all other kinds admission itself refuses the second.
 */
export const repeated: EntryRule = (seen) => {
  const { entry, memory } = seen;
  const kind = kindIn(seen);
  if (kind === undefined || isGovernance(kind)) return [];
  const fact = `once/${toHex(entry.statement.id)}`;
  const first = memory.get(fact);
  if (first === undefined) memory.set(fact, String(entry.index));
  if (first === undefined) return [];
  return [
    {
      kind: 'match',
      rule: 'repeat',
      subject: String(entry.index),
      index: entry.index,
      summary: `entry ${entry.index}, ${kind} of ${entry.statement.iss}, says the same as entry ${first}`,
      detail: { first: Number(first) },
    },
  ];
};

/** SPEC (VOCABULARY §5): a build site outside the promised jurisdiction. */
export const jurisdiction: EntryRule = onKind('build', ({ product, version, site }, { entry, view, watch }) => {
  const { iss } = entry.statement;
  const at = view.get('site', nameOf(iss, site))?.country;
  const promises = (watch.jurisdictions ?? []).filter(
    ({ organisation, products }) => organisation === iss && (products?.includes(product) ?? true),
  );
  return promises
    .filter(({ countries }) => at === undefined || !countries.includes(at))
    .map(({ countries }) => ({
      kind: 'match',
      rule: 'jurisdiction',
      subject: String(entry.index),
      index: entry.index,
      summary: `${product} ${version} of ${iss} was built at ${site} in ${at ?? 'no country that is known'}, not in ${countries.join(', ')}`,
      detail: { site, country: at ?? null, promised: countries },
    }));
});

/** The owner of a build knows what he built: the sign of a key in other hands. */
export const unknownBuild: EntryRule = onKind('build', (build, seen) => {
  const { iss } = seen.entry.statement;
  const known = (seen.watch.knownBuilds ?? []).find(({ organisation }) => organisation === iss);
  const strange = known && build.artifacts.find((artifact) => !isKnown(artifact, known.sha256));
  return strange ? [unknown(build, strange.name, seen)] : [];
});

function isKnown({ digests }: Build['artifacts'][number], known: readonly string[]): boolean {
  const { sha256 } = digests as { readonly sha256?: Uint8Array };
  return sha256 !== undefined && setOf(known).has(toHex(sha256));
}

/** A list of a million is not searched from its start for each build. */
const sets = new WeakMap<readonly string[], ReadonlySet<string>>();
function setOf(list: readonly string[]): ReadonlySet<string> {
  const set = sets.get(list) ?? new Set(list);
  sets.set(list, set);
  return set;
}

function unknown({ product, version }: Build, name: string, { entry }: Seen): Finding {
  const { iss, kid } = entry.statement;
  return {
    kind: 'match',
    rule: 'unknown-build',
    subject: String(entry.index),
    index: entry.index,
    summary: `${product} ${version} is signed as ${iss}, and its file ${name} is not one that ${iss} knows to have built`,
    detail: { signer: toHex(kid), file: name },
  };
}
