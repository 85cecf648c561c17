import { writeFileSync } from 'node:fs';
import { test } from 'uvu';
import { cosignersOf, witnessDirectory } from '../../src/cli/witnessdir.ts';
import { openWitnessKeys } from '../../src/cli/witnesskeys.ts';
import { toHex } from '../../src/core/bytes.ts';
import { formatVkey } from '../../src/core/note.ts';
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

test.run();
