import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { signaturesOf } from '../../src/cli/missing.ts';
import { LogClient } from '../../src/client/logclient.ts';
import type { TiledLog } from '../../src/client/tiledlog.ts';
import type { FaultCode } from '../../src/core/fault.ts';
import { faultsLater } from '../check.ts';
import { begun, enrol, ORGANISATIONS, policyOf, say } from '../registry/world.ts';

// What is told of signatures where the lookup of a log answers anything at all: a Fault, and no crash or endless loop.

const TWO = { ...ORGANISATIONS, acme: { role: 'vendor', roots: ['acme1', 'acme2'], threshold: 2 } } as const;
const world = begun(TWO).add(enrol('acme1', 'acme', 'ops', 'operations'));
world.add(world.approve('acme2', 'acme', 2), say('op1', 'op', 'policy', policyOf(TWO, { version: 2 })));

/** The entries of the world, and a lookup that answers with `said`, by the kind that is asked for. */
function shown(said: (kind: string, asked: number) => unknown, proposal = 2) {
  let asked = 0;
  const client = new LogClient('https://a', async (url) => {
    const body = said(new URL(url).searchParams.get('kind') as string, ++asked);
    return new Response(typeof body === 'string' ? body : JSON.stringify(body));
  });
  const log = { entry: async (index: number) => ({ entry: world.entries[index]?.statement.entry }) };
  return signaturesOf({ client, log: log as unknown as TiledLog }, proposal);
}

const rowsOf = (...all: unknown[]) => ({ rows: all.map((index) => ({ index })) });
const policies = (answer: unknown) => (kind: string) => (kind === 'policy' ? answer : rowsOf());

test('an answer page by page, some of them empty', async () => {
  const pages = [rowsOf(0), { rows: [], next: 1 }, { ...rowsOf(3), next: 4 }, rowsOf()];
  assert.equal(await shown((_, asked) => pages[asked - 1]), { signatures: ['acme: 2 of 2'], missing: 0 });
  assert.equal(await shown(policies(rowsOf(0))), { signatures: ['acme: 1 of 2'], missing: 1 });
  assert.equal(await shown(policies(rowsOf(0, 4)), 4), { signatures: ['op: 1 of 1'], missing: 0 });
});

test('what is no page of rows is told as that', async () => {
  const none = ['<html>busy</html>', '', 'null', '7', '[]', '{}', { rows: {} }, { rows: [null] }, { rows: [7] }];
  const wrong = [
    rowsOf(-1),
    rowsOf('0'),
    { rows: [], next: 'x' },
    { rows: [], next: null },
    rowsOf(0, 0),
    rowsOf(4, 0),
  ];
  for (const answer of [...none, ...wrong, rowsOf(...world.entries.keys(), ...Array(256).keys())]) {
    const fault = await faultsLater('bad-request', () => shown(policies(answer)), JSON.stringify(answer));
    assert.match(fault.message, 'the answer of the log is no list of entries');
  }
});

test('a lookup that goes round, or on for ever, ends', async () => {
  const ends = (code: FaultCode, said: (kind: string, asked: number) => unknown) =>
    faultsLater(code, () => shown((kind, asked) => (asked > 2000 ? rowsOf() : said(kind, asked))));
  await ends('bad-request', () => ({ rows: [], next: 7 }));
  await ends('too-large', (_, asked) => ({ rows: [], next: asked }));
  const full = (asked: number) => rowsOf(...Array.from({ length: 256 }, (_, i) => 256 * asked + i));
  await ends('too-large', (_, asked) => ({ ...full(asked), next: 256 * asked + 255 }));
});

test('what the log calls a policy must be one, and begin with the first', async () => {
  assert.match((await faultsLater('bad-request', () => shown(policies(rowsOf(0, 1)), 4))).message, 'entry 1');
  assert.match((await faultsLater('bad-request', () => shown(policies(rowsOf(4)), 4))).message, 'entry 0');
});

test.run();
