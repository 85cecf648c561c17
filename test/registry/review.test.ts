import { test } from 'uvu';
import type { Payload } from '../../src/registry/kinds.ts';
import { judgeRows } from './rows.ts';
import { enrol, keyEvent, map, raw, SITE, say, supervised } from './world.ts';

const source = [{ uri: 'git+https://src.acme.example/kdb', digests: { gitCommit: new Uint8Array(20) } }];
const REVIEW: Payload<'review'> = { centre: 'acme/zrh-1', depth: 'full', outcome: 'nothing found', source };
const review = (more: Partial<Payload<'review'>> = {}, by = 'sup', iss = 'exam', header = {}) =>
  say(by, iss, 'review', { ...REVIEW, ...more }, { aud: undefined, ...header });

const withoutSource = (more: object = {}) =>
  raw('sup', 'review', map({ centre: 'acme/zrh-1', depth: 'full', outcome: 'none', ...more }), {
    iss: 'exam',
    sub: 'site:acme/zrh-1',
    aud: undefined,
  });

/** The supervisor has a centre of its own. */
function ownCentre() {
  const world = supervised().add(
    enrol('exam1', 'exam', 'exops', 'operations'),
    keyEvent('exam1', 'exam', 'exops', 'activate'),
  );
  return world.add(say('exops', 'exam', 'site', { ...SITE, event: 'declare', siteId: 'lab' }));
}
const closed = () => supervised().add(say('ops', 'acme', 'site', { ...SITE, event: 'retire' }));

judgeRows([
  [
    'subject',
    'another centre',
    supervised,
    () => review({}, 'sup', 'exam', { sub: 'site:zrh-1' }),
    () => review({}, 'sup', 'exam', { sub: 'site:acme/zrh-1' }),
  ],
  ['key-purpose', 'a rebuild key', supervised, () => review({}, 'reb', 'redo'), () => review()],
  [
    'supervisor',
    'the vendor itself',
    () =>
      supervised().add(enrol('acme1', 'acme', 'asup', 'supervision'), keyEvent('acme1', 'acme', 'asup', 'activate')),
    () => review({ centre: 'zrh-1' }, 'asup', 'acme'),
    () => review(),
  ],
  ['site', 'that nobody declared', supervised, () => review({ centre: 'acme/gva-1' }), () => review()],
  [
    'site',
    'of the vendor, named as an own one',
    ownCentre,
    () => review({ centre: 'zrh-1' }),
    () => review({ centre: 'lab' }),
  ],
  [
    'site',
    'of nobody',
    closed,
    () => review({ centre: 'nobody/zrh-1' }),
    () => review({ note: 'it has closed since' }),
  ],
  [
    'schema',
    'neither source nor refs',
    supervised,
    () => withoutSource(),
    (w) =>
      withoutSource({
        refs: [
          new Map<string, number | Uint8Array>([
            ['index', 2],
            ['leafHash', w.ref(2).leafHash],
          ]),
        ],
      }),
  ],
  [
    'reference',
    'in refs',
    supervised,
    (w) => review({ refs: [{ ...w.ref(2), index: 3 }] }),
    (w) => review({ refs: [w.ref(2)] }),
  ],
]);

test.run();
