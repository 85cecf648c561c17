import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openGuardFile } from '../../src/store/guardfile.ts';
import { openMirrorStore } from '../../src/store/mirror.ts';
import { checkPrivate } from '../../src/store/seed.ts';
import { openStore } from '../../src/store/sqlite.ts';
import { openWitnessStore } from '../../src/store/witness.ts';
import { folder } from '../folder.ts';

// What lies in a folder of another user is not gone: nobody is told to make it anew, or that it is lost.

const unseen = suite('unseen');
const { setegid, seteuid, geteuid } = process;
const isRoot = geteuid?.() === 0;
if (!isRoot) console.log('skipped: becoming another user, this one is not root');

const open = { openStore, openWitnessStore, openMirrorStore, openGuardFile, checkPrivate };
if (isRoot && setegid && seteuid)
  for (const [name, call] of Object.entries(open))
    unseen(`${name} tells that it may not look`, () => {
      const outer = folder();
      chmodSync(outer, 0o755);
      const path = join(outer, 'closed', 'file');
      mkdirSync(join(outer, 'closed'), { mode: 0o700 });
      writeFileSync(path, '');
      setegid(65534);
      seteuid(65534);
      try {
        assert.throws(() => call(path), /EACCES/);
      } finally {
        seteuid(0);
        setegid(0);
      }
    });
else
  unseen('a file in this folder is seen', () =>
    assert.throws(() => openStore(join(folder(), 'none')), /there is no log/),
  );

unseen.run();
