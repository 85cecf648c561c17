/** What the parts reach alone, beside what could stand in their place: primitives, and the commit of the store. @module */
import { createHash } from 'node:crypto';
import { logDirectory } from '../../src/cli/logdir.ts';
import * as ed25519Noble from '../../src/core/primitive/ed25519.noble.ts';
import * as ed25519 from '../../src/core/primitive/ed25519.node.ts';
import * as sodium from '../../src/core/primitive/ed25519.sodium.ts';
import * as mldsaNoble from '../../src/core/primitive/mldsa44.noble.ts';
import * as mldsa from '../../src/core/primitive/mldsa44.node.ts';
import * as sha256Noble from '../../src/core/primitive/sha256.noble.ts';
import * as sha256 from '../../src/core/primitive/sha256.node.ts';
import { sequence } from '../../src/log/sequence.ts';
import { openStore } from '../../src/store/sqlite.ts';
import { makeEntry } from './load.ts';
import type { Results } from './results.ts';
import { BATCH } from './scale.ts';
import { ENTRY_BYTES } from './templates.ts';

/** How often `work` runs in a second of this thread. */
function rate(seconds: number, work: () => void): number {
  for (let i = 0; i < 3; i++) work();
  const started = performance.now();
  let done = 0;
  while (performance.now() - started < seconds * 1000) {
    for (let i = 0; i < 8; i++) work();
    done += 8;
  }
  return (done * 1000) / (performance.now() - started);
}

export async function measurePrimitives(seconds: number, results: Results): Promise<void> {
  await mldsa.accelerate();
  const message = new Uint8Array(ENTRY_BYTES);
  const add = (what: string, work: () => void) => {
    results.add(what, undefined, 'ops/s', { value: rate(seconds, work) });
  };
  add('SHA-256 of an entry, crypto.hash', () => sha256.sha256(message));
  add('SHA-256 of an entry, createHash', () => createHash('sha256').update(message).digest());
  add('SHA-256 of an entry, noble', () => sha256Noble.sha256(message));
  const seed = new Uint8Array(32).fill(1);
  const pairs = [
    ['Ed25519', 'node', ed25519],
    ['Ed25519', 'noble', ed25519Noble],
    ['ML-DSA-44', 'as served', mldsa],
    ['ML-DSA-44', 'noble', mldsaNoble],
  ] as const;
  for (const [name, by, primitive] of pairs) {
    const { publicKey, sign } = primitive.signer(seed);
    const signature = sign(message);
    add(`${name} sign, ${by}`, () => sign(message));
    add(`${name} verify, ${by}`, () => primitive.verify(publicKey, message, signature));
    if (by === 'node') add('Ed25519 verify, as served', () => sodium.verify(publicKey, message, signature));
  }
}

/** The store's own commit of batches, with neither tree nor guard nor checkpoint; on an empty opaque log. */
export function measureCommit(data: string, seconds: number, results: Results): void {
  const store = openStore(logDirectory(data).database);
  for (const count of [1, BATCH, 16 * BATCH]) {
    let n = 0;
    const commits = rate(seconds, () => {
      const from = store.head();
      const submissions = Array.from({ length: count }, (_, i) => {
        const entry = makeEntry('commit', n + i, ENTRY_BYTES);
        return { id: entry.subarray(0, 32), key: '', entry, verified: true };
      });
      n += count;
      const to = { size: from.size + count, root: from.root };
      store.commit({ from, to, runs: sequence(submissions, from.size, false), tiles: [], governance: [] });
    });
    results.add(`SQLite commit alone, ${count} to a commit`, undefined, 'entries/s', { value: commits * count });
  }
  store.close();
}
