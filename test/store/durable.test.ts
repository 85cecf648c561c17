import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createFile, replaceFile } from '../../src/store/durable.ts';
import { faults } from '../check.ts';
import { folder } from '../folder.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
/** What no file can be written from, so that writing fails after the file was made. */
const unwritable = { length: 1 } as Uint8Array;

test('a new file is whole or not there, and never replaces one', () => {
  const dir = folder();
  const path = join(dir, 'new');
  assert.throws(() => createFile(path, unwritable), /ERR_INVALID_ARG_TYPE|must be/);
  assert.equal(readdirSync(dir), []);
  createFile(path, bytes('one'), 0o600);
  assert.is(statSync(path).mode & 0o777, 0o600);
  assert.match(faults('bad-request', () => createFile(path, bytes('two'))).message, `${path} exists`);
  assert.is(readFileSync(path, 'utf8'), 'one');
});

test('a file that cannot be replaced stays as it was', () => {
  const path = join(folder(), 'old');
  replaceFile(path, bytes('one'));
  assert.throws(() => replaceFile(path, unwritable), /ERR_INVALID_ARG_TYPE|must be/);
  assert.is(readFileSync(path, 'utf8'), 'one');
  replaceFile(path, bytes('two'));
  assert.is(readFileSync(path, 'utf8'), 'two');
});

test.run();
