import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { concat, utf8 } from '../../src/core/bytes.ts';
import { formatCheckpoint } from '../../src/core/checkpoint.ts';
import { openCheckpoint } from '../../src/core/cosignature.ts';
import { COSIGNATURE_ED25519, COSIGNATURE_MLDSA44, formatNote, parseNote } from '../../src/core/note.ts';
import { createApp } from '../../src/http/app.ts';
import { witnessRoutes } from '../../src/http/witness.ts';
import { type Outcome, type Post, type Round, Witnesses, type WitnessTarget } from '../../src/log/cosign.ts';
import { judge, type WitnessAnswer } from '../../src/log/judge.ts';
import { Witness } from '../../src/witness/witness.ts';
import { flipBit } from '../check.ts';
import { emptyState, memoryStore } from '../witness/memorystore.ts';
import { type Key, keyOf, LOG_KEYS, lineBy, noteOf, ORIGIN, proofTo, requestOf, rootAt } from '../witness/testlog.ts';

const NOW = 1_800_000_000;
const never = new AbortController().signal;

/** The n-th witness: an Ed25519 and an ML-DSA-44 key, and a state that a test may replace. */
function witnessOf(n: number) {
  const name = `w${n}.example`;
  const keys = [keyOf(name, COSIGNATURE_ED25519, 50 + n), keyOf(name, COSIGNATURE_MLDSA44, 60 + n)] as const;
  let state = emptyState();
  const store = () => memoryStore(state);
  store().addLog(ORIGIN, LOG_KEYS[0].vkey);
  const witness = () =>
    new Witness({ store: store(), cosigners: keys, clock: () => new Date(NOW * 1000), alarm: () => {} });
  return {
    name,
    keys,
    /** Cosigns something that this log did not ask for. */
    sees: (old: number, size: number, fork = false) => witness().addCheckpoint(requestOf(old, size, { fork })),
    backup: () => structuredClone(state),
    restore: (backup: typeof state) => {
      state = backup;
    },
    async answer(body: Uint8Array): Promise<WitnessAnswer> {
      const watch = { count() {}, refused() {}, failed: (error: unknown) => console.log(error) };
      const app = createApp(witnessRoutes(witness()), watch);
      const response = await app.request('/add-checkpoint', { method: 'POST', body: body as BodyInit });
      const type = response.headers.get('content-type') ?? '';
      return { status: response.status, type, body: new Uint8Array(await response.arrayBuffer()) };
    },
  };
}

type Handler = (body: Uint8Array, signal: AbortSignal) => Promise<WitnessAnswer>;

/** Witnesses behind `http://<name>/`, and all that a test wants to see of the client. */
function world(handlers: Record<string, Handler>, keys: Record<string, readonly Key[]>) {
  const targets: WitnessTarget[] = Object.keys(handlers).flatMap((name) =>
    (keys[name] ?? []).map(({ vkey }) => ({ name, url: `http://${name}/`, vkey })),
  );
  const seen = { posts: [] as string[], sleeps: [] as number[], clock: NOW * 1000, proofs: [] as number[] };
  const post: Post = (url, body, signal) => {
    const name = new URL(url).hostname;
    assert.is(url, `http://${name}/add-checkpoint`);
    seen.posts.push(`${name} ${new TextDecoder().decode(body).split('\n', 1)[0]}`);
    return (handlers[name] as Handler)(body, signal);
  };
  const witnesses = new Witnesses({
    targets,
    largest: 0,
    post,
    clock: () => new Date(seen.clock),
    sleep: async (milliseconds) => void seen.sleeps.push(milliseconds),
    random: () => 0,
  });
  const ask = async (size: number, more: Partial<Round> = {}) => {
    const outcomes: Record<string, Outcome> = {};
    const news: string[] = [];
    const round = { ...roundOf(size, seen.proofs), ...more };
    await witnesses.ask(round, (name, outcome, isNews) => {
      outcomes[name] = outcome;
      if (isNews) news.push(name);
    });
    return { outcomes, news };
  };
  return { seen, witnesses, ask };
}

function roundOf(size: number, proofs: number[] = []): Round {
  return {
    checkpoint: { size, root: rootAt(size) },
    note: noteOf(size),
    prove(old) {
      proofs.push(old);
      return { root: rootAt(old), path: proofTo(old, size) };
    },
    deadline: never,
  };
}

/** One witness that answers what it is told. */
function scripted(answer: (body: Uint8Array) => WitnessAnswer | Promise<WitnessAnswer>) {
  const honest = witnessOf(0);
  return world({ [honest.name]: async (body) => answer(body) }, { [honest.name]: honest.keys });
}

function real(count: number) {
  const all = Array.from({ length: count }, (_, n) => witnessOf(n));
  const made = world(
    Object.fromEntries(all.map((one) => [one.name, one.answer])),
    Object.fromEntries(all.map((one) => [one.name, one.keys])),
  );
  return { ...made, all, first: all[0] as (typeof all)[number] };
}

const kinds = (outcomes: Record<string, Outcome>) => Object.values(outcomes).map(({ kind }) => kind);
const text = (body: string) => utf8(body);
const answer = (status: number, body = '', type = 'text/plain'): WitnessAnswer => ({ status, type, body: text(body) });

test('three witnesses cosign, and their lines make one note that opens', async () => {
  const { ask, all, witnesses } = real(3);
  const { outcomes } = await ask(5);
  const lines = Object.values(outcomes).flatMap((outcome) => (outcome.kind === 'cosigned' ? outcome.lines : []));
  assert.is(lines.length, 6);
  const note = parseNote(noteOf(5));
  const whole = utf8(formatNote({ text: note.text, signatures: [...note.signatures, ...lines] }));
  const { signed } = openCheckpoint(
    whole,
    all.flatMap(({ keys }) => keys.map(({ vkey }) => vkey)),
  );
  assert.is(signed.length, 6);
  assert.equal(
    witnesses.status().map(({ attempts, successes, conflicts, size }) => [attempts, successes, conflicts, size]),
    [5, 5, 5].map((size) => [1, 1, 0, size]),
  );
});

test('then each is asked from the size it has: one request, one proof for all', async () => {
  const { ask, seen } = real(3);
  await ask(5);
  seen.posts.length = 0;
  assert.equal(kinds((await ask(9)).outcomes), ['cosigned', 'cosigned', 'cosigned']);
  assert.equal(seen.posts, ['w0.example old 5', 'w1.example old 5', 'w2.example old 5']);
  assert.equal(seen.proofs, [5]);
  assert.equal(kinds((await ask(9)).outcomes), ['cosigned', 'cosigned', 'cosigned'], 'again, for a newer time');
});

test('a start finds each witness where it stands', async () => {
  const { ask, seen, all, witnesses } = real(3);
  all[1]?.sees(0, 4);
  all[2]?.sees(0, 9);
  assert.equal(kinds((await ask(9)).outcomes), ['cosigned', 'cosigned', 'cosigned']);
  assert.equal(seen.sleeps, [10, 10]);
  assert.equal(
    witnesses.status().map(({ conflicts }) => conflicts),
    [0, 1, 1],
  );
});

test('a witness restored from an old state is healed with a proof from there', async () => {
  const { ask, first, seen } = real(1);
  await ask(4);
  const backup = first.backup();
  await ask(9);
  first.restore(backup);
  seen.posts.length = 0;
  assert.equal(kinds((await ask(20)).outcomes), ['cosigned']);
  assert.equal(seen.posts, ['w0.example old 9', 'w0.example old 4']);
});

test('a witness that knows a larger tree: the log was rolled back; told once, and not asked again at once', async () => {
  const { ask, first, seen } = real(1);
  first.sees(0, 20);
  const { outcomes, news } = await ask(9);
  assert.equal(outcomes[first.name], {
    kind: 'rolled-back',
    size: 20,
    why: 'it has cosigned size 20; this log has asked for 9',
  });
  assert.equal(news, [first.name]);
  const posts = seen.posts.length;
  seen.clock += 299_000;
  const again = await ask(10);
  assert.equal([kinds(again.outcomes), again.news, seen.posts.length], [['rolled-back'], [], posts]);
  seen.clock += 2000;
  await ask(11);
  assert.ok(seen.posts.length > posts, 'after five minutes it is');
});

test('a witness with another history of ours, at our size or below: a fork', async () => {
  for (const size of [5, 9]) {
    const { ask, first } = real(1);
    first.sees(0, 5, true);
    assert.equal(kinds((await ask(size)).outcomes), ['forked'], `size ${size}`);
  }
  assert.equal(kinds((await scripted(() => answer(409)).ask(5)).outcomes), ['forked'], 'a bare 409');
});

test('a size that we asked for meanwhile is no rollback', async () => {
  const { ask, first } = real(1);
  await ask(20);
  assert.equal((await ask(9)).outcomes[first.name], { kind: 'superseded', size: 20 });
  // A request that was given up on may have reached the witness after all.
  const conflict = answer(409, '15\n', 'text/x.tlog.size; charset=utf-8');
  const question = { text: '', size: 9, old: 4, vkeys: [], now: NOW };
  assert.equal(judge(conflict, { ...question, largest: 20 }), { kind: 'superseded', size: 15 });
  assert.equal(judge(conflict, { ...question, largest: 15 }), { kind: 'superseded', size: 15 });
  assert.is(judge(conflict, { ...question, largest: 14 }).kind, 'rolled-back');
});

/** A cosignature line over what the witness was sent, or over something else. */
function cosignature(size: number, options: { fork?: boolean; time?: number; key?: Key } = {}): WitnessAnswer {
  const key = options.key ?? witnessOf(0).keys[0];
  const body = formatCheckpoint({ origin: ORIGIN, size, root: rootAt(size, options.fork) });
  const line = lineBy(key, body, options.time ?? NOW);
  return answer(200, formatNote({ text: '\n', signatures: [line] }).slice(2));
}

const LIES: readonly (readonly [string, WitnessAnswer])[] = [
  ['nothing', answer(200)],
  ['no signature line', answer(200, 'thanks\n')],
  ['a line of a stranger alone', cosignature(5, { key: keyOf('w0.example', COSIGNATURE_ED25519, 99) })],
  ['a cosignature of a forked tree', cosignature(5, { fork: true })],
  ['a cosignature of another size', cosignature(4)],
  ['a time of six minutes ago', cosignature(5, { time: NOW - 301 })],
  ['a time in six minutes', cosignature(5, { time: NOW + 301 })],
  ['no time', cosignature(5, { time: 0 })],
  ['one bit changed', { ...cosignature(5), body: changed(cosignature(5).body) }],
  ['not UTF-8', { ...answer(200), body: Uint8Array.of(0xff, 0x0a) }],
  ['more than anyone sends', withLongLine(cosignature(5))],
  ['a 409 without a number', answer(409, 'five\n', 'text/x.tlog.size')],
  ['a 409 with the size it was asked from', answer(409, '0\n', 'text/x.tlog.size')],
  ['a 422 to a request from 0', answer(422)],
  ['403', answer(403, 'who are you?')],
  ['404', answer(404)],
  ['400', answer(400)],
  ['500', answer(500, 'no rows')],
  ['302', answer(302)],
];

function changed(body: Uint8Array): Uint8Array {
  const [line] = parseNote(concat(utf8('\n'), utf8('\n'), body)).signatures;
  assert.ok(line);
  return utf8(formatNote({ text: '\n', signatures: [{ ...line, signature: flipBit(line.signature, 100) }] }).slice(2));
}

/** A good answer with a line of a stranger that is longer than any answer should be. */
function withLongLine(good: WitnessAnswer): WitnessAnswer {
  const long = { name: 'x.example', id: '00000000', signature: new Uint8Array(60_000) };
  return { ...good, body: concat(good.body, utf8(formatNote({ text: '\n', signatures: [long] }).slice(2))) };
}

for (const [what, lie] of LIES) {
  test(`refused: ${what}`, async () => {
    const { ask, witnesses } = scripted(() => lie);
    const { outcomes, news } = await ask(5);
    assert.equal(kinds(outcomes), ['broken']);
    assert.equal(news, ['w0.example']);
    assert.is(witnesses.status()[0]?.retryAt, NOW * 1000 + 300_000);
    assert.ok(witnesses.status()[0]?.trouble);
  });
}

test('lines of others beside a good one are left out; one of two keys is enough to be told', async () => {
  const stranger = cosignature(5, { key: keyOf('x.example', COSIGNATURE_ED25519, 99) });
  const { ask } = scripted(() => ({ ...stranger, body: concat(stranger.body, cosignature(5).body) }));
  const outcome = (await ask(5)).outcomes['w0.example'];
  assert.ok(outcome?.kind === 'cosigned');
  assert.equal(
    outcome.lines.map(({ name }) => name),
    ['w0.example'],
  );
});

test('what passes is waited out, twice as long each time and a minute at most; told once', async () => {
  const statuses = [503, 429, 502, 504, 503, 503, 503, 503, 503];
  const { ask, seen, witnesses } = scripted(() =>
    statuses.length > 0 ? answer(statuses.shift() as number) : cosignature(5),
  );
  const pauses: number[] = [];
  while (statuses.length > 0) {
    const { outcomes, news } = await ask(5);
    assert.equal(kinds(outcomes), ['busy']);
    assert.is(news.length, pauses.length === 0 ? 1 : 0);
    const pause = (witnesses.status()[0]?.retryAt ?? 0) - seen.clock;
    pauses.push(pause);
    const posts = seen.posts.length;
    seen.clock += pause - 1;
    assert.equal(kinds((await ask(5)).outcomes), ['busy']);
    assert.is(seen.posts.length, posts, 'it is left alone');
    seen.clock += 1;
  }
  // Chance shortens each by up to a half; here it always does.
  assert.equal(pauses, [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
  const { outcomes, news } = await ask(5);
  assert.equal([kinds(outcomes), news], [['cosigned'], ['w0.example']]);
  assert.is(witnesses.status()[0]?.trouble, undefined);
  statuses.push(503);
  await ask(5);
  assert.is((witnesses.status()[0]?.retryAt ?? 0) - seen.clock, 500, 'after a success it begins anew');
});

test('a witness that cannot be reached is busy', async () => {
  const { ask } = scripted(() => Promise.reject(new Error('ECONNREFUSED')));
  assert.equal((await ask(5)).outcomes['w0.example'], { kind: 'busy', why: 'it cannot be reached: ECONNREFUSED' });
});

test('a proof of ours that does not verify is our bug, and is not sent', async () => {
  const { ask, seen } = real(1);
  await ask(5);
  const posts = seen.posts.length;
  const wrong: Round['prove'] = (old) => ({ root: rootAt(old, true), path: proofTo(old, 9) });
  let thrown: unknown;
  await ask(9, { prove: wrong }).catch((error: unknown) => {
    thrown = error;
  });
  assert.match(String(thrown), /bug: our own proof from 5 to 9 is wrong/);
  assert.is(seen.posts.length, posts);
  assert.equal(kinds((await ask(9)).outcomes), ['cosigned'], 'and the next round is as usual');
});

test('a size that is another with every answer is given up on', async () => {
  let size = 1;
  const { ask, seen } = scripted(() => answer(409, `${size++}\n`, 'text/x.tlog.size'));
  assert.equal((await ask(9)).outcomes['w0.example'], { kind: 'busy', why: 'its size is another with every answer' });
  assert.equal(seen.sleeps, [10, 50, 250]);
});

test('the deadline ends a round for a witness that does not answer, while others are told at once', async () => {
  const [quick, slow] = [witnessOf(0), witnessOf(1)];
  const { witnesses } = world(
    {
      [quick.name]: quick.answer,
      [slow.name]: (_, signal) =>
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    },
    { [quick.name]: quick.keys, [slow.name]: slow.keys },
  );
  const deadline = new AbortController();
  const told: string[] = [];
  await witnesses.ask({ ...roundOf(5), deadline: deadline.signal }, (name, { kind }) => {
    told.push(`${name} ${kind}`);
    if (told.length === 1) deadline.abort();
  });
  assert.equal(told, ['w0.example cosigned', 'w1.example busy']);
  assert.is(witnesses.status()[1]?.trouble, 'it does not answer in time');
});

test('a slow witness has one request in flight, and is next asked for the newest checkpoint', async () => {
  const slow = witnessOf(0);
  const [started, held] = [signal(), signal()];
  const { ask, seen } = world(
    {
      [slow.name]: async (body) => {
        started.give();
        await held.given;
        return slow.answer(body);
      },
    },
    { [slow.name]: slow.keys },
  );
  const first = ask(5);
  await started.given;
  const rounds = [first, ...[6, 7, 8, 9].map((size) => ask(size))];
  held.give();
  const all = await Promise.all(rounds);
  assert.equal(
    all.map(({ outcomes }) => kinds(outcomes)[0]),
    ['cosigned', 'superseded', 'superseded', 'superseded', 'cosigned'],
  );
  assert.equal(seen.posts, ['w0.example old 0', 'w0.example old 5']);
});

/** Something to wait for. */
function signal(): { given: Promise<void>; give(): void } {
  let give = () => {};
  const given = new Promise<void>((resolve) => {
    give = resolve;
  });
  return { given, give: () => give() };
}

test('the keys of a policy at one URL are asked once', async () => {
  const { ask, seen } = real(1);
  const { outcomes } = await ask(5);
  assert.is(seen.posts.length, 1);
  assert.ok(outcomes['w0.example']?.kind === 'cosigned' && outcomes['w0.example'].lines.length === 2);
});

test.run();
