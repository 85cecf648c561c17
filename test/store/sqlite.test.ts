import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createStore, openStore } from '../../src/store/sqlite.ts';
import { faults } from '../check.ts';
import { batchOf, publishedOf, testLogStore } from '../contract/logstore.ts';
import { folder } from '../folder.ts';

const identity = { origin: 'log.example/store', entries: 'statements' } as const;

function create() {
  const path = join(folder(), 'log.db');
  createStore(path, identity);
  return { path, open: () => openStore(path) };
}

testLogStore(test, 'sqlite', create);

test('sqlite: init creates and refuses to overwrite, opening refuses to create', () => {
  const { path, open } = create();
  faults('bad-request', () => createStore(path, identity));
  faults('bad-request', () => openStore(`${path}.other`));
  assert.equal(open().identity(), identity);
});

test('sqlite: a reader sees what the writer committed, and cannot write', () => {
  const { path, open } = create();
  const [writer, reader] = [open(), openStore(path, { readonly: true })];
  assert.is(reader.head().size, 0);
  writer.commit(batchOf(0, 300));
  assert.is(reader.head().size, 300);
  assert.throws(() => reader.commit(batchOf(300, 301)));
});

test('sqlite: triggers forbid changing or removing what was committed', () => {
  const { path, open } = create();
  const store = open();
  store.commit(batchOf(0, 300, [0]));
  store.publish(publishedOf(1, 'one'));
  store.publish(publishedOf(2, 'two'));
  store.close();
  const db = new Database(path);
  const forbidden = [
    "UPDATE run SET entries = x'00'",
    'DELETE FROM run',
    "INSERT INTO run VALUES (5, NULL, x'00')",
    "INSERT OR REPLACE INTO run VALUES (0, NULL, x'00')",
    'UPDATE tile SET nodes = zeroblob(9184)',
    'DELETE FROM tile',
    'UPDATE head SET size = 10',
    'UPDATE head SET root = zeroblob(32)',
    'DELETE FROM head',
    "UPDATE log SET origin = 'x'",
    'DELETE FROM log',
    'DELETE FROM checkpoint',
    "UPDATE checkpoint SET note = x'00' WHERE size = 1",
    'UPDATE checkpoint SET size = 9 WHERE size = 2',
    "INSERT INTO checkpoint VALUES (0, x'00', x'00', x'00', 0, x'00')",
    'DELETE FROM derived_key',
  ];
  for (const sql of forbidden) assert.throws(() => db.exec(sql), /append-only|only grows/, sql);
  db.close();
});

test('sqlite: a checkpoint is found by its size, also when a newer one is published', () => {
  const store = create().open();
  store.publish(publishedOf(1, 'one'));
  store.publish(publishedOf(3, 'three'));
  assert.equal(store.publishedAt(1), publishedOf(1, 'one'));
  assert.equal(store.publishedAt(3), publishedOf(3, 'three'));
  assert.is(store.publishedAt(2), undefined);
  store.close();
});

test('sqlite: rotating a key makes the next number the one in use, of that use alone', () => {
  const { open } = create();
  const store = open();
  assert.is(store.keyNumber('receipt-p256'), 0);
  assert.is(store.rotateKey('receipt-p256'), 1);
  assert.is(store.rotateKey('receipt-p256'), 2);
  store.close();
  const again = open();
  assert.is(again.keyNumber('receipt-p256'), 2);
  assert.is(again.keyNumber('checkpoint-ed25519'), 0);
  again.close();
});

test('sqlite: every table has a comment that says what it is for', () => {
  const lines = readFileSync(new URL('../../schema.sql', import.meta.url), 'utf8').split('\n');
  lines.forEach((line, i) => {
    if (line.startsWith('CREATE TABLE')) assert.match(lines[i - 1] ?? '', /^-- /, line);
  });
});

test.run();
