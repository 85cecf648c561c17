import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { verifyProof } from '../../src/client/offline.ts';
import { packBundle } from '../../src/core/bundle.ts';
import { concat, toHex, utf8 } from '../../src/core/bytes.ts';
import { formatCheckpoint } from '../../src/core/checkpoint.ts';
import { decodeStatement, writeSign1 } from '../../src/core/cose.ts';
import { toNoteSignature } from '../../src/core/cosignature.ts';
import { formatNote, NOTE_ED25519, vkeyOf } from '../../src/core/note.ts';
import { Reader } from '../../src/core/reader.ts';
import { parseTilePath } from '../../src/core/tile.ts';
import { replayLog } from '../../src/monitor/replaylog.ts';
import { faultsLater } from '../check.ts';
import { mth } from '../oracle.ts';
import { BUILD, building, key, keyEvent, ORIGIN, say, type World } from '../registry/world.ts';

// A log that let in what it should not have: the replay finds it from tiles alone, and proves it with the leaf.

const signer = key('the log');
const vkey = vkeyOf(ORIGIN, NOTE_ED25519, signer.key);

/** The log as strangers read it: tiles up to its head, and the note over it. */
function published({ entries }: World): { reader: Reader; note: Uint8Array } {
  const leaves = entries.map(({ leafHash }) => leafHash);
  const head = { size: leaves.length, root: mth(leaves) };
  const text = formatCheckpoint({ origin: ORIGIN, ...head });
  const note = utf8(formatNote({ text, signatures: [toNoteSignature(vkey, signer.sign(utf8(text)), 0)] }));
  const get = async (path: string) => {
    const { level, n, width } = parseTilePath(path);
    if (level === 'entries')
      return packBundle(entries.slice(n * 256, n * 256 + width).map((one) => one.statement.entry));
    const span = 256 ** level;
    const roots = Array.from({ length: width }, (_, i) => mth(leaves, (n * 256 + i) * span, (n * 256 + i + 1) * span));
    return concat(...roots);
  };
  return { reader: new Reader(get, head), note };
}

const replay = (world: World) => {
  const { reader, note } = published(world);
  return replayLog(reader, note);
};
const build = (version: string, by = 'bld') => say(by, 'acme', 'build', { ...BUILD, version });

/** 300 builds, so that there are full tiles and more than one bundle. */
function long(): World {
  const world = building();
  for (let n = 0; n < 300; n++) world.add(build(`v${n}`));
  return world;
}

test('a good log has no findings', async () => {
  assert.equal(await replay(long()), { findings: [], warnings: [] });
});

test('what the rules forbid is found, with a proof that verifies offline', async () => {
  const world = long().add(keyEvent('acme1', 'acme', 'bld', 'suspend'));
  const stolen = world.entries.length;
  world.entries.push(world.entryOf(build('stolen')));
  world.add(keyEvent('acme1', 'acme', 'bld', 'resume'), build('good again'));
  const unknown = world.entries.length;
  world.entries.push(world.entryOf(build('x', 'nobody')));
  const { findings, warnings } = await replay(world);
  assert.equal(warnings, []);
  const rules = new Map(findings.map(({ index, rule }) => [index, rule]));
  assert.is(rules.get(stolen), 'key-state');
  assert.equal([...new Set(findings.map(({ index }) => index))], [stolen, unknown]);
  for (const { index, leafHash, proof } of findings) {
    const proven = verifyProof(utf8(proof), [vkey]);
    assert.equal([proven.index, toHex(proven.leafHash)], [index, leafHash]);
    assert.equal(proven.entry, world.entries[index]?.statement.entry);
  }
});

test('a signature that does not verify is found', async () => {
  const world = building();
  const good = build('1');
  const bytes = writeSign1(good.protected, Uint8Array.of(0xa0), good.payload, key('bld').sign(utf8('other')));
  world.entries.push(world.entryOf(decodeStatement(bytes)));
  const { findings } = await replay(world);
  assert.equal(
    findings.map(({ index, message }) => [index, message]),
    [[world.last, 'the signature does not verify']],
  );
});

test('a build that is logged twice is a warning', async () => {
  const world = long();
  world.entries.push(world.entryOf(build('v7')));
  const { findings, warnings } = await replay(world);
  assert.equal(findings, []);
  assert.equal(
    warnings.map(({ index, message }) => [index, message]),
    [[world.last, 'says the same as entry 14']],
  );
});

test('a log without rules is not replayed', async () => {
  const world = building();
  world.entries.shift();
  await faultsLater('bad-request', () => replay(world));
});

test.run();
