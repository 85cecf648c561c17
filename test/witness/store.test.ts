import { statSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createWitnessStore, openWitnessStore } from '../../src/store/witness.ts';
import { faults } from '../check.ts';
import { testWitnessStore } from '../contract/witnessstore.ts';
import { folder } from '../folder.ts';
import { emptyState, faulty, memoryStore } from './memorystore.ts';
import { knownAt, LOG_KEYS, noteOf, ORIGIN, WITNESS } from './testlog.ts';

function create() {
  const path = join(folder(), 'witness.db');
  createWitnessStore(path, WITNESS);
  return { path, open: () => openWitnessStore(path) };
}

testWitnessStore(test, 'sqlite', create);
testWitnessStore(test, 'memory behind the fault wrapper', () => {
  const state = emptyState();
  return { open: () => faulty(memoryStore(state)) };
});

test('init creates and refuses to overwrite, opening refuses to create; the name stays', () => {
  const { path, open } = create();
  faults('bad-request', () => createWitnessStore(path, WITNESS));
  faults('bad-request', () => openWitnessStore(`${path}.other`));
  assert.is(open().name(), WITNESS);
  assert.ok(statSync(path).size > 0);
});

test('triggers forbid changing or removing what was witnessed', () => {
  const { path, open } = create();
  const store = open();
  store.addLog(ORIGIN, LOG_KEYS[0].vkey);
  store.advance(ORIGIN, knownAt(0, 0), knownAt(5, 10));
  const [known, offered] = [noteOf(5), noteOf(5, { fork: true })];
  store.keep({ origin: ORIGIN, kind: 'same-size', time: 1, known, offered, old: 5, proof: [] }, 9);
  store.close();
  const db = new Database(path);
  const forbidden = [
    "UPDATE witness SET name = 'x'",
    'DELETE FROM witness',
    'DELETE FROM witnessed_log',
    'UPDATE witnessed_log SET size = 4',
    'UPDATE witnessed_log SET time = 9',
    'UPDATE witnessed_log SET root = zeroblob(32)',
    'UPDATE witnessed_log SET note = NULL',
    "UPDATE witnessed_log SET origin = 'x'",
    "UPDATE witnessed_log SET hash = 'x'",
    "UPDATE witnessed_key SET origin = 'x'",
    'DELETE FROM witnessed_key',
    'UPDATE evidence SET time = 0',
    'DELETE FROM evidence',
  ];
  for (const statement of forbidden) assert.throws(() => db.exec(statement), /append-only|only grows/, statement);
  db.close();
});

test.run();
