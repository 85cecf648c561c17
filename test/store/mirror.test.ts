import { join } from 'node:path';
import { suite, test } from 'uvu';
import * as assert from 'uvu/assert';
import { sha256 } from '#sha256';
import { toHex, utf8 } from '../../src/core/bytes.ts';
import { createMirrorStore, openMirrorStore } from '../../src/store/mirror.ts';
import { faults, sameBytes } from '../check.ts';
import { mirrorStoreContract } from '../contract/mirrorstore.ts';
import { folder } from '../folder.ts';

const IDENTITY = { name: 'mirror.example/m1', origin: 'log.example/mirrored' };

function create() {
  const path = join(folder(), 'mirror.db');
  createMirrorStore(path, IDENTITY);
  return { path, open: () => openMirrorStore(path) };
}

const contract = suite('sqlite');
mirrorStoreContract(contract, create);
contract.run();

test('init makes, open opens, neither does the other', () => {
  const { path, open } = create();
  assert.equal(open().identity(), IDENTITY);
  faults('bad-request', () => createMirrorStore(path, IDENTITY));
  faults('bad-request', () => openMirrorStore(`${path}.other`));
});

test('evidence is found by its hash', () => {
  const store = create().open();
  store.keepEvidence(utf8('a file'), 9);
  sameBytes(store.evidence().get(toHex(sha256(utf8('a file')))), utf8('a file'));
});

test.run();
