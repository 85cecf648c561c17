/** The verdict about a file, with its reasons: what entries prove, and what is only said to be absent. @module */
import { h, type JSX } from 'preact';
import { isList, isMap } from '../client/answer.ts';
import { VERDICT } from '../client/shapes.ts';
import type { Verdict } from '../registry/verdict.ts';
import { type Entry, fields, isRow, type Row, refOf, text } from './entry.ts';
import type { WebLog } from './log.ts';
import { Card, EntryLink, EntryLinks, Hash, Show, Tag, Timeline, type Tone, useLoad } from './parts.ts';
import { linkTo } from './route.ts';
import { countryName, dictionary, findingOf, grouped } from './words.ts';

type Answer = Verdict & { readonly entries: readonly Row[] };

const isAnswer = isMap<Answer>({ ...VERDICT, entries: isList(isRow) });

type Told = { readonly answer: Answer; readonly entries: ReadonlyMap<number, Entry> };
type Build = Verdict['builds'][number];

type Saying = readonly [Tone, string, string];

const SAYS = dictionary<Saying>({
  valid: ['good', 'Signed and logged', 'This file was logged, and the key that signed it was good at that moment.'],
  tainted: [
    'bad',
    'Tainted',
    'This file was logged, but its key was later reported compromised, back to before this build. Do not use it.',
  ],
  refused: [
    'bad',
    'Refused',
    'An entry lists this file, but its key had no right to sign it. Do not use it, and tell the vendor.',
  ],
  unlogged: [
    'bad',
    'Not logged',
    'No entry of this log lists this file. If it bears the vendor’s signature all the same, that is the very case this log exists for: tell the vendor, and do not use it.',
  ],
});

const UNKNOWN: Saying = [
  'bad',
  'Unknown verdict',
  'These pages do not know the verdict that the log gives. Do not rely on it.',
];

export function VerdictView({ log, digest }: { log: WebLog; digest: string }): JSX.Element {
  const found = useLoad(() => judge(log, digest), [log, digest]);
  return h(Show<Told>, { of: found, children: (told) => h(VerdictCards, { told }) });
}

/** Each entry that the verdict cites must be proven; one that is not there is a fault. */
async function judge(log: WebLog, digest: string): Promise<Told> {
  const answer = await log.ask('verdict', { digest, proof: 1 }, isAnswer);
  const proven = await log.prove(answer.entries);
  const entries = new Map(proven.map((entry) => [entry.index, entry]));
  const cited = [...answer.proven.flatMap((one) => one.entries), ...answer.builds.map(({ index }) => index)];
  const missing = cited.find((index) => !entries.has(index));
  if (missing !== undefined && !('entriesLeftOut' in answer))
    throw new Error(`The verdict cites entry ${missing} and gives no proof of it. Do not rely on it.`);
  const hex = digest.slice('sha256:'.length);
  for (const { index } of answer.builds) {
    const listed = JSON.stringify(entries.get(index)?.fields.artifacts ?? '').includes(hex);
    if (!listed)
      throw new Error(
        `Entry ${index}, which the log names for this file, does not list it. Do not rely on this answer.`,
      );
  }
  return { answer, entries };
}

function VerdictCards({ told: { answer, entries } }: { told: Told }): JSX.Element {
  const [tone, word, says] = SAYS[answer.verdict] ?? UNKNOWN;
  return h('div', null, [
    h('section', { class: `card verdict ${tone}`, 'aria-label': 'Verdict', 'data-verdict': answer.verdict }, [
      h('h2', null, h(Tag, { tone }, word)),
      h('p', null, says),
      answer.withdrawn
        ? h('p', null, h(Tag, { tone: 'warn' }, 'withdrawn'), ' The vendor has withdrawn this build: see below.')
        : null,
      answer.contradicted
        ? h(
            'p',
            null,
            h(Tag, { tone: 'bad' }, 'contradicted'),
            ' Somebody who looked at it contradicts the vendor: see below.',
          )
        : null,
      h('p', { class: 'hint' }, ['Fingerprint ', h(Hash, { of: answer.digest })]),
    ]),
    answer.builds.map((build) => h(BuildCard, { build, entry: entries.get(build.index), key: build.index })),
    h('div', { class: 'grid two' }, [
      answer.proven.length === 0
        ? null
        : h(
            Card,
            { title: 'Proven in your browser' },
            h(
              'ul',
              { class: 'reasons' },
              answer.proven.map(({ says: said, entries: by }) =>
                h(
                  'li',
                  { key: said },
                  h(Tag, { tone: 'good' }, 'proven'),
                  ' ',
                  said,
                  ': ',
                  h(EntryLinks, { indexes: by }),
                ),
              ),
            ),
          ),
      h(Card, { title: 'The log’s word' }, [
        h(
          'p',
          { class: 'hint' },
          'That something is absent cannot be shown by a proof, only by reading everything, as monitors do.',
        ),
        h(
          'ul',
          { class: 'reasons' },
          answer.asserted.map(({ says: said, size }) =>
            h('li', { key: said }, h(Tag, { tone: 'quiet' }, 'said'), ` ${said}, among ${grouped(size)} entries`),
          ),
        ),
      ]),
    ]),
    entries.size === 0
      ? null
      : h(Card, { title: 'The entries behind it' }, h(Timeline, { entries: [...entries.values()] })),
  ]);
}

function BuildCard({ build, entry }: { build: Build; entry: Entry | undefined }): JSX.Element {
  const [tone, word] = SAYS[build.verdict] ?? UNKNOWN;
  const { attestations } = build.attested;
  return h(
    Card,
    { title: `${build.product} ${build.version}` },
    h('dl', { class: 'facts' }, [
      h('dt', null, 'Verdict'),
      h('dd', null, h(Tag, { tone }, word), ` ${build.why}`),
      h('dt', null, 'Logged as'),
      h('dd', null, h(EntryLink, { index: build.index }), ` by ${build.issuer}`),
      h('dt', null, 'File'),
      h('dd', null, build.names.join(', ')),
      h('dt', null, 'Key'),
      h(
        'dd',
        null,
        h('a', { href: linkTo('keys', build.kid) }, build.keyId ?? 'unknown'),
        build.stateNow ? `, now ${build.stateNow}` : '',
        build.compromise
          ? [
              ', compromised since entry ',
              h(EntryLink, { index: build.compromise.since }, String(build.compromise.since)),
            ]
          : null,
      ),
      h('dt', null, 'Built at'),
      h(
        'dd',
        null,
        build.site
          ? [
              `${build.site.site} in ${countryName(build.site.country)}, declared in `,
              h(EntryLink, { index: build.site.declaredBy }),
            ]
          : 'not said',
      ),
      h('dt', null, 'Source'),
      h(
        'dd',
        null,
        build.source.length === 0
          ? 'not said'
          : build.source.map(({ uri, reviews }) =>
              h(
                'span',
                { key: uri, class: 'source' },
                uri,
                reviews.length > 0 ? [', reviewed: ', h(EntryLinks, { indexes: reviews })] : ', not reviewed here',
              ),
            ),
      ),
      h('dt', null, 'Follows'),
      h(
        'dd',
        null,
        entry ? h(Follows, { said: entry.fields }) : '–',
        build.replacedBy.length > 0 ? [', replaced by ', h(EntryLinks, { indexes: build.replacedBy })] : null,
      ),
      h('dt', null, 'Attested'),
      h(
        'dd',
        null,
        attestations.length === 0
          ? 'by nobody yet'
          : attestations.map(({ index, issuer, verdict }) =>
              h(
                'span',
                { key: index, class: 'source' },
                h(Tag, { tone: findingOf(verdict)[1] }, `${issuer} ${findingOf(verdict)[2]}`),
                ' ',
                h(EntryLink, { index }),
              ),
            ),
      ),
      build.withdrawals.length === 0
        ? null
        : [h('dt', null, 'Withdrawn'), h('dd', null, h(EntryLinks, { indexes: build.withdrawals }))],
    ]),
  );
}

/** What a build replaces, and the file that a delta goes on top of. */
export function Follows({ said }: { said: Entry['fields'] }): JSX.Element {
  const replaced = refOf(said.replaces);
  const delta = fields(fields(said.deltaOf).digests).sha256;
  return h('span', null, [
    replaced === undefined ? null : ['replaces ', h(EntryLink, { index: replaced }), ' '],
    typeof delta === 'string'
      ? [
          'delta of ',
          h(
            'a',
            { href: linkTo('builds', '', { digest: `sha256:${delta}` }) },
            text(fields(said.deltaOf).name) || h(Hash, { of: delta }),
          ),
        ]
      : null,
    replaced === undefined && delta === undefined ? '–' : null,
  ]);
}
