import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseEvidence, verifyEvidence } from '../../src/core/evidence.ts';
import { LogGossip } from '../../src/log/gossip.ts';
import { PublishedTree } from '../../src/log/published.ts';
import { TreeCopy } from '../../src/log/treecopy.ts';
import { openEvidenceFiles } from '../../src/store/evidencefiles.ts';
import { createStore, openStore } from '../../src/store/sqlite.ts';
import { faults, faultsLater } from '../check.ts';
import { folder } from '../folder.ts';
import * as oracle from '../oracle.ts';
import { LOG_KEYS, noteOf, ORIGIN, STRANGER } from '../witness/testlog.ts';

// A log that is shown heads: what one of its keys signed is its own, whichever key that is, and convicts it.

const SIZE = 20;

test('a head that one key of the log signed is its own, and evidence of a fork names that key', async () => {
  const path = join(folder(), 'log.db');
  createStore(path, { origin: ORIGIN, entries: 'opaque' });
  const store = openStore(path);
  const copy = new TreeCopy(store);
  copy.appendOpaque(Array.from({ length: SIZE }, (_, i) => oracle.entry(i)));
  const published = { head: { note: noteOf(SIZE, { keys: LOG_KEYS }) }, tree: new PublishedTree(store, copy.head) };
  const vkeys = LOG_KEYS.map(({ vkey }) => vkey);
  const alarms: string[] = [];
  const gossip = new LogGossip({
    origin: ORIGIN,
    vkeys,
    published: () => published,
    publishedAfter: () => [],
    files: openEvidenceFiles(join(folder(), 'evidence')),
    alarm: (message) => alarms.push(message),
  });
  for (const [i, key] of LOG_KEYS.entries()) {
    assert.is((await gossip.post(ORIGIN, noteOf(7, { keys: [key] }))).kind, 'consistent');
    const posted = await gossip.post(ORIGIN, noteOf(7, { keys: [key], fork: true }));
    assert.is(posted.kind, 'conflict');
    const evidence = parseEvidence((posted as { file: Uint8Array }).file);
    assert.equal(verifyEvidence(evidence, vkeys).log, key.vkey);
    faults('unknown-signer', () => verifyEvidence(evidence, vkeys.slice(1 - i, 2 - i)), 'it says nothing of the other');
    assert.equal([gossip.evidence().length, alarms.length], [i + 1, i + 1]);
  }
  await faultsLater('unknown-signer', () => gossip.post(ORIGIN, noteOf(7, { keys: [STRANGER], fork: true })));
  assert.is(gossip.evidence().length, LOG_KEYS.length);
  store.close();
});

test.run();
