import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { cosignersOf, witnessDirectory } from '../../src/cli/witnessdir.ts';
import { openWitnessKeys } from '../../src/cli/witnesskeys.ts';
import { concat, utf8 } from '../../src/core/bytes.ts';
import { openCheckpoint } from '../../src/core/cosignature.ts';
import { formatVkey, parseNote, parseVkey } from '../../src/core/note.ts';
import { readSeed } from '../../src/store/seed.ts';
import { TokenKeyring } from '../../src/store/token.ts';
import { faults } from '../check.ts';
import { ends, run } from '../cli/world.ts';
import { folder } from '../folder.ts';
import { softHsm } from '../softhsm.ts';
import { LOG_KEYS, noteOf, requestOf } from '../witness/testlog.ts';
import { serveWitness } from './server.ts';
import { says, until } from './until.ts';

// A witness whose Ed25519 key is in a token: it cosigns with that, and while the token is away with nothing.

const hsm = softHsm();
if (!hsm) test('skipped without SoftHSM', () => {});
else {
  const root = folder();
  const [data, tokenFile, logFile] = [join(root, 'witness'), join(root, 'token.json'), join(root, 'log.vkey')];
  writeFileSync(tokenFile, JSON.stringify(hsm.addToken('witness')));
  writeFileSync(logFile, LOG_KEYS.map(({ vkey }) => `${formatVkey(vkey)}\n`).join(''));
  const init = (place: string) => ['witness', 'init', '--data', place, '--name', 'w.example', '--token', tokenFile];
  const linesIn = (name: string) => readFileSync(join(data, name), 'utf8').trim().split('\n');

  test('init puts the key into the token, and the one of the seed into no file that is pinned', async () => {
    const { vkeys } = await run(...init(data));
    await run('witness', 'add-log', '--data', data, logFile);
    const ofSeed = cosignersOf('w.example', readSeed(join(data, 'seed'))).map(({ vkey }) => formatVkey(vkey));
    assert.equal([linesIn('witness.vkey'), linesIn('witness-mldsa44.vkey')], [vkeys, ofSeed.slice(1)]);
    assert.equal([(vkeys as string[]).length, ofSeed.includes((vkeys as string[])[0] as string)], [1, false]);
    const other = join(root, 'other');
    assert.match(await ends(2, ...init(other)), /has a key witness-ed25519 of w\.example already/);
    assert.not.ok(existsSync(other));
  });

  test('while the token is away nothing is cosigned or remembered; when it is back all goes on', async () => {
    const server = await serveWitness(data, '--cosign', 'ed25519');
    const add = (old: number, size: number) =>
      fetch(`${server.url}/add-checkpoint`, { method: 'POST', body: requestOf(old, size) as BodyInit });
    const health = async () => ((await (await fetch(`${server.url}/healthz`)).json()) as { status: string }).status;
    const lines = new Uint8Array(await (await add(0, 5)).arrayBuffer());
    const vkey = parseVkey(linesIn('witness.vkey')[0] as string);
    const cosigned = concat(utf8(`${parseNote(noteOf(5)).text}\n`), lines);
    assert.equal(openCheckpoint(cosigned, [vkey]).signed.length, 1);
    const reconnect = hsm.disconnect();
    const away = await add(5, 9);
    assert.equal([away.status, await away.text()], [503, 'the key of this witness cannot be used for now\n']);
    await says(server, /ALARM: nothing is cosigned: /);
    assert.is(await health(), 'degraded');
    assert.match(await (await fetch(`${server.url}/metrics`)).text(), /^limmat_key_away 1$/m);
    reconnect();
    await until(
      () => add(5, 9),
      ({ status }) => status === 200, // it stands where it stood
    );
    await says(server, /can be reached again/);
    assert.is(await health(), 'ok');
    assert.is(await server.end('SIGTERM'), 0);
  });

  test('keys of another witness are told as that, though the token cannot be closed any more either', () => {
    const directory = { ...witnessDirectory(data), vkeys: logFile };
    const { close } = TokenKeyring.prototype;
    // No token of ours fails at this when it is told to.
    TokenKeyring.prototype.close = function () {
      close.call(this);
      throw new Error('CKR_GENERAL_ERROR');
    };
    try {
      assert.match(faults('bad-key', () => openWitnessKeys(directory, 'w.example')).message, /is not in .*log\.vkey/);
    } finally {
      TokenKeyring.prototype.close = close;
    }
    openWitnessKeys(witnessDirectory(data), 'w.example').close();
  });

  test('without the record of its token it does not start with the key of the seed', async () => {
    renameSync(join(data, 'token.json'), join(data, 'token.lost'));
    const refused = await ends(2, 'witness', 'serve', '--data', data, '--listen', '127.0.0.1:0');
    assert.match(refused, /the Ed25519 key of w\.example is not in .*: is it in a token, and .*token\.json lost\?/);
  });
}

test.run();
