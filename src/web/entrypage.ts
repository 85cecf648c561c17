/** One entry: what it says in words, its fields and bytes, and the live check of its proof. @module */
import { h, type JSX } from 'preact';
import { toHex } from '../core/bytes.ts';
import type { Json } from '../registry/json.ts';
import type { PageProps } from './app.ts';
import { Check } from './checkview.ts';
import { type Entry, list, refOf } from './entry.ts';
import type { WebLog } from './log.ts';
import { ShowPages, useRows } from './pages.ts';
import { Card, EntryLink, Hash, Nothing, Show, Time, Title, useLoad } from './parts.ts';
import { indexOf, linkTo } from './route.ts';
import { claimedTime, grouped, inWords } from './words.ts';

export function EntryPage({ log, place, newest }: PageProps): JSX.Element {
  const index = indexOf(place.id);
  if (index === undefined) return h(FindEntry, { wrong: place.id });
  return h(OneEntry, { log, index, newest, key: index });
}

/** Without an index, one can be typed. */
export function FindEntry({ wrong }: { wrong: string }): JSX.Element {
  return h('div', null, [
    h(
      Title,
      { title: 'Which entry?' },
      wrong === ''
        ? 'Entries are counted from 0.'
        : `“${wrong}” is not the number of an entry: they are counted from 0.`,
    ),
    h(IndexForm, {}),
  ]);
}

export function IndexForm(): JSX.Element {
  const go = (event: SubmitEvent) => {
    event.preventDefault();
    location.hash = linkTo('entry', String(new FormData(event.target as HTMLFormElement).get('index')));
  };
  return h('form', { onSubmit: go, class: 'search' }, [
    h(
      'div',
      null,
      h('label', { for: 'index' }, 'Number of the entry'),
      h('input', { id: 'index', name: 'index', inputMode: 'numeric', pattern: '[0-9]+', required: true }),
    ),
    h('button', null, 'Show it'),
  ]);
}

function OneEntry({ log, index, newest }: Pick<PageProps, 'log' | 'newest'> & { index: number }): JSX.Element {
  const found = useLoad(() => log.entry(index), [log, index]);
  const entry = found.value;
  return h('div', null, [
    h(
      Title,
      { title: `Entry ${grouped(index)}` },
      entry ? `${inWords(entry)}.` : 'What was logged here, and the proof that it was.',
    ),
    h(Check, { log, index }),
    h(Show<Entry | undefined>, {
      of:
        'value' in found && found.value === undefined
          ? { ...found, error: new Error(`There is no entry ${index}: the log is not that long yet.`) }
          : found,
      children: (value) => (value ? h(Details, { log, entry: value }) : null),
    }),
    h(Neighbours, { index, size: newest.value?.checkpoint.size }),
  ]);
}

/** The entries before and after, as far as there are any. */
export const Neighbours = ({ index, size }: { index: number; size: number | undefined }): JSX.Element =>
  h('p', { class: 'neighbours' }, [
    index > 0
      ? h('a', { href: linkTo('entry', String(index - 1)), rel: 'prev' }, `← entry ${grouped(index - 1)}`)
      : h('span', null),
    size !== undefined && index + 1 < size
      ? h('a', { href: linkTo('entry', String(index + 1)), rel: 'next' }, `entry ${grouped(index + 1)} →`)
      : h('span', { class: 'hint' }, size === undefined ? '' : 'This is the newest entry.'),
  ]);

function Details({ log, entry }: { log: WebLog; entry: Entry }): JSX.Element {
  const { from, to } = entry.between;
  const about = useRows(log, 'entries', { about: entry.index }, [entry.index], 32);
  const claimed = claimedTime(entry);
  const word = to?.word === 'witnesses' ? 'as witnesses cosigned' : 'by the log’s own clock';
  const url = (path: string) => new URL(path, log.base).href;
  return h('div', { class: 'grid two' }, [
    h(Card, { title: 'What it says' }, h(FieldList, { fields: entry.fields })),
    h('div', null, [
      h(
        Card,
        { title: 'When and by whom' },
        h('dl', { class: 'facts' }, [
          h('dt', null, 'Issuer'),
          h('dd', null, entry.issuer),
          h('dt', null, 'About'),
          h('dd', null, entry.subject),
          h('dt', null, 'Kind'),
          h('dd', null, entry.kind ?? entry.statement.contentType),
          h('dt', null, 'Signed with'),
          h('dd', null, h('a', { href: linkTo('keys', entry.signer) }, h(Hash, { of: entry.signer }))),
          h('dt', null, 'Says it was made'),
          h('dd', null, claimed === undefined ? 'nothing' : h(Time, { at: claimed })),
          h('dt', null, 'Logged'),
          h('dd', null, [
            from?.time ? ['after ', h(Time, { at: from.time })] : null,
            to?.time ? [from?.time ? ' and by ' : 'by ', h(Time, { at: to.time }), `, ${word}`] : 'not cosigned yet',
          ]),
        ]),
      ),
      h(
        Card,
        { title: 'What was said about it' },
        h(ShowPages<Entry>, {
          pages: about,
          of: 'entries',
          children: (entries) =>
            entries.length === 0
              ? h(Nothing, null, 'No later entry refers to this one.')
              : h(
                  'ul',
                  { class: 'plainlist' },
                  entries.map((one) => h('li', { key: one.index }, h(EntryLink, { index: one.index }, inWords(one)))),
                ),
        }),
      ),
      h(Card, { title: 'Take it with you' }, [
        h('ul', { class: 'plainlist' }, [
          h(
            'li',
            null,
            h(
              'a',
              { href: url(`v1/proof?index=${entry.index}`), download: `entry-${entry.index}.tlog-proof` },
              'Proof for offline use',
            ),
            ' (.tlog-proof)',
          ),
          h(
            'li',
            null,
            h(
              'a',
              { href: url(`entries/${entry.entryId}/transparent-statement`), download: `entry-${entry.index}.cose` },
              'Transparent statement',
            ),
            ' (COSE, with its receipt)',
          ),
          h('li', null, h('a', { href: linkTo('entry', String(entry.index)) }, 'Permalink to this page')),
        ]),
        h('p', { class: 'hint' }, ['Verify it anywhere with ', h('code', null, 'limmat verify'), '.']),
      ]),
      h(Raw, { bytes: entry.statement.entry, leafHash: entry.leafHash }),
    ]),
  ]);
}

export function Raw({ bytes, leafHash }: { bytes: Uint8Array; leafHash: string }): JSX.Element {
  const rows = Array.from({ length: Math.ceil(bytes.length / 16) }, (_, i) => {
    const part = bytes.subarray(16 * i, 16 * i + 16);
    const readable = [...part].map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '·')).join('');
    return `${(16 * i).toString(16).padStart(4, '0')}  ${(toHex(part).match(/../g) ?? []).join(' ').padEnd(47)}  ${readable}`;
  });
  return h(Card, { title: 'Raw bytes' }, [
    h('p', { class: 'hint' }, `${bytes.length} bytes. Leaf hash: `, h(Hash, { of: leafHash })),
    h('details', null, h('summary', null, 'Show them'), h('pre', { class: 'raw', tabIndex: 0 }, rows.join('\n'))),
  ]);
}

/** The fields of a payload as JSON has them; references become links. */
function FieldList({ fields }: { fields: { readonly [name: string]: Json } }): JSX.Element {
  return h(
    'dl',
    { class: 'facts fields' },
    Object.entries(fields).flatMap(([name, value]) => [
      h('dt', { key: `t${name}` }, name),
      h('dd', { key: name }, h(Value, { value })),
    ]),
  );
}

function Value({ value }: { value: Json }): JSX.Element {
  const index = refOf(value);
  if (index !== undefined && Object.keys(value as object).length === 2) return h(EntryLink, { index });
  if (Array.isArray(value)) {
    const plain = list(value).every((one) => typeof one !== 'object');
    return plain
      ? h('span', null, value.join(', '))
      : h(
          'ul',
          { class: 'values' },
          list(value).map((one, i) => h('li', { key: i }, h(Value, { value: one }))),
        );
  }
  if (typeof value === 'object' && value !== null) return h(FieldList, { fields: value as { [name: string]: Json } });
  const text = String(value);
  if (/^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]+Z$/.test(text)) return h(Time, { at: text });
  return /^[0-9a-f]{40,}$/.test(text) ? h(Hash, { of: text }) : h('span', null, text);
}
