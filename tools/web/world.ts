/** The countries of the world as SVG paths by their codes, made smaller from the geometry of `world-atlas`. @module */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { iso31661 } from 'iso-3166';
import { feature } from 'topojson-client';
import type { GeometryCollection, Topology } from 'topojson-specification';

/** The map is 720 wide and shows 84° north to 58° south: nobody keeps data beyond. */
const [WIDTH, NORTH, SOUTH] = [720, 84, -58];

export type WorldMap = {
  readonly width: number;
  readonly height: number;
  readonly countries: Readonly<Record<string, { readonly path: string; readonly at: readonly [number, number] }>>;
};

export function world(): WorldMap {
  const file = createRequire(import.meta.url).resolve('world-atlas/countries-110m.json');
  const topology = JSON.parse(readFileSync(file, 'utf8')) as Topology<{ countries: GeometryCollection }>;
  const codes = new Map(iso31661.map(({ numeric, alpha2 }) => [numeric, alpha2]));
  const countries: Record<string, { path: string; at: [number, number] }> = {};
  for (const { id, geometry } of feature(topology, topology.objects.countries).features) {
    const code = codes.get(String(id).padStart(3, '0'));
    if (code === undefined || code === 'AQ') continue;
    const polygons =
      geometry.type === 'Polygon'
        ? [geometry.coordinates]
        : geometry.type === 'MultiPolygon'
          ? geometry.coordinates
          : [];
    const rings = polygons
      .flatMap((polygon) => unwrapped(polygon[0] as [number, number][]))
      .map((ring) => ring.map(project));
    const largest = rings.reduce((best, ring) => (area(ring) > area(best) ? ring : best), rings[0] ?? []);
    countries[code] = { path: rings.map(pathOf).join(''), at: middle(largest) };
  }
  return { width: WIDTH, height: project([0, SOUTH])[1], countries };
}

/** A ring that crosses 180° goes on beyond it, and is drawn a second time on the other side of the map. */
function unwrapped(ring: readonly [number, number][]): [number, number][][] {
  let turn = 0;
  const whole = ring.map(([longitude, latitude], i): [number, number] => {
    const step = longitude - (ring[i - 1]?.[0] ?? longitude);
    if (Math.abs(step) > 180) turn -= Math.sign(step) * 360;
    return [longitude + turn, latitude];
  });
  const beyond = whole.find(([longitude]) => Math.abs(longitude) > 180);
  if (beyond === undefined) return [whole];
  const back = -Math.sign(beyond[0]) * 360;
  return [whole, whole.map(([longitude, latitude]) => [longitude + back, latitude])];
}

/** Equirectangular, squeezed a little in its breadth, so that the north stays recognisable. */
function project([longitude, latitude]: [number, number]): [number, number] {
  const scale = WIDTH / 360;
  return [round((longitude + 180) * scale), round((NORTH - Math.max(latitude, SOUTH)) * scale * 1.15)];
}

const round = (value: number): number => Math.round(value * 10) / 10;

/** Steps that are less than half a unit are left out. */
function pathOf(ring: readonly [number, number][]): string {
  const kept: [number, number][] = [];
  for (const point of ring) {
    const last = kept.at(-1);
    if (last === undefined || Math.abs(last[0] - point[0]) + Math.abs(last[1] - point[1]) >= 0.6) kept.push(point);
  }
  if (kept.length < 3) return '';
  const [first, ...rest] = kept as [[number, number], ...[number, number][]];
  let at = first;
  const steps = rest.map((point) => {
    const step = `${round(point[0] - at[0])} ${round(point[1] - at[1])}`;
    at = point;
    return step;
  });
  return `M${first[0]} ${first[1]}l${steps.join(' ')}z`;
}

function area(ring: readonly [number, number][]): number {
  return Math.abs(
    ring.reduce((sum, [x, y], i) => {
      const [nextX, nextY] = ring[(i + 1) % ring.length] as [number, number];
      return sum + x * nextY - nextX * y;
    }, 0),
  );
}

function middle(ring: readonly [number, number][]): [number, number] {
  const [xs, ys] = [ring.map(([x]) => x), ring.map(([, y]) => y)];
  return [round((Math.min(...xs) + Math.max(...xs)) / 2), round((Math.min(...ys) + Math.max(...ys)) / 2)];
}
