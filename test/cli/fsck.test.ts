import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { bundlePrefix } from '../../src/core/bundle.ts';
import { concat, utf8 } from '../../src/core/bytes.ts';
import { decodeStatement } from '../../src/core/cose.ts';
import { leafHash } from '../../src/core/hash.ts';
import { loadEdge } from '../../src/log/edge.ts';
import { Guard } from '../../src/log/guard.ts';
import { integrate, sequence } from '../../src/log/sequence.ts';
import type { Finding } from '../../src/monitor/check.ts';
import { openStore } from '../../src/store/sqlite.ts';
import { flipBit } from '../check.ts';
import { type BuiltLog, buildOf, builtLog, copyOf, ORIGIN } from '../flow/builtlog.ts';
import { type Lie, serveFiles } from '../flow/fileserver.ts';
import { limmat, serve } from '../flow/server.ts';
import { ends, run } from './world.ts';

// fsck finds what was done to a log, and names the place: in its database and guard, and from outside.

const SIZE = 309;
const sound = await builtLog(SIZE);

async function fsck(...args: string[]): Promise<{ code: number; size: number; findings: Finding[] }> {
  const { code, stdout, stderr } = await limmat('fsck', ...args, '--json');
  assert.is(stderr, '');
  return { code, ...(JSON.parse(stdout) as { size: number; findings: Finding[] }) };
}

/** The findings as lines, of which one must be as expected. */
async function finds(expected: RegExp, ...args: string[]): Promise<string[]> {
  const { code, findings } = await fsck(...args);
  const lines = findings.map(({ place, message }) => `${place}: ${message}`);
  assert.is(code, 1, `nothing was found, looking for ${expected}`);
  assert.ok(
    lines.some((line) => expected.test(line)),
    `${expected} is not among\n${lines.join('\n')}`,
  );
  return lines;
}

/** Changes a database as nobody may: without the triggers that keep it append-only. */
function tamper(path: string, change: (db: Database.Database) => void): void {
  const db = new Database(path);
  const triggers = db.prepare("SELECT name FROM sqlite_master WHERE type = 'trigger'").pluck().all() as string[];
  for (const name of triggers) db.exec(`DROP TRIGGER ${name}`);
  change(db);
  db.close();
}

/** Changes a blob of one row. */
const change =
  (column: string, from: string, edit: (bytes: Uint8Array) => Uint8Array) =>
  (db: Database.Database): void => {
    const bytes = db.prepare(`SELECT ${column} FROM ${from}`).pluck().get() as Uint8Array;
    const { changes } = db.prepare(`UPDATE ${from.replace(' WHERE', ` SET ${column} = ? WHERE`)}`).run(edit(bytes));
    assert.is(changes, 1);
  };

const sql = (text: string) => (db: Database.Database) => {
  assert.is(db.prepare(text).run().changes, 1, text);
};

/** A bit in the last byte of the entry with this number in a run or bundle. */
const inEntry = (n: number) => (bytes: Uint8Array) => flipBit(bytes, 8 * (bundlePrefix(bytes, n + 1) - 1));
const inSignature = (note: Uint8Array) =>
  utf8(
    new TextDecoder()
      .decode(note)
      .replace(/(\S{20})\n$/, (end) => end.replace(/[A-Za-z]/, (c) => (c === 'A' ? 'B' : 'A'))),
  );

// A run of entries 102 to 201: after two of the log's own, statements came a hundred at a time.
const RUN = 'run WHERE first = 102';

const DATA: [string, (db: Database.Database) => void, RegExp][] = [
  ['a flipped bit in an entry', change('entries', RUN, inEntry(3)), /^tile\/0\/000: hash 105, of entry 105, is not/],
  ['the same, and its signature', change('entries', RUN, inEntry(3)), /^entry 105: the signature does not verify/],
  ['the same, and the root', change('entries', RUN, inEntry(3)), /^size 309: the root that the newest head names/],
  [
    'a flipped bit in a tile',
    change('nodes', 'tile WHERE place = 0', (nodes) => flipBit(nodes, 7 * 256 + 5)),
    /^tile\/0\/000: hash 7, of entry 7, is not/,
  ],
  [
    'a flipped bit in the interior of a tile',
    change('nodes', 'tile WHERE place = 0', (nodes) => flipBit(nodes, 9183 * 8)),
    /^tile\/0\/000: an interior node is not/,
  ],
  [
    'a flipped bit in the stored root',
    change('root', 'head WHERE one = 1', flipBit),
    /^size 309: the root that the newest head names/,
  ],
  ['a head that is larger', sql('UPDATE head SET size = 310'), /entry 309 is missing/],
  ['a head that is smaller', sql('UPDATE head SET size = 308'), /^size 309: the guard names more entries than the 308/],
  ['a missing run', sql(`DELETE FROM ${RUN}`), /^tile\/entries\/000: entry 102 is missing/],
  [
    'the missing last run',
    sql('DELETE FROM run WHERE first = (SELECT max(first) FROM run)'),
    /^tile\/entries\/001\.p\/53: entry \d+ is missing/,
  ],
  [
    'a run that is cut off',
    change('entries', RUN, (bytes) => bytes.subarray(0, -1)),
    /^tile\/entries\/000: the run of entry 102 is cut off/,
  ],
  ['a missing tile', sql('DELETE FROM tile'), /^tile\/0\/000: tile 0\/0 is missing/],
  [
    'a wrong signature of a checkpoint',
    change('note', `checkpoint WHERE size = ${SIZE}`, inSignature),
    /^checkpoint 309: the signature by .* does not verify/,
  ],
  [
    'a wrong signature of an older checkpoint',
    change('note', 'checkpoint WHERE size = 2', inSignature),
    /^checkpoint 2: the signature by .* does not verify/,
  ],
  ...[SIZE, 2].flatMap((size): [string, (db: Database.Database) => void, RegExp][] => {
    const row = `checkpoint WHERE size = ${size}`;
    return [
      [
        `a flipped bit in the signature of the receipts of size ${size}`,
        change('receipt_signature', row, (bytes) => flipBit(bytes, 8 * 40)),
        new RegExp(`^checkpoint ${size}: its receipt_signature does not verify`),
      ],
      [
        `a flipped bit in the signature of the tree head of size ${size}`,
        change('tree_head_signature', row, (bytes) => flipBit(bytes, 8 * 63 + 7)),
        new RegExp(`^checkpoint ${size}: its tree_head_signature does not verify`),
      ],
    ];
  }),
  [
    'a flipped bit in what receipts say of the log',
    change('receipt_header', 'checkpoint WHERE size = 2', (bytes) => flipBit(bytes, 8 * (bytes.length - 10))),
    /^checkpoint 2: its receipt_/,
  ],
  [
    'a flipped bit in the name of the receipt key',
    change('receipt_header', 'checkpoint WHERE size = 2', (bytes) => flipBit(bytes, 8 * 20)),
    /^checkpoint 2: its receipt_header names no receipt key of this log/,
  ],
  [
    'another time of a tree head',
    sql('UPDATE checkpoint SET timestamp = timestamp + 1 WHERE size = 2'),
    /^checkpoint 2: its tree_head_signature does not verify with its timestamp/,
  ],
  [
    'a time that is none',
    sql('UPDATE checkpoint SET timestamp = -1 WHERE size = 2'),
    /^checkpoint 2: its tree_head_signature does not verify with its timestamp/,
  ],
  [
    'a checkpoint in the row of another size',
    sql('UPDATE checkpoint SET size = 3 WHERE size = 2'),
    /^checkpoint 3: it says size 2/,
  ],
  [
    'a checkpoint that is no note',
    sql("UPDATE checkpoint SET note = x'00' WHERE size = 2"),
    /^checkpoint 2: a note has no control/,
  ],
  [
    'a database that says it is of another log',
    sql("UPDATE log SET origin = 'log.example/other'"),
    /^checkpoint 309: it is of demo/,
  ],
  [
    'an id row that points elsewhere',
    change('ids', RUN, (ids) => flipBit(ids, 3 * 256)),
    /^id of entry 105: the stored id is not/,
  ],
  [
    'ids that were swapped',
    change('ids', RUN, (ids) => concat(ids.subarray(32, 64), ids.subarray(0, 32), ids.subarray(64))),
    /^id of entry 102: the stored id is not/,
  ],
  [
    'ids that are gone',
    sql(`UPDATE run SET ids = NULL WHERE first = 102`),
    /^id of entry 102: .*no id is stored for entry 102/,
  ],
  [
    'a run whose row points elsewhere',
    sql('UPDATE run SET first = 108 WHERE first = 102'),
    /^tile\/entries\/000: entry 102 is missing/,
  ],
  [
    'a governance row that points elsewhere',
    sql('UPDATE governance SET entry = 50 WHERE entry = 5'),
    /^governance row 50: .* entry 50 is listed and is not one/,
  ],
  [
    'the same, told of the entry',
    sql('UPDATE governance SET entry = 50 WHERE entry = 5'),
    /^governance row 5: .* entry 5 is one and is not listed/,
  ],
  ['a missing governance row', sql('DELETE FROM governance WHERE entry = 0'), /^governance row 0: /],
];

test('fsck --data and --url: the log as it is', async () => {
  assert.equal(await fsck('--data', sound.data), { code: 0, origin: ORIGIN, size: SIZE, findings: [] });
  const server = await serveFiles(sound.copy);
  assert.equal(await fsck('--url', server.url, '--vkey', sound.vkey), {
    code: 0,
    origin: ORIGIN,
    size: SIZE,
    findings: [],
  });
  server.close();
});

for (const [name, tampering, expected] of DATA) {
  test(`fsck --data: ${name}`, async () => {
    const log = copyOf(sound);
    tamper(log.database, tampering);
    await finds(expected, '--data', log.data);
  });
}

test('fsck --data: a backup without its seed is checked as far as it can be, and that is told', async () => {
  const log = copyOf(sound);
  rmSync(`${log.data}/seed`);
  const lines = await finds(/^receipt keys: .*cannot be verified: there is no key file .*seed$/, '--data', log.data);
  assert.is(lines.length, 1);
});

/** A journal that is whole, of a tree that nobody has: 256 is one node, so its hash is the root. */
function otherRoot(): string {
  let written = '';
  const file = {
    read: () => utf8(''),
    truncate: () => {},
    append(line: Uint8Array) {
      written = textOf(line);
    },
  };
  const root = leafHash(utf8('another'));
  new Guard(file, ORIGIN).admit({ size: 256, root }, () => root);
  return written;
}

const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

const GUARD: [string, (text: string) => string | undefined, RegExp][] = [
  ['a line changed', (text) => text.replace(/^(.{4})./, '$1!'), /log\.guard: the guard is damaged: line 1/],
  ['a bit of the last line', (text) => text.replace(/.\n$/, 'A\n'), /log\.guard: the guard is damaged: line \d/],
  ['a line taken out', (text) => text.replace(/^.*\n/, ''), /log\.guard: the guard is damaged: line 1/],
  [
    'the last line taken out',
    (text) => text.replace(/.*\n$/, ''),
    /log\.guard: it does not have the published checkpoint of size 309/,
  ],
  ['another log', (text) => text.replace(/^/, '1 AAAA AAAA\n'), /log\.guard: the guard is damaged: line 1/],
  ['another root, in lines that chain', otherRoot, /^size 256: the root that the guard names is not/],
  ['no guard', () => undefined, /log\.guard: there is no guard/],
];

for (const [name, edit, expected] of GUARD) {
  test(`fsck --data, the guard: ${name}`, async () => {
    const log = copyOf(sound);
    const edited = edit(readFileSync(log.guard, 'utf8'));
    if (edited === undefined) rmSync(log.guard);
    else writeFileSync(log.guard, edited);
    await finds(expected, '--data', log.data);
  });
}

const path = (wanted: string, edit: (bytes: Uint8Array) => Uint8Array | undefined): Lie => {
  return (asked, bytes) => (asked === wanted && bytes ? edit(bytes) : bytes);
};
const gone = () => undefined;
const text = (edit: (note: string) => string) => (bytes: Uint8Array) => utf8(edit(textOf(bytes)));

const URL: [string, Lie, RegExp][] = [
  [
    'a flipped bit in an entry',
    path('tile/entries/000', inEntry(105)),
    /^tile\/0\/000: hash 105, of entry 105, is not/,
  ],
  ['the same, and its signature', path('tile/entries/000', inEntry(105)), /^entry 105: the signature does not verify/],
  [
    'an entry at the edge',
    path('tile/entries/001.p/53', inEntry(2)),
    /^tile\/0\/001\.p\/53: hash 2, of entry 258, is not/,
  ],
  [
    'a flipped bit in a tile',
    path('tile/0/000', (tile) => flipBit(tile, 7 * 256)),
    /^tile\/0\/000: hash 7, of entry 7, is not/,
  ],
  [
    'a flipped bit at the edge',
    path('tile/0/001.p/53', (tile) => flipBit(tile, 256)),
    /^tile\/0\/001\.p\/53: hash 1, of entry 257, is not/,
  ],
  ['a flipped bit in a higher tile', path('tile/1/000.p/1', flipBit), /^tile\/1\/000\.p\/1: hash 0 is not/],
  ['a missing bundle', path('tile/entries/000', gone), /^tile\/entries\/000: .* 404/],
  ['a missing bundle at the edge', path('tile/entries/001.p/53', gone), /^tile\/entries\/001\.p\/53: .* 404/],
  ['a missing tile', path('tile/0/000', gone), /^tile\/0\/000: .* 404/],
  [
    'a bundle that is cut off',
    path('tile/entries/000', (bytes) => bytes.subarray(0, -1)),
    /^tile\/entries\/000: .*cut off/,
  ],
  ['a tile that is cut off', path('tile/0/000', (bytes) => bytes.subarray(1)), /^tile\/0\/000: .*8191 bytes/],
  [
    'another root in the checkpoint',
    path(
      'checkpoint',
      text((note) => note.replace(/^(.*\n.*\n).{4}/, '$1AAAA')),
    ),
    /^checkpoint: the signature by .* does not verify/,
  ],
  [
    'a wrong signature of the checkpoint',
    path('checkpoint', inSignature),
    /^checkpoint: the signature by .* does not verify/,
  ],
  [
    'no signature of the log',
    path(
      'checkpoint',
      text((note) => note.replaceAll('— demo', '— other')),
    ),
    /^checkpoint: no signature/,
  ],
  ['a checkpoint that is none', path('checkpoint', () => utf8('<html>')), /^checkpoint: a note/],
];

for (const [name, lie, expected] of URL) {
  test(`fsck --url, a server that lies: ${name}`, async () => {
    const server = await serveFiles(sound.copy, lie);
    await finds(expected, '--url', server.url, '--vkey', sound.vkey);
    server.close();
  });
}

const DAMAGED: [string, (db: Database.Database) => void, RegExp][] = [
  [
    'an entry at the right edge',
    change('entries', 'run WHERE first = (SELECT max(first) FROM run)', inEntry(0)),
    /do not hash to the root of size 309|does not extend the head/,
  ],
  [
    'the root of a tile',
    change('nodes', 'tile WHERE place = 0', (nodes) => flipBit(nodes, 9183 * 8)),
    /root of size 309/,
  ],
  ['the stored root', change('root', 'head WHERE one = 1', flipBit), /do not hash to the root of size 309/],
  ['a missing tile', sql('DELETE FROM tile'), /tile 0\/0 is missing/],
];

for (const [name, tampering, expected] of DAMAGED) {
  test(`serve signs nothing over a damaged database, and says why: ${name}`, async () => {
    const log = copyOf(sound);
    tamper(log.database, tampering);
    const guard = readFileSync(log.guard);
    const server = await serve(log.data);
    const health = await fetch(`${server.url}/healthz`);
    assert.is(health.status, 503);
    assert.match(((await health.json()) as { problem: string }).problem, expected);
    assert.is(await server.end('SIGTERM'), 0, server.stderr());
    assert.equal(readFileSync(log.guard), guard);
  });
}

test('fsck: entries that the rules forbid, in a tree that is otherwise whole, from inside and from outside', async () => {
  const log = copyOf(sound);
  const forged = flipBit(buildOf(log.world, 1000), 8 * (buildOf(log.world, 1000).length - 1));
  const repeated = buildOf(log.world, 5);
  appendAround(log, [forged, repeated, utf8('not a statement')]);
  const server = await serve(log.data, '--export', log.copy);
  for (const args of [
    ['--data', log.data],
    ['--url', server.url, '--vkey', log.vkey],
  ]) {
    const lines = await finds(/^entry 309: the signature does not verify/, ...args);
    assert.ok(
      lines.some((line) => /^entry 311: the log should not have admitted this/.test(line)),
      lines.join('\n'),
    );
  }
  await server.end('SIGTERM');
});

/** Appends to a closed log without asking anyone. */
function appendAround(log: BuiltLog, entries: readonly Uint8Array[]): void {
  const store = openStore(log.database);
  const head = store.head();
  const submissions = entries.map((entry) => {
    const id = isStatement(entry) ? decodeStatement(entry).id : leafHash(entry);
    return { id, key: '', entry, verified: true };
  });
  const runs = sequence(submissions, head.size, true);
  const leaves = concat(...entries.map((entry) => leafHash(entry)));
  store.commit(integrate(head, loadEdge(store, head.size), leaves, { runs, governance: [] }).batch);
  store.close();
}

function isStatement(entry: Uint8Array): boolean {
  return entry[0] === 0xd2;
}

test('fsck: what is found is told line by line for people, and a log that cannot be read is no finding', async () => {
  const log = copyOf(sound);
  tamper(log.database, sql('DELETE FROM tile'));
  const { code, stdout } = await limmat('fsck', '--data', log.data);
  assert.is(code, 1);
  assert.match(stdout, /^tile\/0\/000: tile 0\/0 is missing from the database$/m);
  assert.match(stdout, /: 309 entries checked, 1 findings$/m);
  assert.match(await ends(3, 'fsck', '--url', 'http://127.0.0.1:9', '--vkey', log.vkey), /cannot reach/);
  assert.match(await ends(2, 'fsck', '--data', log.root), /there is no log at/);
  assert.match(await ends(2, 'fsck', '--url', 'http://127.0.0.1:9'), /--vkey is missing/);
  assert.match(await ends(2, 'fsck'), /one of --data DIR and --url URL/);
  await ends(2, 'fsck', '--data', log.data, '--url', 'http://127.0.0.1:9');
  assert.is((await run('fsck', '--data', sound.data, '--vkey', log.vkey)).size, SIZE);
  await ends(2, 'fsck', '--data', sound.data, '--vkey', `${log.data}/seed`);
});

test('a key event that was altered, deep in a full tile: the server that folds it at its start signs nothing', async () => {
  const log = copyOf(sound);
  tamper(log.database, change('entries', 'run WHERE first = 2', inEntry(1)));
  const server = await serve(log.data);
  const response = await fetch(`${server.url}/healthz`);
  assert.is(response.status, 503);
  assert.match(((await response.json()) as { problem: string }).problem, /entry 3 was altered in the database/);
  assert.is(await server.end('SIGTERM'), 0);
});

test.run();
