/** Answers of the lookup in plain words: one short line for each thing that is said. @module */
import type { Row } from '../../src/lookup/rows.ts';
import type { AllAttested } from '../../src/registry/attested.ts';
import type { KeyTold } from '../../src/registry/keyhistory.ts';
import type { Promised } from '../../src/registry/promises.ts';
import type { Residency } from '../../src/registry/residency.ts';
import type { BuildVerdict, Verdict } from '../../src/registry/verdict.ts';

type Told = Row & { readonly knownForSeconds?: { atLeast?: number; atMost?: number } };
export type Answer = { readonly size: number; readonly entries?: readonly Row[]; readonly rows?: readonly Told[] } & (
  | { readonly rows: readonly Told[] }
  | { readonly keys: readonly KeyTold[] }
  | { readonly promises: readonly Promised[] }
  | Residency
  | (Verdict & { readonly entries: readonly Row[] })
);

export function inWords(answer: Answer, asList: boolean): string[] {
  if ('verdict' in answer) return verdictWords(answer);
  if ('places' in answer) return residencyWords(answer);
  if ('promises' in answer) return answer.promises.map(promiseWords);
  if ('keys' in answer) return answer.keys.map(keyWords);
  const { rows } = answer as { rows: readonly Told[] };
  if (asList) return [`${counted(rows.length, 'entry', 'entries')}: ${rows.map(({ index }) => index).join(', ')}`];
  return rows.map((row) => `entry ${row.index}, ${row.issuer}: ${rowWords(row)}`);
}

function verdictWords({ verdict, builds, size, entries, asserted }: Verdict & { entries: readonly Row[] }): string[] {
  if (builds.length === 0) return [`${verdict}: none of the ${size} entries is a build with this file. Do not use it.`];
  const said = builds.flatMap((build) => [`${verdict}: ${build.why}`, ...buildWords(build, entries)]);
  const shown = entries.map(({ index }) => index).join(', ');
  return [
    ...said,
    `shown by entries ${shown}; on the server's word: ${counted(asserted.length, 'thing')} that are not there`,
  ];
}

function buildWords(build: BuildVerdict, entries: readonly Row[]): string[] {
  const { index, product, version, keyId, site, source, withdrawals, attested } = build;
  const reviews = source.flatMap((one) => one.reviews);
  return [
    `entry ${index}: ${product} ${version}, signed by ${keyId}, built at ${site?.site} (${site?.country})`,
    ...madeWords(entries.find((row) => row.index === index)),
    ...(reviews.length > 0 ? [`its source was read at entry ${reviews.join(', ')}`] : []),
    ...attestedWords(attested),
    ...withdrawals.map((by) => `withdrawn by entry ${by}`),
  ];
}

/** Nothing trusts a claimed time: the checkpoints around an entry tell when it was made. */
function madeWords(row: Row | undefined): string[] {
  const { from, to } = row?.between ?? {};
  if (from?.time === undefined || to?.time === undefined) return [];
  const word = to.word === 'log' ? 'the log alone says so, no witness signs here' : `so say ${to.by.join(', ')}`;
  return [`logged between ${from.time} and ${to.time} (${word})`];
}

function attestedWords({ attestations }: AllAttested): string[] {
  return attestations.map(({ index, issuer, claim, verdict }) => {
    const said = verdict === 'contradict' ? 'contradicted' : verdict;
    return `${said} by ${issuer} at entry ${index} (${claim})`;
  });
}

function residencyWords({ places, relocations, corrections }: Residency): string[] {
  const stay = { all: 'all of it', part: 'a part', remains: 'remains' };
  return [
    places.map(({ site, country, presence }) => `${site} (${country}): ${stay[presence]}`).join(' · '),
    ...relocations.flatMap(({ relocation, access, decidedBy, attested }) => [
      ...(access.length === 0
        ? []
        : [`reachable from ${access.map((one) => `${one.country} (${one.class})`).join(', ')}`]),
      ...decidedBy.map(({ index, phase, said, effectiveAt }) => {
        const when = said === 'later' ? 'told later, in retrospect' : 'told at the time';
        return `entry ${index}: ${relocation} ${phase} on ${day(effectiveAt)}, ${when}`;
      }),
      ...attestedWords(attested),
    ]),
    ...corrections.map(({ wrong, correction }) => `entry ${wrong} was wrong, and is corrected by entry ${correction}`),
  ];
}

function promiseWords({ relocation, state, due, secondsLate, judgedAt, announced }: Promised): string {
  const late =
    secondsLate === undefined
      ? ''
      : `, ${counted(days(secondsLate), 'day')} after that by the ${judgedAt.word}'s clock`;
  return `${state}: ${relocation}, promised at entry ${announced} for ${day(due)}${late}`;
}

function keyWords({ keyId, at, state, why, history, taintedBy }: KeyTold): string {
  const steps = history.map(({ event, index, since }) => {
    return `${event} at ${index}${event === 'compromise' ? ` (since ${since})` : ''}`;
  });
  const then = why === undefined ? 'and could sign' : 'and could not sign';
  const later = taintedBy === undefined ? '' : `; tainted by entry ${taintedBy}, later`;
  return `${keyId}: ${steps.join(', ')}. For entry ${at} it was ${state} ${then}${later}`;
}

/** What an entry says, by its kind; statements come as JSON. */
function rowWords({ kind, statement, knownForSeconds }: Told): string {
  // biome-ignore lint/suspicious/noExplicitAny: the payload of any kind, as JSON
  const said = statement as any;
  switch (kind) {
    case 'build':
      return `${said.product} ${said.version}`;
    case 'attestation':
      return `${said.verdict} ${said.claim}${said.exceptions ? `: ${said.exceptions.join('; ')}` : ''}`;
    case 'review':
      return `${said.depth} of ${said.source[0].uri}, ${said.outcome}, ${counted(said.findings, 'finding')}`;
    case 'withdrawal':
      return `entry ${said.ref.index} is withdrawn (${said.reason}); use ${said.safeVersion} instead`;
    case 'disclosure':
      return `${said.received} requests from ${said.country}, ${said.rejected} rejected`;
    case 'correction':
      return `entry ${said.ref.index} was wrong. ${said.what} Known for ${counted(days(knownForSeconds?.atLeast ?? 0), 'day')}`;
    default:
      return kind;
  }
}

const day = (time: string): string => time.slice(0, 10);
const days = (seconds: number): number => Math.floor(seconds / 86_400);
const counted = (n: number, one: string, many = `${one}s`): string =>
  `${n.toLocaleString('en')} ${n === 1 ? one : many}`;
