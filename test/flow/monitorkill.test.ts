import { spawn } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readBundle } from '../../src/core/bundle.ts';
import { utf8 } from '../../src/core/bytes.ts';
import { decodeStatement, signStatement } from '../../src/core/cose.ts';
import { leafHash } from '../../src/core/hash.ts';
import { kidOf, signerOf } from '../../src/core/signature.ts';
import { parseTlogProof, verifyTlogProof } from '../../src/core/tlogproof.ts';
import { folder } from '../folder.ts';
import { type BuiltLog, buildOf, builtLog, ORIGIN } from './builtlog.ts';
import { serveFiles } from './fileserver.ts';
import { logKey, publish } from './liar.ts';
import { hook, monitorPlace, once, rulesIn, statusIn } from './monitors.ts';

// A monitor that is killed in the middle of each step, and an operator who admits what the rules forbid.

const MAIN = join(import.meta.dirname, '../../dist/cli/main.js');
const KEY = logKey(ORIGIN);

let entries: Uint8Array[];
let built: BuiltLog;
test.before(async () => {
  built = await builtLog(270);
  const bundle = (n: string, width: number) =>
    readBundle(Uint8Array.from(readFileSync(join(built.copy, 'tile/entries', n))), width);
  entries = [...bundle('000', 256), ...bundle('001.p/14', 14)];
});

/** A build that a key signed which nobody enrolled. */
function forbidden(): Uint8Array {
  const { payload, contentType, iss, sub } = decodeStatement(buildOf(built.world, 5));
  const signer = signerOf('ed25519', new Uint8Array(32).fill(99));
  return signStatement({ signer, kid: kidOf(signer.key), payload, contentType, iss, sub });
}

test('an operator who admits what the rules forbid: told with the rule, the entry and its proof; the rest is judged on', async () => {
  const root = folder();
  publish(root, [...entries, forbidden(), buildOf(built.world, 999), utf8('no statement')], [KEY]);
  const files = await serveFiles(root);
  const place = monitorPlace({ logs: [{ url: files.url, vkeys: join(root, 'log.vkey') }] });
  const ran = await once(place);
  assert.is(ran.code, 2, ran.stdout + ran.stderr);
  const { alerts, logs } = statusIn(ran);
  assert.equal(alerts.map(({ kind, rule, index }) => [kind, rule, index]).sort(), [
    ['forbidden-entry', 'key-unknown', 270],
    ['forbidden-entry', 'signature', 270],
    ['malformed-entry', 'unreadable', 272],
  ]);
  assert.is(logs[0]?.entriesLookedAt, 273);
  assert.equal(logs[0]?.evidence, [], 'an entry convicts by its proof, not by two heads');
  for (const { detail, index } of alerts) {
    const proof = parseTlogProof(utf8(detail.proof as string));
    assert.is(proof.index, index);
    verifyTlogProof(proof, leafHash(proof.extra as Uint8Array), [KEY.vkey]);
  }
  files.close();
});

test('killed at every request and in the middle of telling: in the end all is told, and nothing is told wrongly', async () => {
  const root = folder();
  publish(root, [...entries, forbidden()], [KEY]);
  let left = Number.POSITIVE_INFINITY;
  let requests = 0;
  let kill: () => void = () => {};
  const files = await serveFiles(root, (_, bytes) => {
    requests++;
    if (--left === 0) kill();
    return bytes;
  });
  const logs = [{ url: files.url, vkeys: join(root, 'log.vkey') }];
  // All builds are known to the vendor but one.
  const sha256 = Array.from({ length: 256 }, (_, n) => n.toString(16).padStart(2, '0').repeat(32));
  const watch = { knownBuilds: [{ organisation: 'acme', sha256: sha256.filter((_, n) => n !== 0xee) }] };
  const undisturbed = await once(monitorPlace({ logs }, watch));
  assert.is(undisturbed.code, 2, undisturbed.stdout + undisturbed.stderr);
  const expected = statusIn(undisturbed)
    .alerts.map(({ id }) => id)
    .sort();
  assert.is(expected.length, 3, 'the build, and what is wrong with the other twice');
  for (let point = 1, most = requests; point <= most + 1; point++) {
    const place = monitorPlace({ logs }, watch);
    const told = hook(place.root);
    // The last point is inside a hook: what it was given is on disk, and is given again.
    const killer = join(place.root, 'killer');
    writeFileSync(killer, `#!/bin/sh\n[ -e '${killer}.done' ] && exit 0\ntouch '${killer}.done'\nkill -9 $PPID\n`);
    chmodSync(killer, 0o755);
    const hooks = point > most ? [told.path, killer] : [told.path];
    writeFileSync(place.config, JSON.stringify({ logs, hooks, watch: 'watch.json' }));
    left = point;
    const child = spawn(process.execPath, [MAIN, 'monitor', '--once', '--config', place.config, '--data', place.data]);
    kill = () => child.kill('SIGKILL');
    const signal = await new Promise((resolve) => child.once('exit', (_, by) => resolve(by)));
    assert.is(signal, 'SIGKILL', `point ${point}`);
    left = Number.POSITIVE_INFINITY;
    const ran = await once(place);
    assert.is(ran.code, 2, `point ${point}: ${ran.stdout} ${ran.stderr}`);
    assert.equal(
      statusIn(ran)
        .alerts.map(({ id }) => id)
        .sort(),
      expected,
      `point ${point}`,
    );
    assert.equal([...new Set(told.lines().map(({ id }) => id))].sort(), expected, `point ${point}`);
    assert.ok(told.lines().length <= expected.length + 1, 'at most the one in flight is told twice');
    assert.ok(rulesIn(ran).includes('forbidden-entry/key-unknown'));
  }
  files.close();
});

test.run();
