import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { reasonOf } from '../../src/core/fault.ts';
import { lockGuard, openGuardFile } from '../../src/store/guardfile.ts';
import { openMirrorStore } from '../../src/store/mirror.ts';
import { openMonitorStore } from '../../src/store/monitor.ts';
import { createStore, openStore } from '../../src/store/sqlite.ts';
import { openWitnessStore } from '../../src/store/witness.ts';
import { faults } from '../check.ts';
import { folder } from '../folder.ts';

const openers: readonly (readonly [string, (path: string) => { close(): void }])[] = [
  ['log', openStore],
  ['log, to read', (path) => openStore(path, { readonly: true })],
  ['witness', openWitnessStore],
  ['mirror', openMirrorStore],
  ['monitor', openMonitorStore],
];

for (const [what, open] of openers) {
  test(`the database of a ${what} that is none is refused by its name, and left as it is`, () => {
    const text = join(folder(), 'text.db');
    writeFileSync(text, 'This is not what SQLite writes. '.repeat(100));
    const bytes = readFileSync(text);
    assert.match(faults('bad-request', () => open(text)).message, `${text}: file is not a database; it is damaged`);
    assert.equal(readFileSync(text), bytes);
    const dir = join(folder(), 'dir.db');
    mkdirSync(dir);
    assert.match(faults('bad-request', () => open(dir)).message, /dir\.db: .+; is it a file, is its disk full/);
  });
}

test('the database of something else is refused as such, and does not stay open', () => {
  const other = join(folder(), 'other.db');
  createStore(other, { origin: 'log.example/other', entries: 'opaque' });
  for (const [what, open] of openers.slice(2)) {
    if (what === 'monitor') continue; // makes its tables beside those that are there
    assert.match(
      faults('bad-request', () => open(other)).message,
      /no such table: \w+; it is damaged, or no database of/,
    );
    assert.not.ok(existsSync(`${other}-wal`), 'the last to close a database takes its log along');
  }
});

test('a guard that cannot be written, as its disk is full, is told by its name', () => {
  const guard = join(folder(), 'guard');
  symlinkSync('/dev/full', guard);
  const opened = openGuardFile(guard);
  assert.throws(
    () => opened.append(new Uint8Array(10), 0),
    (error: unknown) => reasonOf(error).startsWith(`the guard ${guard} cannot be written: ENOSPC`),
  );
  opened.close();
  lockGuard(guard)();
});

test.run();
