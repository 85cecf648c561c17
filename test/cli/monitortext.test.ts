import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type LogStatus, statusText } from '../../src/cli/monitortext.ts';
import { alertOf } from '../../src/monitor/alert.ts';
import { ALERT_KINDS, type AlertKind, type KeptAlert } from '../../src/monitor/memory.ts';

// What `limmat monitor status` prints fits a terminal, however long the proofs are.

const NOW = new Date('2026-01-10T12:00:00Z');
const log = (name: string, more: Partial<LogStatus> = {}): LogStatus => ({
  log: name,
  verified: 300,
  entriesLookedAt: 300,
  headAt: '2026-01-10T11:57:30Z',
  lastSuccess: '2026-01-10T11:58:00Z',
  pending: 0,
  unverifiable: 0,
  conflict: 0,
  evidence: [],
  ...more,
});
const alert = (kind: AlertKind, subject = 's', origin = 'log.example/a'): KeptAlert => ({
  ...alertOf(origin, '2026-01-10T00:00:00Z', {
    kind,
    rule: 'r',
    subject,
    summary: `${subject} was found`,
    detail: { proof: 'p'.repeat(5000) },
  }),
  acknowledged: undefined,
});
const lines = (logs: LogStatus[], alerts: KeptAlert[]) => statusText({ logs, alerts }, NOW).split('\n');

test('a line for each log', () => {
  const all = [
    log('log.example/a'),
    log('log.example/longer', { verified: 1, entriesLookedAt: 0, headAt: '2026-01-08T11:00:00Z', evidence: ['x'] }),
    log('b', {
      notCheckedBefore: 256,
      entriesLookedAt: 44,
      pending: 1,
      unverifiable: 1,
      headAt: '2026-01-10T12:00:00Z',
    }),
    { ...log('c'), headAt: undefined } as unknown as LogStatus,
  ];
  assert.equal(lines(all, [alert('match', 'x', 'log.example/longer')]).slice(0, 4), [
    'log.example/a       300 entries, head 2 minutes old, no open alert',
    'log.example/longer  1 entry, 1 of them not looked at yet, head 2 days old, 1 open alert, 1 file of evidence',
    'b                   300 entries, those before 256 never checked, head less than a minute old, no open alert, 2 heads not verified',
    'c                   nothing verified yet, no open alert',
  ]);
});

test('two lines for each open alert: what it is with its id, and what to do', () => {
  for (const kind of ALERT_KINDS) {
    const one = alert(kind, 'x'.repeat(400));
    const [, gap, said, advice, ...rest] = lines([log('log.example/a')], [one]);
    assert.is(gap, '');
    assert.ok(said?.startsWith(`${one.id}  ${kind}: xxx`), said);
    assert.match(advice ?? '', /^ {2}[a-z]/);
    assert.ok(Math.max(said?.length ?? 0, advice?.length ?? 0) <= 220, 'two lines of a terminal');
    assert.match(rest.join('\n'), 'limmat monitor ack ID');
  }
});

test('what is acknowledged takes one line, and of very many alerts the newest are shown', () => {
  const done = { ...alert('match'), acknowledged: '2026-01-10T01:00:00Z' };
  assert.equal(lines([], [done]).slice(-1), [`${done.id}  match, acknowledged 2026-01-10T01:00:00Z: s was found`]);
  const many = Array.from({ length: 1000 }, (_, n) => alert('match', `alert ${n}`));
  const text = lines([log('log.example/a')], many);
  assert.is(text[0], 'log.example/a  300 entries, head 2 minutes old, 1000 open alerts');
  assert.is(text[2], '980 older alerts are in --json.');
  assert.ok(text.length < 70 && text.join('\n').includes('alert 999 was found'));
});

test.run();
