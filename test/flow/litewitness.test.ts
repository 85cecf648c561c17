import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseVkey } from '../../src/core/note.ts';
import { type Outcome, type Round, Witnesses } from '../../src/log/cosign.ts';
import { folder } from '../folder.ts';
import { LOG_KEYS, noteOf, ORIGIN, proofTo, rootAt } from '../witness/testlog.ts';
import { post, roundOf, submit } from './cosigning.ts';
import { limmat, serve } from './server.ts';
import { type Litewitness, startLitewitness, torchwood } from './torchwood.ts';

// Against a witness that others wrote: it cosigns our log, and our client heals or names every answer it gives.

const bin = await torchwood();

/** A client that remembers nothing, as after a start. */
function client({ url, vkey }: Litewitness): (round: Round) => Promise<Outcome | undefined> {
  const witnesses = new Witnesses({
    targets: [{ name: 'lw', url, vkey }],
    largest: 0,
    post,
    clock: () => new Date(),
    sleep: () => Promise.resolve(),
    random: Math.random,
  });
  return async (round) => {
    let said: Outcome | undefined;
    await witnesses.ask(round, (_, outcome) => {
      said = outcome;
    });
    return said;
  };
}

function round(size: number, options: { fork?: boolean; origin?: string } = {}): Round {
  return {
    checkpoint: { size, root: rootAt(size, options.fork) },
    note: noteOf(size, options),
    prove: (old) => ({ root: rootAt(old, options.fork), path: proofTo(old, size, options.fork) }),
    deadline: AbortSignal.timeout(20_000),
  };
}

test('litewitness: first contact, growth, the same size, a start, a fork, a rollback, an unknown log', async () => {
  if (!bin) return;
  const witness = await startLitewitness(bin, ORIGIN, LOG_KEYS[0].vkey);
  const ask = client(witness);
  for (const size of [5, 9, 9, 300]) assert.is((await ask(round(size)))?.kind, 'cosigned', `size ${size}`);
  assert.is((await client(witness)(round(301)))?.kind, 'cosigned', 'its 409 is healed');
  assert.is((await client(witness)(round(301, { fork: true })))?.kind, 'forked', 'the same size');
  assert.is((await client(witness)(round(400, { fork: true })))?.kind, 'forked', 'a larger one');
  const behind = await client(witness)(round(9));
  assert.ok(behind?.kind === 'rolled-back' && behind.size === 301);
  assert.is((await client(witness)(round(9, { origin: 'unknown.example' })))?.kind, 'broken');
  await witness.end();
  assert.is((await ask(round(302)))?.kind, 'busy', 'it is gone');
});

test('litewitness cosigns a log of ours', async () => {
  if (!bin) return;
  const data = join(folder(), 'log');
  const made = await limmat('init', '--data', data, '--origin', 'log.example/lw', '--entries', 'opaque');
  assert.is(made.code, 0, made.stderr);
  const log = await serve(data);
  const witness = await startLitewitness(bin, 'log.example/lw', parseVkey(log.vkeys[0] as string));
  const ask = client(witness);
  for (const count of [1, 2, 300]) {
    await submit(log, count);
    const outcome = await ask(await roundOf(log));
    assert.is(outcome?.kind, 'cosigned', JSON.stringify(outcome));
  }
  await witness.end();
  await log.end('SIGTERM');
});

test.run();
