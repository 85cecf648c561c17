import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { utf8 } from '../../src/core/bytes.ts';
import { alertOf } from '../../src/monitor/alert.ts';
import { openMonitorStore } from '../../src/store/monitor.ts';
import { knownOf, testMonitorStore } from '../contract/monitorstore.ts';
import { folder } from '../folder.ts';

testMonitorStore(test, 'sqlite', () => {
  const path = join(folder(), 'monitor.db');
  return { open: () => openMonitorStore(path) };
});

test('a database that was made and not filled, as a kill leaves it, is filled', () => {
  const path = join(folder(), 'monitor.db');
  writeFileSync(path, '');
  assert.is(openMonitorStore(path).known('log.example/a').size, 0);
});

test('triggers forbid changing or removing what was found', () => {
  const path = join(folder(), 'monitor.db');
  const store = openMonitorStore(path);
  const origin = 'log.example/a';
  store.commit(origin, store.known(origin), { known: knownOf(5) });
  store.raise([alertOf(origin, '', { kind: 'match', rule: 'r', subject: 's', summary: 't' })]);
  store.putEvidence(origin, 'id', utf8('file'));
  store.putHead(origin, { ...knownOf(5), note: utf8('n'), status: 'conflict', source: '', firstSeen: 0 });
  store.close();
  const db = new Database(path);
  const forbidden = [
    'UPDATE followed SET size = 4',
    'UPDATE followed SET root = zeroblob(32)',
    "UPDATE followed SET origin = 'x'",
    "UPDATE alert SET body = '{}'",
    'DELETE FROM alert',
    'DELETE FROM evidence_file',
    "UPDATE evidence_file SET file = x''",
    'DELETE FROM seen_head',
  ];
  for (const statement of forbidden) assert.throws(() => db.exec(statement), /append-only|only grows/, statement);
  db.close();
});

test.run();
