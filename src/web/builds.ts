/** Builds: searched by product and version, or by dropping a file, which is hashed here; and the verdict about it. @module */
import { h, type JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { PageProps } from './app.ts';
import { count, type Entry, fields, list, text } from './entry.ts';
import { hashFile } from './hashfile.ts';
import type { Rows, WebLog } from './log.ts';
import { Card, EntryLink, Nothing, Show, Table, Time, Title, useLoad } from './parts.ts';
import { linkTo } from './route.ts';
import { Follows, VerdictView } from './verdict.ts';
import { grouped, spoken } from './words.ts';

const PAGE = 32;

export function BuildsPage({ log, place }: PageProps): JSX.Element {
  const digest = place.params.get('digest') ?? '';
  return h('div', null, [
    h(
      Title,
      { title: 'Builds' },
      'Is this file one that was signed and logged, by whom, where, from which source, and was the key good? Drop it here, or search.',
    ),
    h('div', { class: 'grid two' }, [h(DropFile, {}), h(Search, { place })]),
    digest === '' ? h(Found, { log, params: place.params }) : h(VerdictView, { log, digest, key: digest }),
  ]);
}

/** The file is read in this browser and not sent anywhere; only its hash is asked about. */
function DropFile(): JSX.Element {
  const [over, setOver] = useState(false);
  const [state, setState] = useState('');
  async function take(file: File | undefined): Promise<void> {
    if (file === undefined) return;
    try {
      const digest = await hashFile(file, (part) => setState(`Hashing ${file.name}: ${Math.floor(100 * part)} %`));
      setState(`${file.name}, ${grouped(file.size)} bytes, was hashed here.`);
      location.hash = linkTo('builds', '', { digest });
    } catch {
      setState(`${file.name} cannot be read. Is it a folder, or was it moved? Choose the file itself.`);
    }
  }
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    void take(event.dataTransfer?.files[0]);
  };
  const drag = (event: DragEvent) => {
    event.preventDefault();
    setOver(true);
  };
  useEffect(() => {
    // A file that misses the field must not replace the page.
    const keep = (event: DragEvent) => event.preventDefault();
    addEventListener('dragover', keep);
    addEventListener('drop', keep);
    return () => {
      removeEventListener('dragover', keep);
      removeEventListener('drop', keep);
    };
  }, []);
  return h(
    'section',
    {
      class: `card drop ${over ? 'over' : ''}`,
      'aria-label': 'Check a file',
      onDragOver: drag,
      onDragLeave: () => setOver(false),
      onDrop: drop,
    },
    [
      h('h2', null, 'Check a file'),
      h('p', null, 'Drop a file here, or choose it. It stays on your machine: only its fingerprint is asked about.'),
      h('label', { class: 'button', for: 'file' }, 'Choose a file'),
      h('input', {
        id: 'file',
        type: 'file',
        class: 'file',
        onChange: (event: Event) => void take((event.target as HTMLInputElement).files?.[0]),
      }),
      h('p', { role: 'status', class: 'hint' }, state),
    ],
  );
}

function Search({ place }: { place: PageProps['place'] }): JSX.Element {
  const search = (event: SubmitEvent) => {
    event.preventDefault();
    const given = new FormData(event.target as HTMLFormElement);
    const value = (name: string) => String(given.get(name) ?? '').trim();
    const digest = value('digest').toLowerCase();
    location.hash = linkTo(
      'builds',
      '',
      digest === ''
        ? { product: value('product'), version: value('version') }
        : { digest: digest.includes(':') ? digest : `sha256:${digest}` },
    );
  };
  const field = (name: string, label: string, more: object = {}) =>
    h(
      'div',
      null,
      h('label', { for: name }, label),
      h('input', { id: name, name, defaultValue: place.params.get(name) ?? '', autocomplete: 'off', ...more }),
    );
  return h('section', { class: 'card', 'aria-label': 'Search' }, [
    h('h2', null, 'Search'),
    h('form', { class: 'search', onSubmit: search, key: place.params.toString() }, [
      field('product', 'Product'),
      field('version', 'Version'),
      field('digest', 'or a SHA-256', {
        pattern: '(sha256:)?[0-9a-fA-F]{64}',
        title: '64 hexadecimal digits',
        class: 'long',
      }),
      h('button', null, 'Search'),
    ]),
  ]);
}

function Found({ log, params }: { log: WebLog; params: URLSearchParams }): JSX.Element {
  const [product, version, key, site] = ['product', 'version', 'key', 'site'].map(
    (name) => params.get(name) ?? undefined,
  );
  const [pages, setPages] = useState<readonly number[]>([-1]);
  const asked = { product, version, key, site };
  const what = [product, version].filter(Boolean).join(' ') || (key ? 'by this key' : site ? `at ${site}` : 'all');
  useEffect(() => setPages([-1]), [params.toString()]);
  const at = pages.at(-1) as number;
  const found = useLoad(
    () => log.rows('builds', { ...asked, after: at < 0 ? undefined : at, limit: PAGE }),
    [params.toString(), at],
  );
  return h(
    Card,
    { title: `Builds: ${what}` },
    h(Show<Rows>, {
      of: found,
      children: ({ entries, next }) => [
        entries.length === 0
          ? h(
              Nothing,
              null,
              what === 'all'
                ? 'No build is logged yet.'
                : 'No build is logged like that. Spell product and version as the vendor does, or leave one of them empty.',
            )
          : h(BuildTable, { entries }),
        h('p', { class: 'pager' }, [
          pages.length > 1
            ? h('button', { type: 'button', class: 'small', onClick: () => setPages(pages.slice(0, -1)) }, '← Earlier')
            : null,
          next === undefined
            ? null
            : h('button', { type: 'button', class: 'small', onClick: () => setPages([...pages, next]) }, 'Later →'),
        ]),
      ],
    }),
  );
}

function BuildTable({ entries }: { entries: readonly Entry[] }): JSX.Element {
  return h(Table, {
    caption: 'Builds',
    head: ['Entry', 'Product', 'Version', 'Kind', 'Site', 'Logged', 'Files', 'Follows'],
    rows: entries.map(({ index, fields: said, between }) => [
      h(EntryLink, { index }),
      text(said.product),
      h('a', { href: linkTo('builds', '', { digest: digestOf(said) }) }, text(said.version)),
      spoken(text(said.artifactKind)),
      text(said.site),
      between.to?.time ? h(Time, { at: between.to.time }) : '–',
      h(Files, { said }),
      h(Follows, { said }),
    ]),
  });
}

/** The digest that a build is asked about by. */
export const digestOf = (said: Entry['fields']): string | undefined => {
  const { sha256 } = fields(fields(list(said.artifacts)[0]).digests);
  return typeof sha256 === 'string' ? `sha256:${sha256}` : undefined;
};

const Files = ({ said }: { said: Entry['fields'] }): JSX.Element => {
  const [first, ...more] = list(said.artifacts).map(fields);
  return h(
    'span',
    null,
    text(first?.name),
    first?.size === undefined ? '' : `, ${grouped(count(first.size))} bytes`,
    more.length > 0 ? ` and ${more.length} more` : '',
  );
};
