/** Charts as SVG: the growth of the log, and periods as bars. Each says in words what it shows. @module */
import { h, type JSX } from 'preact';
import { dayInWords, grouped } from './words.ts';

export type Point = { readonly at: number; readonly size: number };
const [WIDTH, HEIGHT, LEFT, FLOOR] = [520, 170, 8, 146];

/** The number of entries over the time that the log's clock told. */
export function Growth({ points, size }: { points: readonly Point[]; size: number }): JSX.Element {
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined || first.at === last.at)
    return h('p', { class: 'nothing' }, `The log has ${grouped(size)} entries and is too young for a curve.`);
  const x = (at: number) => LEFT + ((at - first.at) / (last.at - first.at)) * (WIDTH - 2 * LEFT);
  const y = (value: number) => FLOOR - (value / size) * (FLOOR - 22);
  const line = points.map(({ at, size: own }) => `${x(at).toFixed(1)} ${y(own).toFixed(1)}`).join('L');
  const end = `${x(last.at)} ${y(size)}`;
  // Within a day, the time of day is what tells the ends apart.
  const isShort = dayInWords(first.at) === dayInWords(last.at);
  const day = (at: number) =>
    isShort ? new Date(at).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'short' }) : dayInWords(at);
  const words = `From ${day(first.at)} to ${day(last.at)} the log grew to ${grouped(size)} entries.`;
  return h('figure', { class: 'chart' }, [
    h('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', 'aria-label': words }, [
      [0.25, 0.5, 0.75, 1].map((part) =>
        h('line', { class: 'rule', x1: LEFT, x2: WIDTH - LEFT, y1: y(size * part), y2: y(size * part) }),
      ),
      h('path', { class: 'area', d: `M${x(first.at)} ${FLOOR}L${line}L${end}L${x(last.at)} ${FLOOR}Z` }),
      h('path', { class: 'curve', d: `M${line}L${end}` }),
      points.map(({ at, size: own }) => h('circle', { class: 'dot', cx: x(at), cy: y(own), r: 2.5 })),
      h('text', { class: 'label', x: WIDTH - LEFT, y: 14, 'text-anchor': 'end' }, `${grouped(size)} entries`),
      h('line', { class: 'axis', x1: LEFT, x2: WIDTH - LEFT, y1: FLOOR, y2: FLOOR }),
      h('text', { class: 'label', x: LEFT, y: HEIGHT - 6 }, day(first.at)),
      h('text', { class: 'label', x: WIDTH - LEFT, y: HEIGHT - 6, 'text-anchor': 'end' }, day(last.at)),
    ]),
    h('figcaption', null, 'Entries, by the clock that the log itself writes into the log'),
  ]);
}

export type Span = {
  readonly from: number;
  readonly to: number;
  readonly style: string;
  readonly says: string;
  readonly word?: string;
};
export type BarRow = { readonly name: string; readonly href?: string | undefined; readonly spans: readonly Span[] };

/** Rows of spans over one axis; holes stay visible as holes. */
export function Bars({
  rows,
  from,
  to,
  ends,
  label,
  mark,
}: {
  rows: readonly BarRow[];
  from: number;
  to: number;
  ends: readonly [string, string];
  label: string;
  mark?: number;
}): JSX.Element {
  const place = (value: number) => Math.max(0, Math.min(100, ((value - from) / Math.max(1e-9, to - from)) * 100));
  return h('div', { class: 'bars', role: 'group', 'aria-label': label }, [
    rows.map(({ name, href, spans }, i) =>
      h('div', { class: 'barrow', key: i }, [
        h('div', { class: 'barname' }, href === undefined ? name : h('a', { href }, name)),
        h(
          'div',
          { class: 'bar', role: 'img', 'aria-label': spans.map(({ says }) => says).join('; ') },
          spans.map(({ from: lo, to: hi, style, says, word = style }) => {
            const [start, end] = [place(lo), place(hi)];
            return h(
              'span',
              { class: `span ${style}`, title: says, style: { left: `${start}%`, width: `max(3px, ${end - start}%)` } },
              h('span', { class: 'spanword', 'aria-hidden': 'true' }, word),
            );
          }),
          mark === undefined ? null : h('span', { class: 'markline', style: { left: `${place(mark)}%` } }),
        ),
      ]),
    ),
    h(
      'div',
      { class: 'barrow axis', 'aria-hidden': 'true' },
      h('div', { class: 'barname' }),
      h('div', { class: 'ends' }, h('span', null, ends[0]), h('span', null, ends[1])),
    ),
  ]);
}
