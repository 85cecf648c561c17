/** Pages of a log that keeps bytes without reading them: what it promises, and one entry as it is. @module */
import { h, type JSX } from 'preact';
import { toHex } from '../core/bytes.ts';
import { leafHash } from '../core/hash.ts';
import { Reader } from '../core/reader.ts';
import { TILE_WIDTH } from '../core/tile.ts';
import type { PageProps } from './app.ts';
import { Check } from './checkview.ts';
import { FindEntry, IndexForm, Neighbours, Raw } from './entrypage.ts';
import type { Newest } from './log.ts';
import { Checkpoint } from './overview.ts';
import { Card, Show, Title, useLoad } from './parts.ts';
import { indexOf } from './route.ts';
import { grouped } from './words.ts';

export function OpaqueOverview({ log, newest }: PageProps): JSX.Element {
  return h('div', null, [
    h(
      Title,
      { title: 'What this log promises' },
      'It keeps what it is given, in order, and nothing can be changed or taken back unnoticed. It does not read its entries: what they mean is known to those who put them there. Your browser checks the proofs itself.',
    ),
    h('div', { class: 'grid two' }, [
      h(
        Card,
        { title: 'Newest checkpoint' },
        h(Show<Newest>, {
          of: newest,
          children: (value) => h(Checkpoint, { log, newest: value, witnesses: undefined }),
        }),
      ),
      h(Card, { title: 'Look at an entry' }, h(IndexForm, {})),
    ]),
  ]);
}

export function OpaqueEntry({ log, place, newest }: PageProps): JSX.Element {
  const index = indexOf(place.id);
  const bytes = useLoad(async () => {
    if (index === undefined) return undefined;
    const { checkpoint } = await log.head();
    if (index >= checkpoint.size) throw new Error(`There is no entry ${index}: the log is not that long yet.`);
    const entries = await new Reader(log.get, checkpoint).entries(Math.floor(index / TILE_WIDTH));
    return entries[index % TILE_WIDTH];
  }, [log, index]);
  if (index === undefined) return h(FindEntry, { wrong: place.id });
  const url = new URL(`v1/proof?index=${index}`, log.base).href;
  return h('div', { key: index }, [
    h(
      Title,
      { title: `Entry ${grouped(index)}` },
      'The bytes that were logged here, and the proof that they were. What they mean this log does not know.',
    ),
    h(Check, { log, index }),
    h('div', { class: 'grid two' }, [
      h(Show<Uint8Array | undefined>, {
        of: bytes,
        children: (value) => (value ? h(Raw, { bytes: value, leafHash: toHex(leafHash(value)) }) : null),
      }),
      h(
        Card,
        { title: 'Take it with you' },
        h('p', null, [
          h('a', { href: url, download: `entry-${index}.tlog-proof` }, 'Proof for offline use'),
          ' (.tlog-proof). Verify it anywhere with ',
          h('code', null, 'limmat verify'),
          '.',
        ]),
      ),
    ]),
    h(Neighbours, { index, size: newest.value?.checkpoint.size }),
  ]);
}
