import { test } from 'uvu';
import type { Ref } from '../../src/registry/common.ts';
import type { Payload } from '../../src/registry/kinds.ts';
import { judgeRows } from './rows.ts';
import { BUILD, phase, processing, say, type World } from './world.ts';

const WHY = { what: 'it began later', knownSince: '2019-01-01T00:00:00Z', cause: 'a wrong report' };
const correct = (ref: Ref, more: Partial<Payload<'correction'>> = {}, by = 'ops', header = {}) =>
  say(by, 'acme', 'correction', { ref, ...WHY, ...more }, header);

/** A phase that was wrong, then the one that holds, then a build. */
const wrong = () =>
  processing().add(phase('started'), phase('started', { relocationId: 'better' }), say('bld', 'acme', 'build', BUILD));
const first = (w: World) => w.ref(w.last - 2);
const better = (w: World) => w.ref(w.last - 1);
const THE_HEARTBEAT = 1;

judgeRows([
  [
    'subject',
    'another entry',
    wrong,
    (w) => correct(first(w), {}, 'ops', { sub: `entry:${better(w).index}` }),
    (w) => correct(first(w), {}, 'ops', { sub: `entry:${first(w).index}` }),
  ],
  ['audience', 'none', wrong, (w) => correct(first(w), {}, 'ops', { aud: undefined }), (w) => correct(first(w))],
  [
    'key-purpose',
    'a build key, though of a build',
    wrong,
    (w) => correct(w.ref(w.last), {}, 'bld'),
    (w) => correct(w.ref(w.last)),
  ],
  ['owner', 'an entry of another', wrong, (w) => correct(w.ref(THE_HEARTBEAT)), (w) => correct(first(w))],
  [
    'owner',
    'replaced by an entry of another',
    wrong,
    (w) => correct(first(w), { replacement: w.ref(THE_HEARTBEAT) }),
    (w) => correct(first(w), { replacement: better(w) }),
  ],
  [
    'reference',
    'replaced by itself',
    wrong,
    (w) => correct(first(w), { replacement: first(w) }),
    (w) => correct(first(w), { replacement: better(w) }),
  ],
  [
    'reference',
    'replaced by what comes later',
    wrong,
    (w) => correct(first(w), { replacement: { index: w.last + 1, leafHash: first(w).leafHash } }),
    (w) => correct(first(w), { replacement: better(w) }),
  ],
]);

test.run();
