/** Statements in plain words, one sentence each, for people who have not read the vocabulary. @module */
import type { KindName } from '../registry/names.ts';
import { count, type Entry, type Fields, fields, list, refOf, text, texts } from './entry.ts';

const regions = new Intl.DisplayNames(['en'], { type: 'region' });
/** The name of a country by its code. */
export const countryName = (code: string): string => (/^[A-Z]{2}$/.test(code) ? (regions.of(code) ?? code) : code);

/** `1 entry`-like counts, of words that take an s. */
export const several = (count: number, word: string): string => `${grouped(count)} ${word}${count === 1 ? '' : 's'}`;
/** `file-sample` as one says it. */
export const spoken = (id: string): string => id.replaceAll('-', ' ').replaceAll('_', ' ');
const listed = (all: readonly string[]): string =>
  all.length < 2 ? all.join('') : `${all.slice(0, -1).join(', ')} and ${all.at(-1)}`;
/** Up to three, and how many more. */
export const some = (all: readonly string[], most = 3): string =>
  all.length <= most + 1 ? listed(all) : `${all.slice(0, most).join(', ')} and ${all.length - most} more`;

/** Words by what a log calls a thing. What is not written in it, such as `constructor`, is not in it. */
export function dictionary<Value>(words: Readonly<Record<string, Value>>): Readonly<Record<string, Value>> {
  return Object.assign(Object.create(null), words);
}

export const KEY_EVENTS = dictionary({
  enroll: 'enrolled',
  activate: 'put into use',
  suspend: 'suspended',
  resume: 'resumed',
  supersede: 'replaced',
  retire: 'retired',
  revoke: 'revoked',
  compromise: 'reported as compromised',
  destroy: 'destroyed',
});
const PURPOSES = dictionary({
  build: 'signing builds',
  operations: 'operations',
  supervision: 'supervision',
  rebuild: 'rebuilds',
});
const VERDICT_WORDS = dictionary({
  confirm: 'confirms',
  'confirm-with-exceptions': 'confirms, with exceptions,',
  'cannot-confirm': 'could not confirm',
  contradict: 'contradicts',
  withdraw: 'takes back what it said:',
});
export const CLAIM_WORDS = dictionary({
  'relocation-verified': 'that the data moved as said',
  'ceremony-witnessed': 'that the key ceremony was held as said',
  'build-equals-source': 'that the build matches its source',
  'rebuilt-identically': 'that a rebuild gives the same files',
  'site-inspected': 'what was said about the site',
  'control-effective': 'that the control is effective',
});
const PHASES = dictionary<(said: Fields) => string>({
  announced: ({ due }) => `promised to move by ${text(due).slice(0, 10)}`,
  started: () => 'began to move',
  partial: ({ percent }) => `has moved ${count(percent)} % of`,
  paused: () => 'paused moving',
  cutover: () => 'switched over to the new site for',
  'rolled-back': () => 'went back to the old site for',
  cancelled: () => 'cancelled moving',
  drained: () => 'emptied the old site of',
  completed: () => 'completed moving',
});

/** What somebody found: its place in an order, the gravest first, how it is marked, and the word for it. */
type Finding = readonly [order: number, tone: 'bad' | 'warn' | 'good' | 'quiet', word: string];

const FINDINGS = dictionary<Finding>({
  contradict: [0, 'bad', 'contradicts'],
  'cannot-confirm': [1, 'warn', 'could not confirm'],
  'confirm-with-exceptions': [2, 'warn', 'confirms with exceptions'],
  confirm: [3, 'good', 'confirms'],
  withdraw: [4, 'quiet', 'takes back'],
});
export const findingOf = (verdict: string) => FINDINGS[verdict] ?? ([5, 'quiet', verdict] as const);

type Say = (said: Fields, who: string) => string;

const SAY: Record<KindName, Say> = {
  policy: ({ version, organisations }, who) =>
    `${who} set the rules of this log, version ${count(version)}, for ${several(list(organisations).length, 'organisation')}`,
  heartbeat: ({ at }) => `The clock of the log read ${text(at).replace('T', ' ').replace('Z', ' UTC')}`,
  key: (said, who) => {
    const purpose = said.purpose === undefined ? '' : ` for ${PURPOSES[text(said.purpose)] ?? text(said.purpose)}`;
    const after = said.successor === undefined ? '' : ` by ${text(said.successor)}`;
    const since = said.since === undefined ? '' : `, since entry ${count(said.since)}`;
    return `${who}: key ${text(said.keyId)} ${KEY_EVENTS[text(said.event)] ?? text(said.event)}${purpose}${after}${since}`;
  },
  approval: ({ ref }, who) => `${who} approved entry ${refOf(ref)} with one more root key`,
  build: ({ artifactKind, product, version, site }, who) =>
    `${who} signed ${text(product) === text(artifactKind) ? '' : `${spoken(text(artifactKind))} `}${spoken(text(product))} ${text(version)} at ${text(site)}`,
  withdrawal: ({ ref, reason, safeVersion }, who) =>
    `${who} withdrew the build of entry ${refOf(ref)} (${text(reason)})${safeVersion === undefined ? '' : `; ${text(safeVersion)} is safe`}`,
  site: ({ event, siteId, country, operator }, who) =>
    event === 'retire'
      ? `${who} closed the site ${text(siteId)} in ${countryName(text(country))}`
      : `${who} declared the site ${text(siteId)} in ${countryName(text(country))}, run by ${text(operator)}`,
  process: ({ event, title, dataCategories }, who) =>
    event === 'retire'
      ? `${who} ended the process “${text(title)}”`
      : `${who} declared the process “${text(title)}” on ${some(texts(dataCategories).map(spoken))}`,
  relocation: (said, who) => {
    const what = some(texts(said.dataCategories).map(spoken));
    const people = some(texts(said.subjectCountries).map(countryName));
    const way = `from ${listed(texts(said.from))} to ${listed(texts(said.to))}`;
    return `${who} ${PHASES[text(said.phase)]?.(said) ?? text(said.phase)} ${what} of people in ${people} ${way}`;
  },
  attestation: ({ claim, verdict, refs }, who) => {
    const about = some(list(refs).map((one) => String(refOf(one))));
    return `${who} ${VERDICT_WORDS[text(verdict)] ?? text(verdict)} ${CLAIM_WORDS[text(claim)] ?? text(claim)} (about entry ${about})`;
  },
  review: ({ centre, depth, outcome }, who) =>
    `${who} read source code at ${text(centre)} (${text(depth)}): ${text(outcome)}`,
  disclosure: ({ country, received, rejected }, who) =>
    `${who} told of ${count(received)} requests by authorities of ${countryName(text(country))}, ${count(rejected)} of them rejected`,
  correction: ({ ref, what }, who) => `${who} corrected entry ${refOf(ref)}: ${text(what)}`,
};

/** What an entry says, in a sentence without its full stop. */
export function inWords({ kind, issuer, fields: said, subject }: Entry): string {
  return kind === undefined ? `${issuer} said something about ${subject}` : SAY[kind](said, issuer);
}

/** When the statement says that it was made, if it does. */
export function claimedTime({ kind, fields: said }: Entry): string | undefined {
  const named = kind === 'build' ? said.finishedOn : kind === 'relocation' ? said.effectiveAt : undefined;
  return text(said.at) || text(named) || text(fields(said.period).to) || undefined;
}

/** A length of time as one says it: `40 s`, `3 min`, `5 h`, `12 days`, `6.9 years`. */
export function duration(seconds: number): string {
  const all = Math.abs(Math.round(seconds));
  if (all < 120) return `${all} s`;
  if (all < 7200) return `${Math.round(all / 60)} min`;
  if (all < 172_800) return `${Math.round(all / 3600)} h`;
  const days = Math.round(all / 86_400);
  return days < 730 ? `${days} days` : `${(days / 365.25).toFixed(1)} years`;
}

/** A day as one says it; given at noon in UTC, it is the same day for most readers. */
export const dayInWords = (at: number | string): string =>
  new Date(at).toLocaleDateString('en-GB', { dateStyle: 'medium' });

/** A message as a sentence of its own. */
export const sentence = (message: string): string =>
  `${message.charAt(0).toUpperCase()}${message.slice(1)}${/[.!?]$/.test(message) ? '' : '.'}`;

export const grouped = (value: number): string => value.toLocaleString('en').replaceAll(',', '\u202f');
