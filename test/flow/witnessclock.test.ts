import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { witnessDirectory } from '../../src/cli/witnessdir.ts';
import { openWitnessStore } from '../../src/store/witness.ts';
import { run } from '../cli/world.ts';
import { folder } from '../folder.ts';
import { submit } from './cosigning.ts';
import { serve, serveWitness } from './server.ts';
import { says, until } from './until.ts';

const ORIGIN = 'log.example/watched';
const THEN = 4_000_000_000;

type Health = {
  readonly status: string;
  readonly problem?: string;
  readonly publishedSize?: number;
  readonly witnesses?: { readonly each: readonly { readonly trouble?: string }[] };
};
const healthOf = async (url: string) => (await (await fetch(`${url}/healthz`)).json()) as Health;

test('a witness whose clock was far ahead starts, says so once, and its log says why it does not cosign', async () => {
  const [data, place] = [join(folder(), 'log'), join(folder(), 'witness')];
  await run('init', '--data', data, '--origin', ORIGIN, '--entries', 'opaque');
  await run('witness', 'init', '--data', place, '--name', 'w.example');
  await run('witness', 'add-log', '--data', place, join(data, 'log.vkey'));
  const first = await serveWitness(place);
  const policy = join(folder(), 'policy');
  writeFileSync(policy, `witness w ${first.vkeys[0]} ${first.url}\nquorum w\n`);
  const log = await serve(data, '--policy', policy);
  await submit(log, 1);
  await until(
    () => healthOf(log.url),
    ({ publishedSize }) => publishedSize === 1,
  );
  assert.not.match(first.stderr(), /nothing is cosigned/);
  assert.is(await first.end('SIGTERM'), 0);

  const store = openWitnessStore(witnessDirectory(place).database);
  const known = store.log(ORIGIN)?.known as NonNullable<ReturnType<typeof store.log>>['known'];
  assert.ok(store.advance(ORIGIN, known, { ...known, time: THEN })); // as if it had been asked then
  store.close();

  const again = await serveWitness(place, '--listen', first.url.replace('http://', ''));
  await submit(log, 1);
  const { status, publishedSize, witnesses } = await until(
    () => healthOf(log.url),
    ({ witnesses: all }) => /503/.test(all?.each[0]?.trouble ?? ''),
  );
  assert.equal([status, publishedSize], ['degraded', 1]);
  const dated =
    /its last cosignature is dated 2096-10-02T07:06:40\.000Z, the clock says .*: set it right; .* a new key$/;
  assert.match(witnesses?.each[0]?.trouble ?? '', dated);
  await says(log, /the witness w does not cosign: it answers 503: its last cosignature is dated 2096-/);
  const said = /nothing is cosigned for log\.example\/watched until 2096-10-02T07:06:40\.000Z: /g;
  const own = await healthOf(again.url);
  assert.equal([own.status, own.problem?.match(said)?.length], ['degraded', 1]);
  for (const server of [log, again]) assert.is(await server.end('SIGTERM'), 0, server.stderr());
  assert.is(again.stderr().match(said)?.length, 1, again.stderr());
});

test.run();
