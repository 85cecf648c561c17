import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openGuardFile } from '../../src/store/guardfile.ts';
import { openMirrorStore } from '../../src/store/mirror.ts';
import { checkPrivate } from '../../src/store/seed.ts';
import { openStore } from '../../src/store/sqlite.ts';
import { openWitnessStore } from '../../src/store/witness.ts';
import { folder } from '../folder.ts';

// What cannot be looked at is not gone: nobody is told to make it anew, or that it is lost. A link that leads to itself
// stands here for a folder of another user, as a test may be run by root, who sees all.

for (const [name, open] of Object.entries({
  openStore,
  openWitnessStore,
  openMirrorStore,
  openGuardFile,
  checkPrivate,
})) {
  test(`${name} tells that it may not look`, () => {
    const path = join(folder(), 'loop');
    symlinkSync(path, path);
    assert.throws(() => open(path), /ELOOP/);
  });
}

test.run();
