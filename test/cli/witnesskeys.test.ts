import { writeFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { cosignersOf, witnessDirectory } from '../../src/cli/witnessdir.ts';
import { openWitnessKeys, watched } from '../../src/cli/witnesskeys.ts';
import { toHex } from '../../src/core/bytes.ts';
import { Fault } from '../../src/core/fault.ts';
import { formatVkey } from '../../src/core/note.ts';
import { signerOf } from '../../src/core/signature.ts';
import { faults } from '../check.ts';
import { folder } from '../folder.ts';

const NAME = 'w.example';

test('a list of keys that was edited by hand is still the one of the witness', () => {
  const directory = witnessDirectory(folder());
  const seed = new Uint8Array(32).fill(3);
  writeFileSync(directory.seed, `${toHex(seed)}\n`, { mode: 0o600 });
  const [first, second] = cosignersOf(NAME, seed).map(({ vkey }) => formatVkey(vkey));
  for (const text of [`${first}\n${second}\n`, `${first}\r\n${second}\r\n`, `${second}\n ${first}`]) {
    writeFileSync(directory.vkeys, text);
    openWitnessKeys(directory, NAME).close();
  }
  for (const text of ['', `${second}\n`, `${first}A\n`]) {
    writeFileSync(directory.vkeys, text);
    faults('bad-key', () => openWitnessKeys(directory, NAME));
  }
});

test('a key that fails is left alone for ten seconds, and what only its operator can mend is told as that', () => {
  let [now, tries] = [0, 0];
  let trouble: Fault | undefined = new Fault('key-away', 'the token is gone');
  const told: unknown[] = [];
  const { key, sign } = signerOf('ed25519', new Uint8Array(32));
  const trying = (message: Uint8Array) => {
    tries++;
    if (trouble) throw trouble;
    return sign(message);
  };
  const signer = watched({ key, sign: trying }, { clock: () => now, tell: (why) => told.push(why) });
  const refused = () => faults('key-away', () => signer.sign(new Uint8Array(1))).message;
  const [passing, lasting] = [/cannot be used for now$/, /cannot be used until its operator has mended it$/];
  assert.match(refused(), passing);
  trouble = new Fault('bad-key', 'the PIN is wrong');
  now = 9999;
  assert.match(refused(), passing);
  assert.is(tries, 1);
  now = 10_000;
  assert.match(refused(), lasting);
  assert.match(refused(), lasting);
  now = 20_000;
  assert.match(refused(), lasting);
  assert.equal([tries, told.map((why) => (why as Fault).message)], [3, ['the token is gone', 'the PIN is wrong']]);
  trouble = undefined;
  now = 30_000;
  signer.sign(new Uint8Array(1));
  assert.equal([told.length, told.at(-1)], [3, undefined]);
});

test.run();
