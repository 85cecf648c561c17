/** A map of the world: where data is, whose data it is, and from where it can be reached; each with a pattern of its own. @module */
import { h, type JSX } from 'preact';
import { isMap } from '../client/answer.ts';
import { getter, jsonOf } from './fetch.ts';
import { Show, useLoad } from './parts.ts';
import { countryName, dictionary } from './words.ts';

type WorldMap = {
  readonly width: number;
  readonly height: number;
  readonly countries: Readonly<Record<string, { path: string; at: [number, number] }>>;
};
export type MapProps = {
  readonly sites: readonly { readonly country: string; readonly site: string; readonly presence: string }[];
  readonly subject: string;
  readonly access: readonly { readonly country: string; readonly class: string }[];
};

const isNumber = (value: unknown): value is number => typeof value === 'number';
/** Its countries come with the pages themselves. */
const isWorld = isMap<WorldMap>({ width: isNumber, height: isNumber, countries: isMap({}) });

const file = () => document.querySelector<HTMLMetaElement>('meta[name="limmat-world"]')?.content ?? '';

export function WorldMapView(props: MapProps): JSX.Element {
  const world = useLoad(async () => {
    const map = jsonOf(await getter(document.baseURI)(file()), isWorld);
    return { ...map, countries: dictionary(map.countries) };
  }, []);
  return h(Show<WorldMap>, { of: world, children: (map) => h(Drawing, { map, ...props }) });
}

function Drawing({ map, sites, subject, access }: MapProps & { map: WorldMap }): JSX.Element {
  const holds = new Set(sites.map(({ country }) => country));
  const reaches = new Set(access.filter((one) => one.class !== 'none').map(({ country }) => country));
  const roles = (code: string) =>
    [holds.has(code) ? 'holds' : '', reaches.has(code) ? 'reaches' : '', code === subject ? 'subject' : ''].filter(
      Boolean,
    );
  const words = [
    sites.length === 0
      ? 'No site is known to hold the data.'
      : `The data is in ${[...holds].map(countryName).join(' and ')}.`,
    reaches.size === 0 ? '' : `It can be reached from ${[...reaches].map(countryName).join(', ')}.`,
    `The people live in ${countryName(subject)}.`,
  ].join(' ');
  const end = map.countries[subject]?.at;
  const box = frame(map, [...holds, ...reaches, subject]);
  // Marks keep their size however close the map is shown.
  const unit = box[2] / map.width;
  return h('figure', { class: 'map' }, [
    h('svg', { viewBox: box.join(' '), role: 'img', 'aria-label': words }, [
      h('defs', null, [
        h(
          'pattern',
          { id: 'dots', width: 4, height: 4, patternUnits: 'userSpaceOnUse', patternTransform: `scale(${1.4 * unit})` },
          h('circle', { class: 'ink', cx: 2, cy: 2, r: 0.9 }),
        ),
        h(
          'pattern',
          {
            id: 'lines',
            width: 4,
            height: 4,
            patternUnits: 'userSpaceOnUse',
            patternTransform: `rotate(45) scale(${1.4 * unit})`,
          },
          h('rect', { class: 'ink', width: 1.6, height: 4 }),
        ),
      ]),
      Object.entries(map.countries).map(([code, { path }]) => h('path', { key: code, class: 'land', d: path })),
      Object.entries(map.countries).flatMap(([code, { path }]) =>
        roles(code).map((role) =>
          h('path', { key: code + role, class: role, d: path }, h('title', null, countryName(code))),
        ),
      ),
      end === undefined
        ? null
        : [...holds]
            .filter((code) => code !== subject)
            .flatMap((code) => {
              const from = map.countries[code]?.at;
              return from === undefined ? [] : [h('path', { class: 'route', d: arc(end, from) })];
            }),
      [...holds].map((code) =>
        h(Pin, {
          key: code,
          unit,
          at: map.countries[code]?.at,
          text: sites
            .filter(({ country }) => country === code)
            .map(({ site }) => site.split('/').at(-1))
            .join(', '),
        }),
      ),
    ]),
    h('figcaption', null, [
      h('ul', { class: 'legend' }, [
        h('li', null, h('span', { class: 'swatch holds', 'aria-hidden': 'true' }), 'holds the data'),
        h('li', null, h('span', { class: 'swatch reaches', 'aria-hidden': 'true' }), 'can reach it'),
        h('li', null, h('span', { class: 'swatch subject', 'aria-hidden': 'true' }), 'people live here'),
      ]),
      h('p', null, words),
    ]),
  ]);
}

function arc([x0, y0]: readonly [number, number], [x1, y1]: readonly [number, number]): string {
  const lift = Math.min(60, 12 + Math.hypot(x1 - x0, y1 - y0) / 4);
  return `M${x0} ${y0}Q${(x0 + x1) / 2} ${Math.min(y0, y1) - lift} ${x1} ${y1}`;
}

const Pin = ({
  at,
  text,
  unit,
}: {
  at: [number, number] | undefined;
  text: string;
  unit: number;
}): JSX.Element | null =>
  at === undefined
    ? null
    : h('g', { class: 'pin' }, [
        h('circle', { cx: at[0], cy: at[1], r: 5 * unit }),
        h('text', { x: at[0] + 9 * unit, y: at[1] + 5 * unit, 'font-size': 17 * unit, 'stroke-width': 4 * unit }, text),
      ]);

/** The part of the map around these countries: left, top, width, height. */
export function frame(map: WorldMap, codes: readonly string[]): [number, number, number, number] {
  const points = codes.flatMap((code) => (map.countries[code] ? [map.countries[code].at] : []));
  if (points.length === 0) return [0, 0, map.width, map.height];
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const wanted = Math.max(220, right - left + 150, (bottom - top + 110) * (map.width / map.height));
  const width = Math.min(map.width, wanted);
  const height = (width * map.height) / map.width;
  const within = (middle: number, size: number, whole: number) =>
    Math.max(0, Math.min(whole - size, middle - size / 2));
  return [within((left + right) / 2, width, map.width), within((top + bottom) / 2, height, map.height), width, height];
}
