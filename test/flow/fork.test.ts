import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { concat, utf8 } from '../../src/core/bytes.ts';
import { leafHash } from '../../src/core/hash.ts';
import { deriveSeed } from '../../src/core/logkeys.ts';
import { NOTE_ED25519, vkeyOf } from '../../src/core/note.ts';
import { signerOf } from '../../src/core/signature.ts';
import { formatTlogProof } from '../../src/core/tlogproof.ts';
import { originHash } from '../../src/monitor/peers.ts';
import { readSeed } from '../../src/store/seed.ts';
import { folder } from '../folder.ts';
import * as oracle from '../oracle.ts';
import { serveFiles } from './fileserver.ts';
import { logKey, opaque, publish, signedNote } from './liar.ts';
import { monitor, monitorPlace, once, rulesIn, start, statusIn } from './monitors.ts';
import { limmat, serve } from './server.ts';

// Logs that tell two histories, and the parties that find it out: monitors, a customer, the log's own server.

const ORIGIN = 'log.example/two-faced';
const KEY = logKey(ORIGIN);

/** Two trees with the same first entries; the second goes on otherwise from `from`. */
const forkAt = (size: number, from: number) => [
  ...opaque(from),
  ...opaque(size)
    .slice(from)
    .map((entry) => concat(entry, utf8('!'))),
];

async function liar(entries: Uint8Array[]) {
  const root = folder();
  publish(root, entries, [KEY]);
  const files = await serveFiles(root);
  return { root, url: files.url, vkeys: join(root, 'log.vkey'), close: () => files.close() };
}

/** The evidence that a running monitor serves, checked by anyone with the key of the log. */
async function evidenceAt(url: string, vkeys: string): Promise<string> {
  const base = `${url}/gossip/v1/${originHash(ORIGIN)}/evidence`;
  const [id] = (await (await fetch(base)).text()).split('\n');
  const file = join(folder(), 'evidence');
  writeFileSync(file, new Uint8Array(await (await fetch(`${base}/${id}`)).arrayBuffer()));
  const verified = await limmat('verify-evidence', file, '--vkey', vkeys);
  assert.is(verified.code, 0, verified.stdout + verified.stderr);
  return verified.stdout;
}

test('a fork at one size, shown to two monitors: the first to ask the other has the evidence, then both do', async () => {
  const [left, right] = [await liar(opaque(300)), await liar(forkAt(300, 200))];
  const a = monitorPlace({ logs: [{ url: left.url, vkeys: left.vkeys }], listen: '127.0.0.1:0' });
  assert.is((await once(a)).code, 0, 'one side alone is a log like any other');
  const running = await start(a);
  const b = monitorPlace({ logs: [{ url: right.url, vkeys: right.vkeys }], peers: [running.url] });
  const ran = await once(b);
  assert.is(ran.code, 2, ran.stdout + ran.stderr);
  assert.ok(rulesIn(ran).includes('equivocation/same-size'), ran.stdout);
  assert.is(statusIn(ran).logs[0]?.evidence.length, 1);
  // Its own head went to the other monitor, or will in its next round: either way that one can convict the log too.
  await fetch(`${running.url}/gossip/v1/${originHash(ORIGIN)}/heads`, {
    method: 'POST',
    body: signedNote(forkAt(300, 200), [KEY]) as BodyInit,
  });
  assert.match(await evidenceAt(running.url, left.vkeys), 'two trees of size 300');
  assert.is(await running.end('SIGTERM'), 0);
  const after = await once(a);
  assert.is(after.code, 2, 'until someone acknowledges it');
  left.close();
  right.close();
});

test("a fork at another size, in one customer's tlog-proof: inconsistent, with evidence", async () => {
  const honest = await liar(opaque(500));
  const place = monitorPlace({ logs: [{ url: honest.url, vkeys: honest.vkeys }] });
  assert.is((await once(place)).code, 0);
  const shown = forkAt(301, 250);
  const proofOf = (entries: Uint8Array[], index: number) =>
    formatTlogProof({
      index,
      path: oracle.path(index, entries.map(leafHash)),
      checkpoint: signedNote(entries, [KEY]),
      extra: entries[index] as Uint8Array,
    });
  const [good, bad] = [join(honest.root, 'good.tlog-proof'), join(honest.root, 'bad.tlog-proof')];
  writeFileSync(good, proofOf(opaque(301), 260));
  writeFileSync(bad, proofOf(shown, 260));
  assert.is((await monitor(place, 'import-head', good)).code, 0);
  const ran = await monitor(place, 'import-head', bad);
  assert.is(ran.code, 2, ran.stdout + ran.stderr);
  const status = statusIn(await monitor(place, 'status'));
  assert.equal(
    status.alerts.map(({ rule }) => rule),
    ['same-size'],
    'the good proof is the other side, of the same size',
  );
  writeFileSync(bad, proofOf(forkAt(277, 250), 260));
  assert.is((await monitor(place, 'import-head', bad)).code, 2);
  const rules = statusIn(await monitor(place, 'status')).alerts.map(({ rule }) => rule);
  assert.equal(rules, ['same-size', 'inconsistent']);
  const out = join(honest.root, 'out');
  for (let twice = 0; twice < 2; twice++) {
    const { evidence } = JSON.parse((await monitor(place, 'evidence', '--out', out)).stdout);
    assert.is(evidence.length, 2);
    for (const { file, log } of evidence) {
      assert.is(log, ORIGIN);
      assert.is((await limmat('verify-evidence', file, '--vkey', honest.vkeys)).code, 0);
    }
  }
  const stranger = logKey('log.example/other');
  writeFileSync(bad, signedNote(shown, [stranger]));
  const other = await monitor(place, 'import-head', bad);
  assert.is(other.code, 4, 'nobody is convicted by a file about another log');
  assert.match(other.stderr, /does not name/);
  honest.close();
});

test('a log restored from backup: a smaller head is no alarm, another history from there on is', async () => {
  const log = await liar(opaque(400));
  const place = monitorPlace({ logs: [{ url: log.url, vkeys: log.vkeys }] });
  assert.is((await once(place)).code, 0);
  publish(log.root, opaque(350), [KEY]);
  assert.is((await once(place)).code, 0, 'an old head is shown');
  publish(log.root, forkAt(380, 350), [KEY]);
  const smaller = await once(place);
  assert.is(smaller.code, 2, smaller.stdout);
  publish(log.root, forkAt(420, 350), [KEY]);
  const ran = await once(place);
  assert.is(ran.code, 2);
  assert.equal(
    rulesIn(ran).filter((rule) => rule.startsWith('equivocation')),
    ['equivocation/inconsistent', 'equivocation/inconsistent'],
  );
  assert.is(statusIn(ran).logs[0]?.verified, 400, 'what was verified stays');
  assert.is(statusIn(ran).logs[0]?.evidence.length, 2);
  log.close();
});

test('a real log that is sent a head it has signed elsewhere answers with the evidence against itself', async () => {
  const data = join(folder(), 'log');
  const made = await limmat('init', '--data', data, '--origin', ORIGIN, '--entries', 'opaque');
  assert.is(made.code, 0, made.stderr);
  const server = await serve(data);
  for (let n = 0; n < 5; n++) await fetch(`${server.url}/add`, { method: 'POST', body: `entry ${n}` });
  const base = `${server.url}/gossip/v1/${originHash(ORIGIN)}`;
  const checkpoint = await (await fetch(`${server.url}/checkpoint`)).text();
  const latest = await (await fetch(`${base}/latest`)).text();
  assert.is(latest, checkpoint);
  const signer = signerOf('ed25519', deriveSeed(readSeed(`${data}/seed`), 'checkpoint-ed25519', 0));
  const key = { vkey: vkeyOf(ORIGIN, NOTE_ED25519, signer.key), signer };
  const post = (body: Uint8Array | string) => fetch(`${base}/heads`, { method: 'POST', body: body as BodyInit });
  assert.is((await post(latest)).status, 200);
  assert.is((await post('nonsense')).status, 400);
  assert.is((await post(signedNote(opaque(3), [logKey(ORIGIN)]))).status, 403, 'not by this log');
  assert.is((await post(signedNote(opaque(9), [key]))).status, 202, 'larger than what is published');
  const conflict = await post(signedNote(opaque(3, 'another'), [key]));
  assert.is(conflict.status, 409);
  const file = join(folder(), 'evidence');
  writeFileSync(file, new Uint8Array(await conflict.arrayBuffer()));
  assert.is((await limmat('verify-evidence', file, '--vkey', `${data}/log.vkey`)).code, 0);
  assert.match(await (await fetch(`${base}/evidence`)).text(), /^[0-9a-f]{64}\n$/);
  assert.is((await fetch(`${server.url}/gossip/v1/${'0'.repeat(64)}/latest`)).status, 404);
  assert.match(await (await fetch(`${base}/heads?after=0`)).text(), /^head 1 [0-9]+\n/);
  let status = 200;
  for (let n = 0; n < 60 && status === 200; n++) status = (await post(latest)).status;
  assert.is(status, 429, 'one address cannot keep a log busy');
  assert.ok(Number((await post(latest)).headers.get('retry-after')) > 0);
  assert.is(await server.end('SIGTERM'), 0);
});

test.run();
