import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sha256 } from '#sha256';
import { toHex } from '../../src/core/bytes.ts';
import { formatEvidence, makeEvidence } from '../../src/core/evidence.ts';
import { alertOf } from '../../src/monitor/alert.ts';
import { thin } from '../../src/monitor/thin.ts';
import { openMonitorStore } from '../../src/store/monitor.ts';
import { folder } from '../folder.ts';
import { LOG_KEYS, noteOf, ORIGIN, rootAt } from '../witness/testlog.ts';

// A store that has run for long is as large as its days, and has lost nothing that proves anything.

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = 1000 * DAY;

test('after years: a head for each day, for each hour since 90 days, all of the last day, and what proves something', async () => {
  const store = openMonitorStore(join(folder(), 'monitor.db'));
  const see = (size: number, firstSeen: number) =>
    store.putHead(ORIGIN, {
      size,
      root: rootAt(size),
      note: noteOf(size),
      status: 'verified',
      source: '',
      firstSeen,
    });
  // Sizes 1 to 30 in one day of long ago, 31 to 60 in one hour of last week, 61 to 90 in one hour of this day.
  for (let n = 0; n < 30; n++) {
    see(1 + n, 10 * DAY + n * 1000);
    see(31 + n, NOW - 7 * DAY + n * 1000);
    see(61 + n, NOW - HOUR + n * 1000);
  }
  see(91, 20 * DAY);
  see(92, NOW - 7 * DAY + HOUR);
  const notes = [noteOf(5), noteOf(5, { fork: true })];
  const file = formatEvidence(await makeEvidence([LOG_KEYS[0].vkey], notes, () => []));
  store.putEvidence(ORIGIN, toHex(sha256(file)), file);
  const finding = { kind: 'quorum-lost', rule: 'policy', subject: '40', summary: 'x', detail: { size: 40 } } as const;
  store.raise([alertOf(ORIGIN, '', finding), alertOf('log.example/other', '', { ...finding, detail: { size: 41 } })]);
  const left = () => store.headsAfter(ORIGIN, 0, 200).map(({ size }) => size);
  thin(store, ORIGIN, NOW);
  const kept = [5, 30, 40, 60, ...Array.from({ length: 30 }, (_, n) => 61 + n), 91, 92];
  assert.equal(
    left().sort((a, b) => a - b),
    kept,
  );
  thin(store, ORIGIN, NOW);
  assert.is(left().length, kept.length, 'there is nothing more to forget');
  thin(store, ORIGIN, NOW + 365 * DAY);
  assert.equal(
    left().sort((a, b) => a - b),
    [5, 30, 40, 90, 91, 92],
  );
});

test.run();
