/**
 * The client's question, VOCABULARY §3: is this file logged, by which key, and was the key good at that index. What is
 * proven by entries and what rests on the absence of others is told apart. @module
 */
import { type Kid, toHex } from '../core/bytes.ts';
import { verifyStatement } from '../core/cose.ts';
import { Fault } from '../core/fault.ts';
import { admit, signerKey } from './admit.ts';
import { type AllAttested, attestationsOf, isContradicted } from './attested.ts';
import { lastBefore, type Step } from './chronicle.ts';
import { isReport } from './keyhistory.ts';
import type { Build } from './kinds/build.ts';
import { about, type Corrected, correctionsOf, type Grounds, type Ledger, MANY, readEntry } from './ledger.ts';
import { keySubject } from './names.ts';
import { whyClosed } from './proposals.ts';
import { TERM } from './terms.ts';
import { type Entry, nameOf, type Site } from './view.ts';

/** From the best to the worst. */
export const VERDICTS = ['valid', 'tainted', 'refused', 'unlogged'] as const;
export type VerdictName = (typeof VERDICTS)[number];

/** The right of a key at an index, by the first rule that holds. */
export type KeyVerdict = {
  readonly verdict: Exclude<VerdictName, 'unlogged'>;
  readonly why: string;
  readonly keyId?: string;
  /** The entries that made the key what it was at that index, oldest first. */
  readonly madeBy: readonly number[];
  /** The later report by which it is tainted, and from where on. */
  readonly compromise?: { readonly index: number; readonly by: readonly number[]; readonly since: number };
  /** Reports that reach back to the entry and wait for further roots of the owner: they decide nothing yet. */
  readonly reportsProposed: readonly number[];
  /** What became of the key by the size of the answer. */
  readonly stateNow?: string;
};

export type BuildVerdict = KeyVerdict & {
  readonly index: number;
  readonly issuer: string;
  readonly kid: string;
  /** The names under which the build lists the file. */
  readonly names: readonly string[];
  readonly product: string;
  readonly version: string;
  readonly site?: { readonly site: string; readonly country: string; readonly declaredBy: number };
  readonly source: readonly { readonly uri: string; readonly reviews: readonly number[] }[];
  /** Reviews that name the build itself. */
  readonly reviews: readonly number[];
  readonly withdrawals: readonly number[];
  readonly replacedBy: readonly number[];
  readonly attested: AllAttested;
};

export type Verdict = Grounds & {
  readonly digest: string;
  readonly size: number;
  /** The best of `builds`: a stranger who logs the same file with a bad key does not spoil it. */
  readonly verdict: VerdictName;
  /** What a client should know though the verdict may be `valid`. */
  readonly withdrawn: boolean;
  readonly contradicted: boolean;
  readonly builds: readonly BuildVerdict[];
  /** There are more builds with this digest, from this index on. */
  readonly next?: number;
  /** Statements among those that decide which were said to be wrong. */
  readonly corrections: readonly Corrected[];
};

/** Which builds are asked about: of one issuer, from an index on. */
export type VerdictScope = { readonly issuer?: string | undefined; readonly after?: number | undefined };

/** `digest` is `sha256:<hexadecimal>`, or of another algorithm that identifies content. */
export function verdictOf(ledger: Ledger, digest: string, { issuer, after = -1 }: VerdictScope = {}): Verdict {
  const [alg, hex] = digest.split(':') as [string, string];
  const terms = [TERM.artifact(alg, hex), ...(issuer === undefined ? [] : [TERM.issuer(issuer)])];
  const found = ledger.find(terms, after + 1, MOST_BUILDS + 1);
  const builds = found.slice(0, MOST_BUILDS).map((index) => judgeBuild(ledger, index, alg, hex));
  const next = found[MOST_BUILDS];
  const decisive = builds.flatMap(citedBy);
  const corrections = correctionsOf(ledger, new Set(decisive));
  return {
    digest,
    size: ledger.size,
    verdict: VERDICTS.find((name) => builds.some(({ verdict }) => verdict === name)) ?? 'unlogged',
    withdrawn: builds.some(({ withdrawals }) => withdrawals.length > 0),
    contradicted: builds.some(({ attested }) => isContradicted(attested)),
    builds,
    ...(next === undefined ? {} : { next }),
    corrections,
    proven: builds.flatMap(proofs),
    asserted: absences(ledger.size, digest, builds, issuer).map((says) => ({ says, size: ledger.size })),
  };
}

/** Builds of one digest that are judged at once. */
const MOST_BUILDS = 32;

/** Every entry that decides something of a verdict. */
export function citedBy(build: BuildVerdict): number[] {
  const { index, madeBy, compromise, reportsProposed, site, source, reviews, withdrawals, replacedBy, attested } =
    build;
  return [
    ...[index, ...madeBy, ...(compromise?.by ?? []), ...reportsProposed, ...(site ? [site.declaredBy] : [])],
    ...[...source.flatMap((one) => one.reviews), ...reviews, ...withdrawals, ...replacedBy],
    ...attested.attestations.flatMap((one) => [one.index, ...(one.withdrawnBy === undefined ? [] : [one.withdrawnBy])]),
  ];
}

function judgeBuild(ledger: Ledger, index: number, alg: string, hex: string): BuildVerdict {
  const { entry, payload } = readEntry(ledger, index, 'build');
  const { iss, kid } = entry.statement;
  return {
    ...judgeKey(ledger, entry),
    index,
    issuer: iss,
    kid: toHex(kid),
    names: namesOf(payload, alg, hex),
    product: payload.product,
    version: payload.version,
    ...siteOf(ledger, entry, payload),
    source: (payload.source ?? []).map(({ uri, digests }) => ({ uri, reviews: reviewsOf(ledger, digests) })),
    reviews: about(ledger, 'review', [index]),
    withdrawals: about(ledger, 'withdrawal', [index]),
    replacedBy: about(ledger, 'build', [index]),
    attested: attestationsOf(ledger, [index]),
  };
}

/** SPEC: Was key K good for the build at index i? The first that holds: tainted, valid, refused. */
export function judgeKey(ledger: Ledger, entry: Entry): KeyVerdict {
  const { index, statement } = entry;
  const steps = ledger.chronicle.steps('key', toHex(statement.kid));
  const known = lastBefore(steps, index);
  const about = {
    madeBy: madeBy(steps, index),
    reportsProposed: proposedReports(ledger, statement.kid, index),
    ...(known === undefined ? {} : { keyId: nameOf(known.row.organisation, known.row.keyId) }),
    ...(steps.length === 0 ? {} : { stateNow: steps.at(-1)?.row.state as string }),
  };
  // SPEC: `tainted` (a later `compromise` has `since` ≤ i: show both entries)
  const report = steps.find((step, i) => step.index > index && isReport(step, steps[i - 1], index));
  if (report !== undefined) {
    const { index: at, by, row } = report;
    const why = `the key was reported at entry ${at} to be in other hands since entry ${row.since}`;
    return { verdict: 'tainted', why, ...about, compromise: { index: at, by, since: row.since as number } };
  }
  const fault = whyRefused(ledger, entry);
  // SPEC: if such a build is in the tree, the log broke its own rules at i, and the two leaves prove it.
  if (fault !== undefined)
    return { verdict: 'refused', why: `the log should not have admitted it: ${fault}`, ...about };
  return { verdict: 'valid', why: 'the key was in a state to sign, and its signature is good', ...about };
}

/** The entries of the enrolment, and of the last event before an index. */
function madeBy(steps: readonly Step<'key'>[], index: number): number[] {
  const decisive = [steps[0], lastBefore(steps, index)].flatMap((step) => (step && step.index < index ? step.by : []));
  return [...new Set(decisive)].sort((a, b) => a - b);
}

function proposedReports(ledger: Ledger, kid: Kid, index: number): number[] {
  const view = ledger.chronicle.at(ledger.size);
  const now = view.get('heartbeat', '')?.at ?? '';
  return ledger.find([TERM.subject(keySubject(kid))], 0, MANY).filter((at) => {
    const proposal = view.get('proposal', String(at));
    if (proposal === undefined || whyClosed(view, proposal, now) !== undefined) return false;
    const { payload } = readEntry(ledger, at, 'key');
    return payload.event === 'compromise' && (payload.since ?? at) <= index;
  });
}

/** Why admission would refuse an entry where it stands, or its signature is bad; `undefined` if all is well. */
function whyRefused(ledger: Ledger, entry: Entry): string | undefined {
  const view = ledger.chronicle.at(entry.index);
  const key = signerKey(view, entry.statement);
  if (key === undefined) return 'key-unknown: nobody knows the key that signed it';
  if (!verifyStatement(entry.statement, key)) return 'the signature does not verify';
  try {
    admit(view, entry, ledger);
    return undefined;
  } catch (error) {
    if (error instanceof Fault) return `${error.rule}: ${error.message}`;
    throw error;
  }
}

function namesOf({ artifacts }: Build, alg: string, hex: string): string[] {
  const isIt = (digests: { readonly [alg: string]: Uint8Array | undefined }) =>
    digests[alg] !== undefined && toHex(digests[alg]) === hex;
  return artifacts.filter(({ digests }) => isIt(digests)).map(({ name }) => name);
}

function siteOf(ledger: Ledger, { index, statement }: Entry, { site }: Build): Pick<BuildVerdict, 'site'> {
  const name = nameOf(statement.iss, site);
  const row: Site | undefined = ledger.chronicle.at(index).get('site', name);
  return row === undefined ? {} : { site: { site: name, country: row.country, declaredBy: row.declared } };
}

/** Reviews in which a source with one of these digests was read. */
function reviewsOf(ledger: Ledger, digests: { readonly [alg: string]: Uint8Array | undefined }): number[] {
  const found = Object.entries(digests).flatMap(([alg, value]) =>
    value === undefined ? [] : ledger.find([TERM.reviewed(alg, toHex(value))], 0, MANY),
  );
  return [...new Set(found)].sort((a, b) => a - b);
}

function proofs(build: BuildVerdict): Grounds['proven'][number][] {
  const { index, issuer, kid, madeBy, compromise, verdict, why, site, withdrawals, attested } = build;
  const against = attested.attestations.filter((one) => one.verdict === 'contradict');
  const proven = [
    { says: `entry ${index} is a build of ${issuer} with this file, signed by the key ${kid}`, entries: [index] },
    { says: `the key ${build.keyId ?? kid} is what these entries made it`, entries: madeBy },
    { says: why, entries: compromise?.by ?? (verdict === 'refused' ? [...madeBy, index] : []) },
    {
      says: `a compromise of the key that reaches back to entry ${index} is proposed, and waits for further roots`,
      entries: build.reportsProposed,
    },
    { says: `the site ${site?.site} is in ${site?.country}`, entries: site ? [site.declaredBy] : [] },
    { says: `the build at entry ${index} is withdrawn`, entries: withdrawals },
    { says: `the build at entry ${index} is contradicted`, entries: against.map((one) => one.index) },
  ];
  return proven.filter(({ entries }) => entries.length > 0);
}

function absences(size: number, digest: string, builds: readonly BuildVerdict[], issuer: string | undefined): string[] {
  const whose = issuer === undefined ? '' : ` of ${issuer}`;
  if (builds.length === 0) return [`none of the ${size} entries is a build${whose} with a file of digest ${digest}`];
  const perBuild = builds.flatMap(({ index, verdict, kid, withdrawals, attested }) => [
    ...(verdict === 'valid' ? [`no event but those shown changed the key ${kid} before entry ${index}`] : []),
    ...(verdict === 'tainted' ? [] : [`no compromise of the key ${kid} reaches back to entry ${index}`]),
    ...(withdrawals.length === 0 ? [`no entry withdraws the build at entry ${index}`] : []),
    ...(isContradicted(attested) ? [] : [`no attestation contradicts the build at entry ${index}`]),
  ]);
  return [
    ...new Set([...perBuild, `no entries but those shown are about these builds${whose}, and none corrects them`]),
  ];
}
