/**
 * What is told of builds that nobody reviewed. A review may come before the build or after it: of the source, by any of
 * its digests, or of the build itself. So a build is remembered until the days are over that were promised for it. @module
 */
import { toHex } from '../../core/bytes.ts';
import type { Finding } from '../alert.ts';
import { type EntryRule, later, onKind } from './seen.ts';

const DAY = 24 * 3600;

/** Facts of builds that wait, by their index; and of sources that were reviewed, by digest. */
export const WAITING = 'unreviewed/';
const waitingFact = (index: number) => `${WAITING}${index}`;
const reviewedFact = (digest: string) => `reviewed/${digest}`;
const DECIDED = '';

/** A build until it is decided. Each of its sources is known by any of its digests. */
type Waiting = { readonly due: string; readonly name: string; readonly sources: readonly (readonly string[])[] };

/** Remembers what was reviewed. */
export const review: EntryRule = onKind('review', ({ source = [], refs = [] }, { entry, memory }) => {
  for (const digest of source.flatMap(({ digests }) => namesOf(digests))) {
    memory.set(reviewedFact(digest), String(entry.index));
  }
  for (const { index } of refs) if (memory.get(waitingFact(index))) memory.set(waitingFact(index), DECIDED);
  return [];
});

/** Remembers what was promised to be reviewed. */
export const toBeReviewed: EntryRule = onKind('build', (build, { entry, view, watch, bounds, memory }) => {
  const { iss } = entry.statement;
  const { product, version, source = [] } = build;
  const promises = (watch.reviewed ?? []).filter(
    ({ organisation, products }) => organisation === iss && (products?.includes(product) ?? true),
  );
  if (promises.length === 0) return [];
  const days = Math.min(...promises.map((promise) => promise.days ?? 0));
  const due = later(view.get('heartbeat', '')?.at ?? bounds.now, days * DAY);
  const sources = source.map(({ digests }) => namesOf(digests));
  const waiting: Waiting = { due, name: `${product} ${version} of ${iss}`, sources };
  memory.set(waitingFact(entry.index), JSON.stringify(waiting));
  return [];
});

/**
 * SPEC (VOCABULARY §5): a build from source nobody reviewed. Decides those whose days are over: answers what to tell, and
 * the facts that are to be remembered with it. One without a source is told as well: nobody can have reviewed it.
 */
export function unreviewed(
  waiting: ReadonlyMap<string, string>,
  fact: (name: string) => string | undefined,
  now: string,
): { readonly findings: readonly Finding[]; readonly facts: ReadonlyMap<string, string> } {
  const findings: Finding[] = [];
  const facts = new Map<string, string>();
  for (const [name, value] of waiting) {
    const { due, name: build, sources } = JSON.parse(value) as Waiting;
    if (now <= due) continue;
    facts.set(name, DECIDED);
    const missing = sources.filter((digests) => !digests.some((digest) => fact(reviewedFact(digest)) !== undefined));
    if (sources.length > 0 && missing.length === 0) continue;
    const index = Number(name.slice(WAITING.length));
    const what = sources.length === 0 ? 'names no source' : 'is built from source that nobody reviewed';
    findings.push({
      kind: 'match',
      rule: 'unreviewed',
      subject: String(index),
      index,
      summary: `${build}, entry ${index}, ${what}`,
      detail: { due, sources: missing },
    });
  }
  return { findings, facts };
}

function namesOf(digests: { readonly [alg: string]: Uint8Array | undefined }): string[] {
  return Object.entries(digests).flatMap(([alg, value]) => (value === undefined ? [] : [`${alg}:${toHex(value)}`]));
}
