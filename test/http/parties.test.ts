import { join } from 'node:path';
import { suite } from 'uvu';
import { LogGossip } from '../../src/log/gossip.ts';
import { PublishedTree } from '../../src/log/published.ts';
import { TreeCopy } from '../../src/log/treecopy.ts';
import { MirrorGossip } from '../../src/monitor/mirrorgossip.ts';
import { openEvidenceFiles } from '../../src/store/evidencefiles.ts';
import { createStore, openStore } from '../../src/store/sqlite.ts';
import { WitnessGossip } from '../../src/witness/gossip.ts';
import { type GossipParty, gossipContract } from '../contract/gossip.ts';
import { folder } from '../folder.ts';
import * as mirrored from '../monitor/testmirror.ts';
import * as oracle from '../oracle.ts';
import { emptyState, memoryStore } from '../witness/memorystore.ts';
import * as watched from '../witness/testlog.ts';
import { monitorOf } from './party.ts';

// All who exchange heads: a log, a monitor, a witness and a mirror, each of which has seen a tree.

const SIZE = 20;

const WATCHED = {
  origin: watched.ORIGIN,
  vkeys: watched.LOG_KEYS.map(({ vkey }) => vkey),
  size: SIZE,
  noteOf: (size: number, fork = false) => watched.noteOf(size, { fork }),
  foreign: [
    watched.noteOf(5, { keys: [watched.STRANGER] }),
    watched.noteOf(5, { origin: 'log.example/other' }),
  ] as const,
};
const MIRRORED = {
  origin: mirrored.ORIGIN,
  vkeys: [mirrored.LOG.vkey],
  size: SIZE,
  noteOf: mirrored.noteOf,
  foreign: [
    mirrored.noteOf(5, false, mirrored.STRANGER),
    mirrored.noteOf(5, false, mirrored.LOG, 'log.example/other'),
  ] as const,
};

function log() {
  const path = join(folder(), 'log.db');
  createStore(path, { origin: mirrored.ORIGIN, entries: 'opaque' });
  const store = openStore(path);
  const copy = new TreeCopy(store);
  copy.appendOpaque(Array.from({ length: SIZE }, (_, i) => oracle.entry(i)));
  const note = mirrored.noteOf(SIZE);
  const tree = new PublishedTree(store, copy.head);
  return new LogGossip({
    origin: mirrored.ORIGIN,
    vkeys: MIRRORED.vkeys,
    published: () => ({ head: { note }, tree }),
    publishedAfter: (size) => (size < SIZE ? [{ seq: SIZE, note }] : []),
    files: openEvidenceFiles(join(folder(), 'evidence')),
    alarm: () => {},
  });
}

async function monitor() {
  const { party } = monitorOf(SIZE);
  await party.post(watched.ORIGIN, watched.noteOf(SIZE));
  return party;
}

function witness() {
  const store = memoryStore(emptyState());
  for (const { vkey } of watched.LOG_KEYS) store.addLog(watched.ORIGIN, vkey);
  store.advance(watched.ORIGIN, watched.knownAt(0, 0), watched.knownAt(SIZE));
  return new WitnessGossip({ store, kept: () => store.evidence(), clock: () => new Date(), alarm: () => {} });
}

async function mirror() {
  const { mirror: one, known } = new mirrored.TestMirror();
  await one.follow(mirrored.noteOf(SIZE), (path) => mirrored.getOf(SIZE, path));
  return new MirrorGossip(one, known);
}

const PARTIES: Record<string, GossipParty> = {
  log: { ...MIRRORED, keepsTree: true, open: log },
  monitor: { ...WATCHED, keepsTree: true, open: monitor },
  witness: { ...WATCHED, keepsTree: false, open: witness },
  mirror: { ...MIRRORED, keepsTree: true, open: mirror },
};
for (const [name, party] of Object.entries(PARTIES)) {
  const contract = suite(name);
  gossipContract(contract, party);
  contract.run();
}
