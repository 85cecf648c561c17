import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { utf8 } from '../../src/core/bytes.ts';
import { COSIGNATURE_ED25519, formatNote, formatVkey, parseNote } from '../../src/core/note.ts';
import { parsePolicy } from '../../src/core/tlogpolicy.ts';
import { Witnessing } from '../../src/log/witnessing.ts';
import { keyOf, LOG_KEYS, lineBy, noteOf, ORIGIN, proofTo, rootAt } from '../witness/testlog.ts';

// When a log asks again, on a clock that a test moves.

const KEYS = [keyOf('w0.example', COSIGNATURE_ED25519, 70), keyOf('w1.example', COSIGNATURE_ED25519, 71)] as const;
const POLICY = parsePolicy(
  utf8(
    [
      ...KEYS.map(({ vkey }, n) => `witness w${n} ${formatVkey(vkey)} http://w${n}/`),
      'group any 1 w0 w1',
      'quorum any\n',
    ].join('\n'),
  ),
);
const HALF_AN_HOUR = 30 * 60_000;

/** A log whose witnesses cosign, but for those that are away or claim more; `asked` is called with each request. */
function world(asked: (n: number) => unknown = () => {}) {
  const seen = {
    clock: 1_800_000_000_000,
    away: new Set<number>(),
    claim: new Set<number>(),
    frozen: [] as unknown[],
    /** Whom a request reached, and how many cosigners each note has that came later. */
    asked: [] as number[],
    late: [] as number[],
  };
  const witnessing = new Witnessing({
    policy: POLICY,
    origin: ORIGIN,
    vkeys: [LOG_KEYS[0].vkey],
    tree: { guarded: () => 5, prove: (old, size) => ({ root: rootAt(old), path: proofTo(old, size) }) },
    async post(url, body) {
      const n = Number(new URL(url).hostname.slice(1));
      seen.asked.push(n);
      await asked(n);
      if (seen.away.has(n)) throw new Error('nobody answers');
      if (seen.claim.has(n)) return { status: 409, type: 'text/x.tlog.size', body: utf8('100000\n') };
      const { text } = parseNote(body.subarray(new TextDecoder().decode(body).indexOf('\n\n') + 2));
      const signatures = [lineBy(KEYS[n] as (typeof KEYS)[number], text, Math.floor(seen.clock / 1000))];
      const [, lines = ''] = formatNote({ text, signatures }).split('\n\n');
      return { status: 200, type: 'text/plain', body: utf8(lines) };
    },
    get: () => Promise.reject(new Error('nobody answers')),
    failOpen: false,
    clock: () => new Date(seen.clock),
    sleep: async () => {},
    random: () => 1,
    deadline: () => new AbortController().signal,
    freeze: (error) => seen.frozen.push(error),
    tell: () => {},
    report: () => {},
  });
  const gather = async () => {
    const note = noteOf(5);
    const head = { size: 5, root: rootAt(5), note } as Parameters<Witnessing['gather']>[0];
    const gathered = await witnessing.gather(head, (late) => seen.late.push(parseNote(late).signatures.length - 1));
    const next = await gathered.again;
    if (seen.claim.size === 0) assert.equal(seen.frozen, []);
    return { next, met: gathered.note !== undefined };
  };
  return { seen, gather };
}

test('all cosign: they are asked again when that grows old', async () => {
  assert.equal(await world().gather(), { next: { due: HALF_AN_HOUR }, met: true });
});

test('one is away: it alone is asked again when it is due, for the same note, until that grows old', async () => {
  const { seen, gather } = world();
  seen.away.add(1);
  const { next: first, met } = await gather();
  assert.equal([first.due, met], [1000, true]);
  seen.asked.length = 0;
  seen.clock += 1000;
  let next = await first.askMissing?.();
  assert.equal([next?.due, seen.asked, seen.late], [2000, [1], []]);
  seen.clock += 2000;
  seen.away.clear();
  next = await next?.askMissing?.();
  assert.equal(next, { due: HALF_AN_HOUR - 3000 }, 'all have cosigned: signed anew when the first of it grows old');
  assert.equal([seen.asked, seen.late], [[1, 1], [2]]);
});

test('one stays away: all are asked for a new signature before the first grows old', async () => {
  const { seen, gather } = world();
  seen.away.add(1);
  const started = seen.clock;
  let { next } = await gather();
  while (next.askMissing) {
    assert.ok(seen.clock < started + HALF_AN_HOUR, 'somebody signs anew in time');
    seen.clock += next.due;
    next = await next.askMissing();
  }
  assert.is(seen.clock + next.due - started, HALF_AN_HOUR);
});

test('one that was passed over, and is due when the round is over, is asked at once', async () => {
  let takes = 0;
  const { seen, gather } = world((n) => {
    if (n === 0) seen.clock += takes;
  });
  seen.away.add(1);
  await gather();
  takes = 1500;
  assert.is((await gather()).next.due, 100);
  seen.away.clear();
  takes = 0;
  assert.is((await gather()).next.due, HALF_AN_HOUR);
});

test('a witness that was passed over for newer heads has said nothing yet: its first claim of a larger tree stops the log', async () => {
  let goOn = () => {};
  const held = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  let requests = 0;
  const { seen, gather } = world((n) => (n === 1 && requests++ === 0 ? held : undefined));
  const tick = () => new Promise(setImmediate);
  seen.away.add(1);
  const first = gather();
  await tick();
  const rounds = [first, gather(), gather()];
  await tick();
  goOn();
  await Promise.all(rounds);
  seen.away.clear();
  seen.claim.add(1);
  seen.clock += 60_000;
  await gather();
  await tick();
  assert.match(String(seen.frozen), /w1 says of this log: it has cosigned size 100000/);
});

test.run();
