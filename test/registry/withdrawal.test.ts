import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Ref } from '../../src/registry/common.ts';
import { judgeRows } from './rows.ts';
import { BUILD, building, enrol, keyEvent, SITE, say, type World } from './world.ts';

/** A build of acme, and then one of the operator. */
function builds(): World {
  const world = building().add(say('bld', 'acme', 'build', BUILD));
  for (const [name, purpose] of [
    ['opops', 'operations'],
    ['opbld', 'build'],
  ] as const) {
    world.add(enrol('op1', 'op', name, purpose), keyEvent('op1', 'op', name, 'activate'));
  }
  world.add(say('opops', 'op', 'site', { event: 'declare', ...SITE }));
  return world.add(say('opbld', 'op', 'build', { ...BUILD, version: '2' }));
}
const own = (w: World) => w.ref(w.entries.findIndex(({ statement }) => statement.contentType.includes('build')));
const withdraw = (ref: Ref, more: object = {}, by = 'bld', iss = 'acme', header = {}) =>
  say(by, iss, 'withdrawal', { ref, reason: 'defect', ...more }, header);

judgeRows([
  [
    'subject',
    'another entry',
    builds,
    (w) => withdraw(own(w), {}, 'bld', 'acme', { sub: 'pkg:generic/kdb@1' }),
    (w) => withdraw(own(w), {}, 'bld', 'acme', { sub: `entry:${own(w).index}` }),
  ],
  ['audience', 'none', builds, (w) => withdraw(own(w), {}, 'bld', 'acme', { aud: undefined }), (w) => withdraw(own(w))],
  ['key-purpose', 'an operations key', builds, (w) => withdraw(own(w), {}, 'ops'), (w) => withdraw(own(w))],
  ['reference', 'what is no build', builds, (w) => withdraw(w.ref(2)), (w) => withdraw(own(w))],
  ['reference', 'a build of another', builds, (w) => withdraw(w.ref(w.last)), (w) => withdraw(own(w))],
  [
    'reference',
    'with another leaf hash',
    builds,
    (w) => withdraw({ ...own(w), leafHash: w.ref(2).leafHash }),
    (w) => withdraw(own(w)),
  ],
  [
    'repeated',
    'the same statement',
    () => {
      const world = builds();
      return world.add(withdraw(own(world)));
    },
    (w) => withdraw(own(w)),
    // A second reason may come to light.
    (w) => withdraw(own(w), { reason: 'malware', safeVersion: '2018.12.31.15' }),
  ],
]);

test('another key of the same organisation may withdraw what a revoked one signed', () => {
  const world = builds().add(enrol('acme1', 'acme', 'bld2', 'build'), keyEvent('acme1', 'acme', 'bld2', 'activate'));
  world.add(keyEvent('acme1', 'acme', 'bld', 'revoke'));
  world.add(withdraw(own(world), { reason: 'key' }, 'bld2'));
  assert.is(world.entries.at(-1)?.statement.sub, `entry:${own(world).index}`);
});

test.run();
