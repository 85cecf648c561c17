import { test } from 'uvu';
import { judgeRows } from './rows.ts';
import { building, map, raw, say } from './world.ts';

const period = { from: '2020-01-01T00:00:00Z', to: '2020-12-31T23:59:59Z' };
const disclose = (more: object = {}, by = 'ops', header = {}) =>
  say(by, 'acme', 'disclosure', { period, country: 'RU', received: 93, rejected: 28, ...more }, header);
const rawly = (country: string) =>
  raw('ops', 'disclosure', map({ period: new Map(Object.entries(period)), country, received: 1, rejected: 0 }), {
    iss: 'acme',
    sub: `country:${country}`,
  });

judgeRows([
  ['subject', 'another country', building, () => disclose({}, 'ops', { sub: 'country:CH' }), () => disclose()],
  ['audience', 'none', building, () => disclose({}, 'ops', { aud: undefined }), () => disclose()],
  ['key-purpose', 'a build key', building, () => disclose({}, 'bld'), () => disclose()],
  ['country', 'a union of them', building, () => rawly('EU'), () => rawly('DE')],
  [
    'counts',
    'more rejected than received',
    building,
    () => disclose({ rejected: 94 }),
    () => disclose({ rejected: 93 }),
  ],
  [
    'period',
    'that ends before it begins',
    building,
    () => disclose({ period: { from: period.to, to: period.from } }),
    () => disclose({ period: { from: period.from, to: period.from } }),
  ],
]);

test.run();
